import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { calendar } from '../runs/calendar';
import { HardwareModels } from '../runs/hardware-models';
import type { SliceRow } from '../runs/slice-row';
import type { Archive } from './commit';
import { type Day, dayNamed } from './days';
import { readJobFacts } from './job-facts';
import { partsIn } from './manifest';
import { partsSql, rowsOf } from './part';
import { readHardware } from './read-archive';
import { readRows } from './read-rows';
import { RUN_DAYS, type RunDay } from './run-day-table';
import { runDays } from './run-days';
import { sliceRow, SLICES } from './slice-table';
import { Staging } from './staging';
import { toldBySql } from './told-rows';

/** A text of SQL with more ids is read longer than the facts of all jobs. */
const MOST_JOBS_NAMED = 10_000;

/** Of what the rows of days are made. */
export interface RunDaysAsked {
  readonly connection: DuckDBConnection;
  /** Another connection to the same database, by which slices come while rows are written. */
  readonly reader: DuckDBConnection;
  readonly archive: Pick<Archive, 'dir' | 'manifest'>;
  readonly cluster: string;
  /** In their order; at least one. */
  readonly days: readonly Day[];
  /** Name of a table of the only jobs that are wanted, no temporary one: those are of one connection. Absent: all are. */
  readonly jobs?: string;
}

/** SQL from FROM on that gives the slices of days. */
export function slicesOfDaysSql(
  { dir, manifest }: RunDaysAsked['archive'],
  days: RunDaysAsked['days'],
): string {
  const paths = partsIn(manifest, SLICES.name, days[0]!.fromMs, days.at(-1)!.toMs).map(({ path }) => path);
  const within = days.map((day) => `(slot_ms >= ${day.fromMs} AND slot_ms < ${day.toMs})`).join(' OR ');
  return `${partsSql(dir, paths)} WHERE (${within})`;
}

/**
 * Makes rows of `rundays` of slices, and of what Slurm's accounting tells: as {@link readToldRows} has read it before, or newer.
 * @param work is handed SQL that gives the rows
 * @throws EitError EIT_ARCHIVE; whatever `work` throws
 */
export async function withRunDays<T>(
  { connection, reader, archive, cluster, days, jobs }: RunDaysAsked,
  work: (select: string) => Promise<T>,
): Promise<T> {
  const { dir, manifest } = archive;
  const { slot_ms: slotMs, time_zone: timeZone } = manifest;
  const models = new HardwareModels();
  await readHardware(
    connection,
    { cluster, dir, manifest },
    {
      addHardware: (told) => models.add(told),
    },
  );
  const ids = jobs === undefined ? null : await idsIn(connection, jobs);
  const facts = await readJobFacts(dirname(dir), [cluster], days[0]!.fromMs, days.at(-1)!.toMs, {
    jobs: ids ?? undefined,
  });
  const staging = new Staging<RunDay>(connection, RUN_DAYS);
  // Asked for each run.
  const known = new Map(days.map((day) => [day.day, day]));
  const context = {
    slotMs,
    dayOf: calendar('day', timeZone),
    dayNamed: (day: string) => known.get(day) ?? dayNamed(day, timeZone),
    models,
    facts,
  };
  let rows: SliceRow[] = [];
  const endJob = async (): Promise<void> => {
    for (const row of runDays(cluster, rows, context)) await staging.add(row);
    rows = [];
  };
  const columns = SLICES.columns.map(({ name }) => name);
  const ofJobs = jobs === undefined ? '' : ` AND job IN (FROM ${jobs})`;
  const from = `${slicesOfDaysSql(archive, days)}${ofJobs} ORDER BY job`;
  for await (const values of readRows(reader, SLICES, columns, from)) {
    const row = sliceRow(values);
    if (rows.length > 0 && rows[0]!.job !== row.job) await endJob();
    rows.push(row);
  }
  if (rows.length > 0) await endJob();
  const staged = await staging.relation();
  const done = await work(
    `SELECT made.* REPLACE (told.told_by AS told_by) FROM ${staged} made LEFT JOIN (${toldBySql(staged)}) told USING (job, day_ms)`,
  );
  await staging.clear();
  return done;
}

/** @returns null: too many to be named */
async function idsIn(connection: DuckDBConnection, table: string): Promise<Set<number> | null> {
  const rows = await rowsOf(connection, `SELECT job FROM ${table} LIMIT ${MOST_JOBS_NAMED + 1}`);
  return rows.length > MOST_JOBS_NAMED ? null : new Set(rows.map(({ job }) => Number(job)));
}
