import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { POLICIES } from '../attribution/policy';
import type { ArchivePart } from '../generated/manifest';
import { type Weight, WeightedSums, type WeightCurve, WEIGHTS } from '../runs/slot-weights';
import { quoted } from './column';
import { dayNamed, stretchesOf } from './days';
import { hourEnergySql, hourTotalsSql, HOUR_TOTALS } from './hour-table';
import { partsIn } from './manifest';
import { emptyInAll, partsSql, rowsOf } from './part';
import { filterSql, type ReadableArchive } from './read-archive';
import type { TotalKey } from './group-sql';
import { SLICES } from './slice-table';
import {
  type DayWeights,
  fillWeightTable,
  steadyWeights,
  WEIGHT_TABLE,
  weightsId,
  weightsOfDays,
} from './slot-weights-table';
import { freshSql, type TotalsQuery } from './totals';
import { isWithin, weighedColumn, weighedPath } from './weighed-part';

/** What energies by slot can be grouped by. */
const BY_KEY: Readonly<Partial<Record<TotalKey, string>>> = {
  user: '"user"',
  uid: 'uid',
  account: 'account',
  partition: '"partition"',
  day: 'of_day AS "day"',
  week: `strftime(of_day::DATE, '%G-W%V') AS "week"`,
  month: 'of_day[1:7] AS "month"',
};

/** Whether energies by slot tell what is asked for: of what only Slurm's accounting tells they know nothing. */
export function isToldByHours(
  keys: readonly TotalKey[],
  { qos, names, states }: TotalsQuery['filter'],
): boolean {
  return (
    keys.every((key) => BY_KEY[key] !== undefined) &&
    qos === undefined &&
    names === undefined &&
    states === undefined
  );
}

/**
 * Energies of whole days, each slot's with its weights, by the values of the keys as JSON.
 * @param curve no weight of which changes within a slot
 * @throws EitError EIT_ARCHIVE
 */
export async function weightedByGroup(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  keys: readonly TotalKey[],
  query: TotalsQuery,
  curve: WeightCurve,
): Promise<Map<string, WeightedSums>> {
  const { slot_ms: slotMs, time_zone: timeZone } = archive.manifest;
  const weights = weightsOfDays(curve, query.days, slotMs, timeZone);
  const steady = steadyWeights(weights);
  const varying = WEIGHTS.filter((name) => !steady.has(name));
  const parts = partsOf(archive, keys, query, weights);
  if (parts.rows.length + parts.weighed.length === 0) return new Map();
  const read = async ({ rows, weighed }: typeof parts) => {
    const from = energySql(archive, query, rows);
    const relations = [
      ...(from === null ? [] : [weighedHere(from, keys, varying)]),
      ...(weighed.length === 0
        ? []
        : [
            weighedBefore(
              archive,
              weighed.map(({ path }) => path),
              keys,
              query,
              varying,
            ),
          ]),
    ];
    if (from !== null) await fillWeightTable(connection, weights);
    const sums = ['uj', 'base_uj', ...varying.flatMap((name) => [`uj_${name}`, `base_uj_${name}`])];
    return rowsOf(
      connection,
      `SELECT ${[...keys.map(quoted), ...sums.map((name) => `sum(${name})::HUGEINT AS ${name}`)].join(', ')} ` +
        `FROM (${relations.join(' UNION ALL BY NAME ')})${byFirst(keys)}`,
    );
  };
  const found = await read(parts).catch((error: unknown) => {
    if (parts.weighed.length === 0) throw error;
    // Gone meanwhile, or damaged: what they were made of is there.
    return read({ rows: [...parts.rows, ...parts.weighed.map(({ part }) => part)], weighed: [] });
  });
  return new Map(found.map((row) => [keyOf(keys, row), weightedSums(row, steady)]));
}

/** Parts of `hours` that are asked for: those whose energies were weighed by these weights before, and the others. */
function partsOf(
  { dir, manifest }: ReadableArchive,
  keys: readonly TotalKey[],
  { days }: TotalsQuery,
  weights: readonly DayWeights[],
): {
  readonly rows: ArchivePart[];
  readonly weighed: { readonly part: ArchivePart; readonly path: string }[];
} {
  const rows: ArchivePart[] = [];
  const weighed: { part: ArchivePart; path: string }[] = [];
  const byDay = new Map(weights.map((one) => [one.day, one]));
  // What was weighed before knows of no times.
  const isTimeless = keys.every((key) => key !== 'day' && key !== 'week' && key !== 'month');
  for (const part of manifest.parts) {
    const { kind, days: fresh = [] } = part;
    if (kind !== HOUR_TOTALS.name || !fresh.some((day) => days.has(day))) continue;
    const ofPart = [...fresh].sort().flatMap((day) => byDay.get(day) ?? []);
    const path = weighedPath(part, weightsId(ofPart));
    const isThere = isTimeless && isWithin(part, days, manifest.time_zone) && existsSync(join(dir, path));
    if (isThere) weighed.push({ part, path });
    else rows.push(part);
  }
  return { rows, weighed };
}

