import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Column, quoted, type Table } from '../../src/archive/column';
import { daysIn } from '../../src/archive/days';
import { withDuckDb } from '../../src/archive/duckdb';
import { HOUR_TOTALS, hourTotalsSql } from '../../src/archive/hour-table';
import { writeManifest } from '../../src/archive/manifest';
import { partsSql, writePart } from '../../src/archive/part';
import { RUN_DAYS } from '../../src/archive/run-day-table';
import { SLICES } from '../../src/archive/slice-table';
import { sumsOfPart } from '../../src/archive/sums-of-part';
import { writeState, emptyState } from '../../src/archive/taken-state';
import type { ArchivePart } from '../../src/generated/manifest';

const MODES = { file: 0o644, folder: 0o755 };
const HOUR_MS = 3_600_000;
const LONGEST_MS = 24 * HOUR_MS;

/** What of a run follows from its number alone: `u(n)` is a number from 0 to 1. */
const u = (n: number, of = 'run') => `((hash(${of} * 31 + ${n}) % 1000003) / 1000003.0)`;

/** One run of a hundred is the one before it, requeued. */
const IS_REQUEUE = '(hash(run) % 100 = 0)::INTEGER';
const JOB = `(run - ${IS_REQUEUE})`;

/** Columns of slices that are not absent, as SQL over (job, restart, start_ms, end_ms, slot). */
const SLICE_VALUES: Readonly<Record<string, string>> = {
  node: `'n' || (hash(job) % 1000)`,
  job: 'job',
  restart: 'restart',
  started_ms: 'start_ms',
  slot_ms: 'slot_ms',
  host: `'n' || (hash(job) % 1000)`,
  instance: `'0123456789ab'`,
  seq: '0',
  facts_from_ms: 'from_ms',
  uid: '1000 + user_n',
  user: `printf('user%04d', user_n)`,
  account: `'account' || (user_n % 100)`,
  partition: 'part',
  nodes: '1',
  cpus: '8',
  slurm_start: 'start_ms // 1000',
  from_ms: 'from_ms',
  to_ms: 'to_ms',
  starts: 'from_ms = start_ms',
  ends: 'to_ms = end_ms',
  lines: '12',
  cpu_us: '(to_ms - from_ms) * 6000',
  gpu_ms: `CASE WHEN part = 'gpu' THEN to_ms - from_ms ELSE 0 END`,
  memory_bytes: '1000000000 + hash(job) % 1000000000',
  cpu_observed_ms: 'to_ms - from_ms',
  dram_observed_ms: 'to_ms - from_ms',
  gpu_observed_ms: `CASE WHEN part = 'gpu' THEN to_ms - from_ms END`,
  gpu_domains: `CASE WHEN part = 'gpu' THEN 'gpu-0000:01:00.0' END`,
  gpu_read_ms: `CASE WHEN part = 'gpu' THEN to_ms - from_ms END`,
  gpu_busy_ms: `CASE WHEN part = 'gpu' THEN (to_ms - from_ms) * 7 // 10 END`,
  gpu_told_ms: `CASE WHEN part = 'gpu' THEN to_ms - from_ms END`,
  ...Object.fromEntries(
    ['usage', 'allocation', 'hybrid'].flatMap((policy, i) => [
      [`cpu_measured_${policy}_uj`, `(to_ms - from_ms) * (30000 + ${i} * 1000 + hash(job) % 90000)`],
      [`dram_measured_${policy}_uj`, `(to_ms - from_ms) * (5000 + ${i} * 100 + hash(job) % 9000)`],
      [
        `gpu_measured_${policy}_uj`,
        `CASE WHEN part = 'gpu' THEN (to_ms - from_ms) * (60000 + hash(job) % 200000) END`,
      ],
      [`gpu_idle_${policy}_uj`, `CASE WHEN part = 'gpu' THEN (to_ms - from_ms) * 9000 END`],
    ]),
  ),
};

/** The same of runs by day, over the sums of slices. */
const DAY_VALUES: Readonly<Record<string, string>> = {
  day: `strftime(make_timestamp(day_ms * 1000), '%Y-%m-%d')`,
  day_ms: 'day_ms',
  job: 'job',
  run_key: `restart || ' ' || min(slurm_start)`,
  restart: 'restart',
  started_ms: 'min(started_ms)',
  uid: 'min(uid)',
  user: 'min("user")',
  account: 'min(account)',
  partition: 'min("partition")',
  nodes: '1',
  to_ms: 'max(to_ms)',
  whole: `bool_or(starts) AND bool_or(ends)`,
  apart: 'false',
  begun: 'bool_or(starts)::INTEGER',
  ended: 'bool_or(ends)::INTEGER',
  elapsed_ms: 'max(to_ms) - min(from_ms)',
  nodes_expected: '1',
  nodes_reported: '1',
  cpu_expected_ms: 'sum(cpu_observed_ms)::BIGINT',
  dram_expected_ms: 'sum(dram_observed_ms)::BIGINT',
  gpu_expected_ms: 'sum(gpu_observed_ms)::BIGINT',
  gpu_unread: 'false',
  gpu_seen: 'bool_or(gpu_ms > 0)',
  gpu_by: 'CASE WHEN bool_or(gpu_ms > 0) THEN 0 END',
  told: 'false',
  ...Object.fromEntries(
    ['usage', 'allocation', 'hybrid'].map((policy) => [
      `overhead_base_${policy}_uj`,
      ['cpu', 'dram', 'gpu'].map((name) => `coalesce(sum(${name}_measured_${policy}_uj), 0)`).join(' + '),
    ]),
  ),
};

