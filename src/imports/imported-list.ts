import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import type { FactLine } from '../generated/facts';

/** Which runs a folder has taken, or is taking: a line when a run's number is given, another when all of it is there. */
export const IMPORTED_NAME = 'imported.ndjson';

/** A line of IMPORTED_NAME. */
export interface ImportedLine {
  readonly identity: string;
  readonly job: number;
  /** Unix ms of the run's end; null: not all of it was written when the line was. */
  readonly to_ms: number | null;
}

/** The facts of a folder, as far as they can be read. */
export interface KnownFacts {
  readonly lines: readonly FactLine[];
  /** Those that are none: their numbers from 1, and why. */
  readonly bad: readonly { readonly line: number; readonly why: string }[];
}

/**
 * The highest number that a run of a folder has, of whatever kind; 0: there is none. Who gives the next one holds the lock of the facts.
 * @throws EitError EIT_IMPORT where a line is none: whoever counts from it would give a number twice; and the system's error
 */
export function lastJobOf(folder: string, { lines, bad }: KnownFacts, factsName: string): number {
  const [first] = bad;
  if (first !== undefined)
    throw new EitError(
      'EIT_IMPORT',
      `${visible(join(folder, factsName), 200)}:${first.line} ${visible(first.why, 100)}, and it may have the number of a run: mend or remove the line, or give another folder`,
    );
  return [...lines, ...readImported(folder)].reduce((most, { job }) => Math.max(most, job), 0);
}

/** In the order in which they were written. @throws EitError EIT_IMPORT where a line is none; and the system's error */
export function readImported(folder: string): ImportedLine[] {
  const path = join(folder, IMPORTED_NAME);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const parsed = parseLine(line);
    if (parsed !== null) return [parsed];
    throw new EitError(
      'EIT_IMPORT',
      `${visible(path, 200)}:${i + 1} is no line that eit import wrote: remove it, or give another folder`,
    );
  });
}

function parseLine(text: string): ImportedLine | null {
  try {
    const { identity, job, to_ms: toMs } = JSON.parse(text) as Record<string, unknown>;
    return typeof identity === 'string' &&
      Number.isSafeInteger(job) &&
      (typeof toMs === 'number' || toMs === null)
      ? { identity, job: Number(job), to_ms: toMs }
      : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}
