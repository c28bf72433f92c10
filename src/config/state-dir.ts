import type { Pair, Scalar } from 'yaml';
import { visibleValue } from './visible';

/** Where the hooks put their events when the config does not say. */
const DEFAULT_STATE_DIR = '/run/eit';

/**
 * The state_dir that `prolog` and `epilog` find in the text of a config, by the rules of their `find_state_dir`: the
 * first line that begins with `state_dir:`, plain or in quotes, maybe with a comment.
 * @returns null where they refuse it
 */
export function stateDirOfHooks(text: string): string | null {
  const line = text.split('\n').find((one) => /^state_dir:(\s|$)/.test(one));
  if (line === undefined) return DEFAULT_STATE_DIR;
  const rest = line.slice('state_dir:'.length).trimStart();

  const quoted = /^(["'])(.*?)\1(.*)$/s.exec(rest);
  const after = quoted?.[3]?.trimStart() ?? '';
  if (after !== '' && !after.startsWith('#')) return null;
  const value = quoted ? (quoted[2] ?? '') : rest.replace(/\s#.*$/s, '').trimEnd();

  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  return value.startsWith('/') && !/[\u0000-\u001f\u007f\\]/.test(value) ? value : null;
}

/**
 * Why the hooks, which read no YAML, could take another state_dir from the file than YAML does; undefined where both
 * take the same.
 * @param pair the key `state_dir` and its value, a text, as parsed from `text`
 */
export function whyHooksMisread(text: string, pair: Pair<Scalar, Scalar>): string | undefined {
  const seen = stateDirOfHooks(text);
  if (seen === pair.value?.value) return undefined;

  const [keyStart = 0] = pair.key.range ?? [];
  const [start = 0, end = 0] = pair.value?.range ?? [];
  const source = text.slice(start, end);
  if (text.slice(text.lastIndexOf('\n', keyStart) + 1, keyStart) !== '' || pair.key.type !== 'PLAIN') {
    return 'its line must begin with state_dir: (no quotes, braces or blanks before it)';
  }
  if (pair.value?.type?.startsWith('BLOCK')) return 'it is a block (| or >)';
  if (text.slice(keyStart, end).trimEnd().includes('\n')) return 'it is not on one line with its key';
  if (source.includes('\\')) return 'it has a backslash in it';
  if (/^'.*''.*'$/s.test(source)) return 'it has a quote in quotes';
  return seen === null ? 'they refuse it' : `they would take ${visibleValue(seen)}`;
}
