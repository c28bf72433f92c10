import { monthMs, seriesMonths } from './series-files';
import { readSeries } from './intensity-store';
import { utcMs } from './intensity-line';
import { usualStepMs } from './usual-step';

/**
 * How long the values of a zone are, by the newest month of its series: of several sources or bases those of the finest.
 * @returns ms; null where there is no series
 * @throws EitError EIT_INTENSITY where there is one that cannot be read
 */
export function seriesStepMs(dir: string, zone: string): number | null {
  const [month] = seriesMonths(dir, zone);
  if (month === undefined) return null;
  const lengthsMs = new Map<string, number[]>();
  for (const { start, end, basis, flow, source } of readSeries(dir, zone, monthMs(month))) {
    const key = `${basis} ${flow} ${source}`;
    const its = lengthsMs.get(key) ?? [];
    its.push(utcMs(end) - utcMs(start));
    lengthsMs.set(key, its);
  }
  const steps = [...lengthsMs.values()].map(usualStepMs);
  return steps.length === 0 ? null : Math.min(...steps);
}
