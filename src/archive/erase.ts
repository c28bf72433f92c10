import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { isErrno } from '../errors';
import { type Archive, openArchive } from './commit';
import { compact } from './compact';
import { withCompactLock } from './compact-lock';
import { removeConsumed } from './consumed-inbox';
import { deriveDue } from './derive';
import { sqlText, withDuckDb, writerLimits } from './duckdb';
import { type LineTest, asideLinesOf, inboxFilesOf, lineTest, removeAside } from './lines-of-person';
import { MONTHS } from './month-table';
import { findPerson, isOfPersonSql, type Person } from './person';
import { type FileModes, partsSql, rowsOf } from './part';
import { guardCluster, OWNER_ONLY, type Privacy } from './privacy';
import { pseudonymOf, ERASED, type Veil } from './veil';
import { readPseudonymKey } from './pseudonym-key';
import { SLICES } from './slice-table';
import { slotMsOf } from './slot';
import { removeUnnamed } from './unnamed-files';
import { changeJobFacts, countJobFacts } from './veil-job-facts';
import { countRows, dropSeries, veilMonths, veilSlices, type Writing } from './veil-rows';
import { JOB_COLUMNS } from './job-columns';
import { writeWhole } from './whole-file';
import { SERIES } from './host-table';
import { fileKey } from './taken-state';

/** Later than any day folder that a clock which runs ahead has made. */
const ALL_DAYS = -3650;
const LAST_MS = Date.UTC(9999, 0);

export interface EraseOptions {
  readonly ledger: string;
  readonly cluster: string;
  /** A name, or a uid in digits. */
  readonly asked: string;
  /** The uid that the system has for the name; null: it knows none. */
  readonly systemUid: number | null;
  readonly nowMs: number;
  readonly timeZone: string;
  /** Who may read what is written. */
  readonly privacy: Privacy;
  readonly warn: (message: string) => void;
  /** Told before each thing that cannot be taken back, by name. */
  readonly onStep?: (step: string) => void;
}

/** What an erasure took away, or would take away. */
export interface Erased {
  readonly cluster: string;
  readonly uids: readonly number[];
  /** Rows of energy that are nobody's now. */
  readonly slices: number;
  /** Rows of months of which only totals are kept. */
  readonly months: number;
  readonly series: number;
  /** Rows of what sacct told. */
  readonly jobs: number;
  readonly aside: number;
  readonly inboxFiles: number;
  /** Inbox files that hold lines of the user and could not go: hosts write them at the moment, or they hold what was not taken. */
  readonly inboxLeft: readonly string[];
}

/**
 * What of a user a cluster's ledger holds, in numbers: what {@link erase} would take away.
 * @throws EitError EIT_USAGE, EIT_ARCHIVE, EIT_LEDGER_UNREADABLE
 */
export async function countErasable(options: Omit<EraseOptions, 'privacy'>): Promise<Erased> {
  const { ledger, cluster } = options;
  const archive = await openForPerson(options);
  return withDuckDb(writerLimits(), async (connection) => {
    const { person, isHers } = await whoIs(connection, archive, options);
    const slices = await countIn(connection, archive, SLICES.name, slicesWhere(person));
    const months = await countIn(connection, archive, MONTHS.name, monthsWhere(person));
    const series = await countIn(connection, archive, SERIES.name, seriesWhere(person));
    const jobs = await countJobFacts(connection, ledger, cluster, LAST_MS, eraseFacts(person).where);
    const aside = (await asideLinesOf(archive.dir, isHers)).length;
    const files = await inboxFilesOf(ledger, cluster, isHers);
    return {
      cluster,
      uids: person.uids,
      slices,
      months,
      series,
      jobs,
      aside,
      inboxFiles: files.length,
      inboxLeft: [],
    };
  });
}

