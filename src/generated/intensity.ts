// Generated from schemas/intensity.schema.json by `npm run generate`. Do not edit.

/**
 * A line of <intensity_dir>/<zone>/<YYYY-MM>.ndjson: the carbon intensity of a zone's electricity over one stretch of time. Lines are only added; of those that overlap the one fetched last holds.
 */
export interface IntensityLine {
  /**
   * Key of the zone, as in data/zones: the name of the folder.
   */
  zone: string;
  /**
   * The UTC month of it is the name of the file.
   */
  start: string;
  /**
   * At most 31 days and an hour after the start: a month in which summer time ends.
   */
  end: string;
  /**
   * Mean over the stretch, gCO2eq/kWh.
   */
  g_per_kwh: number;
  /**
   * Average of all that is generated, with the plants' whole life or their chimneys alone; or marginal: of the plants that would follow a change, which never becomes CO2eq.
   */
  basis: 'average-lifecycle' | 'average-direct' | 'marginal';
  /**
   * Of what is used in the zone (imports in), or of what is generated there.
   */
  flow: 'consumption' | 'production';
  /**
   * Whose figure it is.
   */
  source: string;
  /**
   * Whether the source calls it an estimate, which a later value may replace.
   */
  estimated: boolean;
  /**
   * When it came here.
   */
  fetched_at: string;
}
