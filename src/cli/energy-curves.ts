import { readCurve } from '../carbon/curve';
import { intensityDir } from '../carbon/intensity-dir';
import type { SkippedLines } from '../carbon/intensity-line';
import { weightCurve } from '../carbon/weight-curve';
import type { Window } from '../archive/read-archive';
import type { EitConfig } from '../generated/config';
import type { SiteFactors } from '../report/report';
import type { WeightCurve } from '../runs/slot-weights';

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
  readonly config: EitConfig;
  readonly factorsOf: (cluster: string) => SiteFactors;
  readonly nowMs: number;
  /** Intensities as they were known then; absent: now. */
  readonly asOfMs?: number;
  /** Counts damaged lines of the series. */
  readonly skipped: SkippedLines;
}

/**
 * The curves of clusters, from the series of their zones in `intensity_dir`: each read once for a window. A zone without a series has its average
 * of a year.
 * @returns functions that throw EitError EIT_INTENSITY where there is a series that cannot be read
 */
export function energyCurves(options: EnergyCurvesOptions): EnergyCurves {
  const { factorsOf, nowMs } = options;
  const sources = new Map<string, Set<string>>();
  return {
    curvesOf: ({ sinceMs, untilMs }) => {
      const fromMs = Math.max(sinceMs - MARGIN_MS, EARLIEST_MS);
      const toMs = Math.max(fromMs + MARGIN_MS, Math.min(untilMs, nowMs) + MARGIN_MS);
      const known = new Map<string, WeightCurve | null>();
      return (cluster) => {
        let curve = known.get(cluster);
        if (curve === undefined) {
          const found = clusterCurve(options, factorsOf(cluster), fromMs, toMs);
          curve = found?.curve ?? null;
          known.set(cluster, curve);
          const all = sources.get(cluster) ?? new Set();
          for (const source of found?.sources ?? []) all.add(source);
          sources.set(cluster, all);
        }
        return curve;
      };
    },
    sourcesOf: (cluster) => [...(sources.get(cluster) ?? [])].sort(),
  };
}

function clusterCurve(
  { config, asOfMs, skipped }: EnergyCurvesOptions,
  { zone, intensityBasis, intensityGPerKwh, intensitySource, pue }: SiteFactors,
  fromMs: number,
  toMs: number,
): { readonly curve: WeightCurve; readonly sources: readonly string[] } | null {
  const intensity = readCurve(intensityDir(config), zone, {
    fromMs,
    toMs,
    basis: intensityBasis,
    yearly: { gPerKwh: intensityGPerKwh, source: intensitySource },
    skipped,
    ...(asOfMs === undefined ? {} : { asOfMs }),
  });
  if (intensity === null) return null;
  const always = { fromMs, toMs, isAssumed: false };
  const curve = weightCurve({
    intensity,
    pue: [{ ...always, value: pue }],
    price: null,
    basis: intensityBasis,
  });
  return { curve, sources: intensity.flatMap(({ origin, source }) => (origin === 'yearly' ? [] : [source])) };
}
