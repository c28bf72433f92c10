import type { Policy } from '../attribution/policy';
import type { EitReport, QuotaState, ReportFigures } from '../generated/report';
import type { MetricFamily, MetricSample } from '../metrics/exposition';
import type { ClusterEnergy } from '../runs/group-sums';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import type { Aggregate } from './aggregate';

/** What figures are told by. Users are told only where that is asked for. */
export type MetricScope = 'partition' | 'account' | 'user';

/** What was read of a cluster. */
export interface ClusterFigures {
  readonly cluster: string;
  /** Since the ledger began, by partition and by account: what counters are made of. */
  readonly ever: ReadonlyMap<MetricScope, Aggregate>;
  /** Of the window, the cluster's total in each. */
  readonly window: ReadonlyMap<MetricScope, EitReport>;
  readonly inbox: { readonly waitingBytes: number; readonly lastByHost: ReadonlyMap<string, number> };
}

/** All that `eit prometheus` tells. */
export interface LedgerFigures {
  readonly version: string;
  readonly policy: Policy;
  readonly nowMs: number;
  /** How long reading took (s). */
  readonly tookS: number;
  /** As it was asked for, such as `24h`. */
  readonly window: string;
  /** Hosts that have sent nothing for longer are silent. */
  readonly silentAfterMs: number;
  /** Users told, those with the most energy; 0: none. */
  readonly topUsers: number;
  readonly clusters: readonly ClusterFigures[];
  readonly quotas: readonly QuotaState[];
}

const JOULES_PER_KWH = 3.6e6;

/**
 * Metrics of a ledger. Counters are sums over all of it, of the joules that were recorded: what comes late only adds to them. What
 * factors are applied to (PUE, intensity, price) changes with these, so it is told of a window, as gauges.
 */
export function ledgerMetrics(figures: LedgerFigures): MetricFamily[] {
  return [
    ...ownFamilies(figures),
    ...clusterFamilies(figures),
    ...counterFamilies(figures),
    ...(['partition', 'account', 'user'] as const).flatMap((scope) => windowFamilies(figures, scope)),
    ...quotaFamilies(figures),
  ].filter(({ samples }) => samples.length > 0);
}

function ownFamilies({ version, policy, nowMs, tookS, window }: LedgerFigures): MetricFamily[] {
  return [
    gauge('eit_ledger_info', 'What these figures were made with, and the window that gauges are of', [
      { labels: { version, policy, window }, value: 1 },
    ]),
    gauge(
      'eit_ledger_collected_timestamp_seconds',
      'When these figures were worked out, Unix time',
      [{ value: nowMs / 1000 }],
      'seconds',
    ),
    gauge('eit_ledger_collection_seconds', 'How long that took', [{ value: tookS }], 'seconds'),
  ];
}

