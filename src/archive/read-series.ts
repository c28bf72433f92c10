import type { DuckDBConnection } from '@duckdb/node-api';
import { SERIES } from './host-table';
import { partsIn } from './manifest';
import { partsSql } from './part';
import { type ArchiveQuery, filterSql, type ReadableArchive } from './read-archive';
import { readRows } from './read-rows';

/** A curve of a run on one node, and where it is from. */
export interface SeriesRow {
  readonly host: string;
  readonly node: string;
  readonly job: number;
  readonly restart: number;
  readonly startedMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** JSON, as in the record: end_ms, power_w, cpus_busy. */
  readonly series: string;
}

/**
 * Reads the curves of jobs; the part that is published for a user has none.
 * @throws EitError EIT_ARCHIVE
 */
export async function readSeries(
  connection: DuckDBConnection,
  { dir, manifest }: ReadableArchive,
  { sinceMs, untilMs, filter }: Pick<ArchiveQuery, 'sinceMs' | 'untilMs' | 'filter'>,
  take: (row: SeriesRow) => void,
): Promise<void> {
  const paths = partsIn(manifest, SERIES.name, sinceMs, untilMs).map(({ path }) => path);
  if (paths.length === 0) return;
  const { jobs, nodes } = filter;
  const where = [`from_ms < ${untilMs}`, `to_ms > ${sinceMs}`, ...filterSql({ jobs, nodes })].join(' AND ');
  const names = SERIES.columns.map(({ name }) => name);
  for await (const values of readRows(connection, SERIES, names, `${partsSql(dir, paths)} WHERE ${where}`)) {
    const number = (name: string): number => (values[name] as number | undefined) ?? 0;
    take({
      host: values['host'] as string,
      node: values['node'] as string,
      job: number('job'),
      restart: number('restart'),
      startedMs: number('started_ms'),
      fromMs: number('from_ms'),
      toMs: number('to_ms'),
      series: values['series'] as string,
    });
  }
}
