import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import validateRecord from '../generated/record-validator';
import { appendLines } from '../ledger/append';
import { finishNow } from '../ledger/durable';
import type { ImportedRun } from './imported-run';
import { agentLines, hostOf, type RunOwner } from './agent-lines';

/** Which runs a folder has taken: a line each. */
export const IMPORTED_NAME = 'imported.ndjson';

/** What a person used is personal data. */
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;

/** A holder that has not shown itself for so long is dead. */
const STALE_MS = 60_000;

/** How one run was taken. */
export interface TakenRun {
  readonly run: ImportedRun;
  readonly job: number;
  /** It was there before: nothing was written. */
  readonly isKnown: boolean;
  /** Of a known one: the log tells of a longer time than it did then. */
  readonly hasGrown: boolean;
}

/** A line of IMPORTED_NAME. */
interface ImportedLine {
  readonly identity: string;
  readonly job: number;
  readonly to_ms: number;
}

/** Where and for whom runs are written. */
export interface ImportTarget {
  readonly folder: string;
  readonly owner: Omit<RunOwner, 'job'>;
  /** The highest number that a run of other kinds has in the folder; 0: there is none. */
  readonly lastJob: number;
  /** Writes a file so that whoever reads it has all of it or nothing. */
  readonly writeWhole: (path: string, content: string, mode: number) => Promise<void>;
  /** Makes a folder and those above it that are missing. */
  readonly makeFolders: (path: string, mode: number) => void;
}

/**
 * Writes runs into a folder that is a ledger: `FOLDER/<cluster>/inbox/<day>/<host>.ndjson`. A run that it has taken before is known by its identity and
 * left as it is. Jobs are numbered from 1 on; a run is numbered when all of it is on disk.
 * @returns in the order given
 * @throws EitError EIT_IMPORT where the folder cannot be written
 */
export async function importRuns(
  runs: readonly ImportedRun[],
  { folder, owner, lastJob, writeWhole, makeFolders }: ImportTarget,
): Promise<TakenRun[]> {
  const list = join(folder, IMPORTED_NAME);
  try {
    makeFolders(folder, FOLDER_MODE);
    const release = await lock(folder, {
      lockfilePath: `${list}.lock`,
      stale: STALE_MS,
      retries: { retries: 20, minTimeout: 50, maxTimeout: 500 },
    });
    try {
      const known = new Map(readImported(list).map((line) => [line.identity, line]));
      let job = [...known.values()].reduce((most, line) => Math.max(most, line.job), lastJob);
      const taken: TakenRun[] = [];
      for (const run of runs) {
        const before = known.get(run.identity);
        if (before !== undefined) {
          taken.push({ run, job: before.job, isKnown: true, hasGrown: run.toMs > before.to_ms });
          continue;
        }
        const line = { identity: run.identity, job: ++job, to_ms: run.toMs };
        for (const { day, lines } of agentLines(run, { ...owner, job })) {
          const path = join(folder, run.cluster, 'inbox', day, `${hostOf(run)}.ndjson`);
          makeFolders(dirname(path), FOLDER_MODE);
          // Readers would pass over a line that is none, and nobody would know.
          if (!lines.every((one) => validateRecord(one)))
            throw new EitError('EIT_IMPORT', `${run.place}: the log tells what no record can hold`);
          await writeWhole(path, lines.map((one) => `${JSON.stringify(one)}\n`).join(''), FILE_MODE);
        }
        finishNow(appendLines(list, Buffer.from(`${JSON.stringify(line)}\n`), FILE_MODE));
        known.set(run.identity, line);
        taken.push({ run, job, isKnown: false, hasGrown: false });
      }
      return taken;
    } finally {
      await release();
    }
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    const why = isErrno(cause, 'ELOCKED') ? 'another eit import writes there; try again' : String(cause);
    throw new EitError('EIT_IMPORT', `cannot write to ${visible(folder, 200)}: ${visible(why, 300)}`, {
      cause,
    });
  }
}

/** @throws EitError EIT_IMPORT where a line is none: whoever counts from it would give a number twice */
function readImported(path: string): ImportedLine[] {
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
      `${visible(path, 200)}:${i + 1} is no line that eit import wrote: remove it, or import into another folder (--to DIR)`,
    );
  });
}

function parseLine(text: string): ImportedLine | null {
  try {
    const { identity, job, to_ms: toMs } = JSON.parse(text) as Record<string, unknown>;
    return typeof identity === 'string' && Number.isSafeInteger(job) && typeof toMs === 'number'
      ? { identity, job: Number(job), to_ms: toMs }
      : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}
