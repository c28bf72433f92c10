import type { RunRecord } from '../../../src/generated/record';
import type { GroupKey } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import type { ReportQuery } from '../../../src/report/aggregate';
import { parseColumns } from '../../../src/report/column-choice';
import type { View } from '../../../src/report/format';
import { FORMATS } from '../../../src/report/formats';
import { FactsTable } from '../../../src/runs/facts-table';
import type { JobFacts } from '../../../src/runs/job-facts';
import { report } from './asked';
import { expectGolden } from './golden';
import { later, runRecord } from './records';

const T = '2026-03-02T10:00:00.000Z';
const T_S = Date.parse(T) / 1000;
const SYNCED_MS = Date.parse('2026-03-31T12:00:00Z');

function facts(given: Partial<JobFacts> = {}): JobFacts {
  return {
    submitS: T_S - 60,
    startS: T_S,
    endS: T_S + 300,
    arrayJobId: null,
    arrayTaskId: null,
    hetJobId: null,
    hetOffset: null,
    state: 'COMPLETED',
    qos: 'normal',
    allocCpus: 4,
    reqMemoryBytes: 8 * 2 ** 30,
    timeLimitS: 3600,
    slurmEnergyJ: 6000,
    sluid: null,
    name: 'train',
    ...given,
  };
}

/** A whole run of 300 s that used 300 s of CPU time, 2 GiB and 3000 J. */
function whole(given: Parameters<typeof runRecord>[0] = {}): RunRecord {
  return runRecord({
    slurm_start: Date.parse(given.from ?? T) / 1000,
    memory_bytes: 2 * 2 ** 30,
    start: { by: 'prolog' },
    end: { by: 'epilog', coverage: {} },
    ...given,
  });
}

const RUNS = [
  whole({ job: 1 }),
  whole({ job: 2, from: later(T, 600) }),
  whole({ job: 2, from: later(T, 1200), restart: 1 }),
  whole({ job: 3, from: later(T, 1800) }),
  whole({ job: 4, from: later(T, 2400) }),
  whole({ job: 5, from: later(T, 3000) }),
];

function table(): FactsTable {
  const found = new FactsTable(SYNCED_MS);
  const add = (jobId: number, afterS: number, given: Partial<JobFacts>) =>
    found.add('alpha', jobId, facts({ startS: T_S + afterS, ...given }));
  add(1, 0, { name: 'a|b\n=cmd()', qos: 'high' });
  add(2, 600, { state: 'REQUEUED', arrayJobId: 2, arrayTaskId: 7, slurmEnergyJ: null });
  add(2, 1200, { state: 'FAILED', arrayJobId: 2, arrayTaskId: 7, allocCpus: null });
  add(3, 1800, { state: 'CANCELLED', reqMemoryBytes: null, timeLimitS: null, qos: null });
  add(4, 2400, { state: 'OUT_OF_MEMORY', arrayJobId: 2, arrayTaskId: 8 });
  return found;
}

function ask(
  given: Partial<ReportQuery> = {},
  of: readonly RunRecord[] = RUNS,
  told: FactsTable | null = table(),
) {
  const made = report(of, { groupBy: ['job'], ...given }, {}, told);
  expect([validate(made), validate.errors]).toEqual([true, null]);
  return made;
}

test('each job has what sacct tells, a requeued one that of its last run', () => {
  const found = ask().groups.map(({ job_id, slurm_job: job }) => [
    job_id,
    job?.name,
    job?.state,
    job?.qos,
    job?.array_task_id,
  ]);
  expect(found).toEqual([
    [1, 'a|b\n=cmd()', 'COMPLETED', 'high', null],
    [2, 'train', 'FAILED', 'normal', 7],
    [3, 'train', 'CANCELLED', null, null],
    [4, 'train', 'OUT_OF_MEMORY', 'normal', 8],
    [5, undefined, undefined, undefined, undefined],
  ]);
  expect(ask().total.slurm).toMatchObject({ told_runs: 5, untold_runs: 1 });
});

