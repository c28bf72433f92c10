// Generated from schemas/submission.schema.json by `npm run generate`. Do not edit.

/**
 * Lines of a submission to a leaderboard (NDJSON, gzip'd): one `submission`, then the run records (record.schema.json), then what its user measured: `metric` and `tag`. Names of users, accounts, hosts and clusters are replaced.
 */
export type SubmissionLine = SubmissionManifest | SubmissionMetricLine | SubmissionTagLine;
export type Sha256 = string;

export interface SubmissionManifest {
  schema: 1;
  kind: 'submission';
  /**
   * Version of the program that made it.
   */
  tool: string;
  /**
   * Of the leaderboard.
   */
  task: string;
  /**
   * Of the entry.
   */
  name: string;
  description?: string;
  link?: string;
  metric: SubmissionMetric;
  /**
   * Of the claims; the records have all.
   */
  policy: 'usage' | 'allocation' | 'hybrid';
  records: SubmissionSection;
  facts: SubmissionSection;
  /**
   * @minItems 1
   * @maxItems 1000
   */
  runs: [SubmissionRun, ...SubmissionRun[]];
}
export interface SubmissionMetric {
  name: string;
  unit: string;
  direction: 'higher' | 'lower';
  asymptotic_part: number;
}
export interface SubmissionSection {
  lines: number;
  /**
   * With the newlines.
   */
  bytes: number;
  sha256: Sha256;
}
/**
 * A run of the submission: `job` in its records, `run` in its facts.
 */
export interface SubmissionRun {
  run: number;
  /**
   * Its records are sums by fragment and slot of time, as an archive has them, and not the lines that hosts wrote.
   */
  summed?: true;
  /**
   * As Slurm's accounting has it; not checked.
   */
  state?: string;
  factors: SubmissionFactors;
  claimed: ClaimedFigures;
  /**
   * Not checked.
   *
   * @maxItems 64
   */
  cpu_models: string[];
  /**
   * Not checked.
   *
   * @maxItems 64
   */
  gpu_models: string[];
}
/**
 * What turns its joules into CO2eq: the means over the run, as its site has them.
 */
export interface SubmissionFactors {
  node_overhead: number;
  pue: number;
  zone: string;
  g_per_kwh: number;
  source: string;
}
/**
 * To be what its records, facts and factors give.
 */
export interface ClaimedFigures {
  it_kwh: number;
  total_kwh: number;
  co2e_kg: number;
  seconds: number;
  coverage: number | null;
  measured_fraction: number | null;
  average: number;
  asymptotic: number;
  best: number;
  last: number;
}
export interface SubmissionMetricLine {
  kind: 'metric';
  run: number;
  name: string;
  unit: string;
  /**
   * Step (null: it has none) and value, as they were measured.
   *
   * @minItems 1
   * @maxItems 100000
   */
  points: [[number | null, number], ...[number | null, number][]];
}
export interface SubmissionTagLine {
  kind: 'tag';
  run: number;
  key: string;
  value: string;
}
