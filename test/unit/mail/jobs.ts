import { DATA } from './data';
import { loadEquivalents } from '../../../src/carbon/equivalents';
import type { RunRecord } from '../../../src/generated/record';
import type { QuotaState } from '../../../src/generated/report';
import type { SummaryContext } from '../../../src/mail/job-summary';
import { type AddedRun, Aggregation } from '../../../src/report/aggregate';
import { FactsTable } from '../../../src/runs/facts-table';
import type { JobFacts } from '../../../src/runs/job-facts';
import { factors, query } from '../report/asked';
import { later, runRecord } from '../report/records';

export const T = '2026-03-02T10:00:00.000Z';
export const T_S = Date.parse(T) / 1000;

/** What sacct tells of a run of an hour that began at T. */
export function facts(given: Partial<JobFacts> = {}): JobFacts {
  return {
    submitS: T_S - 60,
    startS: T_S,
    endS: T_S + 3600,
    arrayJobId: null,
    arrayTaskId: null,
    hetJobId: null,
    hetOffset: null,
    state: 'COMPLETED',
    qos: 'normal',
    allocCpus: 8,
    reqMemoryBytes: 16 * 2 ** 30,
    timeLimitS: 7200,
    slurmEnergyJ: null,
    sluid: null,
    name: 'train',
    ...given,
  };
}

/** A run of an hour on one node, from begin to end: 7.2 CPUs busy, 0.2 kWh of CPU, 0.02 kWh of DRAM, 12 GiB. */
export function hour(given: Parameters<typeof runRecord>[0] = {}): RunRecord {
  const from = given.from ?? T;
  const seconds = given.seconds ?? 3600;
  const uj = (kwh: number): [number, number, number] => [kwh * 3.6e12, kwh * 3.6e12, kwh * 3.6e12];
  return runRecord({
    seconds,
    slurm_start: Date.parse(from) / 1000,
    cpus: 8,
    cpu_us: seconds * 7.2e6,
    memory_bytes: 12 * 2 ** 30,
    measured_uj: { 'package-0': uj(0.2), 'dram-0': uj(0.02) },
    start: { by: 'prolog' },
    end: { by: 'epilog', coverage: {} },
    ...given,
  });
}

/** The runs of records, as a report adds them up. */
export function runsOf(
  records: readonly RunRecord[],
  told: ReadonlyMap<number, readonly JobFacts[]>,
): AddedRun[] {
  const table = new FactsTable(null);
  for (const [job, rows] of told) for (const row of rows) table.add('alpha', job, row);
  const added: AddedRun[] = [];
  const aggregation = new Aggregation(query({ groupBy: ['job'] }), table, null, (one) => added.push(one));
  for (const record of records) aggregation.add(record);
  aggregation.finish();
  return added;
}

/** The site of the tests: PUE 1.5, 400 g/kWh. */
export function context(given: Partial<SummaryContext> = {}): SummaryContext {
  return {
    factorsOf: () => factors,
    intensitySourcesOf: () => ({ series: [], yearly: [], years: [], notes: [] }),
    equivalents: loadEquivalents(DATA),
    toolVersion: '0.1.0',
    nowMs: Date.parse(later(T, 7200)),
    dataUntilMs: Date.parse(later(T, 3900)),
    quotas: null,
    missingNodes: [],
    ...given,
  };
}

export function quota(given: Partial<QuotaState> = {}): QuotaState {
  return {
    per: 'user',
    name: 'alice',
    unit: 'kWh',
    period: 'month',
    since: '2026-03-01T00:00:00.000Z',
    until: '2026-04-01T00:00:00.000Z',
    limit: 100,
    used: 25,
    share: 0.25,
    forecast: 90,
    state: 'within',
    data_until: later(T, 3900),
    unknown: 0,
    ...given,
  };
}