/**
 * Takes a user out of a cluster's ledger. What her runs used stays in the sums, as `(erased)`, with job ids that lead nowhere: name, uid, job
 * names, node lists and series go, from the archive, what sacct told, refused lines and the inbox. It can be ended at any point and run again.
 * @throws EitError EIT_LEDGER_LOCKED, EIT_ARCHIVE, EIT_USAGE, EIT_LEDGER_UNREADABLE, EIT_LEDGER_UNWRITABLE
 */
export async function erase(options: EraseOptions): Promise<Erased> {
  const { ledger, cluster, privacy, nowMs, timeZone, warn, onStep } = options;
  // First of all everything is taken in: hosts append to inbox files, so lines can go only with a file that was wholly taken.
  await compact({ ledger, cluster, nowMs, timeZone, privacy, inboxDays: -ALL_DAYS, warn });
  const dir = join(ledger, cluster);
  return withCompactLock(dir, (isStillOurs) =>
    withDuckDb(writerLimits(), async (connection, reader) => {
      const { modes } = await guardCluster(ledger, cluster, privacy);
      const archive = await openForPerson(options, modes);
      const { person, isHers } = await whoIs(connection, archive, options);
      const writing: Writing = {
        connection,
        reader,
        archive,
        nowMs,
        isStillOurs,
        ...(onStep === undefined ? {} : { onStep }),
      };
      const files = await inboxFilesOf(ledger, cluster, isHers);
      onStep?.('inbox');
      const keys = new Set(files.map(fileKey));
      const isAsked = (file: { day: string; host: string }): boolean => keys.has(fileKey(file));
      const consumed = { ledger, cluster, nowMs, inboxDays: ALL_DAYS, isAsked, warn };
      const inboxFiles = await removeConsumed(connection, archive, consumed, isStillOurs);
      // What tells who she is goes last: a second try finds her by it.
      const series = await dropSeries(writing, seriesWhere(person));
      onStep?.('aside');
      const aside = await removeAside(dir, isHers, archive.modes.file);
      const jobs = await changeJobFacts(connection, ledger, cluster, LAST_MS, eraseFacts(person), onStep);
      const months = await veilMonths(writing, monthsWhere(person), erasedVeil(person));
      const slices = await veilSlices(writing, slicesWhere(person), erasedVeil(person));
      onStep?.('totals');
      await deriveDue(connection, reader, archive, cluster, nowMs, isStillOurs);
      onStep?.('old parts');
      // Readers that began by an older manifest have to begin anew.
      await removeUnnamed(archive, nowMs, () => 0);
      const inboxLeft = (await inboxFilesOf(ledger, cluster, isHers)).map(({ path }) => path);
      const done = { slices, months, series, jobs, aside, inboxFiles };
      onStep?.('note');
      if (Object.values(done).some((count) => count > 0))
        await writeNote(archive, nowMs, { ...done, inbox_files_left: inboxLeft.length });
      return { cluster, uids: person.uids, ...done, inboxLeft };
    }),
  );
}

/** The archive of which somebody's rows are asked for. @throws EitError EIT_ARCHIVE, EIT_LEDGER_UNREADABLE */
export async function openForPerson(
  { ledger, cluster, nowMs, timeZone }: Pick<EraseOptions, 'ledger' | 'cluster' | 'nowMs' | 'timeZone'>,
  modes: FileModes = OWNER_ONLY,
): Promise<Archive> {
  return openArchive(join(ledger, cluster), modes, {
    slotMs: slotMsOf(timeZone, nowMs),
    timeZone,
  });
}

