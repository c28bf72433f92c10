/** Emissions of the power plants alone, or of the fuel and the plants' whole life too. Both averages of what is used. */
export type IntensityBasis = 'average-lifecycle' | 'average-direct';

/** The carbon intensity of a zone's electricity, averaged over a year. */
export interface Intensity {
  readonly gPerKwh: number;
  readonly year: number;
  /** Whose figure it is, as its licence wants it named. */
  readonly source: string;
  readonly basis: IntensityBasis;
  /** The zone whose figure it is. */
  readonly zone: string;
  readonly zoneName: string;
  /** ISO 3166 alpha-3; WLD for the world. */
  readonly country: string;
  /** Share of the energy without carbon, and of renewable energy; null where the table does not tell. */
  readonly carbonFreePercent: number | null;
  readonly renewablePercent: number | null;
  /** In words, where it is not of the zone or the year that was asked for; empty where it is. */
  readonly departures: readonly string[];
}
