import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { mergeSql, type Table } from './column';
import { type Archive, commit } from './commit';
import { mustBeAsWritten } from './damage';
import { mustAgree, sumsOfParts } from './month-sums';
import { MONTHS } from './month-table';
import { partsSql, writePart } from './part';
import { TABLES, TOTALS } from './tables';
import { freshSql } from './totals';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A day's lines have mostly come two hours after its end, a month's a day after. */
const DAY_SETTLED_MS = 2 * HOUR_MS;
const MONTH_SETTLED_MS = DAY_MS;

/** So many small parts of the running day become one. */
const MOST_SMALL_PARTS = 12;

/** A month with more rows stays in days, which are large enough. */
const MOST_ROWS = 20_000_000;

/** Parts of one table and month to be made one. */
export interface MergeTask {
  readonly kind: string;
  readonly month: string;
  readonly level: 0 | 1 | 2;
  readonly parts: readonly ArchivePart[];
}

/** What is to be merged by now: each part is in one task at most. */
export function dueMerges({ parts }: Pick<ArchiveManifest, 'parts'>, nowMs: number): MergeTask[] {
  // Totals of whole months are few, and added up by who reads them. Sums of a part are made anew of what it is merged into.
  const merged = parts.filter(({ kind, of }) => kind !== MONTHS.name && of === undefined);
  return [...grouped(merged, ({ kind, month }) => `${kind} ${month}`).values()].flatMap((ofMonth) =>
    ofMonth.some(({ days }) => days !== undefined)
      ? totalsOfMonth(ofMonth, nowMs)
      : mergesOfMonth(ofMonth, nowMs),
  );
}

function mergesOfMonth(parts: readonly ArchivePart[], nowMs: number): MergeTask[] {
  const [{ kind, month } = { kind: '', month: '' }] = parts;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  if (isSettled(month, nowMs) && rows <= MOST_ROWS) {
    return parts.length === 1 && parts[0]!.level === 2 ? [] : [{ kind, month, level: 2, parts }];
  }
  return [...grouped(parts, dayOf)].flatMap(([day, ofDay]): MergeTask[] => {
    const small = ofDay.filter(({ level }) => level === 0);
    if (day === null) return small.length < MOST_SMALL_PARTS ? [] : [{ kind, month, level: 0, parts: small }];
    if (nowMs < Date.parse(day) + DAY_MS + DAY_SETTLED_MS) {
      return small.length < MOST_SMALL_PARTS ? [] : [{ kind, month, level: 0, parts: small }];
    }
    return small.length === 0 ? [] : [{ kind, month, level: 1, parts: ofDay }];
  });
}

/** Totals have each day once: their parts are put together as they are. */
function totalsOfMonth(parts: readonly ArchivePart[], nowMs: number): MergeTask[] {
  const [{ kind, month } = { kind: '', month: '' }] = parts;
  const isDue = parts.length > 1 && (parts.length >= MOST_SMALL_PARTS || isSettled(month, nowMs));
  return isDue ? [{ kind, month, level: 2, parts }] : [];
}

function isSettled(month: string, nowMs: number): boolean {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return nowMs >= Date.UTC(year, number) + MONTH_SETTLED_MS;
}

/** The UTC day in which all rows of a part lie; null: it has several. */
function dayOf({ from_ms: fromMs, to_ms: toMs }: ArchivePart): string | null {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  return from === to ? (from ?? null) : null;
}

/** Does what is due, a commit each: it can be ended at any point. @throws EitError EIT_ARCHIVE, EIT_LEDGER_LOCKED */
export async function mergeDue(
  connection: DuckDBConnection,
  archive: Archive,
  nowMs: number,
  isStillOurs: () => boolean,
  onProgress?: (done: number, tasks: number) => void,
): Promise<number> {
  const tasks = dueMerges(archive.manifest, nowMs);
  // Each part is merged within itself when it is written: one that is alone is what would be made of it.
  const alone = tasks.filter(({ parts }) => parts.length === 1);
  if (alone.length > 0) {
    const levels = new Map(alone.map(({ parts, level }) => [parts[0]!.path, level]));
    await commit(archive, { levels }, nowMs, isStillOurs);
  }
  const more = tasks.filter(({ parts }) => parts.length > 1);
  for (const [done, task] of more.entries()) {
    onProgress?.(alone.length + done, tasks.length);
    const merged = await mergeParts(connection, archive, task);
    await commit(
      archive,
      { added: [merged], replaced: task.parts.map(({ path }) => path) },
      nowMs,
      isStillOurs,
    );
  }
  return tasks.length;
}

async function mergeParts(
  connection: DuckDBConnection,
  archive: Archive,
  task: MergeTask,
): Promise<ArchivePart> {
  const { dir, modes } = archive;
  const { kind, month, level, parts } = task;
  if (parts.some(({ days }) => days !== undefined)) return mergeTotals(connection, archive, task);
  const table = TABLES.find(({ name }) => name === kind) as Table<never>;
  await mustBeAsWritten(dir, parts);
  const paths = parts.map(({ path }) => path);
  const select = mergeSql(table, partsSql(dir, paths));
  const merged = await writePart(connection, dir, table, month, level, select, modes);
  if (merged === null) throw new Error(`nothing is left of ${paths.join(', ')}`);
  mustAgree(
    `the part merged from ${paths.length} parts of ${kind}`,
    await sumsOfParts(connection, dir, parts),
    await sumsOfParts(connection, dir, [merged]),
  );
  return merged;
}

async function mergeTotals(
  connection: DuckDBConnection,
  { dir, modes, manifest }: Archive,
  { kind, month, level, parts }: MergeTask,
): Promise<ArchivePart> {
  const table = TOTALS.find(({ name }) => name === kind) as Table<never>;
  await mustBeAsWritten(dir, parts);
  const select = parts.map((part) => freshSql(dir, part, manifest.time_zone)).join(' UNION ALL BY NAME ');
  const merged = await writePart(connection, dir, table, month, level, select, modes);
  if (merged === null) throw new Error(`nothing is left of the totals of ${month}`);
  return { ...merged, days: parts.flatMap(({ days = [] }) => days).sort() };
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
