import { type Policy, POLICIES } from '../attribution/policy';
import type { Pruned } from '../ledger/pruned';
import type { SpoolLag } from '../ledger/spool-lag';
import type { MetricFamily, MetricSample } from '../metrics/exposition';
import { isMissing } from '../sources/source';
import type { HostState } from './host-state';
import { addHostLine, type DomainTotals } from './host-totals';
import type { DomainReading } from './reading';
import { unreadableReason } from './unreadable-reason';

/** What the agent tells of itself and its host, besides its state. */
export interface AgentFacts {
  readonly version: string;
  /** As host records name it. */
  readonly cluster: string;
  /** Under which energies are divided here. */
  readonly policy: Policy;
  readonly startedMs: number;
  /** CPU time of the agent itself since it began (s), and its memory (bytes). */
  readonly cpuS: number;
  readonly rssBytes: number;
  /** Length of a reading with all that follows from it: seconds in all, how many, and the longest since the last metrics. */
  readonly ticks: { readonly sumS: number; readonly count: number; readonly longestS: number };
  /** What failed at the last tick, as a number. */
  readonly failing: number;
  /** Records in memory that the spool does not hold yet. */
  readonly unwritten: number;
  /** The domains as they were last read. */
  readonly energy: readonly DomainReading[];
  /** Names of sources that serve nothing here. */
  readonly absentSources: readonly string[];
  /** null: the spool could not be looked at. */
  readonly spool: { readonly lag: SpoolLag; readonly pruned: Pruned | null } | null;
}

/**
 * The host's metrics, for node_exporter's textfile collector. Of the host alone: no job, user, account or name of either, so that
 * who reads Prometheus learns of nobody, and a host has some forty series whatever runs on it.
 */
export function hostMetrics(state: HostState, facts: AgentFacts): MetricFamily[] {
  return [...agentFamilies(state, facts), ...energyFamilies(state, facts), ...spoolFamilies(facts)];
}

function agentFamilies(state: HostState, facts: AgentFacts): MetricFamily[] {
  const { ticks } = facts;
  return [
    gauge(
      'eit_agent_info',
      'The cluster, the version of the agent, and the policy by which energy is divided',
      [{ labels: { cluster: facts.cluster, version: facts.version, policy: facts.policy }, value: 1 }],
    ),
    {
      ...one('eit_agent_start_time_seconds', 'When the agent began, Unix time', facts.startedMs / 1000),
      unit: 'seconds',
    },
    {
      ...one(
        'eit_agent_last_reading_timestamp_seconds',
        'When the counters were last read, Unix time',
        state.at === null ? null : state.at.wallMs / 1000,
      ),
      unit: 'seconds',
    },
    counter(
      'eit_agent_cpu_seconds_total',
      'CPU time of the agent itself',
      [{ value: facts.cpuS }],
      'seconds',
    ),
    {
      ...one('eit_agent_resident_memory_bytes', 'Memory of the agent itself', facts.rssBytes),
      unit: 'bytes',
    },
    {
      name: 'eit_agent_tick_duration_seconds',
      type: 'summary',
      help: 'How long a reading takes with the division that follows',
      unit: 'seconds',
      samples: [
        { suffix: '_sum', value: ticks.sumS },
        { suffix: '_count', value: ticks.count },
      ],
    },
    {
      ...one('eit_agent_tick_longest_seconds', 'The longest since the last metrics', ticks.longestS),
      unit: 'seconds',
    },
    one(
      'eit_agent_failures',
      'Kinds of failures at the last reading; the log of the agent has them',
      facts.failing,
    ),
    one('eit_agent_unwritten_records', 'Records in memory that are not in the spool yet', facts.unwritten),
    one(
      'eit_host_runs',
      'Runs of jobs that are measured now, a sampler each',
      Object.values(state.runs).filter(({ end }) => end === null).length,
    ),
  ];
}

