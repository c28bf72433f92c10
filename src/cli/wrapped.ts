import { wrap } from '../report/printable';
import type { Surroundings } from './command';
import { terminalOf } from './terminal';

/** On a terminal, lines that are wider than it go on below, indented; elsewhere each stays one line. */
export function wrapped(
  pieces: Iterable<string>,
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): string[] {
  const terminal = terminalOf(argv, surroundings);
  if (terminal === null) return [...pieces];
  const lines = [...pieces].join('').split('\n');
  return [lines.flatMap((line) => wrap(line, terminal.width)).join('\n')];
}
