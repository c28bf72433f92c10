import type { EitRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import type { FactsLookup } from '../../../src/runs/job-facts';
import type { Weighing } from '../../../src/runs/slot-weights';
import { type Aggregate, Aggregation, type ReportQuery } from '../../../src/report/aggregate';
import { buildReport, type SiteFactors } from '../../../src/report/report';

export const factors: SiteFactors = {
  pue: 1.5,
  zone: 'DE',
  intensityGPerKwh: 400,
  intensitySource: 'a test',
  intensityBasis: 'average-lifecycle',
  intensityYear: 2024,
  nodeOverhead: 1,
  defaultsUsed: [],
};

/** A query over March 2026, UTC, of everything. */
export function query(given: Partial<ReportQuery> = {}): ReportQuery {
  return {
    sinceMs: Date.parse('2026-03-01T00:00:00Z'),
    untilMs: Date.parse('2026-04-01T00:00:00Z'),
    groupBy: ['user'],
    policy: 'usage',
    filter: {},
    timeZone: 'UTC',
    withUnattributed: true,
    extrapolate: false,
    ...given,
  };
}

export function aggregate(
  records: Iterable<EitRecord>,
  given: Partial<ReportQuery> = {},
  facts: FactsLookup | null = null,
  weighing: Weighing | null = null,
): Aggregate {
  const aggregation = new Aggregation(query(given), facts, weighing);
  for (const record of records) aggregation.add(record);
  return aggregation.finish();
}

/** The report of records, with `factors` or those given by cluster. */
export function report(
  records: Iterable<EitRecord>,
  given: Partial<ReportQuery> = {},
  byCluster: Readonly<Record<string, Partial<SiteFactors>>> = {},
  facts: FactsLookup | null = null,
  weighing: Weighing | null = null,
): EitReport {
  return buildReport(aggregate(records, given, facts, weighing), {
    query: query(given),
    factorsOf: (cluster) => ({ ...factors, ...byCluster[cluster] }),
    toolVersion: '0.1.0',
    generatedAtMs: Date.parse('2026-04-01T12:00:00Z'),
    skippedRecords: 0,
  });
}