function clusterFamilies(figures: LedgerFigures): MetricFamily[] {
  const { clusters, nowMs, silentAfterMs, window } = figures;
  const totals = clusters.flatMap(({ cluster, window: of }) => {
    const report = of.get('partition');
    return report === undefined ? [] : [{ labels: { cluster, window }, report }];
  });
  const per = (value: (of: ClusterFigures) => number | null): MetricSample[] =>
    clusters.map((of) => ({ labels: { cluster: of.cluster }, value: value(of) }));
  return [
    gauge(
      'eit_cluster_data_until_timestamp_seconds',
      'End of the newest record in the ledger, Unix time',
      per(({ ever }) => seconds(ever.get('partition')?.dataUntilMs ?? null)),
      'seconds',
    ),
    gauge(
      'eit_cluster_hosts',
      'Hosts with lines in the inbox, by whether something came lately (reporting) or not (silent)',
      clusters.flatMap(({ cluster, inbox: { lastByHost } }) => {
        const all = [...lastByHost.values()];
        const silent = all.filter((lastMs) => nowMs - lastMs > silentAfterMs).length;
        return [
          { labels: { cluster, state: 'reporting' }, value: all.length - silent },
          { labels: { cluster, state: 'silent' }, value: silent },
        ];
      }),
    ),
    gauge(
      'eit_cluster_inbox_waiting_bytes',
      'Lines in the inbox that compaction has not taken into the archive yet',
      per(({ inbox }) => inbox.waitingBytes),
      'bytes',
    ),
    gauge(
      'eit_cluster_pue_ratio',
      'PUE in force',
      totals.map(({ labels: { cluster }, report }) => ({ labels: { cluster }, value: report.factors.pue })),
      'ratio',
    ),
    gauge(
      'eit_cluster_window_intensity_grams_per_joule',
      'CO2eq of a joule of the building in the window; times 3.6 million: g/kWh',
      totals.map(({ labels, report: { total, factors } }) => ({
        labels,
        value:
          total.energy_kwh.total > 0
            ? (total.co2e_kg * 1000) / (total.energy_kwh.total * JOULES_PER_KWH)
            : factors.intensity_g_per_kwh / JOULES_PER_KWH,
      })),
    ),
    ...figureFamilies(
      'cluster',
      totals.map(({ labels, report: { total, factors } }) => ({
        labels,
        figures: total,
        currency: factors.currency,
      })),
    ),
    gauge(
      'eit_cluster_window_unattributed_energy_joules',
      'Energy of the hosts in the window that no run is charged for: idle, or work outside all runs (system); without PUE',
      totals.flatMap(({ labels, report: { unattributed } }) => [
        { labels: { ...labels, part: 'idle' }, value: joules(unattributed.idle_kwh) },
        { labels: { ...labels, part: 'system' }, value: joules(unattributed.system_kwh) },
      ]),
      'joules',
    ),
    gauge(
      'eit_cluster_window_lost_energy_joules',
      'Energy with PUE of runs in the window whose work was not done to its end, as sacct tells',
      totals.flatMap(({ labels, report: { slurm } }) =>
        (['failed', 'cancelled', 'requeued'] as const).flatMap((outcome) =>
          slurm === undefined ? [] : [{ labels: { ...labels, outcome }, value: joules(slurm[outcome].kwh) }],
        ),
      ),
      'joules',
    ),
    gauge(
      'eit_cluster_window_skipped_records',
      'Lines of the window that are no records and count for nothing',
      totals.map(({ labels, report }) => ({ labels, value: report.skipped_records })),
    ),
  ];
}

function counterFamilies({ clusters }: LedgerFigures): MetricFamily[] {
  const energy = (scope: MetricScope): MetricSample[] =>
    clusters.flatMap(({ cluster, ever }) =>
      (ever.get(scope)?.groups ?? []).flatMap(({ fields, sums }) => {
        const of = sums.energy.get(cluster);
        if (of === undefined) return [];
        return byClass(of).map(([kind, value]) => ({
          labels: { cluster, [scope]: fields[scope] ?? '', class: kind },
          value,
        }));
      }),
    );
  return [
    counter(
      'eit_partition_energy_joules_total',
      'Energy of runs by partition since the ledger began, as recorded: without PUE',
      energy('partition'),
    ),
    counter(
      'eit_account_energy_joules_total',
      'Energy of runs by account since the ledger began, as recorded: without PUE',
      energy('account'),
    ),
    counter(
      'eit_cluster_unattributed_energy_joules_total',
      'Energy of the hosts since the ledger began that no run is charged for: idle, or work outside all runs (system)',
      clusters.flatMap(({ cluster, ever }) => {
        const unattributed = ever.get('partition')?.unattributed ?? null;
        if (unattributed === null) return [];
        return [
          { labels: { cluster, part: 'idle' }, value: Number(unattributed.idleUj) / 1e6 },
          { labels: { cluster, part: 'system' }, value: Number(unattributed.systemUj) / 1e6 },
        ];
      }),
    ),
    gauge(
      'eit_cluster_counters_start_time_seconds',
      'Begin of the earliest run that the counters hold, Unix time',
      clusters.map(({ cluster, ever }) => {
        const firstMs = ever.get('partition')?.total.firstMs ?? Infinity;
        return { labels: { cluster }, value: Number.isFinite(firstMs) ? firstMs / 1000 : null };
      }),
      'seconds',
    ),
  ];
}

/** Joules that were recorded, by class. */
function byClass({ measuredUj, modelledUj }: ClusterEnergy): [string, number][] {
  return DOMAIN_CLASSES.flatMap((kind): [string, number][] => {
    const [measured, modelled] = [measuredUj.get(kind), modelledUj.get(kind)];
    if (measured === undefined && modelled === undefined) return [];
    return [[kind, Number((measured ?? 0n) + (modelled ?? 0n)) / 1e6]];
  });
}