/** SQL that weighs energies slot by slot. Weights are looked up row by row: by key and slot there are as many groups as rows. */
function weighedHere(from: string, keys: readonly TotalKey[], varying: readonly Weight[]): string {
  const select = [
    ...keys.map((key) => BY_KEY[key]!),
    'sum(uj) AS uj',
    'sum(base_uj) AS base_uj',
    ...['uj', 'base_uj'].flatMap((energy) =>
      varying.map((name) => `sum(${energy}::HUGEINT * ${name}) AS ${energy}_${name}`),
    ),
  ];
  return `SELECT ${select.join(', ')} FROM (${from}) JOIN ${WEIGHT_TABLE} USING (slot_ms)${byFirst(keys)}`;
}

/** SQL of what was weighed before. */
function weighedBefore(
  { dir }: ReadableArchive,
  paths: readonly string[],
  keys: readonly TotalKey[],
  { policy, filter }: TotalsQuery,
  varying: readonly Weight[],
): string {
  const name = POLICIES[policy] ?? 'usage';
  const select = [
    ...keys.map((key) => BY_KEY[key]!),
    ...(['uj', 'base_uj'] as const).flatMap((energy) => [
      `${weighedColumn(energy, name)}::HUGEINT AS ${energy}`,
      ...varying.map((weight) => `${weighedColumn(energy, name, weight)}::HUGEINT AS ${energy}_${weight}`),
    ]),
  ];
  const where = filterSql(filter);
  return `SELECT ${select.join(', ')} FROM ${partsSql(dir, paths)}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`;
}

function byFirst(keys: readonly TotalKey[]): string {
  return keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}`;
}

/** How {@link weightedByGroup} names a group. */
export function keyOf(keys: readonly TotalKey[], values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    keys.map((key) => (typeof values[key] === 'bigint' ? Number(values[key]) : values[key])),
  );
}

/**
 * SQL that gives energy by slot and names, less that of the jobs which somebody else adds up; null: nothing of these days.
 * @param parts of `hours`, whose rows are taken
 */
function energySql(
  { dir, manifest }: ReadableArchive,
  { days, policy, filter, exceptJobs }: TotalsQuery,
  parts: readonly ArchivePart[],
): string | null {
  const name = POLICIES[policy] ?? '';
  const where = filterSql(filter);
  const select = (sign: string, from: string, empty?: ReadonlySet<string>) => {
    const { uj, base } = hourEnergySql(name, empty);
    return (
      `SELECT slot_ms, uid, "user", account, "partition", ${sign}${uj} AS uj, ${sign}${base} AS base_uj ` +
      `FROM (${from})${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`
    );
  };
  const whole = parts.filter((part) => isWithin(part, days, manifest.time_zone));
  const cut = parts.filter((part) => !whole.includes(part));
  const all = cut.map((part) =>
    select('', freshSql(dir, part, manifest.time_zone, days), emptyInAll([part])),
  );
  if (whole.length > 0) {
    const paths = whole.map(({ path }) => path);
    all.push(select('', `FROM ${partsSql(dir, paths)}`, emptyInAll(whole)));
  }
  const others = exceptJobs === null ? null : slicesOfJobs({ dir, manifest }, days, exceptJobs);
  if (others !== null) all.push(select('-', others));
  return all.length === 0 ? null : all.join(' UNION ALL ');
}

/** SQL that gives, as `hours` has it, what some jobs used. */
function slicesOfJobs(
  { dir, manifest }: Pick<ReadableArchive, 'dir' | 'manifest'>,
  days: TotalsQuery['days'],
  jobs: string,
): string | null {
  const inDays = [...days]
    .map((day) => dayNamed(day, manifest.time_zone))
    .sort((a, b) => a.fromMs - b.fromMs);
  const [first, last] = [inDays[0], inDays.at(-1)];
  if (first === undefined || last === undefined) return null;
  const slices = partsIn(manifest, SLICES.name, first.fromMs, last.toMs).map(({ path }) => path);
  if (slices.length === 0) return null;
  const within = stretchesOf([...days], manifest.time_zone)
    .map(([fromMs, toMs]) => `(slot_ms >= ${fromMs} AND slot_ms < ${toMs})`)
    .join(' OR ');
  return hourTotalsSql(`${partsSql(dir, slices)} WHERE job IN (FROM ${jobs}) AND (${within})`, inDays);
}

function weightedSums(
  row: Readonly<Record<string, unknown>>,
  steady: ReadonlyMap<Weight, bigint>,
): WeightedSums {
  const big = (name: string) => (row[name] as bigint | null | undefined) ?? 0n;
  const sums = new WeightedSums();
  sums.recordedUj = big('uj');
  sums.overheadBaseUj = big('base_uj');
  WEIGHTS.forEach((name, i) => {
    const weight = steady.get(name);
    sums.recorded[i] = weight === undefined ? big(`uj_${name}`) : sums.recordedUj * weight;
    sums.overheadBase[i] = weight === undefined ? big(`base_uj_${name}`) : sums.overheadBaseUj * weight;
  });
  return sums;
}
