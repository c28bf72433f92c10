import { type Equivalent, equivalentsOf } from '../carbon/equivalents';
import type { JobAsked, JobPart, JobSummary, JobUsed, QuotaState, ReportFigures } from '../generated/report';
import type { AddedRun } from '../report/aggregate';
import { ratio, utc } from '../report/conversion';
import { equivalentsTold } from '../report/factor-figures';
import type { IntensitySources, UsedTime } from '../report/intensity-sources';
import { figures, type SiteFactors } from '../report/report';
import { reportFactors } from '../report/report-factors';
import { slurmFigures } from '../report/slurm-figures';
import { GroupSums } from '../runs/group-sums';
import type { JobFacts } from '../runs/job-facts';
import { nodesExpected } from '../runs/runs';
import { heldBytes, SlurmSums } from '../runs/slurm-sums';
import { arrayOf, hetOf, type JobRuns } from './job-runs';

/** What turns a job's joules into what its mail says. */
export interface SummaryContext {
  readonly factorsOf: (cluster: string) => SiteFactors;
  readonly intensitySourcesOf: (cluster: string, used: UsedTime) => IntensitySources;
  readonly equivalents: readonly Equivalent[];
  readonly toolVersion: string;
  readonly nowMs: number;
  /** End of the newest record read, Unix ms; null: none. */
  readonly dataUntilMs: number | null;
  /** Quotas that concern the job's user; null: not asked for. */
  readonly quotas: readonly QuotaState[] | null;
  readonly missingNodes: readonly string[];
}

/** All that a job's mail says, but its advice. Pure: the same runs and factors give the same. */
export function jobSummary(found: JobRuns, context: SummaryContext): JobSummary {
  const { scope, runs, all } = found;
  const { nowMs, dataUntilMs, quotas, equivalents, factorsOf } = context;
  const newest = runs.reduce((a, b) => (b.run.startedMs >= a.run.startedMs ? b : a));
  const { run, facts } = newest;
  const own = sumsOf(runs);
  const ofAll = figuresOf(own, factorsOf);
  return {
    schema: 1,
    kind: 'job',
    tool_version: context.toolVersion,
    generated_at: utc(nowMs),
    data_until: dataUntilMs === null ? null : utc(dataUntilMs),
    scope,
    label: labelOf(found, newest),
    cluster: run.cluster,
    job_id: scope === 'array' ? (arrayOf(newest) ?? run.jobId) : run.jobId,
    name: first(runs, (one) => one.facts?.name) ?? null,
    user: run.user,
    account: run.account,
    partition: partitionsOf(runs),
    qos: facts?.qos ?? run.qos,
    state: scope === 'run' ? (facts?.state ?? null) : null,
    submit: seconds(facts?.submitS ?? null),
    start: utc(Math.min(...runs.map((one) => one.run.startedMs))),
    end: utc(Math.max(...runs.map((one) => one.run.toMs))),
    nodes: nodesOf(runs),
    missing_nodes: [...context.missingNodes],
    figures: ofAll,
    asked: askedOf(runs, ofAll, scope),
    used: usedOf(runs, ofAll, scope === 'run' ? facts : null),
    factors: reportFactors({ clusters: [run.cluster], total: own.sums }, context),
    parts: partsOf(found, factorsOf),
    whole: scope === 'run' && all.length > 1 ? figuresOf(sumsOf(all), factorsOf) : null,
    equivalents: equivalentsTold(equivalentsOf(equivalents, ofAll.energy_kwh.total, ofAll.co2e_kg)),
    quotas: quotas === null ? null : [...quotas],
    advice: [],
  };
}

interface Sums {
  readonly sums: GroupSums;
  readonly slurm: SlurmSums;
}

function sumsOf(runs: readonly AddedRun[]): Sums {
  const [sums, slurm] = [new GroupSums(), new SlurmSums()];
  // Runs of one job come one after the other.
  for (const { run, parts, facts, weighing } of [...runs].sort(byJob)) {
    sums.addRun(run, parts, nodesExpected(run), null, weighing);
    slurm.addRun(run, parts, facts);
  }
  return { sums, slurm };
}

function byJob({ run: a }: AddedRun, { run: b }: AddedRun): number {
  return a.jobKey === b.jobKey ? a.startedMs - b.startedMs : a.jobKey < b.jobKey ? -1 : 1;
}

function figuresOf({ sums, slurm }: Sums, factorsOf: SummaryContext['factorsOf']): ReportFigures {
  return { ...figures(sums, factorsOf, false), slurm: slurmFigures(slurm, false) };
}

