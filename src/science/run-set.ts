import { EitError } from '../errors';
import type { EitReport, ReportGroup } from '../generated/report';
import { nearest } from '../config/nearest';
import { visible } from '../config/visible';
import { percentText } from '../report/units';
import { measuredPartText } from '../report/measured-part';
import type { OwnFacts } from './own-facts';

/** What of eit-report's options a filter may say. */
export const FILTER_KEYS = [
  'jobs',
  'user',
  'account',
  'partition',
  'clusters',
  'nodelist',
  'qos',
  'name',
  'state',
  'tag',
  'starttime',
  'endtime',
] as const;

export type FilterKey = (typeof FILTER_KEYS)[number];

/** Runs that belong together, as the command line names them. */
export interface RunSetFilter {
  readonly name: string;
  /** As it was written. */
  readonly text: string;
  /** Values as eit-report takes them. */
  readonly asked: Readonly<Partial<Record<FilterKey, readonly string[]>>>;
}

/** One figure a job: what the report of the set says. */
export interface RunSet {
  readonly filter: RunSetFilter;
  readonly report: EitReport;
  readonly own: OwnFacts;
}

const FORM =
  'NAME=FILTER with a filter of job ids (1234,1240_[1-5]) or of keys as eit-report has them: "A=name=train;state=CD;user=alice"';

/**
 * A set of runs as options write it: `NAME=FILTER`. The filter is what -j of eit-report takes, or `key=value` with semicolons between them; `\;` is a
 * semicolon of a value, commas separate values.
 * @throws EitError EIT_USAGE
 */
export function parseRunSet(text: string): RunSetFilter {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at)).trim();
  const filter = text.slice(at + 1).trim();
  if (name === '' || filter === '')
    throw new EitError('EIT_USAGE', `--set ${JSON.stringify(visible(text, 80))} is no set: give ${FORM}`);
  return { name, text: filter, asked: parseFilter(filter) };
}

function parseFilter(filter: string): RunSetFilter['asked'] {
  // No key has a digit in front: ids need none.
  if (/^\d[^=]*$/.test(filter)) return { jobs: [filter] };
  const asked: Partial<Record<FilterKey, string[]>> = {};
  for (const part of partsOf(filter)) {
    const at = part.indexOf('=');
    const written = part.slice(0, Math.max(0, at)).trim();
    const key = FILTER_KEYS.find((known) => known === written);
    const value = part.slice(at + 1);
    if (at === -1)
      throw new EitError(
        'EIT_USAGE',
        `the filter ${JSON.stringify(visible(part, 80))} is no key=value: give ${FORM}`,
      );
    if (key === undefined) {
      const [near] = nearest(written, FILTER_KEYS, 1);
      throw new EitError(
        'EIT_USAGE',
        `a filter has no key ${JSON.stringify(visible(written, 40))} (there are: ${FILTER_KEYS.join(', ')}).` +
          (near === undefined ? '' : ` Did you mean ${near}?`),
      );
    }
    if (value.trim() === '') throw new EitError('EIT_USAGE', `the filter's key ${key} has no value`);
    (asked[key] ??= []).push(value);
  }
  return asked;
}

