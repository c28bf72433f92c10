import { visible } from '../config/visible';
import { EitError } from '../errors';

/**
 * The number that an option was given.
 * @param most the largest that makes sense
 * @throws EitError EIT_USAGE where it is none above 0, or larger
 */
export function positive(option: string, text: string, most = Infinity): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) && value > 0 && value <= most && Number.isFinite(value))
    return value;
  throw new EitError(
    'EIT_USAGE',
    `--${option} ${visible(text, 40)} is no number above 0${most === Infinity ? '' : ` and up to ${most}`}: write it as 24 or 0.33`,
  );
}
