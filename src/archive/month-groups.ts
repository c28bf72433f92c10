import type { DuckDBConnection } from '@duckdb/node-api';
import { addedGroupsSql, LAST_DAY_OF_MONTH, type TotalKey } from './group-sql';
import { groupSums, slurmSums } from './group-row';
import { MONTHS } from './month-table';
import { partsSql, rowsOf, wideRowsOf } from './part';
import { filterSql, type ReadableArchive } from './read-archive';
import type { TotalsGroup } from './run-day-groups';
import type { TotalsQuery } from './totals';

/**
 * Adds up totals of whole months.
 * @param months those that are asked for
 * @throws EitError EIT_ARCHIVE
 */
export async function monthsByGroup(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  months: readonly string[],
  keys: readonly TotalKey[],
  { policy, filter }: Pick<TotalsQuery, 'policy' | 'filter'>,
): Promise<TotalsGroup[]> {
  const { cluster, dir, manifest } = archive;
  const parts = manifest.parts.filter(({ kind, month }) => kind === MONTHS.name && months.includes(month));
  if (parts.length === 0) return [];
  const where = filterSql(filter);
  const paths = parts.map(({ path }) => path);
  const rowsFrom = `${partsSql(dir, paths)}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`;
  const from = `(SELECT *, ${LAST_DAY_OF_MONTH} FROM ${rowsFrom})`;
  const rows = await wideRowsOf(connection, addedGroupsSql(from, keys));
  return rows.flatMap((row) =>
    Number(row('runs') ?? 0) === 0
      ? []
      : [
          {
            keys: Object.fromEntries(
              keys.map((key) => {
                const value = row(key);
                return [key, typeof value === 'bigint' ? Number(value) : (value as string | null)];
              }),
            ),
            sums: groupSums(cluster, row, policy),
            slurm: slurmSums(row),
          },
        ],
  );
}

/** Whose runs there are in months, of those that the filter lets through. @throws EitError EIT_ARCHIVE */
export async function namesInMonths(
  connection: DuckDBConnection,
  { dir, manifest }: ReadableArchive,
  months: readonly string[],
  filter: TotalsQuery['filter'],
): Promise<{ uid: number | null; user: string; account: string; partition: string }[]> {
  const parts = manifest.parts.filter(({ kind, month }) => kind === MONTHS.name && months.includes(month));
  if (parts.length === 0) return [];
  const where = filterSql(filter).join(' AND ') || 'true';
  const from = partsSql(
    dir,
    parts.map(({ path }) => path),
  );
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT uid, "user", account, "partition" FROM ${from} WHERE ${where}`,
  );
  return rows.map(({ uid, user, account, partition }) => ({
    uid: uid === null ? null : Number(uid),
    user: String(user),
    account: String(account),
    partition: String(partition),
  }));
}
