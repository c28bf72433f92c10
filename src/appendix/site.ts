import type { Hardware } from '../generated/record';
import type { EitReport, ReportGroup } from '../generated/report';
import { jobIdText } from '../report/job-id';
import type { Metric } from '../science/own-facts';
import type { Execution } from './found-jobs';
import type { JobDetails } from './run-details';
import type { Software } from './software';
import type { PlannedSet, RunOrder, Told } from './spec';

/** A file to download. */
export interface AttachedFile {
  /** From the top of the site. */
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

/** All that is shown of a job; names are those to be published. */
export interface SiteRun {
  /** From 1, in the order of the sets. */
  readonly number: number;
  readonly job: ReportGroup;
  /** The report that its figures are of, for factors and policy. */
  readonly report: EitReport;
  readonly executions: readonly Execution[];
  readonly cpus: number | null;
  readonly details: JobDetails;
  /** By host. */
  readonly hardware: readonly { readonly host: string; readonly hardware: Hardware | null }[];
  /** null: nobody wrote it down. */
  readonly software: Software | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, Metric>>;
  /** gCO2eq/kWh at a time; null: the same at all times. */
  readonly gridOf: ((fromMs: number, toMs: number) => number) | null;
  readonly data: { readonly path: string; readonly lines: number; readonly bytes: number };
}

export interface SiteSet extends Told {
  /** Its place among those beside it, and of those it is in: `1-2`. */
  readonly id: string;
  readonly name: string;
  readonly parents: readonly { readonly id: string; readonly name: string }[];
  readonly sets: readonly SiteSet[];
  /** Each once, in the order in which they are listed. */
  readonly runs: readonly SiteRun[];
  readonly attached: readonly AttachedFile[];
}

export interface Site extends Omit<Told, 'files'> {
  readonly title: string;
  readonly hidesNames: boolean;
  readonly sets: readonly SiteSet[];
  readonly runs: readonly SiteRun[];
  readonly attached: readonly AttachedFile[];
  /** What is to be known of the sets together. */
  readonly warnings: readonly string[];
  /** What figures rest on, as reports have it below their tables. */
  readonly notes: readonly string[];
  readonly generatedAt: string;
  readonly toolVersion: string;
}

/** Schemas of the raw data, beside them. */
export const SCHEMA_FILES = { data: 'data/run-data.schema.json', record: 'data/record.schema.json' } as const;
/** All runs with their figures. */
export const FIGURES_FILE = 'data/runs.csv';

export function runPath({ number }: Pick<SiteRun, 'number'>): string {
  return `runs/${number}.html`;
}

/** More runs are listed on pages of their own. */
export const RUNS_A_PAGE = 500;

/** @param page from 1 */
export function setPath({ id }: Pick<SiteSet, 'id'>, page = 1): string {
  return page === 1 ? `sets/${id}.html` : `sets/${id}-page-${page}.html`;
}

export function dataPathOf(number: number): string {
  return `data/run-${number}.ndjson`;
}

/** As sacct writes it. */
export function idText({ job_id: id = 0, slurm_job: job }: ReportGroup): string {
  return jobIdText(
    id,
    job === undefined
      ? null
      : {
          arrayJobId: job.array_job_id,
          arrayTaskId: job.array_task_id,
          hetJobId: job.het_job_id,
          hetOffset: job.het_offset,
        },
  );
}

/** `job 1234_5 (train)`. */
export function runName({ job }: Pick<SiteRun, 'job'>): string {
  const name = job.slurm_job?.name ?? '';
  return `job ${idText(job)}${name === '' ? '' : ` (${name})`}`;
}

/**
 * Sets with their runs.
 * @param own what the filter of a set has found
 * @param told what is told of a set
 * @param attachedOf the files of a set
 */
export function siteSets(
  planned: readonly PlannedSet[],
  own: (set: PlannedSet) => readonly SiteRun[],
  told: (set: PlannedSet) => Told,
  attachedOf: (set: PlannedSet) => readonly AttachedFile[],
  parents: SiteSet['parents'] = [],
): SiteSet[] {
  return planned.map((set, i) => {
    const id = [...(parents.length === 0 ? [] : [parents.at(-1)!.id]), String(i + 1)].join('-');
    const sets = siteSets(set.sets, own, told, attachedOf, [...parents, { id, name: set.name }]);
    const all = new Set([...own(set), ...sets.flatMap(({ runs }) => runs)]);
    const { description, figures, plots, order, files } = told(set);
    return {
      ...{ id, name: set.name, parents, sets, runs: ordered([...all], order), attached: attachedOf(set) },
      ...{ description, figures, plots, order, files },
    };
  });
}

function ordered(runs: readonly SiteRun[], order: RunOrder | null): SiteRun[] {
  if (order === null) return runs.toSorted((a, b) => a.number - b.number);
  const { by, greatestFirst } = order;
  return runs.toSorted((a, b) => {
    const [x, y] = [by.valueOf(a.job), by.valueOf(b.job)];
    // Of what nothing is told comes last.
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (greatestFirst ? y - x : x - y) || a.number - b.number;
  });
}

/** All sets, each before those within it. */
export function setsIn(sets: readonly SiteSet[]): SiteSet[] {
  return sets.flatMap((set) => [set, ...setsIn(set.sets)]);
}
