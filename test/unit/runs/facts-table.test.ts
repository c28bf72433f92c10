import { FactsTable } from '../../../src/runs/facts-table';
import type { FactsKey, JobFacts } from '../../../src/runs/job-facts';

const EMPTY: JobFacts = {
  submitS: null,
  startS: 0,
  endS: null,
  arrayJobId: null,
  arrayTaskId: null,
  hetJobId: null,
  hetOffset: null,
  state: 'COMPLETED',
  qos: null,
  allocCpus: null,
  reqMemoryBytes: null,
  timeLimitS: null,
  slurmEnergyJ: null,
  sluid: null,
  name: '',
};

const table = new FactsTable(null);
for (const [cluster, startS, name, more] of [
  ['alpha', 1000, 'first', {}],
  ['alpha', 1200, 'requeued', {}],
  ['alpha', 90_000, 'id came back', {}],
  ['alpha', 200_000, 'with a SLUID', { sluid: 's0123456789ABC' }],
  ['alpha', 300_000, 'submitted before', { submitS: 5 }],
  ['alpha', 300_000, 'submitted after', { submitS: 6 }],
  ['beta', 1000, 'of beta', {}],
] as const) {
  table.add(cluster, 1, { ...EMPTY, startS, name, ...more });
}

const run: FactsKey = { cluster: 'alpha', jobId: 1, sluid: null, slurmStartS: null, startedMs: 0 };

test.each<[string, Partial<FactsKey>, string | undefined]>([
  ['Slurm’s start', { slurmStartS: 1200 }, 'requeued'],
  ['Slurm’s start, whatever our clock says', { slurmStartS: 1000, startedMs: 1_200_000 }, 'first'],
  ['a start that sacct does not tell', { slurmStartS: 1001, startedMs: 1_000_000 }, undefined],
  ['a SLUID, before the start', { sluid: 's0123456789ABC', slurmStartS: 1000 }, 'with a SLUID'],
  ['a SLUID that sacct does not tell, by the start', { sluid: 's999', slurmStartS: 1000 }, 'first'],
  ['of two rows with one start the one submitted last', { slurmStartS: 300_000 }, 'submitted after'],
  ['no start: the closest', { startedMs: 1_099_000 }, 'first'],
  ['no start: the closest, other side', { startedMs: 1_101_000 }, 'requeued'],
  ['no start, five minutes away', { startedMs: 1_500_000 }, 'requeued'],
  ['no start, further away', { startedMs: 1_500_001 }, undefined],
  ['an id that came back', { startedMs: 90_010_000 }, 'id came back'],
  ['another cluster', { cluster: 'beta', slurmStartS: 1000 }, 'of beta'],
  ['another job', { jobId: 2, slurmStartS: 1000 }, undefined],
])('%s', (_, given, name) => {
  expect(table.of({ ...run, ...given })?.name).toBe(name);
});

test('gives back of thousands of rows what was put in', () => {
  const many = new FactsTable(null);
  const all = Array.from({ length: 5000 }, (_, i): [number, JobFacts] => [
    (i % 1700) + 1,
    {
      ...EMPTY,
      submitS: i % 3 === 0 ? null : i,
      startS: 1_700_000_000 + i,
      endS: i % 2 === 0 ? null : 1_700_000_500 + i,
      arrayJobId: i % 5 === 0 ? i + 1 : null,
      arrayTaskId: i % 5 === 0 ? 0 : null,
      reqMemoryBytes: i * 2 ** 40,
      slurmEnergyJ: i % 7 === 0 ? null : i * 1e9,
      qos: i % 2 === 0 ? 'high' : null,
      sluid: i % 11 === 0 ? `s${i}` : null,
      name: `name ${i % 100}`,
    },
  ]);
  for (const [jobId, facts] of all) many.add('alpha', jobId, facts);
  for (const [jobId, facts] of all)
    expect(many.of({ ...run, jobId, slurmStartS: facts.startS })).toEqual(facts);
  expect(many.of({ ...run, jobId: 1701, slurmStartS: 1_700_000_000 })).toBeNull();
});
