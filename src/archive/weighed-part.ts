import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Policy, POLICIES } from '../attribution/policy';
import { isErrno } from '../errors';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { type WeightCurve, WEIGHTS } from '../runs/slot-weights';
import type { Archive } from './commit';
import { dayNamed, stretchesOf } from './days';
import { sqlText } from './duckdb';
import { hourEnergySql, HOUR_TOTALS } from './hour-table';
import { emptyInAll, partsSql } from './part';
import { fillWeightTable, weightsId, weightsOfDays, WEIGHT_TABLE } from './slot-weights-table';
import type { Window } from './read-archive';
import { publish } from './whole-file';

/**
 * Folder of a cluster's weighed energies, among the parts, whose readers it has: of a part of `hours` what its rows come to, each times its slot's weights, by whom. A file is named by its part and the
 * weights, so it is that or is not there; no manifest names it, and it can be removed at any time: reports then look at each row.
 */
export const WEIGHED = 'parts/kind=weighed';

/** So long after its end a month hardly changes: of one that does each compaction would weigh all. */
const MONTH_RESTS_MS = 2 * 86_400_000;

/** Whoever reads one has a day. */
const KEPT_MS = 86_400_000;

const HOUR_MS = 3_600_000;
/** Compaction runs each ten minutes: once an hour it looks whether values have changed. */
const LOOK_MS = 600_000;

/** Path of a part's weighed energies, below the cluster's folder. */
export function weighedPath({ path, month }: Pick<ArchivePart, 'path' | 'month'>, id: string): string {
  return `${WEIGHED}/month=${month}/${basename(path, '.parquet')}.${id}.parquet`;
}

/** Of a file in {@link WEIGHED} the name of its part, without the ending. */
export function partOfWeighed(name: string): string {
  return basename(name).split('.')[0] ?? '';
}

/** Column of an energy under a policy, as it is or times a weight. */
export function weighedColumn(energy: 'uj' | 'base_uj', policy: Policy, weight?: string): string {
  return [energy, policy, ...(weight === undefined ? [] : [weight])].join('_');
}

/** Whether all rows of a part are of the days given, and as the slices are: then none of them need be looked at. */
export function isWithin(part: ArchivePart, days: ReadonlySet<string>, timeZone: string): boolean {
  const fresh = (part.days ?? []).filter((day) => days.has(day));
  return stretchesOf(fresh, timeZone).some(([fromMs, toMs]) => fromMs <= part.from_ms && part.to_ms < toMs);
}

/**
 * Weighs the energies of parts of months that are over, where that was not done by these weights.
 * @param curveOf what energies of a window are weighed by; null: factors are the same at all times
 * @returns how many were weighed
 * @throws EitError EIT_ARCHIVE; whatever `curveOf` throws; the system's error where it cannot write
 */
export async function weighDue(
  connection: DuckDBConnection,
  archive: Pick<Archive, 'dir' | 'manifest' | 'modes'>,
  curveOf: (window: Window) => WeightCurve | null,
  nowMs: number,
): Promise<number> {
  const { dir, manifest } = archive;
  const parts = partsToWeigh(manifest, nowMs);
  const there = new Set((await filesIn(dir)).map(partOfWeighed));
  // Values of the past change seldom: to look at each hour of years takes a second.
  if (nowMs % HOUR_MS >= LOOK_MS && parts.every(({ path }) => there.has(partOfWeighed(path)))) return 0;
  const curves = new Map<string, WeightCurve | null>();
  const wanted = new Map<string, string>();
  let weighed = 0;
  for (const part of parts) {
    // A year's report has the same window, and so the same values where some are missing.
    const year = part.month.slice(0, 4);
    if (!curves.has(year)) curves.set(year, curveOf(windowOfYear(Number(year), manifest.time_zone)));
    const curve = curves.get(year) ?? null;
    if (curve?.isBySlot(manifest.slot_ms) !== true) continue;
    const days = weightsOfDays(curve, part.days ?? [], manifest.slot_ms, manifest.time_zone);
    const path = weighedPath(part, weightsId(days));
    wanted.set(partOfWeighed(path), path);
    if (existsSync(join(dir, path))) continue;
    await fillWeightTable(connection, days);
    await writeWeighed(connection, archive, part, path);
    weighed++;
  }
  await removeOthers(dir, wanted, nowMs);
  return weighed;
}

