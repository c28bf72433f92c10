import type { ReportGroup } from '../generated/report';

/** What a user measured of a run: one value, or one a step. */
export interface Metric {
  /** '' where he said none. */
  readonly unit: string;
  /** Which value is the best; absent: he did not say. */
  readonly best?: 'max' | 'min';
  /** In the order in which they were measured; at least one. */
  readonly points: readonly { readonly step: number | null; readonly value: number }[];
}

/** What users say of their runs: in files of their own, never in a measured record. */
export interface OwnFacts {
  tagsOf(job: ReportGroup): Readonly<Record<string, string>>;
  metricsOf(job: ReportGroup): Readonly<Record<string, Metric>>;
  /** Ids of jobs that have these tags, on whatever cluster: which of them are meant, `tagsOf` tells. */
  jobsTagged(tags: readonly WantedTag[]): readonly number[];
}

/** A tag that a filter asks for. */
export interface WantedTag {
  readonly key: string;
  /** null: any. */
  readonly value: string | null;
}

export const NO_FACTS: OwnFacts = { tagsOf: () => ({}), metricsOf: () => ({}), jobsTagged: () => [] };

/** As a filter writes it: `set=resnet`, or `set` where any value will do. */
export function parseWantedTag(text: string): WantedTag {
  const at = text.indexOf('=');
  return at === -1
    ? { key: text.trim(), value: null }
    : { key: text.slice(0, at).trim(), value: text.slice(at + 1) };
}

/** Whether tags hold all that is asked for. */
export function hasTags(tags: Readonly<Record<string, string>>, wanted: readonly WantedTag[]): boolean {
  return wanted.every(
    ({ key, value }) => Object.hasOwn(tags, key) && (value === null || tags[key] === value),
  );
}
