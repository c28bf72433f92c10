import type { ReportGroup } from '../generated/report';

/** What a user measured of a run: one value, or one a step. */
export interface Metric {
  /** '' where he said none. */
  readonly unit: string;
  /** In the order in which they were measured; at least one. */
  readonly points: readonly { readonly step: number | null; readonly value: number }[];
}

/** What users say of their runs: in files of their own, never in a measured record. */
export interface OwnFacts {
  tagsOf(job: ReportGroup): Readonly<Record<string, string>>;
  metricsOf(job: ReportGroup): Readonly<Record<string, Metric>>;
}

export const NO_FACTS: OwnFacts = { tagsOf: () => ({}), metricsOf: () => ({}) };
