/** Emissions of the power plants alone, or of the fuel and the plants' whole life too. Both averages of what is used. */
export type IntensityBasis = 'average-lifecycle' | 'average-direct';

/** The carbon intensity of a zone's electricity, averaged over a year. */
export interface Intensity {
  readonly gPerKwh: number;
  readonly year: number;
  /** Whose figure it is, as its licence wants it named. */
  readonly source: string;
  readonly basis: IntensityBasis;
  readonly zoneName: string;
  /** ISO 3166 alpha-3; WLD for the world. */
  readonly country: string;
}
