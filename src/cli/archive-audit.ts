import { tmpdir } from 'node:os';
import { type AuditedDay, auditedDays, inboxSinceMs } from '../archive/audited-days';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import type { ReadableArchive, Window } from '../archive/read-archive';
import { wholeDaysIn } from '../archive/days';
import { POLICIES } from '../attribution/policy';
import { inboxFiles } from '../ledger/inbox-files';
import type { ReportQuery } from '../report/aggregate';
import { addUp, type AuditRow, type AuditSums } from '../report/audit';
import type { LedgerAccess } from './ledger-aggregate';
import { openLedger } from './ledger-archives';

/** The part of an audit that is from the archive. */
export interface ArchivedAudit {
  readonly rows: readonly AuditRow[];
  /** From here on the inbox has the lines, Unix ms. */
  readonly sinceMs: number;
}

/**
 * Audits the days that the inbox has no lines of any more: sums by hour of hosts and of their runs, without the lines' numbers.
 * @throws EitError EIT_ARCHIVE, EIT_LEDGER_UNREADABLE
 */
export async function auditArchive(
  { config, uid }: Pick<LedgerAccess, 'config' | 'uid'>,
  query: ReportQuery,
): Promise<ArchivedAudit> {
  const { sinceMs, untilMs, timeZone, policy, filter } = query;
  const { archives } = await openLedger(config.ledger, query, uid);
  const inboxesMs = await Promise.all(
    archives.map(
      async ({ cluster }) => inboxSinceMs(await inboxFiles(config.ledger, cluster, {})) ?? untilMs,
    ),
  );
  // One border for all clusters: what an inbox has is in the archive too, but for what came just now.
  const inboxMs = Math.max(...inboxesMs);
  const days = wholeDaysIn(sinceMs, untilMs, timeZone).filter(({ fromMs }) => fromMs < inboxMs);
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return { rows: [], sinceMs };
  const window: Window = { sinceMs: first.fromMs, untilMs: last.toMs };
  const rows = await withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, async (connection) => {
    const found: AuditRow[] = [];
    for (const archive of archives) {
      const ofDays = await auditedDays(connection, archive, window, POLICIES.indexOf(policy), timeZone);
      found.push(...rowsOfDays(archive, ofDays, filter.nodes));
    }
    return found;
  });
  return { rows, sinceMs: last.toMs };
}

function rowsOfDays(
  { cluster }: ReadableArchive,
  days: readonly AuditedDay[],
  nodes: ReadonlySet<string> | undefined,
): AuditRow[] {
  const byDay = new Map<string, AuditedDay[]>();
  for (const day of days) {
    if (nodes !== undefined && !nodes.has(day.host)) continue;
    const key = `${day.host}\0${day.day}`;
    const found = byDay.get(key);
    if (found === undefined) byDay.set(key, [day]);
    else found.push(day);
  }
  return [...byDay.values()].map((ofDay) => rowOf(cluster, ofDay));
}

function rowOf(cluster: string, ofDay: readonly AuditedDay[]): AuditRow {
  const [{ host, day }] = ofDay as [AuditedDay];
  const classes = new Map(ofDay.map((found) => [found.class, sumsOf(found)] as const));
  const all = {
    ...addUp([...classes.values()]),
    missingMs: ofDay.reduce((most, { missingMs }) => Math.max(most, missingMs), 0),
  };
  const hostRunsUj = ofDay.reduce((sum, found) => sum + found.hostRunsUj, 0n);
  const hostImbalanceUj = all.counterUj - hostRunsUj - all.idleUj - all.systemUj;
  return { cluster, host, day, classes, all, linesMissing: 0, hostGapMs: 0, hostImbalanceUj };
}

function sumsOf({ counterUj, runsUj, idleUj, systemUj, missingMs }: AuditedDay): AuditSums {
  const differenceUj = counterUj - runsUj - idleUj - systemUj;
  return { counterUj, runsUj, idleUj, systemUj, differenceUj, missingMs };
}
