import { countryAverage } from '../carbon/country-average';
import { readCurve } from '../carbon/curve';
import type { IntensityBasis } from '../carbon/intensity';
import { intensityDir } from '../carbon/intensity-dir';
import { SkippedLines } from '../carbon/intensity-line';
import type { Zones } from '../carbon/zone';
import type { LoadedConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { EitReport } from '../generated/report';
import { counted } from '../report/units';
import type { CarbonWay } from '../science/estimate-words';
import { meanIntensity } from '../science/what-if';
import { ranWhere } from './ran-where';

/** Which electricity is counted, and when it was used. */
export interface AskedCarbon {
  readonly zone: string;
  readonly basis: IntensityBasis;
  /** As --start has it, Unix ms; null: not told. */
  readonly startMs: number | null;
  /** Of the run, by the clock; null: not told. */
  readonly hours: number | null;
  /** Jobs that were measured; their own mean goes before a series. */
  readonly measured: EitReport | null;
}

/**
 * The three ways of the paper's figure 4: by the time of use, by the zone's average, by the country's.
 * @throws EitError EIT_ZONE_UNKNOWN, EIT_USAGE
 */
export function carbonWays(
  loaded: LoadedConfig,
  zones: Zones,
  asked: AskedCarbon,
): { readonly ways: CarbonWay[]; readonly notes: string[] } {
  const { basis } = asked;
  const zone = zones.intensity(asked.zone, { basis });
  const country = countryAverage(zones, zone.zone, basis);
  const skipped = new SkippedLines();
  const byTime =
    asked.measured !== null
      ? measuredMean(asked.measured)
      : asked.startMs === null
        ? {
            gPerKwh: null,
            source: 'say when it runs (--start), and have a series of the zone (eit intensity fetch)',
          }
        : seriesMean(loaded, zone, { ...asked, startMs: asked.startMs }, skipped);
  const titled = (name: string, g: number | null): string =>
    `CO2eq ${name}${g === null ? '' : ` (${g.toFixed(0)} g)`}`;
  return {
    ways: [
      { name: 'by time', title: titled('by time', byTime.gPerKwh), ...byTime },
      {
        ...{ name: 'zone', title: titled(zone.zone, zone.gPerKwh), gPerKwh: zone.gPerKwh },
        source: `average of ${zone.year}, ${zone.source} (${basis})`,
      },
      // A zone that is the whole country has one figure.
      ...(country?.wholeZone === zone.zone
        ? []
        : [
            {
              name: 'country' as const,
              title: titled(country?.country ?? 'country', country?.gPerKwh ?? null),
              gPerKwh: country?.gPerKwh ?? null,
              source:
                country === null
                  ? 'no table has it'
                  : `average of ${country.year}, ${country.source} (${basis})`,
            },
          ]),
    ],
    notes:
      skipped.count > 0
        ? [`${counted(skipped.count, 'line')} of the intensity series not read: ${skipped.places.join('; ')}`]
        : [],
  };
}

type Told = Pick<CarbonWay, 'gPerKwh' | 'source'>;

export function measuredMean(report: EitReport): Told {
  const { total, factors } = report;
  // A PUE by time alone makes no other carbon by time: all of it can still be of a year's average.
  if (factors.by_cluster.every(({ intensity_by_origin: origin }) => (origin?.yearly ?? 1) === 1))
    return { gPerKwh: null, source: 'the ledger has no series of that time (eit intensity fetch)' };
  return {
    gPerKwh: (total.co2e_kg * 1000) / total.energy_kwh.total,
    source: `as the jobs were measured: ${factors.intensity_source} (${ranWhere([report]).bases.join(', ')})`,
  };
}

function seriesMean(
  loaded: LoadedConfig,
  zone: ReturnType<Zones['intensity']>,
  { startMs: fromMs, hours }: AskedCarbon & { readonly startMs: number },
  skipped: SkippedLines,
): Told {
  if (hours === null)
    throw new EitError('EIT_USAGE', '--start needs --hours: how long the run takes from then on');
  const elapsedMs = Math.max(hours * 3_600_000, 1);
  const curve = readCurve(intensityDir(loaded.config), zone.zone, {
    ...{ fromMs, toMs: fromMs + elapsedMs, basis: zone.basis, skipped },
    yearly: { gPerKwh: zone.gPerKwh, source: zone.source },
  });
  if (curve === null)
    return {
      gPerKwh: null,
      source: `there is no series of ${visible(zone.zone, 40)} for that time (eit intensity fetch)`,
    };
  const filled = curve.some(({ origin }) => origin !== 'series');
  return {
    gPerKwh: meanIntensity(curve, fromMs, elapsedMs),
    source: `series of ${[...new Set(curve.map(({ source }) => source))].sort().join(', ')} (${[...new Set(curve.map(({ basis }) => basis))].sort().join(', ')})${filled ? ', gaps filled as in reports' : ''}`,
  };
}