/** As Slurm's commands write it. */
function labelOf({ scope }: JobRuns, newest: AddedRun): string {
  if (scope === 'array') return `${arrayOf(newest) ?? newest.run.jobId}_*`;
  if (scope === 'het') return `${hetOf(newest) ?? newest.run.jobId}+*`;
  return runLabel(newest);
}

function runLabel({ run, facts }: AddedRun): string {
  const { arrayJobId = null, arrayTaskId = null, hetJobId = null, hetOffset = null } = facts ?? {};
  if (arrayJobId !== null && arrayTaskId !== null) return `${arrayJobId}_${arrayTaskId}`;
  return hetJobId !== null && hetOffset !== null ? `${hetJobId}+${hetOffset}` : String(run.jobId);
}

function partsOf({ scope, runs, all }: JobRuns, factorsOf: SummaryContext['factorsOf']): JobPart[] {
  if (scope === 'run' && all.length < 2) return [];
  const groups = new Map<string, AddedRun[]>();
  for (const one of scope === 'run' ? all : runs) {
    const key = scope === 'run' ? String(one.run.startedMs) : one.run.jobKey;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()]
    .map((group) => {
      const newest = group.reduce((a, b) => (b.run.startedMs >= a.run.startedMs ? b : a));
      const told = figuresOf(sumsOf(group), factorsOf);
      return { newest, part: partOf(group, newest, told, scope === 'run') };
    })
    .sort(
      ({ newest: a }, { newest: b }) =>
        numberOf(a) - numberOf(b) || a.run.jobId - b.run.jobId || a.run.startedMs - b.run.startedMs,
    )
    .map(({ part }) => part);
}

function partOf(group: readonly AddedRun[], newest: AddedRun, told: ReportFigures, isRun: boolean): JobPart {
  return {
    label: isRun ? `${runLabel(newest)} run ${newest.run.restart + 1}` : runLabel(newest),
    state: newest.facts?.state ?? null,
    start: utc(Math.min(...group.map(({ run }) => run.startedMs))),
    nodes: nodesOf(group),
    energy_kwh: told.energy_kwh.total,
    co2e_kg: told.co2e_kg,
    elapsed_seconds: told.elapsed_seconds,
    cpu_efficiency: told.slurm?.cpu_efficiency ?? null,
    coverage: told.coverage,
  };
}

function numberOf({ facts }: AddedRun): number {
  return facts?.arrayTaskId ?? facts?.hetOffset ?? 0;
}

function askedOf(
  runs: readonly AddedRun[],
  { gpu_seconds: gpuSeconds, elapsed_seconds: elapsed }: ReportFigures,
  scope: JobRuns['scope'],
): JobAsked {
  // Of several jobs each asked for its own, at times that are not the same.
  const facts = scope === 'run' ? runs[0]!.facts : null;
  return {
    cpus: facts?.allocCpus ?? null,
    memory_bytes: facts?.reqMemoryBytes ?? null,
    gpus: scope !== 'run' || elapsed === 0 || gpuSeconds === 0 ? null : ratio(gpuSeconds / elapsed),
    time_limit_seconds: facts?.timeLimitS ?? null,
  };
}

function usedOf(runs: readonly AddedRun[], told: ReportFigures, facts: JobFacts | null): JobUsed {
  const { elapsed_seconds: elapsed, cpu_seconds: cpuSeconds } = told;
  const limitS = facts?.timeLimitS ?? null;
  const held = runs.flatMap(({ parts }) => heldBytes(parts) ?? []);
  return {
    cpu_cores: elapsed === 0 ? null : ratio(cpuSeconds / elapsed),
    cpu_efficiency: told.slurm?.cpu_efficiency ?? null,
    memory_bytes: held.length === 0 ? null : Math.max(...held),
    memory_efficiency: told.slurm?.memory_efficiency ?? null,
    gpu_utilization: told.gpu_utilization,
    time_part: limitS === null || limitS === 0 ? null : ratio(elapsed / limitS),
  };
}

function nodesOf(runs: readonly AddedRun[]): string[] {
  return [...new Set(runs.flatMap(({ parts }) => parts.map(({ node }) => node)))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
}

function partitionsOf(runs: readonly AddedRun[]): string {
  return [...new Set(runs.map(({ run }) => run.partition))].sort().join(', ');
}

function first<T>(runs: readonly AddedRun[], pick: (one: AddedRun) => T | undefined): T | undefined {
  for (const one of runs) {
    const value = pick(one);
    if (value !== undefined) return value;
  }
  return undefined;
}

function seconds(unixS: number | null): string | null {
  return unixS === null ? null : utc(unixS * 1000);
}
