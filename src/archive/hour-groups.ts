import type { DuckDBConnection } from '@duckdb/node-api';
import { POLICIES } from '../attribution/policy';
import type { ArchivePart } from '../generated/manifest';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { type Weight, WeightedSums, type WeightCurve, WEIGHTS } from '../runs/slot-weights';
import { quoted } from './column';
import { dayNamed, stretchesOf } from './days';
import { hourTotalsSql, HOUR_TOTALS } from './hour-table';
import { partsIn } from './manifest';
import { emptyInAll, partsSql, rowsOf } from './part';
import { filterSql, type ReadableArchive } from './read-archive';
import type { TotalKey } from './group-sql';
import { SLICES } from './slice-table';
import { freshSql, type TotalsQuery } from './totals';

const WEIGHT_TABLE = 'slot_weights';

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
  const from = energySql(archive, query);
  if (from === null) return new Map();
  const steady = await weightTable(connection, archive, query.days, curve);
  const weighted = ['uj', 'base_uj'].flatMap((energy) =>
    WEIGHTS.filter((name) => !steady.has(name)).map(
      (name) => `sum(${energy}::HUGEINT * ${name}) AS ${energy}_${name}`,
    ),
  );
  // Weights are looked up row by row: by key and slot there are as many groups as rows.
  const select = [
    ...keys.map((key) => BY_KEY[key]!),
    'sum(uj)::HUGEINT AS uj',
    'sum(base_uj)::HUGEINT AS base_uj',
    ...weighted,
  ];
  const byKeys = keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}`;
  const rows = await rowsOf(
    connection,
    `SELECT ${select.join(', ')} FROM (${from}) JOIN ${WEIGHT_TABLE} USING (slot_ms)${byKeys}`,
  );
  return new Map(rows.map((row) => [keyOf(keys, row), weightedSums(row, steady)]));
}

/** How {@link weightedByGroup} names a group. */
export function keyOf(keys: readonly TotalKey[], values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    keys.map((key) => (typeof values[key] === 'bigint' ? Number(values[key]) : values[key])),
  );
}

/** SQL that gives energy by slot and names, less that of the jobs which somebody else adds up; null: nothing of these days. */
function energySql(
  { dir, manifest }: ReadableArchive,
  { days, policy, filter, exceptJobs }: TotalsQuery,
): string | null {
  const parts = manifest.parts.filter(
    (part) => part.kind === HOUR_TOTALS.name && (part.days ?? []).some((day) => days.has(day)),
  );
  if (parts.length === 0) return null;
  const name = POLICIES[policy] ?? '';
  const columns = DOMAIN_CLASSES.flatMap((of) =>
    ['measured', 'modelled'].map((kind) => `${of}_${kind}_${name}_uj`),
  );
  const where = filterSql(filter);
  const select = (sign: string, from: string, empty: ReadonlySet<string> = new Set()) => {
    const told = columns.filter((column) => !empty.has(column));
    const uj = told.map((column) => `coalesce(${quoted(column)}, 0)`).join(' + ') || '0';
    return (
      `SELECT slot_ms, uid, "user", account, "partition", ${sign}(${uj}) AS uj, ${sign}overhead_base_${name}_uj AS base_uj ` +
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
  if (exceptJobs === null) return all.join(' UNION ALL ');
  const inDays = [...days]
    .map((day) => dayNamed(day, manifest.time_zone))
    .sort((a, b) => a.fromMs - b.fromMs);
  const [first, last] = [inDays[0]!, inDays.at(-1)!];
  const slices = partsIn(manifest, SLICES.name, first.fromMs, last.toMs).map(({ path }) => path);
  if (slices.length === 0) return all.join(' UNION ALL ');
  const within = stretchesOf([...days], manifest.time_zone)
    .map(([fromMs, toMs]) => `(slot_ms >= ${fromMs} AND slot_ms < ${toMs})`)
    .join(' OR ');
  const ofJobs = `${partsSql(dir, slices)} WHERE job IN (FROM ${exceptJobs}) AND (${within})`;
  return [...all, select('-', hourTotalsSql(ofJobs, inDays))].join(' UNION ALL ');
}

/** Whether all rows of a part are of days that are asked for, and as the slices are: then none of them need be looked at. */
function isWithin(part: ArchivePart, days: ReadonlySet<string>, timeZone: string): boolean {
  const fresh = (part.days ?? []).filter((day) => days.has(day));
  return stretchesOf(fresh, timeZone).some(([fromMs, toMs]) => fromMs <= part.from_ms && part.to_ms < toMs);
}

/**
 * The weights of each slot of the days, and which day it is of.
 * @returns those that are the same at all times, and what they are: energies need not be multiplied by them one by one
 */
async function weightTable(
  connection: DuckDBConnection,
  { manifest }: ReadableArchive,
  days: ReadonlySet<string>,
  curve: WeightCurve,
): Promise<Map<Weight, bigint>> {
  const { slot_ms: slotMs, time_zone: timeZone } = manifest;
  const columns = WEIGHTS.map((name) => `${name} HUGEINT`).join(', ');
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${WEIGHT_TABLE} (slot_ms BIGINT, of_day VARCHAR, ${columns})`,
  );
  const steady = new Map<Weight, bigint>();
  const varying = new Set<Weight>();
  const appender = await connection.createAppender(WEIGHT_TABLE);
  for (const day of days) {
    const { fromMs, toMs } = dayNamed(day, timeZone);
    for (let atMs = fromMs; atMs < toMs; atMs += slotMs) {
      appender.appendBigInt(BigInt(atMs));
      appender.appendVarchar(day);
      curve.over(atMs, atMs + slotMs).forEach((weight, i) => {
        appender.appendHugeInt(weight);
        const name = WEIGHTS[i]!;
        if ((steady.get(name) ?? weight) !== weight) varying.add(name);
        steady.set(name, weight);
      });
      appender.endRow();
    }
  }
  appender.closeSync();
  for (const name of varying) steady.delete(name);
  return steady;
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
