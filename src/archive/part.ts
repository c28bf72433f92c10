import { randomBytes } from 'node:crypto';
import { mkdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError } from '../errors';
import type { ArchivePart } from '../generated/manifest';
import { quoted, type Table } from './column';
import { sqlText } from './duckdb';
import { publish, sha256Of } from './whole-file';

/** Rows that are compressed together, and passed over together where nothing in them is asked for. */
export const ROW_GROUP = 61_440;

/** How new files and folders of the ledger are made. */
export interface FileModes {
  readonly file: number;
  readonly folder: number;
  /** Gives a file that is no part its readers before it has its name. */
  readonly beforeNamed?: (temporary: string) => Promise<void>;
}

/**
 * Writes rows as a new part, sorted, and gives it its name when it is on disk.
 * @param dir the cluster's folder
 * @param month UTC month of all its rows
 * @param select SQL that gives the rows
 * @returns null where there are none
 */
export async function writePart(
  connection: DuckDBConnection,
  dir: string,
  table: Table<never>,
  month: string,
  level: number,
  select: string,
  modes: FileModes,
): Promise<ArchivePart | null> {
  const path = `parts/kind=${table.name}/month=${month}/${randomBytes(8).toString('hex')}.parquet`;
  const final = join(dir, path);
  const temporary = `${final}.tmp`;
  await mkdir(dirname(final), { recursive: true, mode: modes.folder });
  try {
    const order = table.order.map(quoted).join(', ');
    await connection.run(
      `COPY (SELECT * FROM (${select}) ORDER BY ${order}) TO ${sqlText(temporary)} ` +
        `(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`,
    );
    const time = quoted(table.time);
    const isByJob = table.order[0] === 'job';
    const [told] = await rowsOf(
      connection,
      `SELECT count(*) AS n, min(${time}) AS a, max(${time}) AS b${isByJob ? ', min(job) AS first_job, max(job) AS last_job' : ''} FROM read_parquet(${sqlText(temporary)})`,
    );
    const rows = Number(told?.['n'] ?? 0);
    if (rows === 0) {
      await unlink(temporary);
      return null;
    }
    const empty = await emptyColumns(connection, temporary);
    const { size } = await stat(temporary);
    const sha256 = await sha256Of(temporary);
    await publish(temporary, final, modes.file);
    return {
      path,
      kind: table.name,
      month,
      from_ms: Number(told?.['a']),
      to_ms: Number(told?.['b']),
      level,
      ...(isByJob ? { jobs: [Number(told?.['first_job']), Number(told?.['last_job'])] } : {}),
      rows,
      bytes: size,
      sha256,
      ...(empty.length === 0 ? {} : { empty }),
    };
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** Many columns are for hardware that a cluster has not: who knows them need not read them. */
async function emptyColumns(connection: DuckDBConnection, path: string): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT path_in_schema AS name FROM parquet_metadata(${sqlText(path)}) ` +
      'GROUP BY path_in_schema HAVING sum(stats_null_count) = sum(num_values) ORDER BY name',
  );
  return rows.map(({ name }) => String(name));
}

/** Columns that are empty in each of the parts. */
export function emptyInAll(parts: readonly ArchivePart[]): Set<string> {
  const [first, ...rest] = parts.map(({ empty = [] }) => new Set(empty));
  return new Set([...(first ?? [])].filter((name) => rest.every((names) => names.has(name))));
}

/**
 * SQL relation of parts' rows.
 * @param paths of the parts, below the cluster's folder; at least one
 */
export function partsSql(dir: string, paths: readonly string[]): string {
  const files = paths.map((path) => sqlText(join(dir, path))).join(', ');
  return `read_parquet([${files}], hive_partitioning = false, union_by_name = true)`;
}

/** The rows of a query, by column. For few rows. */
export async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  const { names, columns, count } = await readColumns(connection, sql);
  return Array.from({ length: count }, (_, row) => {
    const found: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) found[names[i]!] = columns[i]![row];
    return found;
  });
}

/** Gives the value of a column; undefined: there is no such column. */
export type WideRow = (column: string) => unknown;

/** The rows of a query with a hundred columns: to make objects of them, and to ask these, takes several times as long. */
export async function wideRowsOf(connection: DuckDBConnection, sql: string): Promise<WideRow[]> {
  const { names, columns, count } = await readColumns(connection, sql);
  const byName = new Map(names.map((name, i) => [name, columns[i]]));
  return Array.from({ length: count }, (_, row) => (column: string) => byName.get(column)?.[row]);
}

/** DuckDB hands over columns; its own way of making rows of them takes twice as long. */
async function readColumns(
  connection: DuckDBConnection,
  sql: string,
): Promise<{ names: string[]; columns: unknown[][]; count: number }> {
  try {
    const reader = await connection.runAndReadAll(sql);
    return {
      names: reader.deduplicatedColumnNames(),
      columns: reader.getColumns(),
      count: reader.currentRowCount,
    };
  } catch (cause) {
    throw archiveError(cause);
  }
}

/** What DuckDB says, as one of our errors. */
export function archiveError(cause: unknown): unknown {
  if (cause instanceof EitError) return cause;
  // Not `instanceof`: DuckDB's errors can be of another realm.
  const { message = String(cause) } = (cause ?? {}) as { message?: string };
  const isFile = /^(IO Error|Invalid Input Error|HTTP Error|Serialization Error)/.test(message);
  if (!isFile) return cause;
  return new EitError(
    'EIT_ARCHIVE',
    `a part of the archive cannot be read: ${message}. Restore the file from a backup, or see docs/troubleshooting.md`,
    { cause },
  );
}
