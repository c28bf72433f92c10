import type { DuckDBConnection } from '@duckdb/node-api';
import type { GroupSums } from '../runs/group-sums';
import type { SlurmSums } from '../runs/slurm-sums';
import type { Outcome } from '../slurm/job-states';
import { quoted } from './column';
import { groupSums, slurmSums } from './group-row';
import {
  addedGroupsSql,
  CONFLICT,
  COUNTS,
  groupSql,
  type InnerKey,
  keptFigures,
  LAST_DAY_OF_MONTH,
  type TotalKey,
} from './group-sql';
import { rowsOf, wideRowsOf } from './part';
import type { ReadableArchive } from './read-archive';
import { type Figure, RUN_DAYS } from './run-day-table';
import { type Totals, totalsOf, type TotalsQuery } from './totals';

/** The sums of one group of runs. */
export interface TotalsGroup {
  /** Value of each key asked for. */
  readonly keys: Readonly<Partial<Record<InnerKey, string | number | null>>>;
  readonly sums: GroupSums;
  readonly slurm: SlurmSums;
}

/** Days of a window of which the archive has totals. */
export function daysWithTotals({ manifest }: Pick<ReadableArchive, 'manifest'>): Set<string> {
  return new Set(
    manifest.parts.filter(({ kind }) => kind === RUN_DAYS.name).flatMap(({ days = [] }) => days),
  );
}

/**
 * Adds up totals of whole days. A run of several days is one run of a group, unless days, weeks or months are asked for: then it is one in each.
 * @throws EitError EIT_ARCHIVE
 */
export async function totalsByGroup(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  keys: readonly InnerKey[],
  query: TotalsQuery,
): Promise<TotalsGroup[]> {
  const totals = totalsOf(archive, query, keys);
  if (totals === null) return [];
  const sql = bothSql(totals, keys);
  return (await wideRowsOf(connection, sql)).flatMap((row) =>
    Number(row('runs') ?? 0) === 0
      ? []
      : [
          {
            keys: Object.fromEntries(keys.map((key) => [key, keyOf(row(key))])),
            sums: groupSums(archive.cluster, row, query.policy),
            slurm: slurmSums(row),
          },
        ],
  );
}

/** Uids are numbers, and can be absent. */
function keyOf(value: unknown): string | number | null {
  return typeof value === 'bigint' ? Number(value) : (value as string | null);
}

/** The SQL of {@link totalsByGroup}, for those who want to run it elsewhere; null: the archive has nothing of these days. */
export function totalsSql(
  archive: ReadableArchive,
  keys: readonly InnerKey[],
  query: TotalsQuery,
): string | null {
  const totals = totalsOf(archive, query, keys);
  return totals === null ? null : bothSql(totals, keys);
}

/** Runs that are to be added up, and those that were. */
function bothSql(totals: Totals, keys: readonly InnerKey[]): string {
  const { sums } = totals;
  const ofRuns = groupSql(totals, keys);
  if (sums === null) return ofRuns;
  const told = [...new Set([...sums.figures, ...totals.figures])];
  const names = [
    ...keys,
    ...COUNTS,
    'first_ms',
    ...CONFLICT,
    ...keptFigures(sums.figures).map(({ name }) => name),
  ];
  const both = `(SELECT ${names.map(quoted).join(', ')}, ${LAST_DAY_OF_MONTH} FROM ${sums.from} UNION ALL BY NAME FROM (${ofRuns}))`;
  return addedGroupsSql(both, keys, told, true);
}

/** Columns that a filter can ask for beyond those that every query has. */
const ASKED_FOR: ReadonlySet<string> = new Set(['told', 'qos', 'name', 'state']);

/** What the energy of runs is known by. */
const isEnergy = ({ name }: Figure) => /_(measured|modelled)_|^overhead_base_/.test(name);

/** Runs of a group whose work was not done to its end. */
export interface LostTotals {
  readonly of: TotalsGroup['keys'];
  readonly outcome: Outcome;
  readonly sums: GroupSums;
}

/** Runs whose work was not done to its end and their energy, by group and what became of them. @throws EitError EIT_ARCHIVE */
export async function totalsByOutcome(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
  by: readonly TotalKey[],
): Promise<LostTotals[]> {
  const keys: InnerKey[] = [...by, 'outcome'];
  const totals = totalsOf(archive, query, keys);
  if (totals === null) return [];
  const sql = bothSql(
    narrowed(totals, (figure) => isEnergy(figure) || ASKED_FOR.has(figure.name) || figure.name === 'outcome'),
    keys,
  );
  const rows = await wideRowsOf(connection, `FROM (${sql}) WHERE outcome IS NOT NULL`);
  return rows.map((row) => ({
    of: Object.fromEntries(by.map((key) => [key, keyOf(row(key))])),
    outcome: row('outcome') as Outcome,
    sums: groupSums(archive.cluster, row, query.policy),
  }));
}

function narrowed(totals: Totals, isAsked: (figure: Figure) => boolean): Totals {
  const { figures, sums } = totals;
  return {
    ...totals,
    figures: figures.filter(isAsked),
    sums: sums === null ? null : { ...sums, figures: sums.figures.filter(isAsked) },
  };
}

/** How many jobs and runs there are: a job can have runs in several groups. @throws EitError EIT_ARCHIVE */
export async function countTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<{ readonly jobs: number; readonly runs: number }> {
  const totals = totalsOf(archive, query, []);
  if (totals === null) return { jobs: 0, runs: 0 };
  const sql = bothSql(
    narrowed(totals, ({ name }) => ASKED_FOR.has(name)),
    [],
  );
  const [row] = await rowsOf(connection, sql);
  return { jobs: Number(row?.['jobs'] ?? 0), runs: Number(row?.['runs'] ?? 0) };
}

/** Whose runs there are, of those that the filter lets through. @throws EitError EIT_ARCHIVE */
export async function namesInTotals(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: TotalsQuery,
): Promise<{ uid: number | null; user: string; account: string; partition: string }[]> {
  const totals = totalsOf(archive, query, []);
  if (totals === null) return [];
  const names = 'uid, "user", account, "partition"';
  const ofSums = totals.sums === null ? '' : ` UNION SELECT ${names} FROM ${totals.sums.from}`;
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT ${names} FROM (${totals.from})${totals.where}${ofSums}`,
  );
  return rows.map(({ uid, user, account, partition }) => ({
    uid: uid === null ? null : Number(uid),
    user: String(user),
    account: String(account),
    partition: String(partition),
  }));
}
