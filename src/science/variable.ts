import { nearest } from '../config/nearest';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { ReportGroup } from '../generated/report';
import { type Column, columnNamed, COLUMNS } from '../report/columns';
import { amountText } from './amount-text';
import { metricNames, metricVariable } from './metric-variable';
import { jobName, type RunSet } from './run-set';

/** A figure of jobs that sets are compared by. */
export interface Variable {
  readonly name: string;
  /** '' where it has none. */
  readonly unit: string;
  valueOf(job: ReportGroup): number | null;
  /** For people, with the unit; also of a value below 0, such as a difference. */
  text(value: number): string;
}

const SHORT: Readonly<Record<string, string>> = { energy: 'Energy', co2e: 'CO2e', time: 'Elapsed' };

/** Numbers that count nothing. */
const NAMES = new Set(['JobID', 'ArrayJobID', 'HetJobID', 'NodesExpected', 'NodesReported', 'Jobs']);

/**
 * A variable by name: energy, co2e, time, a column of eit-report that is a number, or what users measured of their runs, by its name
 * (of a series its last value), also `accuracy:best` (see METRIC_FIGURES).
 * @param sets whose users' metrics count; none by default
 * @throws EitError EIT_USAGE
 */
export function variableNamed(name: string, sets: readonly RunSet[] = []): Variable {
  const column = columnNamed(SHORT[name.toLowerCase()] ?? name);
  const all: readonly Column[] = COLUMNS;
  const known = all.filter((one) => one.isText !== true && !NAMES.has(one.name));
  if (column === undefined || !known.includes(column)) {
    const metric = metricVariable(name, sets);
    if (metric !== null) return metric;
    const names = [...Object.keys(SHORT), ...known.map((one) => one.name), ...metricNames(sets)];
    const [near] = nearest(name, names, 1);
    throw new EitError(
      'EIT_USAGE',
      `${JSON.stringify(visible(name, 40))} is no figure of a job (there are: ${names.map((one) => visible(one, 64)).join(', ')}).` +
        (near === undefined ? '' : ` Did you mean ${visible(near, 64)}?`),
    );
  }
  const unit = column.unit ?? '';
  return {
    name: column.name,
    unit,
    valueOf: (job) => {
      const value = column.raw(job);
      return typeof value === 'number' ? value : null;
    },
    text: (value) => `${value < 0 ? '-' : ''}${amountText(Math.abs(value), unit)}`,
  };
}

/**
 * The values of a set, one a job.
 * @throws EitError EIT_USAGE where it is not told of each job
 */
export function valuesOf({ filter, report }: RunSet, variable: Variable): number[] {
  const lacking: string[] = [];
  const values = report.groups.map((job) => {
    const value = variable.valueOf(job);
    if (value === null) lacking.push(jobName(job));
    return value ?? NaN;
  });
  if (lacking.length === 0) return values;
  throw new EitError(
    'EIT_USAGE',
    `${variable.name} is not told of ${lacking.slice(0, 10).join(', ')}${lacking.length > 10 ? ', ...' : ''} in ${visible(filter.name, 40)}: ` +
      'compare by another figure, or leave these out by the filter',
  );
}
