import { visible } from '../config/visible';
import type { ReportGroup } from '../generated/report';
import type { Metric, OwnFacts } from '../science/own-facts';
import { isCovered } from '../science/run-set';

/** What a leaderboard takes of a run. */
export interface EntryRun {
  /** What pages call it, such as `job 12`. */
  readonly name: string;
  /** Before PUE. */
  readonly itKwh: number;
  readonly totalKwh: number;
  readonly co2eKg: number;
  readonly seconds: number;
  /** null: nothing tells. */
  readonly coverage: number | null;
  /** Whether enough was observed for its energy to be compared. */
  readonly isCovered: boolean;
  /** Part of the joules that was read from counters; null: no joules. */
  readonly measuredFraction: number | null;
  /** null: it has none of that name. */
  readonly metric: Metric | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly hardware: readonly string[];
  /** What became of it, as Slurm has it; null: not told. */
  readonly state: string | null;
}

/** An entry: a name, and runs that repeat the same. */
export interface Entry {
  readonly name: string;
  readonly description: string | null;
  /** Where more of it stands; null: nowhere. */
  readonly link: string | null;
  /** What it was read from: `submission`, with the SHA-256 of its manifest, or `ledger`. */
  readonly origin: { readonly kind: 'submission' | 'ledger'; readonly sha256: string | null };
  readonly runs: readonly EntryRun[];
}

/**
 * @param job a line of a report by job
 * @param metric its name
 */
export function entryRun(job: ReportGroup, own: OwnFacts, metric: string, name: string): EntryRun {
  const metrics = own.metricsOf(job);
  return {
    name,
    itKwh: job.energy_kwh.it,
    totalKwh: job.energy_kwh.total,
    co2eKg: job.co2e_kg,
    seconds: job.elapsed_seconds,
    coverage: job.coverage,
    isCovered: isCovered(job),
    measuredFraction: job.measured_fraction,
    metric: Object.hasOwn(metrics, metric) ? (metrics[metric] ?? null) : null,
    tags: own.tagsOf(job),
    hardware: [...job.cpu_models, ...job.gpu_models].map((model) => visible(model, 128)),
    state: job.slurm_job?.state ?? null,
  };
}
