import type { DuckDBConnection } from '@duckdb/node-api';
import { POLICIES } from '../attribution/policy';
import type { DomainClass } from '../generated/record';
import type { InboxFile } from '../ledger/inbox-files';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { quoted } from './column';
import { daysIn } from './days';
import { DOMAINS } from './host-table';
import { partsIn } from './manifest';
import { partsSql, rowsOf } from './part';
import type { ReadableArchive, Window } from './read-archive';
import { ENERGY_COLUMNS, SLICES } from './slice-table';

/** µJ of a host's domains of one class on one day. */
export interface AuditedDay {
  readonly host: string;
  readonly day: string;
  readonly class: DomainClass;
  readonly counterUj: bigint;
  /** What the host says that runs got, and what the runs' own rows come to. */
  readonly hostRunsUj: bigint;
  readonly runsUj: bigint;
  readonly idleUj: bigint;
  readonly systemUj: bigint;
  /** The longest of its domains. */
  readonly missingMs: number;
}

/**
 * What hosts and their runs have in the archive, to be compared.
 * @param policy place of the policy in POLICIES
 * @param timeZone whose days they are
 * @throws EitError EIT_ARCHIVE
 */
export async function auditedDays(
  connection: DuckDBConnection,
  { dir, manifest }: ReadableArchive,
  { sinceMs, untilMs }: Window,
  policy: number,
  timeZone: string,
): Promise<AuditedDay[]> {
  const name = POLICIES[policy] ?? '';
  const paths = (kind: string) => partsIn(manifest, kind, sinceMs, untilMs).map(({ path }) => path);
  const [domains, slices] = [paths(DOMAINS.name), paths(SLICES.name)];
  if (domains.length === 0) return [];
  const days = daysIn(sinceMs, untilMs, timeZone);
  const values = days.map(({ day, fromMs, toMs }) => `('${day}', ${fromMs}, ${toMs})`).join(', ');
  const window = `slot_ms >= ${sinceMs} AND slot_ms < ${untilMs}`;
  const runs = DOMAIN_CLASSES.map((of) => {
    const energies = ENERGY_COLUMNS.filter(
      (column) => column.startsWith(`${of}_me`) || column.startsWith(`${of}_mo`),
    ).filter((column) => column.endsWith(`_${name}_uj`));
    const uj = energies.map((column) => `coalesce(${quoted(column)}, 0)`).join(' + ');
    return `SELECT host, slot_ms, '${of}' AS class, ${uj} AS uj FROM slices`;
  });
  const rows = await rowsOf(
    connection,
    `
WITH days (day, from_ms, to_ms) AS (VALUES ${values}),
slices AS (${slices.length === 0 ? `SELECT * FROM (${emptySlices()}) WHERE false` : `FROM ${partsSql(dir, slices)} WHERE ${window}`}),
runs AS (
  SELECT host, day, class, sum(uj) AS uj FROM (${runs.join(' UNION ALL ')}) JOIN days ON slot_ms >= from_ms AND slot_ms < to_ms
  GROUP BY host, day, class
), by_domain AS (
  SELECT host, day, class, domain, sum(counter_uj) AS counter, sum(runs_${name}_uj) AS runs, sum(idle_${name}_uj) AS idle,
    sum(system_${name}_uj) AS system, sum(missing_ms) AS missing
  FROM ${partsSql(dir, domains)} JOIN days ON slot_ms >= from_ms AND slot_ms < to_ms WHERE ${window} GROUP BY host, day, class, domain
), hosts AS (
  SELECT host, day, class, sum(counter) AS counter, sum(runs) AS runs, sum(idle) AS idle, sum(system) AS system, max(missing) AS missing
  FROM by_domain GROUP BY host, day, class
)
SELECT host, day, class, counter, hosts.runs, idle, system, missing, runs.uj FROM hosts LEFT JOIN runs USING (host, day, class)
ORDER BY host, day, class`,
  );
  return rows.map((row) => ({
    host: String(row['host']),
    day: String(row['day']),
    class: row['class'] as DomainClass,
    counterUj: big(row['counter']),
    hostRunsUj: big(row['runs']),
    runsUj: big(row['uj']),
    idleUj: big(row['idle']),
    systemUj: big(row['system']),
    missingMs: Number(row['missing']),
  }));
}

function emptySlices(): string {
  const energies = ENERGY_COLUMNS.map((column) => `0 AS ${quoted(column)}`).join(', ');
  return `SELECT '' AS host, 0 AS slot_ms, ${energies}`;
}

function big(value: unknown): bigint {
  return typeof value === 'bigint' ? value : 0n;
}

/**
 * From which day on the inbox still has every line: the first of its days that follow each other up to the newest. A host that sent
 * something late has made an older day's folder again, which holds only that.
 * @returns begin of that UTC day, Unix ms; null: the inbox is empty
 */
export function inboxSinceMs(files: readonly InboxFile[]): number | null {
  const days = [...new Set(files.map(({ day }) => Date.parse(day)))].sort((a, b) => b - a);
  const [newest] = days;
  if (newest === undefined) return null;
  let since = newest;
  for (const dayMs of days.slice(1)) {
    if (since - dayMs > 86_400_000) break;
    since = dayMs;
  }
  return since;
}
