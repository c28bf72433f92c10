/** Controls, direction overrides, zero-width and private characters, line separators, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Of a text, what a message shows at most: a path's length, and that of a value that should be short. */
const LONGEST_TEXT = 4096;
const LONGEST_VALUE = 80;

/**
 * Text that someone else chose, made safe for a message: on one line, nothing that a terminal obeys, of bounded length.
 * What would not be seen is shown as `\u{1b}`.
 */
export function visible(text: string, longest = LONGEST_TEXT): string {
  const head = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return head.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A value from a file as a message shows it: texts in quotes, so that `"1.3"` is told from `1.3`. */
export function visibleValue(value: unknown): string {
  if (typeof value === 'string') return `"${visible(value, LONGEST_VALUE)}"`;
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'a group of keys';
}
