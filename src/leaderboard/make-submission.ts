import type { Policy } from '../attribution/policy';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { RunRecord } from '../generated/record';
import type { EitReport, ReportGroup } from '../generated/report';
import type {
  SubmissionFactors,
  SubmissionMetricLine,
  SubmissionRun,
  SubmissionTagLine,
} from '../generated/submission';
import { intensityText } from '../report/intensity-words';
import type { Metric, OwnFacts } from '../science/own-facts';
import { jobName } from '../science/run-set';
import type { BoardSpec } from './board-spec';
import { RawSums } from './recompute';
import { RecordVeil } from './veil-record';
import { figuresOf } from './verify-submission';
import type { SubmissionParts } from './write-submission';

/** A run that is to be submitted. */
export interface SubmittedRun {
  readonly job: ReportGroup;
  readonly own: OwnFacts;
  /** All that the ledger has of it. */
  readonly records: readonly RunRecord[];
  /** Whether they are sums that the archive has. */
  readonly areSums: boolean;
  /** Of its cluster. */
  readonly nodeOverhead: number;
  readonly cluster: EitReport['factors']['by_cluster'][number] | undefined;
}

export interface SubmissionAbout {
  readonly name: string;
  readonly description: string | undefined;
  readonly link: string | undefined;
  readonly policy: Policy;
  readonly toolVersion: string;
}

/** Doubles that were added up in another order. */
const ROUNDING = 1e-9;

/**
 * Makes a submission of runs that `checkEntry` let through: veiled records, the metric and the tags that the spec asks for, and what follows from
 * them as its claims.
 * @throws EitError EIT_SUBMISSION where a run's records do not give the energy that the ledger has of it
 */
export function makeSubmission(
  runs: readonly SubmittedRun[],
  spec: BoardSpec,
  about: SubmissionAbout,
): SubmissionParts {
  const { policy, toolVersion, name, description, link } = about;
  const veil = new RecordVeil();
  const sums = new RawSums(policy);
  const records = runs.flatMap((run, i) => run.records.map((record) => veil.veil(record, i + 1)));
  for (const record of records) sums.add(record);
  const numbered = runs.map((submitted, i) => {
    const metric = submitted.own.metricsOf(submitted.job)[spec.metric.name]!;
    return { ...submitted, run: i + 1, metric, factors: factorsOf(submitted) };
  });
  const raw = sums.finish(numbered);
  const metricOf = {
    ...{ name: spec.metric.name, unit: numbered[0]?.metric.unit ?? '', direction: spec.metric.direction },
    asymptotic_part: spec.metric.asymptotic_part,
  };
  return {
    manifest: {
      ...{ schema: 1, kind: 'submission', tool: toolVersion, task: spec.task, name },
      ...(description === undefined ? {} : { description }),
      ...(link === undefined ? {} : { link }),
      ...{ metric: metricOf, policy },
      runs: numbered.map(({ run, job, metric, factors, areSums }): SubmissionRun => {
        const figures = raw.get(run);
        const told = job.energy_kwh.it;
        if (!figures || Math.abs(figures.itKwh - told) > ROUNDING * told)
          throw new EitError(
            'EIT_SUBMISSION',
            `the records of ${jobName(job)} give ${figures?.itKwh ?? 0} kWh, the ledger has ${told} kWh of it: some of its records are not there any more, or cannot be told from those of another job of this id`,
          );
        return {
          ...{ run, factors, claimed: figuresOf(figures, metric, factors, metricOf) },
          ...(job.slurm_job === undefined ? {} : { state: job.slurm_job.state.slice(0, 32) }),
          ...(areSums ? { summed: true } : {}),
          cpu_models: modelsOf(job.cpu_models),
          gpu_models: modelsOf(job.gpu_models),
        };
      }) as SubmissionParts['manifest']['runs'],
    },
    records,
    facts: numbered.flatMap(({ run, job, own, metric }) => [
      metricLine(run, spec.metric.name, metric),
      ...tagLines(run, own.tagsOf(job), spec),
    ]),
  };
}

/** PUE and intensity as they were in the mean over the run. */
function factorsOf({ job, nodeOverhead, cluster }: SubmittedRun): SubmissionFactors {
  const { it, total } = job.energy_kwh;
  return {
    node_overhead: nodeOverhead,
    pue: it > 0 ? withoutNoise(total / it) : (cluster?.pue ?? 1),
    zone: visible(cluster?.zone ?? '', 64),
    g_per_kwh: total > 0 ? withoutNoise((job.co2e_kg * 1000) / total) : (cluster?.intensity_g_per_kwh ?? 0),
    source: visible(
      cluster === undefined ? '' : `${cluster.intensity_source} (${intensityText(cluster)})`,
      1024,
    ),
  };
}

/** A constant that was divided by is itself again. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12));
}

function modelsOf(models: readonly string[]): string[] {
  return models.slice(0, 64).map((model) => model.slice(0, 128));
}

function metricLine(run: number, name: string, { unit, points }: Metric): SubmissionMetricLine {
  return {
    ...{ kind: 'metric', run, name, unit },
    points: points.map(({ step, value }) => [step, value]) as unknown as SubmissionMetricLine['points'],
  };
}

/** Those that put it into a group; what else its user calls it is nobody's business. */
function tagLines(
  run: number,
  tags: Readonly<Record<string, string>>,
  { groups }: BoardSpec,
): SubmissionTagLine[] {
  const keys = new Set(groups.map(({ tag }) => tag.slice(0, tag.indexOf('='))));
  return [...keys].flatMap((key) =>
    Object.hasOwn(tags, key) ? [{ kind: 'tag' as const, run, key, value: tags[key] ?? '' }] : [],
  );
}