function select<Row>({ columns }: Table<Row>, of: (column: Column<Row>) => string | undefined): string {
  return columns
    .map((column) => `(${of(column) ?? 'NULL'})::${column.type} AS ${quoted(column.name)}`)
    .join(', ');
}

/** A year of single-node runs, written as compaction would: slices, totals, manifest. */
export async function makeArchive(
  ledger: string,
  cluster: string,
  runs: number,
  year: number,
  say: (message: string) => void,
): Promise<void> {
  const dir = join(ledger, cluster);
  mkdirSync(dir, { recursive: true });
  const parts: ArchivePart[] = [];
  await withDuckDb({ memoryBytes: 4 * 1024 ** 3, threads: 2, temporaryDir: ledger }, async (connection) => {
    for (let month = 0; month < 12; month++) {
      parts.push(...(await makeMonth(connection, dir, runs, year, month)));
      say(`month ${month + 1} of 12`);
    }
  });
  // Nobody's files are there yet: the next compaction publishes all.
  const state = { ...emptyState(), unpublished: 'all' as const };
  await writeState(join(dir, 'state.json.gz'), state, MODES.file);
  await writeManifest(
    dir,
    {
      schema: 1,
      tool: '0.0.0',
      generation: 1,
      committed_at: new Date(Date.UTC(year + 1, 0)).toISOString(),
      slot_ms: HOUR_MS,
      time_zone: 'UTC',
      data_until: new Date(Date.UTC(year + 1, 0)).toISOString(),
      state: 'state.json.gz',
      parts,
      replaced: [],
      sums: {},
      refused: {},
    },
    MODES,
  );
}

async function makeMonth(
  connection: DuckDBConnection,
  dir: string,
  runs: number,
  year: number,
  month: number,
): Promise<ArchivePart[]> {
  const [yearMs, yearEndMs] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  const [fromMs, toMs] = [Date.UTC(year, month), Date.UTC(year, month + 1)];
  const name = new Date(fromMs).toISOString().slice(0, 7);
  // Ids go with time, as Slurm's do. Lengths: as many from 30 s to a minute as from 12 hours to a day.
  const firstJob = Math.max(0, Math.floor((runs * (fromMs - LONGEST_MS - yearMs)) / (yearEndMs - yearMs)));
  const lastJob = Math.min(runs, Math.ceil((runs * (toMs - yearMs)) / (yearEndMs - yearMs)));
  const all = `
    SELECT job, restart, start_ms, least(start_ms + length_ms, ${yearEndMs}) AS end_ms, user_n, part FROM (
      SELECT ${JOB} AS job, ${IS_REQUEUE} AS restart, ${yearMs} + ((run + ${u(1)}) * ${(yearEndMs - yearMs) / runs})::BIGINT AS start_ms,
        (30000 * pow(${LONGEST_MS / 30000}, ${u(2)}))::BIGINT AS length_ms, (1000 * pow(${u(3, JOB)}, 3))::BIGINT AS user_n,
        CASE WHEN ${u(4, JOB)} < 0.15 THEN 'gpu' WHEN ${u(4, JOB)} < 0.5 THEN 'short' WHEN ${u(4, JOB)} < 0.9 THEN 'cpu' ELSE 'big' END AS part
      FROM (SELECT range + 1 AS run FROM range(${firstJob}, ${lastJob})))`;
  const cut = `
    SELECT *, greatest(start_ms, slot_ms) AS from_ms, least(end_ms, slot_ms + ${HOUR_MS}) AS to_ms FROM (
      SELECT *, unnest(range(start_ms - start_ms % ${HOUR_MS}, end_ms, ${HOUR_MS})) AS slot_ms FROM (${all}))
    WHERE slot_ms >= ${fromMs} AND slot_ms < ${toMs}`;
  const slices = await writePart(
    connection,
    dir,
    SLICES,
    name,
    2,
    `SELECT ${select(SLICES, (column) => SLICE_VALUES[column.name])} FROM (${cut})`,
    MODES,
  );
  if (slices === null) return [];
  const days = daysIn(fromMs, toMs, 'UTC').map(({ day }) => day);
  const from = partsSql(dir, [slices.path]);
  const summed = new Set(SLICES.columns.filter(({ merge }) => merge === 'sum').map((column) => column.name));
  const byDay = await writePart(
    connection,
    dir,
    RUN_DAYS,
    name,
    2,
    `SELECT ${select(RUN_DAYS, (column) => DAY_VALUES[column.name] ?? (summed.has(column.name) ? `sum(${quoted(column.name)})` : undefined))}
     FROM (SELECT *, slot_ms - slot_ms % 86400000 AS day_ms FROM ${from}) GROUP BY job, restart, day_ms`,
    MODES,
  );
  const hours = await writePart(
    connection,
    dir,
    HOUR_TOTALS,
    name,
    2,
    hourTotalsSql(from, daysIn(fromMs, toMs, 'UTC')),
    MODES,
  );
  const totals = [byDay, hours].flatMap((part) => (part === null ? [] : [{ ...part, days }]));
  const sums = [];
  for (const part of totals.slice(0, byDay === null ? 0 : 1))
    sums.push(...(await sumsOfPart(connection, { dir, manifest: { time_zone: 'UTC' }, modes: MODES }, part)));
  return [slices, ...totals, ...sums];
}
