import { DateTime } from 'luxon';
import type { ArchivePart } from '../generated/manifest';
import { mergeSql, quoted, type Table } from './column';
import { commit } from './commit';
import { deriveDue } from './derive';
import { DOMAINS, HOSTS } from './host-table';
import { addSums, type ExactMonthSums, mustAgree, noSums, sumsOfParts } from './month-sums';
import { monthRowsSql, MONTHS } from './month-table';
import { partsSql, writePart } from './part';
import { RUN_DAYS } from './run-day-table';
import { SLICES } from './slice-table';
import { freshSql } from './totals';
import { countRows, partsOf, withdrawPublished, type Writing } from './veil-rows';

/** A month of the archive's zone. */
interface Month {
  readonly month: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The months that end before a time and of which there is more than totals, oldest first.
 * @param beforeMs begin of a month of the archive's zone
 */
export function monthsDue({ archive }: Pick<Writing, 'archive'>, beforeMs: number): Month[] {
  const zone = archive.manifest.time_zone;
  const found = new Map<string, Month>();
  for (const { from_ms: fromMs, to_ms: toMs } of partsOf(archive, SLICES)) {
    let begin = DateTime.fromMillis(fromMs, { zone }).startOf('month');
    for (; begin.toMillis() <= toMs && begin.toMillis() < beforeMs; begin = begin.plus({ months: 1 })) {
      const month = begin.toFormat('yyyy-MM');
      found.set(month, { month, fromMs: begin.toMillis(), toMs: begin.plus({ months: 1 }).toMillis() });
    }
  }
  return [...found.values()].sort((a, b) => a.fromMs - b.fromMs);
}

/**
 * Turns a month's energy into totals by user, account and partition, in one commit: slices and totals by day and hour go, hosts and their
 * domains have one row each. What is left must be as much as there was, to the µJ.
 * @returns rows of slices that went
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_LOCKED
 */
export async function pruneMonth(writing: Writing, month: Month, cluster: string): Promise<number> {
  const { connection, reader, archive, nowMs, isStillOurs, onStep } = writing;
  const { dir, modes } = archive;
  await deriveDue(connection, reader, archive, cluster, nowMs, isStillOurs);
  const { manifest } = archive;
  const within = `slot_ms >= ${month.fromMs} AND slot_ms < ${month.toMs}`;
  const [added, replaced]: [ArchivePart[], ArchivePart[]] = [[], []];
  let rows = 0;
  for (const part of partsOf(archive, SLICES)) {
    const from = partsSql(dir, [part.path]);
    const going = part.to_ms < month.fromMs ? 0 : await countRows(connection, from, within);
    if (going === 0) continue;
    rows += going;
    replaced.push(part);
    const select = `SELECT * FROM ${from} WHERE NOT (${within})`;
    const rest = await writePart(connection, dir, SLICES, part.month, part.level, select, modes);
    if (rest !== null) added.push(rest);
  }
  if (rows === 0) return 0;
  await withdrawPublished(writing);
  const totals = manifest.parts.filter(({ days = [] }) => days.some((day) => day.startsWith(month.month)));
  const days = totals.filter(({ kind }) => kind === RUN_DAYS.name);
  const from = days.map((part) => freshSql(dir, part, manifest.time_zone)).join(' UNION ALL BY NAME ');
  const select = monthRowsSql(from, month.fromMs);
  const made = await writePart(connection, dir, MONTHS, month.month, 2, select, modes);
  if (made !== null) added.push(made);
  for (const table of [HOSTS, DOMAINS]) {
    const one = await oneRowAHost(writing, table, month, within);
    added.push(...one.added);
    replaced.push(...one.replaced);
  }
  const before = await sumsOfParts(connection, dir, replaced);
  const after = await sumsOfParts(connection, dir, added);
  // Months of the zone and of UTC overlap: what they come to together stays.
  mustAgree(`the totals of ${month.month}`, together(before, true), together(after, true));
  onStep?.(`months ${month.month}`);
  await commit(
    archive,
    {
      added,
      replaced: [...replaced, ...totals].map(({ path }) => path),
      moved: { from: before, to: after },
    },
    nowMs,
    isStillOurs,
  );
  return rows;
}

/** @param withoutLines lines of what is a sum are not counted any more */
function together(
  sums: ReadonlyMap<string, ExactMonthSums>,
  withoutLines: boolean,
): Map<string, ExactMonthSums> {
  const all = noSums();
  for (const each of sums.values()) addSums(all, each);
  return new Map([['all months', withoutLines ? { ...all, runLines: 0 } : all]]);
}

/** Rows of hosts are one then, in the first slot of the month that is in their part. */
async function oneRowAHost(
  { connection, archive: { dir, modes, manifest } }: Writing,
  table: Table<never>,
  { fromMs, toMs }: Month,
  within: string,
): Promise<{ added: ArchivePart[]; replaced: ArchivePart[] }> {
  const [added, replaced]: [ArchivePart[], ArchivePart[]] = [[], []];
  for (const part of manifest.parts.filter(({ kind }) => kind === table.name)) {
    if (part.to_ms < fromMs || part.from_ms >= toMs) continue;
    const slotMs = Math.max(fromMs, Date.parse(`${part.month}-01T00:00:00Z`));
    const from = partsSql(dir, [part.path]);
    if ((await countRows(connection, from, `${within} AND slot_ms <> ${slotMs}`)) === 0) continue;
    const names = table.columns.map(({ name }) =>
      name === 'slot_ms' ? `CASE WHEN ${within} THEN ${slotMs} ELSE slot_ms END AS slot_ms` : quoted(name),
    );
    const select = mergeSql(table, `(SELECT ${names.join(', ')} FROM ${from})`);
    const one = await writePart(connection, dir, table, part.month, part.level, select, modes);
    replaced.push(part);
    if (one !== null) added.push(one);
  }
  return { added, replaced };
}
