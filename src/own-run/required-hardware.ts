import { visible } from '../config/visible';
import { EitError } from '../errors';

/**
 * Whether models fit a pattern: words in any case and order, all of them; `|` is or. `a100 80gb|h100` is a name with both words, or one with h100.
 */
export function fitsModel(pattern: string, model: string): boolean {
  const name = model.toLowerCase();
  return pattern
    .toLowerCase()
    .split('|')
    .map((words) => words.split(/\s+/).filter((word) => word !== ''))
    .some((words) => words.length > 0 && words.every((word) => name.includes(word)));
}

/**
 * Ends a run on the wrong hardware before it begins: all that there is of the kind has to fit.
 * @param models those that are here
 * @throws EitError EIT_WRONG_HARDWARE
 */
export function requireHardware(option: string, pattern: string, models: readonly string[]): void {
  if (models.length > 0 && models.every((model) => fitsModel(pattern, model))) return;
  const kind = option.endsWith('gpu') ? 'GPU' : 'CPU';
  const here =
    models.length === 0
      ? `no ${kind} is known here`
      : `here is ${[...new Set(models)].map((model) => visible(model, 120)).join(', ')}`;
  throw new EitError(
    'EIT_WRONG_HARDWARE',
    `--${option} ${JSON.stringify(visible(pattern, 120))}: ${here}. The command was not started`,
  );
}
