import { factorInWindow, siteSeriesFor, type TimeWindow } from '../carbon/factor-by-time';
import { type FactorSeries, readFactorSeries } from '../carbon/factor-series';
import { factorsFor } from '../carbon/factors';
import { sideFactorsFor } from '../carbon/side-factors';
import { loadSocialCosts } from '../carbon/social-cost';
import { loadZones } from '../carbon/zone';
import type { LoadedConfig } from '../config/config';
import { dataPath } from '../data-path';
import type { SiteFactors } from '../report/report';
import { localTimeZone } from './time-zone';

/** The factors of a cluster in a time; the site's own for ''. */
export type FactorsIn = (window: TimeWindow) => (cluster: string) => SiteFactors;

/**
 * The factors of each cluster, worked out once a window. One that changes with time is its mean over the window's.
 * @returns a function whose functions throw EitError EIT_ZONE_UNKNOWN, EIT_CONFIG_INVALID, EIT_FACTOR_FILE
 */
export function siteFactors(loaded: LoadedConfig): FactorsIn {
  const zones = loadZones(dataPath());
  const socialCosts = loadSocialCosts(dataPath());
  const timeZone = loaded.config.time_zone ?? localTimeZone();
  const files = new Map<string, FactorSeries>();
  const read: typeof readFactorSeries = (path, options) => {
    const key = `${options.what} ${path}`;
    const series = files.get(key) ?? readFactorSeries(path, options);
    files.set(key, series);
    return series;
  };
  const factorsOf = (window: TimeWindow, cluster: string): SiteFactors => {
    const factors = factorsFor(loaded, cluster, zones);
    const side = sideFactorsFor(loaded, cluster, factors.country, socialCosts);
    const series = siteSeriesFor(loaded, cluster, timeZone, read);
    const pue = series.pue === null ? null : factorInWindow('pue', series.pue, window);
    const price = series.price === null ? null : factorInWindow('price', series.price, window);
    return {
      ...factors,
      pue: pue?.value ?? factors.pue,
      side: { ...side, pricePerKwh: price?.value ?? side.pricePerKwh },
      byTime: [pue, price].filter((one) => one !== null),
    };
  };
  return (window) => {
    const known = new Map<string, SiteFactors>();
    return (cluster) => {
      const factors = known.get(cluster) ?? factorsOf(window, cluster || (loaded.config.cluster ?? ''));
      known.set(cluster, factors);
      return factors;
    };
  };
}
