import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { ClusterFactors, CostRange, EitReport, ReportGroup } from '../generated/report';
import { outcomeOf } from '../slurm/job-states';
import { identityOf, isCovered, jobName, type RunSet } from './run-set';
import { sum } from './sample';

/** What a statement says of some jobs. */
export interface StatedFigures {
  readonly name: string;
  readonly jobs: number;
  /** With PUE. */
  readonly energyKwh: number;
  readonly co2eKg: number;
  readonly socialCost: StatedCost | null;
  /** Of the jobs, added up; a job on several nodes has its time once. */
  readonly elapsedSeconds: number;
  readonly cpuSeconds: number;
  readonly gpuSeconds: number;
  /** Jobs of which a part was not observed: the figures are too low. */
  readonly partial: number;
  /** Jobs by how they ended, those that came to no good end alone, by state. */
  readonly unfinished: ReadonlyMap<string, number>;
  /** Jobs that had not ended: they use more. */
  readonly going: number;
  /** Jobs of which nobody told how they ended. */
  readonly untold: number;
  readonly cpuModels: readonly string[];
  readonly gpuModels: readonly string[];
}

/** Social cost of carbon, USD of 2010. */
export interface StatedCost {
  /** ISO 3166 alpha-3, in order; WLD: the world. */
  readonly countries: readonly string[];
  /** Of the countries; null: the source does not have one of them. */
  readonly countryUsd: CostRange | null;
  readonly worldUsd: CostRange;
}

export interface StatedProject extends StatedFigures {
  readonly clusters: readonly ClusterFactors[];
  readonly defaultsUsed: readonly string[];
  readonly policy: string;
  /** null: unknown. */
  readonly coverage: number | null;
  readonly measuredFraction: number | null;
}

/** What was said beside what was measured: `travel=801 kg`. */
export interface Addition {
  readonly name: string;
  readonly co2eKg: number;
}

export interface Statement {
  readonly projects: readonly StatedProject[];
  /** Of several projects: all their jobs, each counted once. null: there is one. */
  readonly together: StatedFigures | null;
  /** Sentences about jobs that are in several projects. */
  readonly overlaps: readonly string[];
  readonly additions: readonly Addition[];
  readonly appendixUrl: string | null;
  readonly toolVersion: string;
}

/**
 * The statement of one project or several.
 * @throws EitError EIT_RUN_SET where projects have different parts of a job
 */
export function statementOf(
  sets: readonly RunSet[],
  { additions, appendixUrl }: Pick<Statement, 'additions' | 'appendixUrl'>,
): Statement {
  const { jobs, overlaps } = eachOnce(sets);
  return {
    projects: sets.map(projectOf),
    together: sets.length < 2 ? null : togetherOf(sets, jobs),
    ...{ overlaps, additions, appendixUrl },
    toolVersion: sets[0]?.report.tool_version ?? '',
  };
}

function projectOf({ filter, report }: RunSet): StatedProject {
  const { groups, total, factors } = report;
  return {
    ...figuresOf(filter.name, [...partsByJob(groups).values()]),
    // Of all records at once, as eit-report tells them.
    energyKwh: total.energy_kwh.total,
    co2eKg: total.co2e_kg,
    socialCost: costOf([report], groups),
    elapsedSeconds: total.elapsed_seconds,
    cpuSeconds: total.cpu_seconds,
    gpuSeconds: total.gpu_seconds,
    clusters: factors.by_cluster,
    defaultsUsed: factors.defaults_used,
    policy: report.policy,
    coverage: total.coverage,
    measuredFraction: total.measured_fraction,
  };
}

function togetherOf(sets: readonly RunSet[], jobs: readonly JobParts[]): StatedFigures {
  return {
    ...figuresOf('together', jobs),
    socialCost: costOf(
      sets.map(({ report }) => report),
      jobs.flat(),
    ),
  };
}

/** One job, by each line that sets have of it; at least one. */
type JobParts = readonly ReportGroup[];

/** Of all parts the sums, of jobs how many and how they ended. */
function figuresOf(name: string, jobs: readonly JobParts[]): StatedFigures {
  const parts = jobs.flat();
  const added = (of: (job: ReportGroup) => number): number => sum(parts.map(of));
  const states = jobs.map(stateOf);
  const unfinished = new Map<string, number>();
  for (const state of states)
    if (state !== null && outcomeOf(state) !== null) unfinished.set(state, (unfinished.get(state) ?? 0) + 1);
  const models = (of: (job: ReportGroup) => readonly string[]): string[] =>
    [...new Set(parts.flatMap(of))].sort();
  return {
    ...{ name, jobs: jobs.length, unfinished, socialCost: null },
    energyKwh: added((job) => job.energy_kwh.total),
    co2eKg: added((job) => job.co2e_kg),
    elapsedSeconds: added((job) => job.elapsed_seconds),
    cpuSeconds: added((job) => job.cpu_seconds),
    gpuSeconds: added((job) => job.gpu_seconds),
    partial: jobs.filter((job) => !job.every(isCovered)).length,
    going: states.filter((state) => state !== null && state !== 'COMPLETED' && outcomeOf(state) === null)
      .length,
    untold: states.filter((state) => state === null).length,
    cpuModels: models((job) => job.cpu_models),
    gpuModels: models((job) => (job.gpu_seconds > 0 ? job.gpu_models : [])),
  };
}

