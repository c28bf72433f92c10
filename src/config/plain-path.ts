import type { Pair, Scalar } from 'yaml';
import { visibleValue } from './visible';

/** Who reads one key of the config by lines, as the words of a message. */
export interface PlainReader {
  /** `the hooks' shell`. */
  readonly name: string;
  /** `they` or `it`. */
  readonly they: string;
  /** What it takes where the key is absent. */
  readonly fallback: string;
}

/**
 * An absolute path that a key at the left edge of a config has, read without YAML: the first line that begins with
 * `key:`, plain or in quotes, maybe with a comment. The hooks' `find_state_dir` follows the same rules.
 * @returns null where the value is refused: it is not absolute, or has a backslash or control characters in it
 */
export function plainPath(text: string, key: string, fallback: string): string | null {
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`${key}:`) && /^(\s|$)/.test(one.slice(key.length + 1)));
  if (line === undefined) return fallback;
  const rest = line.slice(key.length + 1).trimStart();

  const quoted = /^(["'])(.*?)\1(.*)$/s.exec(rest);
  const after = quoted?.[3]?.trimStart() ?? '';
  if (after !== '' && !after.startsWith('#')) return null;
  const value = quoted ? (quoted[2] ?? '') : rest.replace(/\s#.*$/s, '').trimEnd();

  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  return value.startsWith('/') && !/[\u0000-\u001f\u007f\\]/.test(value) ? value : null;
}

/**
 * Why who reads no YAML could take another path from the file than YAML does; undefined where both take the same.
 * @param pair a key at the top and its value, a text, as parsed from `text`
 */
export function whyMisread(
  text: string,
  pair: Pair<Scalar, Scalar>,
  { they, fallback }: PlainReader,
): string | undefined {
  const key = String(pair.key.value);
  const seen = plainPath(text, key, fallback);
  if (seen === pair.value?.value) return undefined;

  const [keyStart = 0] = pair.key.range ?? [];
  const [start = 0, end = 0] = pair.value?.range ?? [];
  const source = text.slice(start, end);
  if (text.slice(text.lastIndexOf('\n', keyStart) + 1, keyStart) !== '' || pair.key.type !== 'PLAIN') {
    return `its line must begin with ${key}: (no quotes, braces or blanks before it)`;
  }
  if (pair.value?.type?.startsWith('BLOCK')) return 'it is a block (| or >)';
  if (text.slice(keyStart, end).trimEnd().includes('\n')) return 'it is not on one line with its key';
  if (source.includes('\\')) return 'it has a backslash in it';
  if (/^'.*''.*'$/s.test(source)) return 'it has a quote in quotes';
  return seen === null
    ? `${they} refuse${they === 'it' ? 's' : ''} it`
    : `${they} would take ${visibleValue(seen)}`;
}