/** Split at semicolons that no backslash precedes. */
function partsOf(filter: string): string[] {
  const parts = [''];
  for (let i = 0; i < filter.length; i++) {
    const [character, next] = [filter.charAt(i), filter.charAt(i + 1)];
    if (character === '\\' && (next === ';' || next === '\\')) {
      parts[parts.length - 1] += next;
      i++;
    } else if (character === ';') parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.filter((part) => part.trim() !== '');
}

/** Below this part of a job's nodes and time observed, no claim about it rests on a measurement. */
export const LEAST_COVERAGE = 0.95;

/** Most jobs that a message names. */
const MOST_NAMED = 10;

/**
 * Refuses what no claim can be made of: sets of one name, jobs that were observed in part.
 * @throws EitError EIT_USAGE, EIT_COVERAGE
 */
export function checkSets(sets: readonly RunSet[], { allowIncomplete }: { allowIncomplete: boolean }): void {
  const names = sets.map(({ filter }) => filter.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new EitError(
      'EIT_USAGE',
      `two sets are called ${JSON.stringify(visible(twice, 80))}: name them apart`,
    );
  if (allowIncomplete) return;
  const lacking = sets.flatMap(({ filter, report }) =>
    report.groups
      .filter((job) => !isCovered(job))
      .map((job) => `${jobName(job)} of ${visible(filter.name, 40)} (${coverageOf(job)})`),
  );
  if (lacking.length === 0) return;
  throw new EitError(
    'EIT_COVERAGE',
    `${listed(lacking)} ${lacking.length === 1 ? 'was' : 'were'} observed for less than ${LEAST_COVERAGE * 100} % of ${lacking.length === 1 ? 'its' : 'their'} nodes and time: ` +
      'their energy is too low by what is missing. Leave them out by the filter, or say --allow-incomplete and the result says so',
  );
}

export function isCovered(job: ReportGroup): boolean {
  return job.coverage !== null && job.coverage >= LEAST_COVERAGE && job.nodes_reported >= job.nodes_expected;
}

function coverageOf({ coverage, nodes_reported: reported, nodes_expected: expected }: ReportGroup): string {
  const part = coverage === null ? 'unknown' : percentText(coverage);
  return reported < expected ? `${part}, nodes ${reported}/${expected}` : part;
}

/** As tables show it; ids of several clusters can be the same. */
export function jobName({ job_id: id, slurm_job: job }: ReportGroup): string {
  const { array_job_id: array = null, array_task_id: task = null } = job ?? {};
  return `job ${array !== null && task !== null ? `${array}_${task}` : String(id ?? '?')}`;
}

function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}

/**
 * What makes a difference between sets one of something else than what was to be compared.
 * @returns sentences, none where all is alike
 */
export function setWarnings(sets: readonly RunSet[]): string[] {
  const warnings: string[] = [];
  for (const { filter, report } of sets) {
    const name = visible(filter.name, 40);
    const n = report.groups.length;
    if (n < 5) warnings.push(`${name} has ${n} ${n === 1 ? 'job' : 'jobs'}: below 5 a test tells little`);
    const partial = report.groups.filter((job) => !isCovered(job));
    if (partial.length > 0)
      warnings.push(
        `${name}: ${listed(partial.map((job) => `${jobName(job)} (${coverageOf(job)})`))} observed in part; its energy is too low`,
      );
    const unfinished = report.groups.filter(
      ({ slurm_job: job }) => job !== undefined && job.state !== 'COMPLETED',
    );
    if (unfinished.length > 0)
      warnings.push(
        `${name}: ${listed(unfinished.map((job) => `${jobName(job)} is ${visible(job.slurm_job?.state ?? '', 20)}`))}`,
      );
  }
  const differ = (what: string, of: (set: RunSet) => string): void => {
    const values = sets.map((set) => of(set));
    if (new Set(values).size <= 1) return;
    warnings.push(
      `the sets differ in ${what}: ${sets.map(({ filter }, i) => `${visible(filter.name, 40)} ${visible(values[i] ?? '', 120)}`).join('; ')}`,
    );
  };
  const joined = (values: readonly string[]): string => (values.length === 0 ? 'unknown' : values.join(', '));
  differ('CPUs', ({ report }) => joined(report.total.cpu_models));
  differ('GPUs', ({ report }) => (report.total.gpu_seconds > 0 ? joined(report.total.gpu_models) : 'none'));
  differ('policy', ({ report }) => report.policy);
  differ('PUE', ({ report }) => report.factors.pue.toPrecision(4));
  differ('zone', ({ report }) => report.factors.zone);
  differ('quality', ({ report }) => measuredPartText(report.total.measured_fraction, 'unknown'));
  for (const [i, one] of sets.entries()) {
    const own = new Set(one.report.groups.map((job) => identityOf(job)));
    for (const other of sets.slice(i + 1)) {
      const both = other.report.groups.filter((job) => own.has(identityOf(job)));
      if (both.length > 0)
        warnings.push(
          `${listed(both.map(jobName))} in both ${visible(one.filter.name, 40)} and ${visible(other.filter.name, 40)}: the tests take sets as independent`,
        );
    }
  }
  return warnings;
}

export function identityOf({ cluster, job_id: id, user, slurm_job: job }: ReportGroup): string {
  return JSON.stringify([cluster, id, user, job?.start ?? null]);
}