/** Slurm's, which all parts have alike; null: of none it is told. */
function stateOf(parts: JobParts): string | null {
  return parts.find(({ slurm_job: job }) => job !== undefined)?.slurm_job?.state ?? null;
}

function costOf(reports: readonly EitReport[], jobs: readonly ReportGroup[]): StatedCost | null {
  const costs = jobs.flatMap((job) => job.social_cost_usd ?? []);
  const countries = reports.flatMap(({ factors }) =>
    factors.by_cluster.flatMap((cluster) => cluster.social_cost?.country ?? []),
  );
  if (jobs.length === 0 || costs.length < jobs.length || countries.length === 0) return null;
  const own = costs.flatMap(({ country }) => country ?? []);
  return {
    countries: [...new Set(countries)].sort(),
    countryUsd: own.length < costs.length ? null : sumOfRanges(own),
    worldUsd: sumOfRanges(costs.map(({ world }) => world)),
  };
}

function sumOfRanges(ranges: readonly CostRange[]): CostRange {
  return {
    low: sum(ranges.map(({ low }) => low)),
    median: sum(ranges.map(({ median }) => median)),
    high: sum(ranges.map(({ high }) => high)),
  };
}

/** Energies of one job, read twice, differ by nothing but the order in which they were added up. */
export const SAME = 1e-9;

/**
 * The jobs of all sets, each once. A job that two sets have of different times (`starttime`, `endtime`) is in each by that part.
 * @throws EitError EIT_RUN_SET where the parts overlap
 */
function eachOnce(sets: readonly RunSet[]): { jobs: JobParts[]; overlaps: string[] } {
  const counted = new Map<string, { parts: JobParts; set: RunSet }[]>();
  const twice = new Map<string, string[]>();
  const kwhOf = (parts: JobParts): number => sum(parts.map((part) => part.energy_kwh.total));
  for (const set of sets)
    for (const [identity, parts] of partsByJob(set.report.groups)) {
      const had = counted.get(identity) ?? [];
      const other = had.find((one) => windowsMeet(one.set.report, set.report));
      if (other === undefined) {
        counted.set(identity, [...had, { parts, set }]);
        continue;
      }
      const [a, b] = [kwhOf(other.parts), kwhOf(parts)];
      const name = jobName(parts[0]!);
      const names = `${visible(other.set.filter.name, 40)} and ${visible(set.filter.name, 40)}`;
      if (Math.abs(a - b) > SAME * Math.max(a, b))
        throw new EitError(
          'EIT_RUN_SET',
          `${name} is in both ${names}, with a part of it each, and the parts overlap: no sum counts it once. Give them the same starttime and endtime, or times that do not overlap`,
        );
      twice.set(names, [...(twice.get(names) ?? []), name]);
    }
  return {
    jobs: [...counted.values()].map((entries) => entries.flatMap(({ parts }) => parts)),
    overlaps: [...twice].map(
      ([names, jobs]) =>
        `${jobs.slice(0, 10).join(', ')}${jobs.length > 10 ? ` and ${jobs.length - 10} more` : ''} in both ${names}: counted once in the sum`,
    ),
  };
}

/** A job that was requeued to another partition has a line in each. */
function partsByJob(groups: readonly ReportGroup[]): Map<string, ReportGroup[]> {
  const jobs = new Map<string, ReportGroup[]>();
  for (const group of groups) {
    const identity = identityOf(group);
    const parts = jobs.get(identity);
    if (parts === undefined) jobs.set(identity, [group]);
    else parts.push(group);
  }
  return jobs;
}

export function windowsMeet(a: EitReport, b: EitReport): boolean {
  return Date.parse(a.since) < Date.parse(b.until) && Date.parse(b.since) < Date.parse(a.until);
}

const MASSES: Readonly<Record<string, number>> = { g: 1e-3, kg: 1, t: 1e3 };

/**
 * Something beside what was measured, as --add has it: `travel=801 kg`, in g, kg or t of CO2eq.
 * @throws EitError EIT_USAGE
 */
export function parseAddition(text: string): Addition {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at)).trim();
  const found = /^(\d+(?:\.\d+)?)\s*(g|kg|t)(?:\s*CO2(?:e|eq))?$/.exec(text.slice(at + 1).trim());
  const kg = Number(found?.[1]) * (MASSES[found?.[2] ?? ''] ?? NaN);
  if (at > 0 && name !== '' && Number.isFinite(kg)) return { name, co2eKg: kg };
  throw new EitError(
    'EIT_USAGE',
    `--add ${JSON.stringify(visible(text, 80))} is no name and mass of CO2eq: write it as 'travel=801 kg' (g, kg or t)`,
  );
}

/**
 * Where readers find more, as --appendix-url has it.
 * @throws EitError EIT_USAGE where it is no address of the web
 */
export function parseAppendixUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && ['https:', 'http:'].includes(url.protocol) && url.username === '') return url.href;
  throw new EitError(
    'EIT_USAGE',
    `--appendix-url ${JSON.stringify(visible(text, 200))} is no address of the web: give one such as https://example.org/appendix`,
  );
}
