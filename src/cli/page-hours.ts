import { type CleanHours, cleanHours, type GridIntensity, type HourSums } from '../pages/hour-sums';
import type { ReportQuery } from '../report/aggregate';
import { calendar } from '../runs/calendar';
import { type WeightCurve, WEIGHTS } from '../runs/slot-weights';
import type { EnergyCurves } from './energy-curves';

/** A page lists so many jobs, those with the most energy: some 5 MB. */
export const MOST_JOBS = 50_000;

/** With more days than this, hours are shown by month. */
const MOST_HOUR_DAYS = 62;

const CO2E = WEIGHTS.indexOf('co2e');
const TOTAL = WEIGHTS.indexOf('total');

/** The clean and dirty hours of a page, up to where the data go. */
export function hoursOf(
  sums: HourSums,
  query: Pick<ReportQuery, 'sinceMs' | 'untilMs' | 'timeZone'>,
  {
    curvesOf,
    dataUntilMs,
  }: { readonly curvesOf: EnergyCurves['curvesOf']; readonly dataUntilMs: number | null },
): CleanHours {
  const curveOf = curvesOf(query);
  return cleanHours(sums, {
    sinceMs: query.sinceMs,
    untilMs: Math.min(query.untilMs, dataUntilMs ?? query.untilMs),
    gridOf: (cluster) => gridIntensity(curveOf(cluster)),
    hourOf: calendar('hour', query.timeZone),
    mostDays: MOST_HOUR_DAYS,
  });
}

/** What a kWh of the building's energy counts for. */
export function gridIntensity(curve: WeightCurve | null): GridIntensity | null {
  if (curve === null) return null;
  return (fromMs, toMs) => {
    const weights = curve.over(fromMs, toMs);
    return Number(weights[CO2E] ?? 0n) / Number(weights[TOTAL] ?? 1n);
  };
}
