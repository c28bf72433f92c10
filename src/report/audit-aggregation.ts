import { POLICIES } from '../attribution/policy';
import type { EitRecord } from '../generated/record';
import { isAhead } from '../ledger/clock-ahead';
import type { ReportQuery } from './aggregate';
import { addUp, type Audit } from './audit';
import { AFTER, AuditHost, BEFORE } from './audit-host';
import { auditedLine } from './audit-lines';
import { calendar } from '../runs/calendar';
import { midpointMs } from '../runs/slice-row';

/** What an audit is asked for; of the filter its clusters and nodes count. */
export type AuditQuery = Pick<ReportQuery, 'sinceMs' | 'untilMs' | 'policy' | 'timeZone' | 'filter'>;

/**
 * Adds up what the hosts' lines say of their counters and what the lines of the runs say they got, host by host and day by
 * day: two ways to the same joules, which differ where lines are lost or doubled.
 *
 * The line of a run belongs to the next host line of the same agent instance by sequence number. Where an agent was ended,
 * its host line is written by the next one: then to the host's first line that ends no earlier.
 *
 * Records may come in any order, each once (readInbox sees to it). What is held grows with hosts × days, not with records.
 */
export class AuditAggregation {
  readonly #query: AuditQuery;
  readonly #policy: number;
  readonly #dayOf: (ms: number) => string;
  readonly #hosts = new Map<string, AuditHost>();
  readonly #nowMs: number;
  #dataUntilMs: number | null = null;

  /** @param nowMs records of a clock that is ahead of it tell not until when data go; Infinity: none is ahead */
  constructor(query: AuditQuery, nowMs = Infinity) {
    this.#query = query;
    this.#nowMs = nowMs;
    this.#policy = POLICIES.indexOf(query.policy);
    this.#dayOf = calendar('day', query.timeZone);
  }

  add(record: EitRecord): void {
    const toMs = Date.parse(record.to);
    if (!isAhead(toMs, this.#nowMs)) this.#dataUntilMs = Math.max(this.#dataUntilMs ?? -Infinity, toMs);
    const { clusters } = this.#query.filter;
    if (clusters !== undefined && !clusters.has(record.cluster)) return;
    const key = `${record.cluster}\0${record.host}`;
    let host = this.#hosts.get(key);
    if (host === undefined) {
      host = new AuditHost(record.cluster, record.host, this.#policy);
      this.#hosts.set(key, host);
    }
    if (record.kind === 'host') {
      host.addHostLine(record, this.#dayIn(midpointMs(record)));
      return;
    }
    host.names.add(record.node);
    host.addLine(record.instance, auditedLine(record, this.#policy));
  }

  finish(context: Pick<Audit, 'toolVersion' | 'generatedAtMs' | 'skippedRecords'>): Audit {
    const { sinceMs, untilMs, policy, filter } = this.#query;
    const { nodes } = filter;
    const hosts = [...this.#hosts]
      .filter(([, { names }]) => nodes === undefined || [...names].some((name) => nodes.has(name)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, host]) => host);
    const open = hosts.flatMap((host) => {
      const found = host.finish(({ fromMs, toMs }) => {
        const day = this.#dayIn((fromMs + toMs) / 2);
        return day !== BEFORE && day !== AFTER;
      });
      return found === null ? [] : [found];
    });
    const rows = hosts.flatMap((host) => host.rows);
    return {
      ...context,
      sinceMs,
      untilMs,
      policy,
      dataUntilMs: this.#dataUntilMs,
      rows,
      total: addUp(rows.map(({ all }) => all)),
      open,
      notes: hosts.flatMap((host) => host.notes),
    };
  }

  #dayIn(ms: number): string {
    if (ms < this.#query.sinceMs) return BEFORE;
    return ms >= this.#query.untilMs ? AFTER : this.#dayOf(ms);
  }
}