/** By whatever name the ledger has her. Puts her jobs into the table `her_jobs`, those that others had under her uid into `jobs_of_her_uid`. */
export async function whoIs(
  connection: DuckDBConnection,
  { dir, manifest }: Archive,
  { ledger, cluster, asked, systemUid }: Pick<EraseOptions, 'ledger' | 'cluster' | 'asked' | 'systemUid'>,
): Promise<{ person: Person; isHers: LineTest }> {
  const found = await findPerson(connection, dir, manifest, asked, systemUid);
  const key = readPseudonymKey(ledger);
  const hidden =
    key === null
      ? []
      : [...found.names, ...found.uids.map((uid) => `uid:${uid}`)].map((name) =>
          pseudonymOf(key, cluster, name),
        );
  const person = { ...found, names: [...found.names, ...hidden] };
  const paths = manifest.parts.filter(({ kind }) => kind === SLICES.name).map(({ path }) => path);
  await connection.run('CREATE OR REPLACE TEMP TABLE her_jobs (job BIGINT)');
  await connection.run('CREATE OR REPLACE TEMP TABLE jobs_of_her_uid (job BIGINT)');
  if (paths.length > 0) {
    const jobs = `SELECT DISTINCT job FROM ${partsSql(dir, paths)}`;
    await connection.run(`INSERT INTO her_jobs ${jobs} WHERE ${isOfPersonSql(person)}`);
    await connection.run(
      `INSERT INTO jobs_of_her_uid ${jobs} WHERE uid IN (${person.uids.join(', ') || 'NULL'}) AND NOT ${isOfPersonSql(person)}`,
    );
  }
  const rows = await rowsOf(connection, 'SELECT job FROM her_jobs');
  return { person, isHers: lineTest(person, new Set(rows.map(({ job }) => Number(job)))) };
}

/** A row that tells nobody is hers where its job is. */
export function slicesWhere(person: Person): string {
  return `(${isOfPersonSql(person)} OR ("user" IS NULL AND uid IS NULL AND job IN (FROM her_jobs)))`;
}

/** Totals have a name for everybody. */
export function monthsWhere(person: Person): string {
  const uids = person.uids.map((uid) => `uid:${uid}`);
  return isOfPersonSql({ names: [...person.names, ...uids], uids: [] });
}

/** Series tell a uid alone: it may be that of somebody who had it before. */
export function seriesWhere({ uids }: Person): string {
  return (
    '((uid IS NULL AND job IN (FROM her_jobs)) OR ' +
    `coalesce(uid IN (${uids.join(', ') || 'NULL'}) AND job NOT IN (FROM jobs_of_her_uid), false))`
  );
}

export function factsWhere(person: Person): string {
  return isOfPersonSql(person, 'user_name');
}

/** Her rows go, and where she cancelled others' jobs nobody did. */
function eraseFacts(person: Person) {
  const cancelled = `coalesce(cancelled_by_uid IN (${person.uids.join(', ') || 'NULL'}), false)`;
  const columns = JOB_COLUMNS.map(({ name }) =>
    name === 'cancelled_by_uid' ? `CASE WHEN ${cancelled} THEN NULL ELSE ${name} END AS ${name}` : name,
  );
  return {
    where: `(${factsWhere(person)} OR ${cancelled})`,
    select: (from: string) => `SELECT ${columns.join(', ')} FROM ${from} WHERE NOT ${factsWhere(person)}`,
  };
}

/** The secret is nowhere kept. */
function erasedVeil({ names }: Person): Veil {
  return { user: sqlText(ERASED), secret: randomBytes(32).toString('hex'), names };
}

async function countIn(
  connection: DuckDBConnection,
  archive: Archive,
  kind: string,
  where: string,
): Promise<number> {
  const paths = archive.manifest.parts.filter((part) => part.kind === kind).map(({ path }) => path);
  return paths.length === 0 ? 0 : countRows(connection, partsSql(archive.dir, paths), where);
}

/** That there was an erasure, and not whose. */
async function writeNote(
  { dir, modes }: Archive,
  nowMs: number,
  rows: Readonly<Record<string, number>>,
): Promise<void> {
  const path = join(dir, 'erasures.ndjson');
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  });
  const line = JSON.stringify({ at: new Date(nowMs).toISOString(), ...rows });
  await writeWhole(path, `${before}${line}\n`, modes.file);
}
