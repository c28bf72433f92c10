import { type LoadedConfig, siteFor } from '../config/config';
import { currencyOf, priceOf } from '../config/site-problems';
import { type EmbodiedRates, embodiedRates } from './embodied';
import { configPlace } from './site-zone';
import { type SocialCost, type SocialCosts, socialCostOf } from './social-cost';

/** Factors of what stands beside energy and CO2e in a report: none of them changes these two. */
export interface SideFactors {
  /** Litres of water per kWh of IT energy, before PUE; null: not set. */
  readonly wueLPerKwh: number | null;
  /** Money per kWh with PUE; null: not set. */
  readonly pricePerKwh: number | null;
  /** ISO 4217. */
  readonly currency: string;
  /** gCO2eq per kWh by contract (GHG Protocol scope 2, market-based); null: not set. */
  readonly marketGPerKwh: number | null;
  readonly socialCost: SocialCost;
  /** null: not set. */
  readonly embodied: EmbodiedRates | null;
}

/**
 * The site's own, or those of the cluster.
 * @param country ISO 3166 alpha-3, as `factorsFor` gives it
 * @throws EitError EIT_CONFIG_INVALID where names of nodes cannot be read
 */
export function sideFactorsFor(
  loaded: LoadedConfig,
  cluster: string,
  country: string,
  socialCosts: SocialCosts,
): SideFactors {
  const site = siteFor(loaded.config, cluster);
  return {
    wueLPerKwh: site.wue ?? null,
    pricePerKwh: priceOf(site) ?? null,
    currency: currencyOf(loaded.config),
    marketGPerKwh: site.market_g_per_kwh ?? null,
    socialCost: socialCostOf(country, socialCosts),
    embodied:
      site.embodied === undefined
        ? null
        : embodiedRates(site.embodied, configPlace(loaded, cluster, 'embodied')),
  };
}
