import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchivePart } from '../generated/manifest';
import type { JobRange } from '../runs/run-filter';
import { sqlText } from './duckdb';
import { rowsOf } from './part';
import { partsOfRuns, type ReadableArchive, type Window } from './read-archive';

/** A range of job ids of one cluster. */
export interface ClusterJobs extends JobRange {
  readonly cluster: string;
}

/** Ids of rows that lie together are taken to lie evenly: at so many points. */
const POINTS = 32;

/** Above all ids that Slurm gives. */
const NO_JOB = Number.MAX_SAFE_INTEGER;

/** An id at about which so many rows lie. */
interface Point {
  readonly job: number;
  readonly rows: number;
}

/**
 * Divides the jobs of archives by their ids, so that each task has about as many rows to read. All runs of a job, and of whichever jobs had
 * its id, are in one task; each id is in one, also those of which there is no row.
 * @param tasks at most so many
 * @returns by task at least one range; none where there are no rows
 * @throws EitError EIT_ARCHIVE
 */
export async function jobRanges(
  connection: DuckDBConnection,
  archives: readonly ReadableArchive[],
  window: Window,
  tasks: number,
): Promise<ClusterJobs[][]> {
  const clusters: { readonly cluster: string; readonly points: readonly Point[] }[] = [];
  for (const archive of archives) {
    const points = await pointsOf(connection, archive, partsOfRuns(archive, window));
    if (points.length > 0) clusters.push({ cluster: archive.cluster, points });
  }
  return cutAt(clusters, tasks);
}

/** Parts are sorted by job: of each stretch of rows the file itself tells the first and the last. */
async function pointsOf(
  connection: DuckDBConnection,
  { dir }: ReadableArchive,
  parts: readonly ArchivePart[],
): Promise<Point[]> {
  if (parts.length === 0) return [];
  const files = parts.map(({ path }) => sqlText(join(dir, path))).join(', ');
  const stretches = await rowsOf(
    connection,
    `SELECT stats_min_value AS first, stats_max_value AS last, row_group_num_rows AS n ` +
      `FROM parquet_metadata([${files}]) WHERE path_in_schema = 'job'`,
  );
  return stretches
    .flatMap(({ first, last, n }) => {
      const [from, to, rows] = [Number(first ?? 0), Number(last ?? 0), Number(n)];
      return Array.from({ length: POINTS }, (_, i) => ({
        job: Math.round(from + ((to - from) * (i + 0.5)) / POINTS),
        rows: rows / POINTS,
      }));
    })
    .sort((a, b) => a.job - b.job);
}

/** @param clusters points of each, in the order of their ids */
export function cutAt(
  clusters: readonly { readonly cluster: string; readonly points: readonly Point[] }[],
  tasks: number,
): ClusterJobs[][] {
  const all = clusters.reduce((sum, { points }) => points.reduce((of, { rows }) => of + rows, sum), 0);
  const cut: ClusterJobs[][] = [];
  let ranges: ClusterJobs[] = [];
  let before = 0;
  const isFull = ({ rows }: Point): boolean =>
    cut.length < tasks - 1 && before + rows / 2 >= ((cut.length + 1) * all) / tasks;
  const endTask = (): void => {
    cut.push(ranges);
    ranges = [];
  };
  for (const { cluster, points } of clusters) {
    let [from, previous] = [0, points[0]?.job ?? 0];
    if (ranges.length > 0 && points[0] !== undefined && isFull(points[0])) endTask();
    for (const point of points) {
      if (isFull(point) && point.job > previous) {
        ranges.push({ cluster, from, below: point.job });
        endTask();
        from = point.job;
      }
      before += point.rows;
      previous = point.job;
    }
    ranges.push({ cluster, from, below: NO_JOB });
  }
  return ranges.length === 0 ? cut : [...cut, ranges];
}
