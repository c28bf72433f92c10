import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DateTime } from 'luxon';
import { UNKNOWN } from '../runs/runs';
import { type Archive, openArchive } from './commit';
import { withCompactLock } from './compact-lock';
import { deriveDue } from './derive';
import { sqlText, withDuckDb, writerLimits } from './duckdb';
import { SERIES } from './host-table';
import { JOB_COLUMNS } from './job-columns';
import { MONTHS } from './month-table';
import { partsSql, rowsOf } from './part';
import { guardCluster, OWNER_ONLY, type Privacy } from './privacy';
import { jobSecret, pseudonymKey } from './pseudonym-key';
import { monthsDue, pruneMonth } from './prune-energy';
import { SLICES } from './slice-table';
import { slotMsOf } from './slot';
import { retellDue } from './retell';
import { changeJobFacts, countJobFacts } from './veil-job-facts';
import { KEPT_MS, removeUnnamed } from './unnamed-files';
import { ERASED, PSEUDONYM_SQL, pseudonymOf, type Veil, veiledSql } from './veil';
import { countRows, dropSeries, partsOf, veilMonths, veilSlices, type Writing } from './veil-rows';

const DAY_MS = 86_400_000;

/** How long what is kept; absent: for ever. */
export interface Keep {
  /** Days that curves of runs are kept. */
  readonly series_days?: number | undefined;
  /** Whole months after which nothing but monthly totals is kept. */
  readonly energy_months?: number | undefined;
  /** Whole months after which users are known by pseudonyms only. */
  readonly pseudonym_months?: number | undefined;
}

export interface PruneOptions {
  readonly ledger: string;
  readonly cluster: string;
  readonly keep: Keep;
  /** Who may read what is written. */
  readonly privacy: Privacy;
  readonly nowMs: number;
  readonly timeZone: string;
  /** Whether it is only counted. */
  readonly isDryRun: boolean;
  /** Told before each thing that cannot be taken back, by name. */
  readonly onStep?: (step: string) => void;
}

/** What was pruned, or would be. */
export interface Pruned {
  readonly cluster: string;
  /** Curves that went, and those older than this; null: they are kept. */
  readonly series: { readonly rows: number; readonly before: string } | null;
  /** Months of which only totals are left; jobs: rows of what sacct told of them. */
  readonly energy: {
    readonly months: readonly string[];
    readonly jobs: number;
    readonly before: string;
  } | null;
  /** Rows of energy and of what sacct told whose users have pseudonyms now. */
  readonly pseudonyms: { readonly rows: number; readonly jobs: number; readonly before: string } | null;
}

/**
 * Does what `keep` in eit.yaml says for a cluster's archive. Each step is a commit, compared to the µJ: it can be ended at any point and run
 * again, and a second time nothing is left to do.
 * @throws EitError EIT_LEDGER_LOCKED, EIT_ARCHIVE, EIT_LEDGER_UNREADABLE, EIT_LEDGER_UNWRITABLE, EIT_PATH_UNTRUSTED
 */
export async function prune(options: PruneOptions): Promise<Pruned> {
  const { ledger, cluster, isDryRun } = options;
  const dir = join(ledger, cluster);
  const work = (isStillOurs: () => boolean): Promise<Pruned> =>
    withDuckDb(writerLimits(), async (connection, reader) => {
      const archive = await opened(options);
      return pruneArchive(
        { connection, reader, archive, isStillOurs, ...writingOf(options) },
        options,
        cluster,
      );
    });
  return isDryRun ? work(() => false) : withCompactLock(dir, work);
}

async function pruneArchive(writing: Writing, options: PruneOptions, cluster: string): Promise<Pruned> {
  const { keep, nowMs, isDryRun } = options;
  const series = await pruneSeries(writing, keep.series_days, isDryRun);
  const energy = await pruneEnergy(writing, options, keep.energy_months);
  const pseudonyms = await pruneNames(writing, options, keep.pseudonym_months);
  if (!isDryRun) {
    writing.onStep?.('totals');
    await deriveDue(writing.connection, writing.reader, writing.archive, cluster, nowMs, writing.isStillOurs);
    // Names are to be gone when it is said that they are; curves may wait for their readers.
    writing.onStep?.('old parts');
    if (pseudonyms !== null) {
      await removeUnnamed(writing.archive, nowMs, (path) =>
        isOfMonthBefore(path, pseudonyms.before) ? 0 : KEPT_MS,
      );
    }
  }
  return { cluster, series, energy, pseudonyms };
}

