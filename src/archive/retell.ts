import { basename, dirname, join } from 'node:path';
import { EitError } from '../errors';
import type { ArchivePart } from '../generated/manifest';
import { selectAll, shapeSql } from './column';
import { type Archive, commit } from './commit';
import { mustBeAsWritten } from './damage';
import { type Day, dayNamed } from './days';
import { readManifest } from './manifest';
import { rowsOf, writePart } from './part';
import { RUN_DAYS } from './run-day-table';
import { withRunDays } from './stage-run-days';
import { readState } from './taken-state';
import { readToldRows, toldBySql } from './told-rows';
import { readToldStamps, toldAnewFromMs } from './told-stamps';
import { freshSql } from './totals';
import type { Writing } from './veil-rows';

/** Table of the jobs of which something else is told. */
const JOBS_TOLD_ANEW = 'jobs_told_anew';

export interface RetellOptions extends Pick<
  Writing,
  'connection' | 'reader' | 'archive' | 'nowMs' | 'isStillOurs'
> {
  readonly cluster: string;
  readonly onProgress?: (done: number, parts: number) => void;
  /** Told that a file of what sacct told cannot be read: then nothing more is made anew, and the next time looks again. Absent: it is thrown. */
  readonly onUnreadable?: (error: EitError) => void;
}

/**
 * Makes totals by day anew where Slurm's accounting tells something else of their jobs than when they were made: rows of these jobs alone, a commit a
 * part, newest first. Where it is ended before its last commit the next one looks again, and finds what was made anew as it should be. Nothing of it
 * is in `hours`. While no file of what sacct told is another one, it looks at nothing else.
 * @returns of how many days some totals were made anew
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_LOCKED, EIT_LEDGER_UNREADABLE
 */
export async function retellDue(options: RetellOptions): Promise<number> {
  const { connection, archive, cluster, nowMs, isStillOurs, onProgress, onUnreadable } = options;
  const ledger = dirname(archive.dir);
  const told = await readToldStamps(ledger, cluster);
  const fromMs = toldAnewFromMs(archive.state.told, told);
  const totals = archive.manifest.parts.filter(({ kind }) => kind === RUN_DAYS.name);
  if (fromMs === null || totals.length === 0) return 0;
  const parts = totals.filter(({ to_ms: toMs }) => toMs >= fromMs).sort((a, b) => b.to_ms - a.to_ms);
  let retold = 0;
  for (const [done, part] of parts.entries()) {
    onProgress?.(done, parts.length);
    const days = daysOf(part, archive);
    if (days.length === 0) continue;
    try {
      await readToldRows(connection, ledger, cluster, days);
    } catch (error) {
      if (onUnreadable === undefined || !(error instanceof EitError)) throw error;
      onUnreadable(error);
      return retold;
    }
    retold += await retellPart(options, part, days);
  }
  await commit(archive, { told }, nowMs, isStillOurs);
  return retold;
}

/**
 * Whether {@link retellDue} has anything to look at.
 * @param dir the cluster's folder
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_UNREADABLE
 */
export async function isToldAnew(dir: string): Promise<boolean> {
  const manifest = await readManifest(dir);
  if (manifest === null || !manifest.parts.some(({ kind }) => kind === RUN_DAYS.name)) return false;
  const { told } = await readState(join(dir, manifest.state));
  return toldAnewFromMs(told, await readToldStamps(dirname(dir), basename(dir))) !== null;
}

function daysOf({ days = [] }: ArchivePart, { manifest }: Archive): Day[] {
  return [...days].sort().map((day) => dayNamed(day, manifest.time_zone));
}

/** @returns of how many days */
async function retellPart(
  { connection, reader, archive, cluster, nowMs, isStillOurs }: RetellOptions,
  part: ArchivePart,
  held: readonly Day[],
): Promise<number> {
  const { dir, modes, manifest } = archive;
  const { path, month, level, days: names = [] } = part;
  const rows = `(${shapeSql(RUN_DAYS)} UNION ALL BY NAME ${freshSql(dir, part, manifest.time_zone)})`;
  const differ =
    `FROM ${rows} held LEFT JOIN (${toldBySql(rows)}) told USING (job, day_ms) ` +
    // What is told no more stays: a month was veiled, or its file is away for a while.
    'WHERE told.told_by IS NOT NULL AND held.told_by IS DISTINCT FROM told.told_by';
  await connection.run(
    `CREATE OR REPLACE TABLE ${JOBS_TOLD_ANEW} AS SELECT held.job AS job, held.day_ms AS day_ms ${differ} GROUP BY ALL`,
  );
  const days = await rowsOf(connection, `SELECT DISTINCT day_ms FROM ${JOBS_TOLD_ANEW}`);
  if (days.length === 0) return 0;
  await connection.run(
    `CREATE OR REPLACE TABLE ${JOBS_TOLD_ANEW} AS SELECT DISTINCT job FROM ${JOBS_TOLD_ANEW}`,
  );
  await mustBeAsWritten(dir, [part]);
  const asked = { connection, reader, archive, cluster, days: held, jobs: JOBS_TOLD_ANEW };
  const added = await withRunDays(asked, (made) => {
    const others = `SELECT ${selectAll(RUN_DAYS)} FROM ${rows} held ANTI JOIN ${JOBS_TOLD_ANEW} USING (job)`;
    return writePart(connection, dir, RUN_DAYS, month, level, `${others} UNION ALL BY NAME ${made}`, modes);
  });
  if (added === null) throw new Error(`nothing is left of the totals ${path}`);
  await commit(archive, { added: [{ ...added, days: names }], replaced: [path] }, nowMs, isStillOurs);
  return days.length;
}
