// Generated from schemas/appendix.schema.json by `npm run generate`. Do not edit.

/**
 * What tables sum up: energy, co2e, time, or columns of eit-report that are numbers. Sets within a set have its figures unless they say their own. Default: energy, co2e, time.
 *
 * @minItems 1
 * @maxItems 12
 */
export type Figures = [string, ...string[]];
/**
 * Two such figures against each other, a point a run. Default: energy against time.
 *
 * @maxItems 12
 */
export type Plots = AppendixPlot[];
/**
 * The figure by which runs are listed; with - in front the greatest first. Default: by job id.
 */
export type Order = string;
/**
 * Files to attach, as paths from the folder of this file; none may lead out of it.
 *
 * @maxItems 100
 */
export type Files = string[];
/**
 * @minItems 1
 * @maxItems 200
 */
export type Sets = [AppendixSet, ...AppendixSet[]];

/**
 * What eit appendix makes pages of (--spec site.yaml): sets of runs, sets within sets, the figures that are told of them.
 */
export interface AppendixSpec {
  /**
   * Of the whole. Default: Energy and CO2eq.
   */
  title?: string;
  /**
   * Paragraphs with empty lines between them. Plain text: no markup.
   */
  description?: string;
  /**
   * Whether users, accounts, hosts, partitions, QOS and clusters are named. Default: hidden, they are numbered.
   */
  names?: 'hidden' | 'shown';
  /**
   * Take jobs that were observed in part too; the pages say so.
   */
  allow_incomplete?: boolean;
  figures?: Figures;
  plots?: Plots;
  order?: Order;
  files?: Files;
  sets: Sets;
}
export interface AppendixPlot {
  x: string;
  y: string;
}
export interface AppendixSet {
  name: string;
  /**
   * Which runs: job ids or a filter, as --set takes them after NAME=. Absent: those of the sets within it.
   */
  runs?: string;
  /**
   * Paragraphs with empty lines between them. Plain text: no markup.
   */
  description?: string;
  figures?: Figures;
  plots?: Plots;
  order?: Order;
  files?: Files;
  sets?: Sets;
}
