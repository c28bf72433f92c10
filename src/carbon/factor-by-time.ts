import { type LoadedConfig, siteFor } from '../config/config';
import {
  assumedStretches,
  factorPieces,
  type FactorSeries,
  type FactorSeriesOptions,
  meanOverTime,
} from './factor-series';

/** A time, Unix ms, its end not in it. */
export interface TimeWindow {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** What a factor that changes with time is over a window. */
export interface FactorByTime {
  readonly factor: 'pue' | 'price';
  readonly file: string;
  /** Mean over the time of the window. */
  readonly value: number;
  readonly least: number;
  readonly most: number;
  /** Times of which the file says nothing: the value nearest in time was taken. */
  readonly assumed: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** A PUE is of a building; a price on the spot market can be below 0. */
const RANGES = {
  pue: { what: 'PUE', least: 1, most: 10 },
  price: { what: 'price', least: -1_000_000, most: 1_000_000 },
} as const;

/** The factors of a cluster that change with time, from the files that the config names. */
export interface SiteSeries {
  readonly pue: FactorSeries | null;
  readonly price: FactorSeries | null;
}

/**
 * @param timeZone of times without an offset, IANA name
 * @param read as `readFactorSeries`
 * @throws EitError EIT_FACTOR_FILE
 */
export function siteSeriesFor(
  { config }: LoadedConfig,
  cluster: string,
  timeZone: string,
  read: (path: string, options: FactorSeriesOptions) => FactorSeries,
): SiteSeries {
  const { pue_file: pueFile, price_file: priceFile } = siteFor(config, cluster);
  const series = (path: string | undefined, factor: FactorByTime['factor']): FactorSeries | null =>
    path === undefined ? null : read(path, { ...RANGES[factor], timeZone });
  return { pue: series(pueFile, 'pue'), price: series(priceFile, 'price') };
}

/** The mean over a window; of a window of no length the value at its begin. */
export function factorInWindow(
  factor: FactorByTime['factor'],
  series: FactorSeries,
  { sinceMs, untilMs }: TimeWindow,
): FactorByTime {
  const pieces = factorPieces(series, sinceMs, Math.max(untilMs, sinceMs + 1));
  // A file of years has more pieces than a call takes arguments.
  let [least, most] = [Infinity, -Infinity];
  for (const { value } of pieces) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return {
    factor,
    file: series.file,
    value: meanOverTime(pieces),
    least,
    most,
    assumed: assumedStretches(pieces),
  };
}
