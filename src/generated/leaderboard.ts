// Generated from schemas/leaderboard.schema.json by `npm run generate`. Do not edit.

/**
 * What a leaderboard ranks, by what, and where its entries are.
 */
export interface LeaderboardSpec {
  title: string;
  /**
   * What is to be done. A submission is for one task.
   */
  task: string;
  /**
   * Paragraphs are parted by empty lines.
   */
  description?: string;
  metric: BoardMetric;
  /**
   * What comes for no energy at all, such as guessing: what is ranked is how much better an entry is. Needed where the metric can be below 0, and where less is better.
   */
  baseline?: number;
  /**
   * What counts as 1, such as what people reach: then the metric is shown as (metric - baseline) / (reference - baseline).
   */
  reference?: number;
  /**
   * Which energy ranks: it, that of the computers, by raw data and what the site adds for parts of nodes that nothing reads (node_overhead); or total, with the PUE that each site says it has.
   */
  energy?: 'it' | 'total';
  /**
   * How energy of shared nodes is divided, for all entries alike.
   */
  policy?: 'usage' | 'allocation' | 'hybrid';
  /**
   * The ranking that the page begins with.
   */
  rank?:
    | 'efficiency'
    | 'metric'
    | 'energy'
    | 'average-per-kwh'
    | 'asymptotic-per-kwh'
    | 'average-per-hour'
    | 'asymptotic-per-hour';
  /**
   * Parts of the task, such as environments, each with a table of its own; the first table is of all together.
   *
   * @minItems 1
   * @maxItems 100
   */
  groups?: [BoardGroup, ...BoardGroup[]];
  /**
   * Folder of submissions, beside this file.
   */
  submissions?: string;
  /**
   * Entries whose runs are in a ledger.
   *
   * @minItems 1
   * @maxItems 1000
   */
  entries?: [BoardEntry, ...BoardEntry[]];
}
export interface BoardMetric {
  /**
   * As eit metric and eit run have it.
   */
  name: string;
  /**
   * What tables call it; absent: its name.
   */
  title?: string;
  /**
   * Of a run's metric; a run with another one is an error. Absent: whatever it is, but the same for all.
   */
  unit?: string;
  /**
   * Whether more of it is better, or less.
   */
  direction: 'higher' | 'lower';
  /**
   * What of a series counts: the mean of all its values, the mean of its last part, its best or its last value. Of a single value all are the same.
   */
  take?: 'average' | 'asymptotic' | 'best' | 'last';
  /**
   * The part of a series, from its end, whose mean is the asymptotic value.
   */
  asymptotic_part?: number;
}
export interface BoardGroup {
  name: string;
  /**
   * Which runs are of it.
   */
  tag: string;
  baseline?: number;
  reference?: number;
  /**
   * What it counts for in the table of all.
   */
  weight?: number;
}
export interface BoardEntry {
  name: string;
  description?: string;
  /**
   * Which runs, as the filter of --set has it; absent: all of the folder in `from`.
   */
  set?: string;
  /**
   * Folder that eit run or eit import wrote, beside this file; absent: the ledger.
   */
  from?: string;
  link?: string;
}
