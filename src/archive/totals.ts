import type { ArchivePart } from '../generated/manifest';
import type { RunFilter } from '../runs/run-filter';
import { stretchesOf } from './days';
import { sqlText } from './duckdb';
import type { InnerKey, RunRows } from './group-sql';
import { emptyInAll, partsSql } from './part';
import { filterSql, type ReadableArchive } from './read-archive';
import { type Figure, RUN_DAYS, RUN_FIGURES } from './run-day-table';
import { SUM_KEYS } from './group-sql';
import { OPEN_RUNS, RUN_SUMS } from './run-sums';

export interface TotalsQuery {
  /** Days that are added up: those of which the archive has totals that are as its slices are. */
  readonly days: ReadonlySet<string>;
  readonly policy: number;
  readonly filter: Pick<RunFilter, 'users' | 'accounts' | 'partitions' | 'qos' | 'names' | 'states'>;
  /** Table of jobs that somebody else adds up (see `jobTable`); null: of none. */
  readonly exceptJobs: string | null;
  /** Paths of parts of `rundays` whose sums hold such jobs (see `partsWith`); absent: none do. */
  readonly notSummed?: ReadonlySet<string>;
  /** SQL of rows of runs in sums that have to be known for their jobs' other runs (see `runsElsewhere`); absent: of none. */
  readonly elsewhere?: string | undefined;
}

/** A part of `rundays` with what was made of it. */
export interface SummedPart {
  readonly part: ArchivePart;
  /** null: none of its runs are in it. */
  readonly sums: ArchivePart | null;
  readonly open: ArchivePart | null;
}

/** What a query is made of: runs of the days asked for that are to be added up, and those that are in sums. */
export interface Totals extends RunRows {
  /** null: none are. Where both have a job the rows of the sums' runs are those `elsewhere`. */
  readonly sums: { readonly from: string; readonly figures: readonly Figure[] } | null;
}

/** The parts of `rundays` that have sums made of what they hold now. */
export function summedParts(parts: readonly ArchivePart[]): SummedPart[] {
  const made = new Map<string, { sums: ArchivePart | null; open: ArchivePart | null }>();
  for (const part of parts) {
    if (part.of === undefined) continue;
    const both = made.get(part.of) ?? { sums: null, open: null };
    if (part.kind === RUN_SUMS.name) made.set(part.of, { ...both, sums: part });
    if (part.kind === OPEN_RUNS.name) made.set(part.of, { ...both, open: part });
  }
  return parts.flatMap((part) => {
    const found = part.kind === RUN_DAYS.name ? made.get(part.path) : undefined;
    if (found === undefined) return [];
    const days = String(part.days);
    const areSame = [found.sums, found.open].every((of) => of === null || String(of.days) === days);
    return areSame ? [{ part, ...found }] : [];
  });
}

/** The parts of a query's days whose sums can be taken. @param keys what is asked for by; null: no sums are */
export function partsOfTotals(
  { manifest }: Pick<ReadableArchive, 'manifest'>,
  { days, filter, notSummed }: TotalsQuery,
  keys: readonly InnerKey[] | null,
): { readonly summed: SummedPart[]; readonly live: ArchivePart[] } {
  const asked = manifest.parts.filter(
    (part) => part.kind === RUN_DAYS.name && (part.days ?? []).some((day) => days.has(day)),
  );
  const { qos, names, states } = filter;
  const isTold =
    keys !== null &&
    keys.every((key) => key === 'outcome' || (SUM_KEYS as readonly string[]).includes(key)) &&
    [qos, names, states].every((one) => one === undefined);
  const summed = isTold
    ? summedParts(manifest.parts).filter(
        ({ part }) => (part.days ?? []).every((day) => days.has(day)) && notSummed?.has(part.path) !== true,
      )
    : [];
  const paths = new Set(summed.map(({ part }) => part.path));
  return { summed, live: asked.filter(({ path }) => !paths.has(path)) };
}

/** @returns null: the archive has nothing of these days */
export function totalsOf(
  archive: ReadableArchive,
  query: TotalsQuery,
  keys: readonly InnerKey[] | null,
): Totals | null {
  const { dir, manifest } = archive;
  const { days, policy, filter, exceptJobs } = query;
  const { summed, live } = partsOfTotals(archive, query, keys);
  if (summed.length + live.length === 0) return null;
  const open = summed.flatMap((part) => part.open ?? []);
  const sums = summed.flatMap((part) => part.sums ?? []);
  const figuresOf = (parts: readonly ArchivePart[]) => {
    const empty = emptyInAll(parts);
    return RUN_FIGURES.filter(
      (figure) => (figure.policy === undefined || figure.policy === policy) && !empty.has(figure.name),
    );
  };
  const { qos, names, states } = filter;
  const told = [...inSql('qos', qos), ...inSql('name', names), ...inSql('state', states)];
  const ofFilter = filterSql(filter);
  const rows = [...wholeSql(dir, open), ...live.map((part) => freshSql(dir, part, manifest.time_zone, days))];
  return {
    from:
      rows.length > 0
        ? rows.join(' UNION ALL BY NAME ')
        : summed
            .slice(0, 1)
            .map(({ part }) => `SELECT * FROM ${partsSql(dir, [part.path])} WHERE false`)
            .join(''),
    where: whereSql([...ofFilter, ...(exceptJobs === null ? [] : [`job NOT IN (FROM ${exceptJobs})`])]),
    whereTold: told.length === 0 ? '' : ` WHERE told AND ${told.join(' AND ')}`,
    figures: figuresOf([...open, ...live]),
    // By what became of them jobs are not counted.
    elsewhere: sums.length === 0 || keys?.includes('outcome') === true ? undefined : query.elsewhere,
    sums:
      sums.length === 0
        ? null
        : { from: `(${wholeSql(dir, sums).join('')}${whereSql(ofFilter)})`, figures: figuresOf(sums) },
  };
}

/** SQL that gives all rows of parts, in one piece or none. */
function wholeSql(dir: string, parts: readonly ArchivePart[]): string[] {
  if (parts.length === 0) return [];
  return [
    `SELECT * FROM ${partsSql(
      dir,
      parts.map(({ path }) => path),
    )}`,
  ];
}

function whereSql(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

function inSql(column: string, values: ReadonlySet<string> | undefined): string[] {
  if (values === undefined) return [];
  return [`${column} IN (${[...values].map(sqlText).join(', ') || 'NULL'})`];
}

/**
 * SQL that gives a part's totals of the days that are as the slices are.
 * @param wanted days of which it is asked; absent: all that are fresh
 */
export function freshSql(
  dir: string,
  { path, kind, days = [] }: ArchivePart,
  timeZone: string,
  wanted?: ReadonlySet<string>,
): string {
  const fresh = days.filter((day) => wanted?.has(day) ?? true);
  const column = kind === RUN_DAYS.name ? 'day_ms' : 'slot_ms';
  const where = stretchesOf(fresh, timeZone).map(
    ([fromMs, toMs]) => `(${column} >= ${fromMs} AND ${column} < ${toMs})`,
  );
  return `SELECT * FROM ${partsSql(dir, [path])} WHERE ${where.join(' OR ') || 'false'}`;
}
