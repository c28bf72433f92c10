/** A way of generating electricity that has a factor. */
export type Fuel =
  | 'coal'
  | 'lignite'
  | 'gas'
  | 'oil'
  | 'biomass'
  | 'geothermal'
  | 'hydro'
  | 'nuclear'
  | 'solar'
  | 'wind'
  | 'offshore wind'
  | 'ocean';

/**
 * Life-cycle emissions, gCO2eq/kWh: medians of IPCC 2014, AR5 WG III, annex III, table A.III.2 (coal: pulverised; gas: combined cycle; biomass:
 * dedicated; solar: photovoltaic, utility; hydro has a range up to 2200). Lignite, peat and oil shale have none of their own: the upper end of
 * coal's range there. Oil is not in it: IPCC 2011, SRREN, annex II, table A.II.4.
 */
export const LIFECYCLE_G_PER_KWH: Readonly<Record<Fuel, number>> = {
  coal: 820,
  lignite: 910,
  gas: 490,
  oil: 840,
  biomass: 230,
  geothermal: 38,
  hydro: 24,
  nuclear: 12,
  solar: 48,
  wind: 11,
  'offshore wind': 12,
  ocean: 17,
};

/** Named as the source of values that come of them. */
export const FACTORS_SOURCE = 'IPCC 2014 life-cycle factors';
