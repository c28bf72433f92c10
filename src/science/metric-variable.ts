import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { ReportGroup } from '../generated/report';
import { amountText } from './amount-text';
import type { Metric } from './own-facts';
import { jobName, type RunSet } from './run-set';
import { mean } from './sample';
import type { Variable } from './variable';

/** What of a series counts. */
export const METRIC_FIGURES = ['last', 'best', 'mean', 'max', 'min'] as const;
export type MetricFigure = (typeof METRIC_FIGURES)[number];

/**
 * One figure of what a user measured.
 * @param figure `best` is null where he did not say which value is the best; of one value it is that one
 */
export function metricFigure({ points, best }: Metric, figure: MetricFigure): number | null {
  const values = points.map(({ value }) => value);
  if (figure === 'last') return values.at(-1) ?? null;
  if (figure === 'mean') return mean(values);
  if (figure === 'best' && best === undefined) return values.length === 1 ? (values[0] ?? null) : null;
  const isMost = figure === 'max' || (figure === 'best' && best === 'max');
  return values.reduce((a, b) => (isMost ? Math.max(a, b) : Math.min(a, b)));
}

/** Names of all that users measured of the runs of sets, in alphabetical order. */
export function metricNames(sets: readonly RunSet[]): string[] {
  const names = sets.flatMap(({ report, own }) =>
    report.groups.flatMap((job) => Object.keys(own.metricsOf(job))),
  );
  return [...new Set(names)].sort();
}

/**
 * A metric by name, or by name and what of a series counts: `accuracy`, `accuracy:best`.
 * @returns null where no run has it
 * @throws EitError EIT_USAGE where runs have it in several units, or a best is asked for and not said
 */
export function metricVariable(name: string, sets: readonly RunSet[]): Variable | null {
  const [metric = '', asked = 'last', ...more] = name.split(':');
  const figure = METRIC_FIGURES.find((one) => one === asked);
  const found = sets.flatMap(({ report, own }) =>
    report.groups.flatMap((job) => {
      const metrics = own.metricsOf(job);
      const its = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
      return its === undefined ? [] : [{ job, its }];
    }),
  );
  const [first] = found;
  if (first === undefined) return null;
  const shown = visible(metric, 64);
  if (figure === undefined || more.length > 0)
    throw new EitError(
      'EIT_USAGE',
      `${JSON.stringify(visible(name, 80))}: of ${shown} there is ${METRIC_FIGURES.map((one) => `${shown}:${one}`).join(', ')}`,
    );
  const { unit } = first.its;
  const other = found.find(({ its }) => its.unit !== unit);
  if (other !== undefined)
    throw new EitError(
      'EIT_USAGE',
      `${shown} has several units: ${unitText(unit)} of ${jobName(first.job)}, ${unitText(other.its.unit)} of ${jobName(other.job)}; ` +
        'say it anew in one unit (eit metric JOB name=value)',
    );
  const unclear = found.find(({ its }) => metricFigure(its, figure) === null);
  if (unclear !== undefined)
    throw new EitError(
      'EIT_USAGE',
      `of ${shown} of ${jobName(unclear.job)} nobody said which value is the best: take ${shown}:max or ${shown}:min, or say it (eit metric --best max)`,
    );
  const values = new Map<ReportGroup, number | null>(
    found.map(({ job, its }) => [job, metricFigure(its, figure)]),
  );
  return {
    name: asked === 'last' && !name.includes(':') ? metric : `${metric} (${asked})`,
    unit,
    valueOf: (job) => values.get(job) ?? null,
    text: (value) => `${value < 0 ? '-' : ''}${amountText(Math.abs(value), unit)}`,
  };
}

function unitText(unit: string): string {
  return unit === '' ? 'none' : visible(unit, 32);
}
