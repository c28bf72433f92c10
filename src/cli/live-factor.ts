import type { Factors } from '../carbon/factors';
import { intensityDir } from '../carbon/intensity-dir';
import { readSeries } from '../carbon/intensity-store';
import { newestOf } from '../carbon/newest-intensity';
import type { LoadedConfig } from '../config/config';
import { EitError } from '../errors';
import type { LiveFactor } from '../live/top-view';
import { plainNumber } from '../report/units';
import { siteFactors } from './site-factors';

/** A value older than this (ms) is none of now. */
const NEWEST_MS = 6 * 3_600_000;

/**
 * What a kilowatt-hour counts for now: the newest value of the site's series, else the zone's yearly average, times the PUE of now and the
 * node's overhead. A report later takes the intensity of each hour; this is a first look.
 * @returns null where the config does not tell the place, or wrongly
 */
export function liveFactor(loaded: LoadedConfig, cluster: string, nowMs: number): LiveFactor | null {
  try {
    const factors = siteFactors(loaded)({ sinceMs: nowMs, untilMs: nowMs })(cluster);
    const newest = newestIntensity(loaded, factors, nowMs);
    const gPerKwh = newest ?? factors.intensityGPerKwh;
    const from = newest === null ? ` (${factors.intensityYear})` : '';
    return {
      gPerKwh: gPerKwh * factors.pue * factors.nodeOverhead,
      text: `${factors.zone} ${Math.round(gPerKwh)} g/kWh${from}, PUE ${plainNumber(Number(factors.pue.toPrecision(4)))}`,
    };
  } catch (error) {
    if (error instanceof EitError) return null;
    throw error;
  }
}

/** null where there is no series of late, or this user may not read it: the yearly average stands in then, and is named. */
function newestIntensity(
  { config }: LoadedConfig,
  { zone, intensityBasis }: Pick<Factors, 'zone' | 'intensityBasis'>,
  nowMs: number,
): number | null {
  try {
    const lines = readSeries(intensityDir(config), zone, { fromMs: nowMs - NEWEST_MS, toMs: nowMs });
    return newestOf(lines, intensityBasis)?.gPerKwh ?? null;
  } catch (error) {
    if (error instanceof EitError) return null;
    throw error;
  }
}
