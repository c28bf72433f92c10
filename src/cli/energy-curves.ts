import { type CurvePiece, readCurve } from '../carbon/curve';
import type { Intensity } from '../carbon/intensity';
import { siteZone } from '../carbon/site-zone';
import { withYears, yearlyCurve } from '../carbon/yearly-curve';
import { loadZones, type Zones } from '../carbon/zone';
import { dataPath } from '../data-path';
import { intensityDir } from '../carbon/intensity-dir';
import type { SkippedLines } from '../carbon/intensity-line';
import { weightCurve } from '../carbon/weight-curve';
import type { Window } from '../archive/read-archive';
import { siteSeriesFor } from '../carbon/factor-by-time';
import { type FactorPiece, factorPieces, type FactorSeries, readFactorSeries } from '../carbon/factor-series';
import type { LoadedConfig } from '../config/config';
import {
  type IntensitySources,
  intensitySources,
  sourceStretches,
  type UsedTime,
} from '../report/intensity-sources';
import type { SiteFactors } from '../report/report';
import type { WeightCurve } from '../runs/slot-weights';
import type { FactorsIn } from './site-factors';
import { localTimeZone } from './time-zone';

/** No record is older, whatever a report is asked for. */
const EARLIEST_MS = Date.UTC(2015, 0);

/** Runs' lines can reach over the window's ends; and a report may ask for the future, which no series tells. */
const MARGIN_MS = 86_400_000;

/** Factors by time, as far as a site has them, and what they came from. */
export interface EnergyCurves {
  /** By cluster, what energies of a window are weighed by; null: its factors are the same at all times. */
  readonly curvesOf: (window: Window) => (cluster: string) => WeightCurve | null;
  /** By cluster, where the intensities are from that were taken for a window, of the part of it in which energy was used. */
  readonly sourcesOf: (window: Window) => (cluster: string, used: UsedTime) => IntensitySources;
}

export interface EnergyCurvesOptions {
  readonly loaded: LoadedConfig;
  /** A factor that changes with time is its mean over the window's: that is for energy of which nobody knows the time. */
  readonly factorsIn: FactorsIn;
  readonly nowMs: number;
  /** Intensities as they were known then; absent: now. */
  readonly asOfMs?: number;
  /** Counts damaged lines of the series. */
  readonly skipped: SkippedLines;
}

/**
 * The curves of clusters, from the series of their zones in `intensity_dir` and the files of PUE and price that the config names: each read once
 * for a window. A zone without a series has its averages of years, each year its own as far as the tables go.
 * @returns functions that throw EitError EIT_INTENSITY, EIT_FACTOR_FILE where there is a series that cannot be read
 */
export function energyCurves(options: EnergyCurvesOptions): EnergyCurves {
  const sources = new Map<string, (used: UsedTime) => IntensitySources>();
  const keyOf = ({ sinceMs, untilMs }: Window, cluster: string) => `${sinceMs} ${untilMs} ${cluster}`;
  let zones: Zones | null = null;
  const files = new Map<string, FactorSeries>();
  const readers: Readers = {
    ofYear: (cluster, year) => {
      zones ??= loadZones(dataPath());
      return siteZone(options.loaded, cluster, zones, year).intensity;
    },
    readFactors: (path, asked) => {
      const key = `${asked.what} ${path}`;
      const series = files.get(key) ?? readFactorSeries(path, asked);
      files.set(key, series);
      return series;
    },
  };
  return {
    curvesOf: (window) => {
      const factorsOf = options.factorsIn(window);
      const known = new Map<string, WeightCurve | null>();
      return (cluster) => {
        let curve = known.get(cluster);
        if (curve === undefined) {
          const found = clusterCurve(options, cluster, factorsOf(cluster), window, readers);
          curve = found.curve;
          known.set(cluster, curve);
          sources.set(keyOf(window, cluster), found.sources);
        }
        return curve;
      };
    },
    sourcesOf: (window) => (cluster, used) => sources.get(keyOf(window, cluster))?.(used) ?? NONE,
  };
}

/** What a curve is made of, each read once. */
interface Readers {
  readonly ofYear: (cluster: string, year: number) => Intensity;
  readonly readFactors: typeof readFactorSeries;
}

function clusterCurve(
  { loaded, asOfMs, nowMs, skipped }: EnergyCurvesOptions,
  cluster: string,
  {
    zone,
    intensityBasis: basis,
    intensityGPerKwh: gPerKwh,
    intensitySource,
    intensityYear,
    pue,
    side,
  }: SiteFactors,
  { sinceMs, untilMs }: Window,
  { ofYear, readFactors }: Readers,
): { readonly curve: WeightCurve | null; readonly sources: (used: UsedTime) => IntensitySources } {
  const { config } = loaded;
  const named = cluster || (config.cluster ?? '');
  const fromMs = Math.max(sinceMs - MARGIN_MS, EARLIEST_MS);
  const toMs = Math.max(fromMs + MARGIN_MS, Math.min(untilMs, nowMs) + MARGIN_MS);
  const byYear =
    fromMs < Date.UTC(intensityYear, 0)
      ? yearlyCurve((year) => ofYear(named, Math.min(year, intensityYear)), fromMs, toMs)
      : [];
  const isOneYear = byYear.every((year) => year.gPerKwh === gPerKwh && year.source === intensitySource);
  const hourly = readCurve(intensityDir(config), zone, {
    ...{ fromMs, toMs, basis, skipped },
    // What is beyond it is painted, and chooses nothing.
    window: { fromMs: Math.max(sinceMs, fromMs), toMs: Math.min(untilMs, toMs) },
    yearly: { gPerKwh, source: intensitySource },
    ...(asOfMs === undefined ? {} : { asOfMs }),
  });
  const timeZone = config.time_zone ?? localTimeZone();
  const series = siteSeriesFor(loaded, named, timeZone, readFactors);
  const always = { fromMs, toMs };
  const constant: CurvePiece = {
    ...{ ...always, gPerKwh, basis, source: intensitySource },
    origin: 'yearly',
    isEstimate: false,
  };
  const intensity = withYears(hourly ?? [constant], isOneYear ? [constant] : byYear);
  const stretches = sourceStretches(intensity);
  const sources = (used: UsedTime): IntensitySources =>
    intensitySources(
      stretches,
      // A run can have begun before the window, and gone on after it.
      { fromMs: Math.max(used.fromMs, sinceMs), toMs: Math.min(used.toMs, untilMs) },
      (year) => ofYear(named, year),
      intensityYear,
    );
  if (hourly === null && isOneYear && series.pue === null && series.price === null)
    return { curve: null, sources };

  const piecesOf = (byTime: FactorSeries | null, value: number): readonly FactorPiece[] =>
    byTime === null ? [{ ...always, value, isAssumed: false }] : factorPieces(byTime, fromMs, toMs);
  const price = side?.pricePerKwh ?? null;
  const curve = weightCurve({
    intensity,
    pue: piecesOf(series.pue, pue),
    price: price === null ? null : piecesOf(series.price, price),
    basis,
  });
  return { curve, sources };
}

const NONE: IntensitySources = { series: [], yearly: [], years: [], notes: [] };
