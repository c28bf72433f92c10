import type { DuckDBConnection } from '@duckdb/node-api';
import { POLICIES } from '../attribution/policy';
import { EitError } from '../errors';
import type { ArchivePart, MonthSums } from '../generated/manifest';
import type { HostRow } from '../runs/host-row';
import { ENERGIES, ENERGY_KINDS, type SliceRow } from '../runs/slice-row';
import { quoted } from './column';
import { HOSTS } from './host-table';
import { partsSql, rowsOf } from './part';
import { ENERGY_COLUMNS, SLICES } from './slice-table';

/** What a month's lines come to: by what the archive is compared with what was taken in. */
export interface ExactMonthSums {
  runLines: number;
  runUj: bigint;
  hostLines: number;
  idleUj: bigint;
}

/** Measured and modelled: the other kinds are parts of these. */
const RECORDED = Array.from({ length: ENERGIES }, (_, i) => i).filter(
  (i) => Math.floor(i / POLICIES.length) % ENERGY_KINDS.length < 2,
);

export function noSums(): ExactMonthSums {
  return { runLines: 0, runUj: 0n, hostLines: 0, idleUj: 0n };
}

export function sliceUj(row: SliceRow): number {
  let uj = 0;
  for (const i of RECORDED) uj += row.uj[i] ?? 0;
  return uj;
}

export function hostIdleUj({ idleUj }: HostRow): number {
  return idleUj.reduce((sum, uj) => sum + uj, 0);
}

export function addSums(to: ExactMonthSums, more: ExactMonthSums): void {
  to.runLines += more.runLines;
  to.runUj += more.runUj;
  to.hostLines += more.hostLines;
  to.idleUj += more.idleUj;
}

export function takeSums(from: ExactMonthSums, less: ExactMonthSums): void {
  from.runLines -= less.runLines;
  from.runUj -= less.runUj;
  from.hostLines -= less.hostLines;
  from.idleUj -= less.idleUj;
}

export function exactSums(sums: MonthSums): ExactMonthSums {
  return {
    runLines: sums.run_lines,
    runUj: BigInt(sums.run_uj),
    hostLines: sums.host_lines,
    idleUj: BigInt(sums.idle_uj),
  };
}

export function storedSums(sums: ExactMonthSums): MonthSums {
  return {
    run_lines: sums.runLines,
    run_uj: String(sums.runUj),
    host_lines: sums.hostLines,
    idle_uj: String(sums.idleUj),
  };
}

/** SQL of a slice's energy, measured and modelled, under all policies together. */
export function runUjSql(): string {
  return RECORDED.map((i) => `coalesce(${quoted(ENERGY_COLUMNS[i] ?? '')}, 0)`).join(' + ');
}

/** What parts hold, by month, as it is read from the disk. */
export async function sumsOfParts(
  connection: DuckDBConnection,
  dir: string,
  parts: readonly ArchivePart[],
): Promise<Map<string, ExactMonthSums>> {
  const sums = new Map<string, ExactMonthSums>();
  for (const month of new Set(parts.map((part) => part.month))) {
    const found = noSums();
    const paths = (kind: string) =>
      parts.filter((part) => part.month === month && part.kind === kind).map((part) => part.path);
    [found.runLines, found.runUj] = await sumOf(connection, dir, paths(SLICES.name), runUjSql());
    // Totals of a month have the same columns.
    const [, monthsUj] = await sumOf(connection, dir, paths('months'), runUjSql());
    found.runUj += monthsUj;
    const idle = POLICIES.map((policy) => quoted(`idle_${policy}_uj`)).join(' + ');
    [found.hostLines, found.idleUj] = await sumOf(connection, dir, paths(HOSTS.name), idle);
    sums.set(month, found);
  }
  return sums;
}

async function sumOf(
  connection: DuckDBConnection,
  dir: string,
  paths: readonly string[],
  uj: string,
): Promise<[lines: number, uj: bigint]> {
  if (paths.length === 0) return [0, 0n];
  const [row] = await rowsOf(
    connection,
    `SELECT sum(lines)::BIGINT AS n, coalesce(sum((${uj})::HUGEINT), 0)::VARCHAR AS uj FROM ${partsSql(dir, paths)}`,
  );
  return [Number(row?.['n'] ?? 0), BigInt((row?.['uj'] as string | undefined) ?? '0')];
}

/**
 * @param what was written, for the message
 * @throws EitError EIT_ARCHIVE where two sums differ, to the µJ
 */
export function mustAgree(
  what: string,
  expected: ReadonlyMap<string, ExactMonthSums>,
  found: ReadonlyMap<string, ExactMonthSums>,
): void {
  for (const month of new Set([...expected.keys(), ...found.keys()])) {
    const a = expected.get(month) ?? noSums();
    const b = found.get(month) ?? noSums();
    if (
      a.runLines === b.runLines &&
      a.runUj === b.runUj &&
      a.hostLines === b.hostLines &&
      a.idleUj === b.idleUj
    ) {
      continue;
    }
    const text = (sums: ExactMonthSums) =>
      `${sums.runLines} lines of runs with ${sums.runUj} uJ, ${sums.hostLines} of hosts with ${sums.idleUj} uJ idle`;
    throw new EitError(
      'EIT_ARCHIVE',
      `${what} of ${month} does not hold what it should: expected ${text(a)}; read back ${text(b)}. Nothing was committed`,
    );
  }
}
