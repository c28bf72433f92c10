import { visible } from '../../config/visible';
import { EitError } from '../../errors';

/**
 * Parses a provider's JSON.
 * @param what of whom, for the message
 * @throws EitError EIT_PROVIDER where it is none
 */
export function parseAnswer(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw unexpected(what, 'no JSON', cause);
  }
}

/** Something else than a provider's documentation says. */
export function unexpected(what: string, got: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_PROVIDER',
    `${what} answers with ${visible(got, 200)}, which is not what its documentation says; nothing of it was kept`,
    { cause },
  );
}

/** The value of a key of an object that came from outside; undefined where there is no object or no such key of its own. */
export function keyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** The list at a path of keys. @throws EitError EIT_PROVIDER where there is none */
export function listAt(value: unknown, path: readonly string[], what: string): readonly unknown[] {
  const found = path.reduce(keyOf, value);
  if (!Array.isArray(found)) throw unexpected(what, `no list "${path.join('.')}"`);
  return found as unknown[];
}

/** ms since 1970 of a time in UTC or with an offset; NaN for anything else, such as a time that does not say its zone. */
export function timeAt(value: unknown): number {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value)
    ? Date.parse(value)
    : NaN;
}

/** A number, also as text; NaN for anything else, such as an empty text or null. */
export function numberAt(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*-?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(value)
    ? Number(value)
    : NaN;
}

/** Counts by reason. */
export class Refusals {
  readonly counts: Record<string, number> = {};

  add(reason: string, count = 1): void {
    if (count > 0) this.counts[reason] = (this.counts[reason] ?? 0) + count;
  }
}
