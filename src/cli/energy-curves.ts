import { readCurve } from '../carbon/curve';
import { intensityDir } from '../carbon/intensity-dir';
import type { SkippedLines } from '../carbon/intensity-line';
import { weightCurve } from '../carbon/weight-curve';
import type { Window } from '../archive/read-archive';
import { siteSeriesFor } from '../carbon/factor-by-time';
import { type FactorPiece, factorPieces, type FactorSeries, readFactorSeries } from '../carbon/factor-series';
import type { LoadedConfig } from '../config/config';
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
  /** Sources of the series of a cluster that were read for any window; the average of a year is none of them. */
  readonly sourcesOf: (cluster: string) => string[];
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
 * for a window. A zone without a series has its average of a year.
 * @returns functions that throw EitError EIT_INTENSITY, EIT_FACTOR_FILE where there is a series that cannot be read
 */
export function energyCurves(options: EnergyCurvesOptions): EnergyCurves {
  const sources = new Map<string, Set<string>>();
  return {
    curvesOf: (window) => {
      const factorsOf = options.factorsIn(window);
      const known = new Map<string, WeightCurve | null>();
      return (cluster) => {
        let curve = known.get(cluster);
        if (curve === undefined) {
          const found = clusterCurve(options, cluster, factorsOf(cluster), window);
          curve = found?.curve ?? null;
          known.set(cluster, curve);
          sources.set(cluster, new Set([...(sources.get(cluster) ?? []), ...(found?.sources ?? [])]));
        }
        return curve;
      };
    },
    sourcesOf: (cluster) => [...(sources.get(cluster) ?? [])].sort(),
  };
}

function clusterCurve(
  { loaded, asOfMs, nowMs, skipped }: EnergyCurvesOptions,
  cluster: string,
  { zone, intensityBasis: basis, intensityGPerKwh: gPerKwh, intensitySource: source, pue, side }: SiteFactors,
  { sinceMs, untilMs }: Window,
): { readonly curve: WeightCurve; readonly sources: readonly string[] } | null {
  const { config } = loaded;
  const fromMs = Math.max(sinceMs - MARGIN_MS, EARLIEST_MS);
  const toMs = Math.max(fromMs + MARGIN_MS, Math.min(untilMs, nowMs) + MARGIN_MS);
  const intensity = readCurve(intensityDir(config), zone, {
    ...{ fromMs, toMs, basis, skipped },
    yearly: { gPerKwh, source },
    ...(asOfMs === undefined ? {} : { asOfMs }),
  });
  const timeZone = config.time_zone ?? localTimeZone();
  const series = siteSeriesFor(loaded, cluster || (config.cluster ?? ''), timeZone, readFactorSeries);
  if (intensity === null && series.pue === null && series.price === null) return null;

  const always = { fromMs, toMs };
  const piecesOf = (byTime: FactorSeries | null, value: number): readonly FactorPiece[] =>
    byTime === null ? [{ ...always, value, isAssumed: false }] : factorPieces(byTime, fromMs, toMs);
  const price = side?.pricePerKwh ?? null;
  const curve = weightCurve({
    intensity: intensity ?? [{ ...always, gPerKwh, origin: 'yearly', isEstimate: false, basis }],
    pue: piecesOf(series.pue, pue),
    price: price === null ? null : piecesOf(series.price, price),
    basis,
  });
  const fromSeries = (intensity ?? []).flatMap((piece) => (piece.origin === 'yearly' ? [] : [piece.source]));
  return { curve, sources: fromSeries };
}
