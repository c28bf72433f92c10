import type { ArchivePart } from '../generated/manifest';
import { dayNamed } from './days';
import { partsSql } from './part';

/**
 * SQL that gives a part's totals of the days that are as the slices are.
 * @param days of which it is asked; absent: all that are fresh
 */
export function freshSql(
  dir: string,
  { path, kind, days = [] }: ArchivePart,
  timeZone: string,
  wanted?: ReadonlySet<string>,
): string {
  const fresh = days.filter((day) => wanted?.has(day) ?? true);
  const column = kind === 'rundays' ? 'day_ms' : 'slot_ms';
  const where = rangesOf(fresh, timeZone).map(
    ([fromMs, toMs]) => `(${column} >= ${fromMs} AND ${column} < ${toMs})`,
  );
  return `SELECT * FROM ${partsSql(dir, [path])} WHERE ${where.join(' OR ') || 'false'}`;
}

/** Days that follow each other as one stretch of time. */
function rangesOf(days: readonly string[], timeZone: string): [fromMs: number, toMs: number][] {
  const ranges: [number, number][] = [];
  for (const { fromMs, toMs } of [...days].sort().map((day) => dayNamed(day, timeZone))) {
    const last = ranges.at(-1);
    if (last?.[1] === fromMs) last[1] = toMs;
    else ranges.push([fromMs, toMs]);
  }
  return ranges;
}
