import type { Policy } from '../attribution/policy';
import { visible } from '../config/visible';
import type { ClaimedFigures, SubmissionManifest, SubmissionRun } from '../generated/submission';
import { LEAST_COVERAGE } from '../science/run-set';
import type { Metric } from '../science/own-facts';
import type { Entry, EntryRun } from './entry-run';
import { metricValues } from './metric-value';
import type { Submission } from './read-submission';
import { type RawFigures, withFactors } from './recompute';

/** The figures that a submission claims, in the order in which they are told. */
const CLAIMS = [
  'it_kwh',
  'total_kwh',
  'co2e_kg',
  'seconds',
  'coverage',
  'measured_fraction',
  'average',
  'asymptotic',
  'best',
  'last',
] as const satisfies readonly (keyof ClaimedFigures)[];

/** What a run's figures are by its records, its metric and its factors: what it may claim. */
export function figuresOf(
  raw: RawFigures,
  metric: Metric,
  factors: SubmissionRun['factors'],
  { direction, asymptotic_part: asymptoticPart }: SubmissionManifest['metric'],
): ClaimedFigures {
  const { totalKwh, co2eKg } = withFactors(raw.itKwh, factors);
  return {
    ...{ it_kwh: raw.itKwh, total_kwh: totalKwh, co2e_kg: co2eKg },
    ...{ seconds: raw.seconds, coverage: raw.coverage, measured_fraction: raw.measuredFraction },
    ...metricValues(metric, { direction, asymptoticPart }),
  };
}

/**
 * Compares what a submission claims with what follows from its own data, to the last digit.
 * @returns each difference; none: all is as claimed
 */
export function differencesOf({ manifest, figures, metrics }: Submission): string[] {
  const byRun = figures.get(manifest.policy);
  return manifest.runs.flatMap(({ run, claimed, factors }) => {
    const raw = byRun?.get(run);
    if (raw === undefined) return [`run ${run} has no record`];
    if (raw === null) return [`the records of run ${run} are of several jobs, by their times`];
    const own = figuresOf(raw, metrics.get(run)!, factors, manifest.metric);
    return CLAIMS.flatMap((name) =>
      Object.is(own[name], claimed[name]) || own[name] === claimed[name]
        ? []
        : [`run ${run}: ${name} is ${own[name]} by its data, ${claimed[name]} is claimed`],
    );
  });
}

/** A submission without differences as an entry, its energy divided by a policy that it was read with. */
export function entryOf({ manifest, sha256, figures, metrics, tags }: Submission, policy: Policy): Entry {
  return {
    name: manifest.name,
    description: manifest.description ?? null,
    link: manifest.link ?? null,
    origin: { kind: 'submission', sha256 },
    runs: manifest.runs.map(({ run, factors, state, cpu_models: cpus, gpu_models: gpus }): EntryRun => {
      const raw = figures.get(policy)?.get(run);
      if (raw === undefined || raw === null) throw new Error(`run ${run} was not added up`);
      const { coverage, nodesReported, nodesExpected } = raw;
      return {
        name: `run ${run}`,
        itKwh: raw.itKwh,
        ...withFactors(raw.itKwh, factors),
        seconds: raw.seconds,
        coverage,
        isCovered: coverage !== null && coverage >= LEAST_COVERAGE && nodesReported >= nodesExpected,
        measuredFraction: raw.measuredFraction,
        metric: metrics.get(run) ?? null,
        tags: tags.get(run) ?? {},
        hardware: [...cpus, ...gpus].map((model) => visible(model, 128)),
        state: state ?? null,
      };
    }),
  };
}
