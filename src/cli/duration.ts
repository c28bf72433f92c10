import { EitError } from '../errors';

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A length of time such as `90s`, `15m`, `2h` or `1d`.
 * @param option named in the message
 * @returns seconds
 * @throws EitError EIT_USAGE
 */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)([smhd])$/.exec(text.trim());
  const seconds = Number(match?.[1]) * (UNIT_S[match?.[2] ?? ''] ?? NaN);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new EitError(
    'EIT_USAGE',
    `${option} ${JSON.stringify(text)}: expected a length of time such as 90s, 15m, 2h or 1d`,
  );
}