function windowOfYear(year: number, timeZone: string): Window {
  return {
    sinceMs: dayNamed(`${year}-01-01`, timeZone).fromMs,
    untilMs: dayNamed(`${year + 1}-01-01`, timeZone).fromMs,
  };
}

async function writeWeighed(
  connection: DuckDBConnection,
  { dir, modes }: Pick<Archive, 'dir' | 'modes'>,
  part: ArchivePart,
  path: string,
): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true, mode: modes.folder });
  const temporary = join(dir, `${path}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await connection.run(
      `COPY (${weighedSql(dir, part)}) TO ${sqlText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await publish(temporary, join(dir, path), modes.file);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

function partsToWeigh(
  { parts, time_zone: timeZone }: Pick<ArchiveManifest, 'parts' | 'time_zone'>,
  nowMs: number,
): ArchivePart[] {
  return parts.filter(
    (part) =>
      part.kind === HOUR_TOTALS.name &&
      endOfMonthMs(part.month) + MONTH_RESTS_MS <= nowMs &&
      isWithin(part, new Set(part.days), timeZone),
  );
}

/** @param month `2026-03`, of UTC */
function endOfMonthMs(month: string): number {
  const [year = 0, nth = 0] = month.split('-').map(Number);
  return Date.UTC(year, nth);
}

/** Sums of 128 bits: Parquet has them as decimals. */
function weighedSql(dir: string, part: ArchivePart): string {
  const empty = emptyInAll([part]);
  const from = `FROM ${partsSql(dir, [part.path])}`;
  const energies = POLICIES.flatMap((policy) => {
    const { uj, base } = hourEnergySql(policy, empty);
    return [
      ['uj', uj, policy],
      ['base_uj', base, policy],
    ] as const;
  });
  const columns = energies.map(([name, sql, policy]) => `${sql} AS ${weighedColumn(name, policy)}`);
  const sums = energies.flatMap(([name, , policy]) => {
    const column = weighedColumn(name, policy);
    return [
      `sum(${column})::DECIMAL(38,0) AS ${column}`,
      ...WEIGHTS.map(
        (weight) =>
          `sum(${column}::HUGEINT * ${weight})::DECIMAL(38,0) AS ${weighedColumn(name, policy, weight)}`,
      ),
    ];
  });
  return (
    `SELECT uid, "user", account, "partition", ${sums.join(', ')} ` +
    `FROM (SELECT slot_ms, uid, "user", account, "partition", ${columns.join(', ')} ${from}) ` +
    `JOIN ${WEIGHT_TABLE} USING (slot_ms) GROUP BY ALL ORDER BY "user", account, "partition", uid`
  );
}

/** Files of other weights go when those that took their place have been there for a day; those of parts that are gone go with these. */
async function removeOthers(dir: string, wanted: ReadonlyMap<string, string>, nowMs: number): Promise<void> {
  for (const path of await filesIn(dir)) {
    const now = wanted.get(partOfWeighed(path));
    if (now === undefined || now === path) continue;
    if (nowMs - (await stat(join(dir, now))).mtimeMs >= KEPT_MS) await unlink(join(dir, path));
  }
}

/** Paths of all files of weighed energies, below the cluster's folder. */
async function filesIn(dir: string): Promise<string[]> {
  const months = await namesIn(join(dir, WEIGHED));
  const files = await Promise.all(
    months.map(async (month) =>
      (await namesIn(join(dir, WEIGHED, month))).map((name) => `${WEIGHED}/${month}/${name}`),
    ),
  );
  return files.flat();
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