function windowFamilies({ clusters, window, topUsers }: LedgerFigures, scope: MetricScope): MetricFamily[] {
  const found = clusters.flatMap(({ cluster, window: reports }) => {
    const report = reports.get(scope);
    if (report === undefined) return [];
    const groups =
      scope === 'user'
        ? [...report.groups].sort((a, b) => b.energy_kwh.it - a.energy_kwh.it).slice(0, topUsers)
        : report.groups;
    return groups.map((figures) => ({
      labels: { cluster, [scope]: figures[scope] ?? '', window },
      figures,
      currency: report.factors.currency,
    }));
  });
  return figureFamilies(scope, found);
}

interface LabelledFigures {
  readonly labels: Readonly<Record<string, string>>;
  readonly figures: ReportFigures;
  readonly currency: string | undefined;
}

function figureFamilies(scope: MetricScope | 'cluster', found: readonly LabelledFigures[]): MetricFamily[] {
  const family = (
    name: string,
    help: string,
    value: (figures: ReportFigures) => number | null,
    unit?: MetricFamily['unit'],
  ): MetricFamily =>
    gauge(
      `eit_${scope}_window_${name}`,
      `${help}, of the runs in the window`,
      found.map(({ labels, figures }) => ({ labels, value: value(figures) })),
      unit,
    );
  return [
    family('energy_joules', 'Energy with PUE', ({ energy_kwh: { total } }) => joules(total), 'joules'),
    family('it_energy_joules', 'Energy without PUE', ({ energy_kwh: { it } }) => joules(it), 'joules'),
    family('co2e_grams', 'CO2eq', ({ co2e_kg: kg }) => kg * 1000, 'grams'),
    gauge(
      `eit_${scope}_window_cost`,
      'What the energy cost, in the currency of the label, of the runs in the window',
      found.flatMap(({ labels, figures: { cost }, currency = '' }) =>
        cost === undefined || cost === null ? [] : [{ labels: { ...labels, currency }, value: cost }],
      ),
    ),
    gauge(
      `eit_${scope}_window_runs`,
      'Runs in the window',
      found.map(({ labels, figures: { runs } }) => ({ labels, value: runs })),
    ),
    family(
      'coverage_ratio',
      'Part of what should have been observed that was',
      ({ coverage }) => coverage,
      'ratio',
    ),
    family(
      'measured_ratio',
      'Part of the energy that was measured, not modelled',
      ({ measured_fraction: measured }) => measured,
      'ratio',
    ),
    family(
      'gpu_idle_energy_joules',
      'Energy of GPUs that had nothing to do',
      ({ gpu_idle_kwh: idle }) => joules(idle),
      'joules',
    ),
    family(
      'gpu_utilization_ratio',
      'Part of the time that GPUs were busy',
      ({ gpu_utilization: utilization }) => utilization,
      'ratio',
    ),
  ];
}

function quotaFamilies({ quotas }: LedgerFigures): MetricFamily[] {
  const samples = (value: (state: QuotaState) => number | null): MetricSample[] =>
    quotas.map((state) => {
      const { per, name, unit, period } = state;
      return { labels: { per, name, unit, period }, value: value(state) };
    });
  return [
    gauge(
      'eit_quota_limit',
      'Limit of a quota, in the unit of the label',
      samples(({ limit }) => limit),
    ),
    gauge(
      'eit_quota_used',
      'What is used of it in its period',
      samples(({ used }) => used),
    ),
    gauge(
      'eit_quota_used_ratio',
      'The same as a part of the limit; absent where the limit is 0',
      samples(({ share }) => share),
      'ratio',
    ),
    gauge(
      'eit_quota_over',
      'Whether it is used up (1) or not (0)',
      samples(({ state }) => Number(state === 'over')),
    ),
  ];
}

function gauge(
  name: string,
  help: string,
  samples: readonly MetricSample[],
  unit?: MetricFamily['unit'],
): MetricFamily {
  return { name, type: 'gauge', help, samples, ...(unit === undefined ? {} : { unit }) };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'counter', help, unit: 'joules', samples };
}

function joules(kWh: number): number;
function joules(kWh: number | null): number | null;
function joules(kWh: number | null): number | null {
  return kWh === null ? null : kWh * JOULES_PER_KWH;
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