async function pruneSeries(
  writing: Writing,
  days: number | undefined,
  isDryRun: boolean,
): Promise<Pruned['series']> {
  if (days === undefined) return null;
  const { connection, archive, nowMs } = writing;
  const beforeMs = Math.floor(nowMs / DAY_MS - days) * DAY_MS;
  const old = partsOf(archive, SERIES).filter(({ from_ms: fromMs }) => fromMs < beforeMs);
  const where = `from_ms < ${beforeMs}`;
  const paths = old.map(({ path }) => path);
  const rows = isDryRun
    ? paths.length === 0
      ? 0
      : await countRows(connection, partsSql(archive.dir, paths), where)
    : await dropSeries(writing, where, old);
  return { rows, before: new Date(beforeMs).toISOString().slice(0, 10) };
}

/** What sacct told of jobs of these months, and their curves, are of no use then. */
async function pruneEnergy(
  writing: Writing,
  { ledger, cluster, isDryRun }: PruneOptions,
  months: number | undefined,
): Promise<Pruned['energy']> {
  if (months === undefined) return null;
  const { connection, archive, onStep } = writing;
  const before = firstKept(writing, months);
  const beforeMs = before.toMillis();
  const due = monthsDue(writing, beforeMs);
  const endS = Math.floor(beforeMs / 1000);
  const facts = `(start_s < ${endS} AND coalesce(end_s < ${endS}, false))`;
  const said = before.toFormat('yyyy-MM');
  if (isDryRun) {
    const jobs = await countJobFacts(connection, ledger, cluster, beforeMs, facts);
    return { months: due.map(({ month }) => month), jobs, before: said };
  }
  const done: string[] = [];
  // What is left of a month says for ever what its days say now.
  if (due.length > 0) await retellDue({ ...writing, cluster });
  for (const month of due) if ((await pruneMonth(writing, month, cluster)) > 0) done.push(month.month);
  const old = partsOf(archive, SERIES).filter(({ from_ms: fromMs }) => fromMs < beforeMs);
  await dropSeries(writing, `from_ms < ${beforeMs}`, old);
  const change = { where: facts, select: (from: string) => `SELECT * FROM ${from} WHERE NOT ${facts}` };
  const jobs = await changeJobFacts(connection, ledger, cluster, beforeMs, change, onStep);
  return { months: done, jobs, before: said };
}

/** Begin of the first month of the archive's zone that is not so long over. */
function firstKept({ archive, nowMs }: Writing, months: number): DateTime {
  const zone = archive.manifest.time_zone;
  return DateTime.fromMillis(nowMs, { zone }).startOf('month').minus({ months });
}

/** Parts lie in folders of UTC months, of which the zone's begin some hours before or after. */
function isOfMonthBefore(path: string, month: string): boolean {
  const [, of = '~'] = /\/month=(\d{4}-\d\d)\//.exec(path) ?? [];
  return of <= month;
}

