import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import type { FactLine } from '../generated/facts';
import validateRecord from '../generated/record-validator';
import { appendLines } from '../ledger/append';
import { finishNow } from '../ledger/durable';
import { agentLines, hostOf, type RunOwner } from './agent-lines';
import { IMPORTED_NAME, type ImportedLine, type KnownFacts, lastJobOf, readImported } from './imported-list';
import type { ImportedRun } from './imported-run';

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

/** What is said of runs in the folder, and by whom else numbers are given. */
export interface FolderFacts {
  readonly name: string;
  /** Adds lines that depend on those that are there; nobody else adds any, or takes a number, meanwhile. */
  readonly change: (make: (known: () => KnownFacts) => readonly FactLine[]) => Promise<void>;
  /** What is said of a run. */
  readonly of: (run: ImportedRun, job: number) => FactLine;
}

/** Where and for whom runs are written. */
export interface ImportTarget {
  readonly folder: string;
  readonly owner: Omit<RunOwner, 'job'>;
  readonly facts: FolderFacts;
  /** Writes a file so that whoever reads it has all of it or nothing. */
  readonly writeWhole: (path: string, content: string, mode: number) => Promise<void>;
  /** Makes a folder and those above it that are missing. */
  readonly makeFolders: (path: string, mode: number) => void;
}

/**
 * Writes runs into a folder that is a ledger: `FOLDER/<cluster>/inbox/<day>/<host>.ndjson`. A run that it has taken before is known by its identity and
 * left as it is. Jobs are numbered from 1 on, beside those of eit run. A run's number is on disk first, then its records, then its facts, then that it is
 * there: one that was stopped anywhere goes on with the same number.
 * @returns in the order given
 * @throws EitError EIT_IMPORT where the folder cannot be written, or has lines of which no number can be read; and what `facts.change` throws
 */
export async function importRuns(runs: readonly ImportedRun[], target: ImportTarget): Promise<TakenRun[]> {
  const { folder, makeFolders } = target;
  try {
    makeFolders(folder, FOLDER_MODE);
    const release = await lock(folder, {
      lockfilePath: `${join(folder, IMPORTED_NAME)}.lock`,
      stale: STALE_MS,
      retries: { retries: 20, minTimeout: 50, maxTimeout: 500 },
    });
    try {
      const { lines: known, stopped } = await takeNumbers(runs, target);
      const taken: TakenRun[] = [];
      for (const run of runs) {
        const { job, to_ms: toMs } = known.get(run.identity)!;
        if (toMs === null) {
          if (stopped.has(run.identity)) removeLines(run, folder);
          await writeRun(run, job, target);
          known.set(run.identity, { identity: run.identity, job, to_ms: run.toMs });
        }
        taken.push({ run, job, isKnown: toMs !== null, hasGrown: toMs !== null && run.toMs > toMs });
      }
      return taken;
    } finally {
      await release();
    }
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
}

function cannotWrite(folder: string, cause: unknown): EitError {
  if (cause instanceof EitError) return cause;
  const why = isErrno(cause, 'ELOCKED') ? 'another eit import writes there; try again' : String(cause);
  return new EitError('EIT_IMPORT', `cannot write to ${visible(folder, 200)}: ${visible(why, 300)}`, {
    cause,
  });
}

/** By identity. */
interface Numbers {
  readonly lines: Map<string, ImportedLine>;
  /** Runs that an import before began and did not end. */
  readonly stopped: ReadonlySet<string>;
}

/** Each run's line: that of before, or a new one with the next number. A run that is there and of which nothing is said gets its facts. */
async function takeNumbers(runs: readonly ImportedRun[], { folder, facts }: ImportTarget): Promise<Numbers> {
  const taken = new Map<string, ImportedLine>();
  const stopped = new Set<string>();
  await facts.change((knownFacts) => {
    const said = knownFacts();
    let job = lastJobOf(folder, said, facts.name);
    for (const line of readImported(folder)) taken.set(line.identity, line);
    for (const { identity, to_ms: toMs } of taken.values()) if (toMs === null) stopped.add(identity);
    const told = new Set(said.lines.map((line) => `${line.cluster}\0${line.job}`));
    const fresh: ImportedLine[] = [];
    const lacking: FactLine[] = [];
    for (const run of runs) {
      const before = taken.get(run.identity);
      if (before === undefined) {
        const line = { identity: run.identity, job: ++job, to_ms: null };
        taken.set(run.identity, line);
        fresh.push(line);
      } else if (before.to_ms !== null && !told.has(`${run.cluster}\0${before.job}`))
        lacking.push(facts.of(run, before.job));
    }
    try {
      append(folder, fresh);
    } catch (cause) {
      throw cannotWrite(folder, cause);
    }
    return lacking;
  });
  return { lines: taken, stopped };
}

async function writeRun(
  run: ImportedRun,
  job: number,
  { folder, owner, facts, writeWhole, makeFolders }: ImportTarget,
): Promise<void> {
  const inbox = join(folder, run.cluster, 'inbox');
  const name = `${hostOf(run)}.ndjson`;
  const days = agentLines(run, { ...owner, job });
  // Readers would pass over a line that is none, and nobody would know.
  if (!days.every(({ lines }) => lines.every((one) => validateRecord(one))))
    throw new EitError('EIT_IMPORT', `${run.place}: the log tells what no record can hold`);
  for (const { day, lines } of days) {
    const path = join(inbox, day, name);
    makeFolders(dirname(path), FOLDER_MODE);
    await writeWhole(path, lines.map((one) => `${JSON.stringify(one)}\n`).join(''), FILE_MODE);
  }
  await facts.change(() => [facts.of(run, job)]);
  append(folder, [{ identity: run.identity, job, to_ms: run.toMs }]);
}

/** One that was stopped may have begun on another day, by another --time-zone. */
function removeLines(run: ImportedRun, folder: string): void {
  const inbox = join(folder, run.cluster, 'inbox');
  if (!existsSync(inbox)) return;
  for (const day of readdirSync(inbox, { withFileTypes: true }))
    if (day.isDirectory()) rmSync(join(inbox, day.name, `${hostOf(run)}.ndjson`), { force: true });
}

/** Ends when they are on disk. */
function append(folder: string, lines: readonly ImportedLine[]): void {
  if (lines.length === 0) return;
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  finishNow(appendLines(join(folder, IMPORTED_NAME), Buffer.from(text), FILE_MODE));
}