test.each<[GroupKey, unknown[]]>([
  [
    'qos',
    [
      ['(unknown)', 2],
      ['high', 1],
      ['normal', 3],
    ],
  ],
  [
    'state',
    [
      ['(unknown)', 1],
      ['CANCELLED', 1],
      ['COMPLETED', 1],
      ['FAILED', 1],
      ['OUT_OF_MEMORY', 1],
      ['REQUEUED', 1],
    ],
  ],
  [
    'name',
    [
      ['(unknown)', 1],
      ['a|b\n=cmd()', 1],
      ['train', 4],
    ],
  ],
  [
    'array',
    [
      [2, 3],
      [null, 3],
    ],
  ],
])('grouped by %s', (key, want) => {
  const found = ask({ groupBy: [key] }).groups.map((group) => [
    group[key === 'array' ? 'array_job_id' : (key as 'qos' | 'state' | 'name')],
    group.runs,
  ]);
  expect(found).toEqual(want);
});

test.each<[string, ReportQuery['filter'], number[]]>([
  ['QOS', { qos: new Set(['high']) }, [1]],
  ['name', { names: new Set(['train']) }, [2, 3, 4]],
  ['state', { states: new Set(['FAILED', 'CANCELLED']) }, [2, 3]],
  ['two at once', { states: new Set(['FAILED', 'COMPLETED']), qos: new Set(['normal']) }, [2]],
])('filtered by %s; what nothing is told of is in none', (_, filter, jobs) => {
  expect(ask({ filter }).groups.map(({ job_id }) => job_id)).toEqual(jobs);
});

test('what failed, cancelled and requeued runs took', () => {
  const { slurm, total } = ask();
  const kwh = total.energy_kwh.total / 6;
  expect(slurm).toEqual({
    synced_until: new Date(SYNCED_MS).toISOString(),
    failed: {
      runs: 2,
      kwh: expect.closeTo(2 * kwh, 12) as number,
      co2e_kg: expect.closeTo(total.co2e_kg / 3, 12) as number,
    },
    cancelled: {
      runs: 1,
      kwh: expect.closeTo(kwh, 12) as number,
      co2e_kg: expect.closeTo(total.co2e_kg / 6, 12) as number,
    },
    requeued: {
      runs: 1,
      kwh: expect.closeTo(kwh, 12) as number,
      co2e_kg: expect.closeTo(total.co2e_kg / 6, 12) as number,
    },
  });
});

test('what was lost, line by line, is told where it is asked for', () => {
  const { groups, slurm, total } = ask({ groupBy: ['user', 'state'], lost: true });
  const of = (state: string) => groups.find((group) => group.state === state)?.slurm?.lost;
  expect(of('COMPLETED')).toEqual({ failed_kwh: 0, cancelled_kwh: 0, requeued_kwh: 0 });
  expect(of('CANCELLED')?.cancelled_kwh).toBeCloseTo(slurm!.cancelled.kwh, 12);
  expect((of('FAILED')?.failed_kwh ?? 0) + (of('OUT_OF_MEMORY')?.failed_kwh ?? 0)).toBeCloseTo(
    slurm!.failed.kwh,
    12,
  );
  expect(total.slurm?.lost).toEqual({
    failed_kwh: slurm!.failed.kwh,
    cancelled_kwh: slurm!.cancelled.kwh,
    requeued_kwh: slurm!.requeued.kwh,
  });
  const [one] = ask({ groupBy: ['partition'], lost: true }).groups;
  expect(one?.slurm?.lost).toEqual(total.slurm?.lost);
  expect(ask().total.slurm?.lost).toBeUndefined();
});

describe('efficiency', () => {
  test('is what was used of what was allocated and asked for', () => {
    const { groups, total } = ask();
    const of = (jobId: number) => groups.find(({ job_id }) => job_id === jobId)?.slurm;
    // 300 s of 4 CPUs times 300 s; 2 GiB of 8.
    expect(of(1)).toMatchObject({ cpu_efficiency: 0.25, memory_efficiency: 0.25 });
    // The second run does not tell its CPUs, and the first alone counts.
    expect(of(2)).toMatchObject({ cpu_efficiency: 0.25, memory_efficiency: 0.25 });
    expect(of(3)).toMatchObject({ cpu_efficiency: 0.25, memory_efficiency: null });
    expect(of(5)).toMatchObject({ cpu_efficiency: null, memory_efficiency: null });
    expect(total.slurm).toMatchObject({ cpu_efficiency: 0.25, memory_efficiency: 0.25 });
  });

  test('is not told of a run of which a node is silent, nor of a node of several', () => {
    const one = whole({ nodes: 2, node: 'n1' });
    expect(ask({}, [one]).total.slurm).toMatchObject({
      told_runs: 1,
      cpu_efficiency: null,
      memory_efficiency: null,
    });
    const both = [one, whole({ nodes: 2, node: 'n2', memory_bytes: 4 * 2 ** 30, cpu_us: 600e6 })];
    // 900 s of 4 CPUs times 300 s; 2 + 4 GiB of 8.
    expect(ask({}, both).total.slurm).toMatchObject({ cpu_efficiency: 0.75, memory_efficiency: 0.75 });
    expect(ask({ groupBy: ['node'] }, both).groups[0]?.slurm).toMatchObject({ cpu_efficiency: null });
  });

  test('takes the most memory of all lines, not their sum', () => {
    const lines = [
      whole({ end: undefined as never, memory_bytes: 2 ** 30 }),
      whole({
        from: later(T, 300),
        started: T,
        slurm_start: T_S,
        start: undefined as never,
        memory_bytes: 4 * 2 ** 30,
        seq: 1,
      }),
    ];
    expect(ask({}, lines).total.slurm).toMatchObject({ memory_efficiency: 0.5, cpu_efficiency: 0.25 });
  });
});

