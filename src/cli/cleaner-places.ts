import { DateTime } from 'luxon';
import { type CurvePiece, readCurve } from '../carbon/curve';
import { intensityDir } from '../carbon/intensity-dir';
import { SkippedLines } from '../carbon/intensity-line';
import type { LoadedConfig } from '../config/config';
import type { JobSummary } from '../generated/report';
import { type CleanerPlaces, cleanestStart, meanOver, NOWHERE, REACH_MS } from '../mail/cleaner';
import type { SiteFactors } from '../report/report';
import type { FactorsIn } from './site-factors';

const DAY_MS = 86_400_000;
/** Series get new values all day. */
const KEPT_MS = 600_000;
const MOST_CURVES = 64;

/** Finds when and where jobs would have met cleaner electricity, by the series and the clusters of the config. */
export class CleanerFinder {
  readonly #loaded: LoadedConfig;
  readonly #factorsIn: FactorsIn;
  readonly #timeZone: string;
  readonly #curves = new Map<string, { readonly atMs: number; readonly pieces: readonly CurvePiece[] }>();

  /** @param timeZone that times are shown in */
  constructor(loaded: LoadedConfig, factorsIn: FactorsIn, timeZone: string) {
    this.#loaded = loaded;
    this.#factorsIn = factorsIn;
    this.#timeZone = timeZone;
  }

  /** @throws EitError EIT_INTENSITY where a series cannot be read */
  find(summary: JobSummary, nowMs: number): CleanerPlaces {
    const [fromMs, toMs] = [Date.parse(summary.start), Date.parse(summary.end)];
    const { energy_kwh: energy, co2e_kg: co2eKg } = summary.figures;
    if (!(fromMs < toMs) || energy.total === 0) return NOWHERE;
    const factorsOf = this.#factorsIn({ sinceMs: fromMs, untilMs: toMs });
    const own = factorsOf(summary.cluster);
    const pieces = this.#pieces(own, fromMs, toMs, nowMs);
    const start = summary.scope === 'run' ? cleanestStart(pieces, fromMs, toMs) : null;
    return {
      hour:
        start === null
          ? null
          : {
              text: DateTime.fromMillis(start.startMs, { zone: this.#timeZone }).toFormat('yyyy-MM-dd HH:mm'),
              gPerKwh: start.gPerKwh,
              savesKg: (energy.total * (start.ownGPerKwh - start.gPerKwh)) / 1000,
            },
      cluster: this.#cleanestCluster(summary, co2eKg, { factorsOf, fromMs, toMs, nowMs }),
    };
  }

  /** By what both have: series of that time, else the averages of years. */
  #cleanestCluster(
    { cluster, figures }: JobSummary,
    co2eKg: number,
    { factorsOf, fromMs, toMs, nowMs }: { factorsOf: (cluster: string) => SiteFactors } & Times,
  ): CleanerPlaces['cluster'] {
    const ownFactors = factorsOf(cluster);
    const ownMean = this.#mean(ownFactors, { fromMs, toMs, nowMs });
    let best: CleanerPlaces['cluster'] = null;
    for (const name of Object.keys(this.#loaded.config.clusters)) {
      if (name === cluster) continue;
      const factors = factorsOf(name);
      const mean = ownMean === null ? null : this.#mean(factors, { fromMs, toMs, nowMs });
      const [here, there] =
        ownMean !== null && mean !== null
          ? [ownMean, mean]
          : [ownFactors.intensityGPerKwh, factors.intensityGPerKwh];
      const part = 1 - (factors.pue * there) / (ownFactors.pue * here);
      const savesKg = co2eKg * part;
      if (figures.energy_kwh.it > 0 && part > 0 && savesKg > (best?.savesKg ?? 0)) best = { name, savesKg };
    }
    return best;
  }

  #mean(factors: SiteFactors, { fromMs, toMs, nowMs }: Times): number | null {
    return meanOver(this.#pieces(factors, fromMs, toMs, nowMs), fromMs, toMs);
  }

  /** Of whole days around, so that jobs of one day read a series once. */
  #pieces({ zone, intensityBasis: basis }: SiteFactors, fromMs: number, toMs: number, nowMs: number) {
    const from = Math.floor((fromMs - REACH_MS) / DAY_MS) * DAY_MS;
    const to = Math.ceil((toMs + REACH_MS) / DAY_MS) * DAY_MS;
    const key = `${zone} ${basis} ${from} ${to}`;
    const known = this.#curves.get(key);
    if (known !== undefined && known.atMs > nowMs - KEPT_MS) return known.pieces;
    const pieces =
      readCurve(intensityDir(this.#loaded.config), zone, {
        ...{ fromMs: from, toMs: to, basis },
        yearly: { gPerKwh: 0, source: '' },
        skipped: new SkippedLines(),
      }) ?? [];
    if (this.#curves.size >= MOST_CURVES) this.#curves.clear();
    this.#curves.set(key, { atMs: nowMs, pieces });
    return pieces;
  }
}

interface Times {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
}
