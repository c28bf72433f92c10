import type { FactLine, FactMetric } from '../generated/facts';
import validateLine from '../generated/facts-validator';
import type { ReportGroup } from '../generated/report';
import { hasTags, type Metric, type OwnFacts } from './own-facts';

/** What a file of facts holds. */
export interface FactLines {
  /** In the order in which they were written. */
  readonly lines: readonly FactLine[];
  /** Those that are none: their numbers from 1, and why. */
  readonly bad: readonly { readonly line: number; readonly why: string }[];
}

/**
 * The lines of facts.ndjson (schemas/facts.schema.json). What is no line of it is told, never thrown away.
 * @param text of the whole file
 */
export function parseFactLines(text: string): FactLines {
  const rows = text.split('\n');
  const half = rows.pop() ?? '';
  const lines: FactLine[] = [];
  const bad: { line: number; why: string }[] = [];
  for (const [i, row] of rows.entries()) {
    const line = parseFactLine(row);
    if (typeof line !== 'string') lines.push(line);
    else if (line !== '') bad.push({ line: i + 1, why: line });
  }
  if (half !== '') bad.push({ line: rows.length + 1, why: 'half line at the end' });
  return { lines, bad };
}

/** @returns why it is none; '' for an empty line, which says nothing */
function parseFactLine(text: string): FactLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return text.trim() === '' ? '' : 'not JSON';
  }
  if (!validateLine(value)) {
    const { instancePath = '', message = '' } = validateLine.errors?.[0] ?? {};
    return `refused by the schema${instancePath === '' ? '' : ` at ${instancePath}`} (${message})`;
  }
  // The schema's pattern lets a 13th month through.
  return [value.at, value.started ?? value.at].some((time) => Number.isNaN(Date.parse(time)))
    ? 'has a time that no calendar has'
    : value;
}

/** Ids come again after a counter's end: a job that began so much apart is another one, a requeued one the same. */
const SAME_JOB_MS = 7 * 86_400_000;

/** What was said before a job began was said of one that waited; none waits longer. */
const LONGEST_WAIT_MS = 90 * 86_400_000;

/**
 * What lines say of each job, the last of each tag and metric.
 * @param lines in the order in which they were written
 */
export function ownFactsOf(lines: readonly FactLine[]): OwnFacts {
  const byJob = linesByJob(lines);
  const linesOf = (job: ReportGroup): FactLine[] =>
    (byJob.get(jobKey(job.cluster ?? '', job.job_id ?? 0)) ?? []).filter((line) => isOf(line, job));
  return {
    tagsOf: (job) => lastOf(linesOf(job).map(({ tags }) => tags)),
    metricsOf: (job) => metricsOfLines(linesOf(job)),
    jobsTagged: (wanted) => [
      ...new Set(
        // Lines may be of several jobs of one id: rather too many are named than too few.
        [...byJob.values()]
          .filter((its) => wanted.every((tag) => its.some(({ tags }) => hasTags(lastOf([tags]), [tag]))))
          .map(([first]) => first!.job),
      ),
    ],
  };
}

/** What is said of a job now. */
export interface JobFacts {
  readonly cluster: string;
  readonly job: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, Metric>>;
}

/** What lines say of all jobs, in the order in which these were first named; jobs of which all was taken back are left out. */
export function saidOfJobs(lines: readonly FactLine[]): JobFacts[] {
  return [...linesByJob(lines).values()]
    .map((its): JobFacts => ({
      cluster: its[0]?.cluster ?? '',
      job: its[0]?.job ?? 0,
      tags: lastOf(its.map(({ tags }) => tags)),
      metrics: metricsOfLines(its),
    }))
    .filter(({ tags, metrics }) => Object.keys(tags).length + Object.keys(metrics).length > 0);
}

function metricsOfLines(lines: readonly FactLine[]): Record<string, Metric> {
  const said = lastOf(lines.map(({ metrics }) => metrics));
  return Object.fromEntries(Object.entries(said).map(([name, metric]) => [name, metricOf(metric)]));
}

function linesByJob(lines: readonly FactLine[]): Map<string, FactLine[]> {
  const byJob = new Map<string, FactLine[]>();
  for (const line of lines) {
    const key = jobKey(line.cluster, line.job);
    const its = byJob.get(key);
    if (its === undefined) byJob.set(key, [line]);
    else its.push(line);
  }
  return byJob;
}

function jobKey(cluster: string, job: number): string {
  return `${cluster}\0${job}`;
}

function isOf({ started, at }: FactLine, { slurm_job: job }: ReportGroup): boolean {
  const start = job?.start ?? null;
  if (start === null) return true;
  const startMs = Date.parse(start);
  return started === undefined
    ? startMs <= Date.parse(at) + LONGEST_WAIT_MS
    : Math.abs(startMs - Date.parse(started)) <= SAME_JOB_MS;
}

/** Of each key the last value; none where that takes it back. */
function lastOf<T>(said: readonly (Readonly<Record<string, T | null>> | undefined)[]): Record<string, T> {
  const found = new Map<string, T>();
  for (const values of said) {
    for (const [key, value] of Object.entries(values ?? {})) {
      if (value === null) found.delete(key);
      else found.set(key, value);
    }
  }
  return Object.fromEntries(found);
}

function metricOf({ unit = '', best, points }: FactMetric): Metric {
  return {
    unit,
    ...(best === undefined ? {} : { best }),
    points: points.map(([step, value]) => ({ step, value })),
  };
}