function energyFamilies(state: HostState, { policy, energy, absentSources }: AgentFacts): MetricFamily[] {
  const totals = addHostLine(state.totals ?? null, state.host);
  const domains = Object.entries(totals?.domains ?? {});
  const index = POLICIES.indexOf(policy);
  const read = energy.map(({ domain, value }) => ({
    labels: { domain: domain.name, class: domain.class, source: sourceName(domain.source) },
    reason: isMissing(value) ? unreadableReason(value.missing) : null,
  }));
  const used = new Set(read.map(({ labels }) => labels.source));
  const perDomain = (value: (of: DomainTotals) => number): MetricSample[] =>
    domains.map(([domain, of]) => ({ labels: { domain }, value: value(of) }));
  return [
    {
      ...one(
        'eit_host_counters_start_time_seconds',
        'Since when the counters of this host count, Unix time: they begin anew with each start of the host',
        totals === null ? null : totals.sinceMs / 1000,
      ),
      unit: 'seconds',
    },
    counter(
      'eit_host_energy_joules_total',
      'Energy by domain and what it went to: runs of jobs, idle, or work outside all runs (system)',
      domains.flatMap(([domain, of]) => {
        const { class: kind, quality } = of;
        const source = sourceName(of.source);
        const parts = { runs: of.runsUj, idle: of.idleUj, system: of.systemUj };
        return Object.entries(parts).map(([part, uj]) => ({
          labels: { domain, class: kind, source, quality, part },
          value: joules(uj[index] ?? 0n),
        }));
      }),
      'joules',
    ),
    counter(
      'eit_host_whole_energy_joules_total',
      'Energy of domains that hold others (the node, a module), for comparing: not to be added to those',
      Object.entries(totals?.whole ?? {}).map(([domain, { source, counterUj }]) => ({
        labels: { domain, source: sourceName(source) },
        value: joules(counterUj),
      })),
      'joules',
    ),
    counter(
      'eit_host_energy_missing_seconds_total',
      'Time of which the energy of a domain is not known',
      perDomain(({ missingMs }) => missingMs / 1000),
      'seconds',
    ),
    counter(
      'eit_host_energy_wraps_total',
      'Times that a counter began anew at its end',
      perDomain((of) => of.wraps),
    ),
    counter(
      'eit_host_energy_resets_total',
      'Times that a counter was set back',
      perDomain((of) => of.resets),
    ),
    gauge(
      'eit_host_domain_readable',
      'Whether a domain could be read last (1) or not (0)',
      read.map(({ labels, reason }) => ({ labels, value: reason === null ? 1 : 0 })),
    ),
    gauge(
      'eit_host_domain_unreadable_info',
      'Why a domain could not be read last; left_alone: nobody wants it read',
      read.flatMap(({ labels: { domain }, reason }) =>
        reason === null ? [] : [{ labels: { domain, reason }, value: 1 }],
      ),
    ),
    gauge(
      'eit_host_source_used',
      'Whether a source of energy figures serves here (1) or not (0)',
      [...new Set([...used, ...absentSources])]
        .sort()
        .map((source) => ({ labels: { source }, value: used.has(source) ? 1 : 0 })),
    ),
    counter(
      'eit_host_cpu_busy_seconds_total',
      'CPU time that the host was busy',
      [{ value: totals === null ? null : totals.busyUs / 1e6 }],
      'seconds',
    ),
    counter(
      'eit_host_cpu_runs_seconds_total',
      'CPU time of the runs of jobs',
      [{ value: totals === null ? null : totals.runsUs / 1e6 }],
      'seconds',
    ),
    counter('eit_host_readings_total', 'Times that everything was read', [
      { value: totals?.readings ?? null },
    ]),
  ];
}

function spoolFamilies({ spool }: AgentFacts): MetricFamily[] {
  if (spool === null) return [];
  const { lag, pruned } = spool;
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  return [
    {
      ...one('eit_spool_bytes', 'Size of the spool, with what was carried over', lag.totalBytes),
      unit: 'bytes',
    },
    {
      ...one('eit_spool_waiting_bytes', 'Records that the ledger does not have yet', lag.waitingBytes),
      unit: 'bytes',
    },
    {
      ...one(
        'eit_spool_oldest_waiting_timestamp_seconds',
        'End of the oldest record that the ledger does not have yet, Unix time; absent where none waits',
        seconds(lag.oldestWaitingMs),
      ),
      unit: 'seconds',
    },
    {
      ...one(
        'eit_spool_last_shipped_timestamp_seconds',
        'When records were last carried to the ledger, Unix time',
        seconds(lag.lastShippedMs),
      ),
      unit: 'seconds',
    },
    counter('eit_spool_lost_records_total', 'Records that went since the spool was full, ever on this host', [
      { labels: { kind: 'energy' }, value: pruned?.energyLines ?? 0 },
      { labels: { kind: 'series' }, value: pruned?.seriesLines ?? 0 },
      { labels: { kind: 'context' }, value: pruned?.contexts ?? 0 },
      { labels: { kind: 'refused' }, value: pruned?.refusedLines ?? 0 },
    ]),
  ];
}

function one(name: string, help: string, value: number | null): MetricFamily {
  return gauge(name, help, [{ value }]);
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'gauge', help, samples };
}

function counter(
  name: string,
  help: string,
  samples: readonly MetricSample[],
  unit?: MetricFamily['unit'],
): MetricFamily {
  return { name, type: 'counter', help, samples, ...(unit === undefined ? {} : { unit }) };
}

/** A model adds to its name what it was made for, which would be a label's value a machine. */
function sourceName(source: string): string {
  return source.split(':', 1)[0] ?? source;
}

function joules(uj: bigint): number {
  return Number(uj) / 1e6;
}
