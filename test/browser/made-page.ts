import type { PageContent } from '../../src/pages/content';
import { cleanHours } from '../../src/pages/hour-sums';
import { renderPage } from '../../src/pages/page';
import { jobsOfGroups, PageSums } from '../../src/pages/page-sums';
import { Aggregation, type ReportQuery } from '../../src/report/aggregate';
import { buildReport, type SiteFactors } from '../../src/report/report';
import type { QuotaState } from '../../src/generated/report';
import { calendar } from '../../src/runs/calendar';
import type { FactsLookup, JobFacts } from '../../src/runs/job-facts';
import { runRecord } from '../unit/report/records';

const HOUR_MS = 3_600_000;
const SINCE_MS = Date.parse('2026-02-20T00:00:00Z');
const UNTIL_MS = Date.parse('2026-03-20T00:00:00Z');

/** A job of a made page. */
export interface MadeJob {
  readonly name: string;
  readonly user?: string;
  readonly account?: string;
  readonly partition?: string;
  readonly state?: string;
  /** UTC. */
  readonly start?: string;
  /** J; it draws 10 W for so long. */
  readonly seconds?: number;
}

const FACTORS: SiteFactors = {
  pue: 1.5,
  zone: 'DE',
  intensityGPerKwh: 400,
  intensitySource: 'a <b>source</b>',
  intensityBasis: 'average-lifecycle',
  intensityYear: 2025,
  nodeOverhead: 1,
  defaultsUsed: [],
};

const QUERY: ReportQuery = {
  sinceMs: SINCE_MS,
  untilMs: UNTIL_MS,
  groupBy: ['job', 'day'],
  policy: 'usage',
  filter: {},
  timeZone: 'UTC',
  withUnattributed: false,
  extrapolate: false,
};

/** A page of jobs, made of records by the code that makes all pages. Job ids are 1, 2, 3 ... in the order given. */
export function madePage(jobs: readonly MadeJob[], title = 'Energy and CO2eq: all jobs'): string {
  const facts = new Map(jobs.map((job, i) => [i + 1, factsOf(job)]));
  const lookup: FactsLookup = {
    untilMs: UNTIL_MS,
    jobIds: facts.keys(),
    of: ({ jobId }) => facts.get(jobId) ?? null,
  };
  const byJob = new Aggregation(QUERY, lookup);
  const byHour = new Aggregation({ ...QUERY, groupBy: ['hour', 'cluster'] }, null);
  jobs.forEach(({ user = 'alice', account = 'physics', partition = 'cpu', start, seconds }, i) => {
    const record = runRecord({
      ...{ job: i + 1, user, account, partition },
      ...{ start: { by: 'prolog' }, end: { by: 'epilog', coverage: { cpu: 1 } } },
      ...(start === undefined ? {} : { from: start }),
      ...(seconds === undefined ? {} : { seconds }),
    });
    byJob.add(record);
    byHour.add(record);
  });
  const factorsOf = (): SiteFactors => FACTORS;
  const sums = new PageSums({ factorsOf, extrapolate: false, mostJobs: 60_000 });
  const aggregate = byJob.finish();
  for (const job of jobsOfGroups(aggregate.groups)) sums.addJob(job);
  for (const group of byHour.finish().groups) sums.hours.add(group, factorsOf);
  const content: PageContent = {
    title,
    report: buildReport(
      { ...aggregate, groups: [] },
      {
        ...{ query: QUERY, factorsOf, toolVersion: '0.0.1', generatedAtMs: UNTIL_MS, skippedRecords: 0 },
        quotas: QUOTAS,
      },
    ),
    view: { columns: null, header: true, isOwn: false, timeZone: 'UTC', skipped: [], terminal: null },
    sums,
    hours: cleanHours(sums.hours, {
      ...{ sinceMs: SINCE_MS, untilMs: UNTIL_MS, hourOf: calendar('hour', 'UTC'), mostDays: 62 },
      gridOf: () => (fromMs) => 300 + 150 * Math.sin(((fromMs / HOUR_MS) * Math.PI) / 12),
    }),
    listsJobs: true,
    factorsOf,
    extrapolate: false,
    links: [],
  };
  return renderPage(content);
}

const QUOTAS: readonly QuotaState[] = [
  {
    ...{ per: 'user', name: 'alice', unit: 'kWh', period: 'month', limit: 10, used: 12, share: 1.2 },
    ...{ since: '2026-03-01T00:00:00Z', until: '2026-04-01T00:00:00Z', forecast: 15, state: 'over' },
    ...{ data_until: '2026-03-20T00:00:00Z', unknown: 0 },
  },
];

function factsOf({ name, state = 'COMPLETED' }: MadeJob): JobFacts {
  return {
    ...{
      submitS: 0,
      startS: 1,
      endS: 2,
      arrayJobId: null,
      arrayTaskId: null,
      hetJobId: null,
      hetOffset: null,
    },
    ...{
      state,
      qos: null,
      allocCpus: 4,
      reqMemoryBytes: null,
      timeLimitS: null,
      slurmEnergyJ: null,
      sluid: null,
      name,
    },
  };
}