describe('--compare-slurm', () => {
  const compareSlurm = true;

  test('puts Slurm’s joules beside ours of the same runs', () => {
    // Of jobs 1, 2 (second run), 3 and 4 Slurm tells 6000 J each, and we have 3000.
    expect(ask({ compareSlurm }).total.slurm?.compared).toEqual({
      runs: 4,
      slurm_kwh: expect.closeTo((4 * 6000) / 3.6e6, 12) as number,
      eit_kwh: expect.closeTo((4 * 3000) / 3.6e6, 12) as number,
    });
  });

  test.each<[string, Partial<RunRecord>]>([
    ['begins before the report', { start: undefined as never }],
    ['runs still', { end: undefined as never }],
    ['has a node that is silent', { nodes: 2 }],
  ])('leaves out a run that %s', (_, given) => {
    expect(ask({ compareSlurm }, [whole(given)]).total.slurm?.compared?.runs).toBe(0);
  });
});

describe('a ledger without sacct', () => {
  test('has reports without a word of it', () => {
    const made = ask({}, RUNS, null);
    expect([made.slurm, made.total.slurm, made.groups[0]?.slurm_job]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('says so where it is asked for', () => {
    const made = ask({ groupBy: ['state'] }, RUNS, null);
    expect(made.slurm?.synced_until).toBeNull();
    expect(made.groups.map(({ state, runs }) => [state, runs])).toEqual([['(unknown)', 6]]);
    expect(shown('table', made)).toContain('they come with eit sacct-sync');
  });
});

const plain: View = {
  columns: null,
  header: true,
  isOwn: true,
  timeZone: 'UTC',
  skipped: [],
  terminal: null,
};

function shown(format: string, made: ReturnType<typeof ask>, view: Partial<View> = {}): string {
  const found = FORMATS.find(({ option }) => (option?.name ?? 'table') === format);
  return [...(found?.render(made, { ...plain, ...view }) ?? [])].join('');
}

const columns = parseColumns(
  'JobID,JobName,ArrayJobID,QOS,State,Submit,Start,ReqMem,TimeLimit,CPUEff,MemEff',
);
test.each<[string, string, Partial<ReportQuery>, Partial<View>]>([
  ['slurm-job.txt', 'table', {}, {}],
  ['slurm-state-array.txt', 'table', { groupBy: ['state', 'array'] }, {}],
  ['slurm-columns.txt', 'table', {}, { columns }],
  ['slurm-compare.txt', 'table', { compareSlurm: true, groupBy: ['name'] }, {}],
  ['slurm-job.csv', 'csv', { compareSlurm: true }, {}],
  ['slurm-job.psv', 'parsable2', {}, {}],
  ['slurm-job.json', 'json', {}, {}],
])('%s', (name, format, given, view) => {
  expectGolden(name, shown(format, ask(given), view));
});

test('a column of sacct’s has a place for each job, and nothing in the total', () => {
  const lines = shown('table', ask(), { columns: parseColumns('JobID,State%-14,MemEff') }).split('\n');
  expect(lines.slice(2, 9)).toEqual([
    '    1  COMPLETED         25 %',
    '  2_7  FAILED            25 %',
    '    3  CANCELLED            -',
    '  2_8  OUT_OF_MEMORY     25 %',
    '    5  -                    -',
    '-----------------------------',
    'Total                    25 %',
  ]);
});