/** Months are whole ones of the zone: a report of a month has names or pseudonyms, and not of one user both. */
async function pruneNames(
  writing: Writing,
  { ledger, cluster, isDryRun }: PruneOptions,
  months: number | undefined,
): Promise<Pruned['pseudonyms']> {
  if (months === undefined) return null;
  const { connection, archive, onStep } = writing;
  const { dir } = archive;
  const before = firstKept(writing, months);
  const beforeMs = before.toMillis();
  const said = before.toFormat('yyyy-MM');
  const old = partsOf(archive, SLICES).filter(
    // Where no row of a part tells a uid all its users have pseudonyms, or nobody knows them: most parts, most days.
    ({ from_ms: fromMs, empty = [] }) =>
      fromMs < beforeMs && !(empty.includes('uid') && empty.includes('user')),
  );
  const slices = `(slot_ms < ${beforeMs} AND ${isNamedSql('"user"')})`;
  const facts = `(start_s < ${Math.floor(beforeMs / 1000)} AND ${isNamedSql('user_name')})`;
  const paths = old.map(({ path }) => path);
  if (isDryRun) {
    return {
      rows: paths.length === 0 ? 0 : await countRows(connection, partsSql(dir, paths), slices),
      jobs: await countJobFacts(connection, ledger, cluster, beforeMs, facts),
      before: said,
    };
  }
  const key = pseudonymKey(ledger);
  // Curves tell a job and a uid, and are nobody's without them.
  await dropSeries(
    writing,
    `from_ms < ${beforeMs}`,
    partsOf(archive, SERIES).filter(({ from_ms: fromMs }) => fromMs < beforeMs),
  );
  await connection.run('CREATE OR REPLACE TEMP TABLE pseudonyms (of VARCHAR, pseudonym VARCHAR)');
  const name = async (from: string, where: string, user: string): Promise<void> => {
    const identity = `coalesce(${user}, 'uid:' || uid)`;
    const rows = await rowsOf(
      connection,
      `SELECT DISTINCT ${identity} AS who FROM ${from} WHERE ${where} AND ${identity} NOT IN (SELECT of FROM pseudonyms)`,
    );
    await addPseudonyms(
      connection,
      rows.map(({ who }) => String(who)),
      (who) => pseudonymOf(key, cluster, who),
    );
  };
  const veil = (user: string): Veil => ({
    user: `(SELECT pseudonym FROM pseudonyms WHERE of = coalesce(${user}, 'uid:' || held.uid))`,
    secret: jobSecret(key, cluster),
    names: [],
  });
  if (paths.length > 0) await name(partsSql(dir, paths), slices, '"user"');
  const totals = `(month_ms < ${beforeMs} AND ${isNamedSql('"user"')} AND "user" <> ${sqlText(UNKNOWN)})`;
  const monthPaths = partsOf(archive, MONTHS).map(({ path }) => path);
  if (monthPaths.length > 0) await name(partsSql(dir, monthPaths), totals, '"user"');
  const rows =
    (await veilMonths(writing, totals, veil('held."user"'))) +
    (await veilSlices(writing, slices, veil('held."user"'), old));
  const jobs = await changeJobFacts(
    connection,
    ledger,
    cluster,
    beforeMs,
    {
      where: facts,
      prepare: (from) => name(from, facts, 'user_name'),
      // One that was fetched again lies beside the one that has a pseudonym already.
      select: (from) =>
        `SELECT DISTINCT ON (job_id, submit_s, start_s) * FROM (${veiledSql(JOB_COLUMNS, from, facts, veil('held.user_name'))})`,
    },
    onStep,
  );
  return { rows, jobs, before: said };
}

/** Whether a row tells who somebody is. */
function isNamedSql(user: string): string {
  return `coalesce(uid IS NOT NULL OR (${user} <> '${ERASED}' AND NOT regexp_matches(${user}, '${PSEUDONYM_SQL}')), false)`;
}

async function addPseudonyms(
  connection: DuckDBConnection,
  names: readonly string[],
  pseudonym: (name: string) => string,
): Promise<void> {
  const appender = await connection.createAppender('pseudonyms');
  for (const name of names) {
    appender.appendVarchar(name);
    appender.appendVarchar(pseudonym(name));
    appender.endRow();
  }
  appender.closeSync();
}

async function opened({
  ledger,
  cluster,
  privacy,
  nowMs,
  timeZone,
  isDryRun,
}: PruneOptions): Promise<Archive> {
  // To look changes nothing, also not who may read.
  const { modes } = isDryRun ? { modes: OWNER_ONLY } : await guardCluster(ledger, cluster, privacy);
  return openArchive(join(ledger, cluster), modes, {
    slotMs: slotMsOf(timeZone, nowMs),
    timeZone,
  });
}

function writingOf({ nowMs, onStep }: PruneOptions): Pick<Writing, 'nowMs' | 'onStep'> {
  return { nowMs, ...(onStep === undefined ? {} : { onStep }) };
}
