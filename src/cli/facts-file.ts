import { constants, openSync, closeSync, fstatSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import type { FactLine } from '../generated/facts';
import { appendLines } from '../ledger/append';
import { finishNow } from '../ledger/durable';
import { type FactLines, parseFactLines } from '../science/fact-lines';
import { makeFolders } from './make-folders';
import type { Output } from './output';

/** In a folder that eit run or eit import wrote. */
export const FACTS_NAME = 'facts.ndjson';

/** Some thousand runs with a series each; what is larger is not read. */
const LARGEST_BYTES = 500_000_000;

/** A holder that has not shown itself for so long is dead. */
const STALE_MS = 10_000;

/** A line is written in a moment; many tasks of one job may come at once. */
const RETRIES = { retries: 60, minTimeout: 20, maxTimeout: 500, factor: 1.3, randomize: true };

/**
 * Where a user's own facts of Slurm jobs are: $EIT_FACTS, else eit/facts.ndjson in $XDG_DATA_HOME, else in ~/.local/share; null where none of
 * these says it, as where a service asks.
 * @throws EitError EIT_USAGE where EIT_FACTS is no absolute path
 */
export function factsPath(env: NodeJS.ProcessEnv): string {
  const path = findFactsPath(env);
  if (path !== null) return path;
  throw new EitError(
    'EIT_USAGE',
    'neither HOME nor XDG_DATA_HOME is set: say in EIT_FACTS where your facts are',
  );
}

/** As {@link factsPath}; null where nothing says it, as for a timer of the system: then there are none. */
export function findFactsPath(env: NodeJS.ProcessEnv): string | null {
  const { EIT_FACTS: own = '', XDG_DATA_HOME: data = '', HOME: home = '' } = env;
  if (own !== '') {
    if (isAbsolute(own)) return own;
    throw new EitError('EIT_USAGE', `EIT_FACTS is ${visible(own, 200)}: give an absolute path`);
  }
  // A relative one counts as none (XDG Base Directory Specification).
  if (isAbsolute(data)) return join(data, 'eit', FACTS_NAME);
  return isAbsolute(home) ? join(home, '.local/share/eit', FACTS_NAME) : null;
}

/**
 * Lines of a file of facts, in the order in which they were written. A file that is not there says nothing.
 * @param output told how many lines are none, and which
 * @throws EitError EIT_FACTS where it cannot be read
 */
export function readFactLines(path: string, output: Output): readonly FactLine[] {
  const { lines, bad } = parseFactLines(readPlain(path) ?? '');
  if (bad.length > 0) {
    const named = bad.slice(0, 5).map(({ line, why }) => `line ${line} ${why}`);
    output.note(
      `${visible(path)}: ${bad.length} ${bad.length === 1 ? 'line' : 'lines'} not read: ${named.join('; ')}${bad.length > 5 ? '; ...' : ''}`,
    );
  }
  return lines;
}

/**
 * Adds lines, whole and on disk when it ends, whoever else adds some.
 * @throws EitError EIT_FACTS
 */
export async function appendFacts(path: string, lines: readonly FactLine[]): Promise<void> {
  if (lines.length > 0) await changeFacts(path, () => lines);
}

/**
 * Adds lines that depend on those that are there; nobody else adds some meanwhile.
 * @param make can ask for the lines that are there, and those that are none; an EitError of its own is thrown on
 * @throws EitError EIT_FACTS
 */
export async function changeFacts(
  path: string,
  make: (known: () => FactLines) => readonly FactLine[],
): Promise<void> {
  const folder = dirname(path);
  try {
    makeFolders(folder, 0o700);
    const release = await lock(path, {
      lockfilePath: `${path}.lock`,
      realpath: false,
      stale: STALE_MS,
      retries: RETRIES,
      // Nothing is awaited while it is held: it cannot be lost.
      onCompromised: () => undefined,
    });
    const known = (): FactLines => parseFactLines(readPlain(path) ?? '');
    try {
      const text = make(known)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join('');
      if (text !== '') finishNow(appendLines(path, Buffer.from(text), 0o600));
    } finally {
      await release().catch(() => undefined);
    }
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    const how = isErrno(cause, 'ELOCKED')
      ? `${path}.lock is held by another process; try again, or remove it where none runs`
      : `${String(cause)}; it has to be in a folder of yours (EIT_FACTS, --from, --dir)`;
    throw new EitError('EIT_FACTS', `cannot write ${visible(path)}: ${visible(how)}`, { cause });
  }
}

/** null where there is nothing. */
function readPlain(path: string): string | null {
  let fd: number;
  try {
    // No pipe is waited for; a link is the user's own choice.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return null;
    throw unreadable(path, String(cause), cause);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw unreadable(path, 'it is no plain file');
    if (stats.size > LARGEST_BYTES) throw unreadable(path, 'it has over 500 MB');
    return readFileSync(fd, 'utf8');
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    throw unreadable(path, String(cause), cause);
  } finally {
    closeSync(fd);
  }
}

function unreadable(path: string, why: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_FACTS',
    `cannot read ${visible(path)}: ${visible(why)}; it is yours: make it a plain file that you may read, or set EIT_FACTS`,
    { cause },
  );
}
