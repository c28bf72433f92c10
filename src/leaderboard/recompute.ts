import type { Policy } from '../attribution/policy';
import type { EitRecord } from '../generated/record';
import type { ReportGroup } from '../generated/report';
import type { SubmissionFactors, SubmissionRun } from '../generated/submission';
import { Aggregation, type ReportQuery } from '../report/aggregate';
import { buildReport } from '../report/report';

/** What a run's own records say, without any factor but its node's overhead. */
export interface RawFigures {
  readonly itKwh: number;
  readonly seconds: number;
  readonly coverage: number | null;
  readonly measuredFraction: number | null;
  readonly nodesExpected: number;
  readonly nodesReported: number;
}

/** Adds the records of a submission up to figures of its runs, each record once. */
export class RawSums {
  readonly #aggregation: Aggregation;
  readonly #query: ReportQuery;
  /** Whoever wrote it may have chosen numbers that ranges are slow with. */
  readonly #seen = new Map<string, Set<number>>();
  readonly #clusterOf = new Map<number, string>();

  constructor(policy: Policy) {
    this.#query = {
      // Of all times: what a record is of is its job.
      ...{ sinceMs: 0, untilMs: Date.UTC(9999, 0), groupBy: ['job'], policy },
      ...{ filter: {}, timeZone: 'UTC', withUnattributed: false, extrapolate: false },
    };
    this.#aggregation = new Aggregation(this.#query);
  }

  /**
   * @param record whose `job` is the number of its run
   * @returns what is wrong with it; null: nothing
   */
  add(record: EitRecord): string | null {
    if (record.kind !== 'run') return 'no record of a run';
    const writer = `${record.cluster}\0${record.host}\0${record.instance}`;
    let seen = this.#seen.get(writer);
    if (seen === undefined) this.#seen.set(writer, (seen = new Set()));
    if (seen.has(record.seq)) return 'a record that was there before';
    seen.add(record.seq);
    const cluster = this.#clusterOf.get(record.job) ?? record.cluster;
    if (cluster !== record.cluster) return 'a record of a run of another cluster';
    this.#clusterOf.set(record.job, cluster);
    this.#aggregation.add(record);
    return null;
  }

  /**
   * @param runs what their submission says of them: of their nodes' overhead the energy is with it
   * @returns by run; null: its records are of several jobs, by their times
   */
  finish(runs: readonly Pick<SubmissionRun, 'run' | 'factors'>[]): Map<number, RawFigures | null> {
    const aggregate = this.#aggregation.finish();
    const overheads = [...new Set(runs.map(({ factors }) => factors.node_overhead))];
    const found = new Map<number, RawFigures | null>();
    for (const nodeOverhead of overheads) {
      const wanted = new Set(
        runs.filter(({ factors }) => factors.node_overhead === nodeOverhead).map(({ run }) => run),
      );
      const { groups } = buildReport(aggregate, {
        query: this.#query,
        factorsOf: () => ({ ...NO_FACTORS, nodeOverhead }),
        ...{ toolVersion: '', generatedAtMs: 0, skippedRecords: 0 },
      });
      for (const group of groups) {
        const run = group.job_id ?? 0;
        if (wanted.has(run)) found.set(run, found.has(run) ? null : rawFigures(group));
      }
    }
    return found;
  }
}

const NO_FACTORS = {
  ...{ pue: 1, zone: '', intensityGPerKwh: 0, intensitySource: '', intensityYear: 2000 },
  intensityBasis: 'average-lifecycle',
  defaultsUsed: [],
} as const;

function rawFigures(group: ReportGroup): RawFigures {
  return {
    itKwh: group.energy_kwh.it,
    seconds: group.elapsed_seconds,
    coverage: group.coverage,
    measuredFraction: group.measured_fraction,
    nodesExpected: group.nodes_expected,
    nodesReported: group.nodes_reported,
  };
}

/** Energy with PUE, and what it emitted: kWh times g/kWh. */
export function withFactors(
  itKwh: number,
  { pue, g_per_kwh: gPerKwh }: Pick<SubmissionFactors, 'pue' | 'g_per_kwh'>,
): { totalKwh: number; co2eKg: number } {
  const totalKwh = itKwh * pue;
  return { totalKwh, co2eKg: (totalKwh * gPerKwh) / 1000 };
}
