import fc from 'fast-check';
import { GPU_BINDINGS } from '../../../src/attribution/gpu-binding';
import { POLICIES } from '../../../src/attribution/policy';
import type { RunGpu, RunRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { FORMATS } from '../../../src/report/formats';
import { table } from '../../../src/report/table';
import { report } from './asked';
import { hostRecord, later, runRecord } from './records';

const T = '2026-03-02T10:00:00.000Z';
const GPU: RunGpu = { ms: 300_000, by: 'cgroup', busy_ms: 240_000, idle_uj: [36e8, 72e8, 108e8] };

function made(...[records, given]: Parameters<typeof report>): EitReport {
  const found = report(records, given);
  expect(validate(found)).toBe(true);
  return found;
}

const withGpu = (gpu: Partial<RunGpu>, rest: Partial<RunRecord> = {}): RunRecord =>
  runRecord({ gpus: 1, gpu: { ...GPU, ...gpu }, measured_uj: { 'gpu-3b:00.0': [9e9, 18e9, 27e9] }, ...rest });

function below(found: EitReport): string {
  const view = { columns: null, header: true, isOwn: true, timeZone: 'UTC', skipped: [], terminal: null };
  const text = [...table.render(found, view)].join('');
  return text.slice(text.indexOf('\nTotal'));
}

describe('what a run’s GPUs did', () => {
  test('is added up over its lines and nodes', () => {
    const two = { nodes: 2, started: T, slurm_start: 1 };
    const { total } = made([
      withGpu({ throttled_ms: 500, memory_bytes: 7, p_state_ms: { P0: 200_000, P12: 100_000 } }, two),
      withGpu({ memory_bytes: 9, p_state_ms: { P0: 1000 } }, { ...two, from: later(T, 300), seq: 1 }),
      withGpu({ ms: 600_000, told_ms: 120_000, busy_ms: 0, memory_bytes: 8 }, { ...two, node: 'n2' }),
    ]);
    expect(total).toMatchObject({
      runs: 1,
      gpu_read_seconds: 1200,
      gpu_told_seconds: 720,
      gpu_busy_seconds: 480,
      gpu_utilization: 0.666667,
      gpu_idle_kwh: 0.003,
      gpu_throttled_seconds: 0.5,
      gpu_memory_bytes: 9,
      gpu_p_state_seconds: { P0: 201, P12: 100 },
    });
  });

  test.each(['usage', 'allocation', 'hybrid'] as const)('has the idle energy of the policy %s', (policy) => {
    expect(made([withGpu({})], { policy }).total.gpu_idle_kwh).toBe(0.001 * (POLICIES.indexOf(policy) + 1));
  });

  test('is unknown where no GPU was read, which is not 0', () => {
    const { groups, total } = made([runRecord(), withGpu({}, { job: 2, user: 'bob' })]);
    const [alice, bob] = groups;
    for (const name of ['read_seconds', 'told_seconds', 'busy_seconds', 'utilization', 'idle_kwh'] as const) {
      expect(alice).toHaveProperty(`gpu_${name}`, null);
      expect(total[`gpu_${name}`]).toBe(bob?.[`gpu_${name}`]);
    }
    for (const name of ['throttled_seconds', 'memory_bytes', 'p_state_seconds'] as const) {
      expect(alice).toHaveProperty(`gpu_${name}`, null);
    }
  });

  test('is unknown one by one where it is read but not told', () => {
    expect(made([runRecord({ gpu: { ms: 300_000, by: 'uuid' } })]).total).toMatchObject({
      gpu_read_seconds: 300,
      gpu_told_seconds: 0,
      gpu_busy_seconds: null,
      gpu_utilization: null,
      gpu_idle_kwh: null,
      gpu_throttled_seconds: null,
      gpu_memory_bytes: null,
      gpu_p_state_seconds: null,
    });
  });

  test('is a part of the time of which it is told, and never more than all of it', () => {
    const untold = runRecord({ job: 2, gpu: { ms: 900_000, by: 'uuid' } });
    expect(made([withGpu({}), untold]).total.gpu_utilization).toBe(0.8);
    expect(made([withGpu({ busy_ms: 300_001 })]).total.gpu_utilization).toBe(1);
    expect(made([withGpu({ ms: 0, busy_ms: 0 })]).total.gpu_utilization).toBeNull();
  });

  test('is not extrapolated', () => {
    const half = withGpu({}, { nodes: 2, start: { by: 'prolog' } });
    const [plain, filled] = [made([half]), made([half], { extrapolate: true })];
    expect(filled.total.energy_kwh.total).toBeGreaterThan(plain.total.energy_kwh.total);
    expect(filled.total.gpu_idle_kwh).toBe(plain.total.gpu_idle_kwh);
  });
});

const anyGpu = fc.record(
  {
    ms: fc.nat(1e9),
    by: fc.constantFrom(...GPU_BINDINGS),
    conflict: fc.constantFrom('a', 'b', 'c'),
    busy_ms: fc.nat(1e9),
    told_ms: fc.nat(1e9),
    idle_uj: fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat()),
    memory_bytes: fc.maxSafeNat(),
    throttled_ms: fc.nat(1e9),
    p_state_ms: fc.dictionary(fc.constantFrom('P0', 'P2', 'P15'), fc.nat(1e9)),
  },
  { requiredKeys: ['ms', 'by'] },
);

/** Where a line of the one run stands. */
const place = fc.record({ node: fc.constantFrom('n1', 'n2'), day: fc.nat(2), at: fc.nat(200) });

test('however a run’s lines are spread over nodes and days and shuffled, the total is the sum over them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyGpu, place), { minLength: 1, maxLength: 20 }), (lines) => {
      const records = lines.map(([gpu, { node, day, at }], seq) =>
        runRecord({
          node,
          nodes: 2,
          seq,
          gpu,
          started: T,
          slurm_start: 1,
          from: later(T, day * 86_400 + at),
        }),
      );
      const found = made(records, { groupBy: ['node', 'day'] });
      const gpus = lines.map(([gpu]) => gpu);
      const sum = (of: (gpu: RunGpu) => number | undefined): bigint | null => {
        const told = gpus.flatMap((gpu) => of(gpu) ?? []);
        return told.length === 0 ? null : told.reduce((total, amount) => total + BigInt(amount), 0n);
      };
      const scaled = (total: bigint | null, by: number) => (total === null ? null : Number(total) / by);
      const memories = gpus.flatMap(({ memory_bytes: bytes }) => bytes ?? []);
      const told = gpus.filter(({ busy_ms: busy }) => busy !== undefined);
      expect(found.total).toMatchObject({
        runs: 1,
        gpu_read_seconds: scaled(
          sum(({ ms }) => ms),
          1000,
        ),
        gpu_told_seconds: told.reduce((total, { ms, told_ms = ms }) => total + told_ms, 0) / 1000,
        gpu_busy_seconds: scaled(
          sum(({ busy_ms }) => busy_ms),
          1000,
        ),
        gpu_idle_kwh: scaled(
          sum(({ idle_uj }) => idle_uj?.[0]),
          3.6e12,
        ),
        gpu_throttled_seconds: scaled(
          sum(({ throttled_ms }) => throttled_ms),
          1000,
        ),
        gpu_memory_bytes: memories.length === 0 ? null : Math.max(...memories),
      });
      const p2 = sum(({ p_state_ms }) => p_state_ms?.['P2']);
      expect(found.total.gpu_p_state_seconds?.['P2'] ?? null).toBe(scaled(p2, 1000));
      const least = gpus.reduce((a, { by }) => Math.max(a, GPU_BINDINGS.indexOf(by)), 0);
      expect(found.quality.gpu_runs_by_binding[GPU_BINDINGS[least]!]).toBe(1);
      expect(report(records.toReversed(), { groupBy: ['node', 'day'] })).toEqual(found);
    }),
  );
});

describe('whose GPUs are whose', () => {
  test('is counted by the least certain that told it in a run', () => {
    const { quality } = made([
      withGpu({ by: 'cgroup' }),
      withGpu({ by: 'processes' }, { from: later(T, 300), started: T, seq: 1 }),
      withGpu({ by: 'uuid' }, { job: 2 }),
      withGpu({ by: 'count' }, { job: 3 }),
      withGpu({ by: 'count' }, { job: 4 }),
      runRecord({ job: 5, gpus: 1 }),
    ]);
    expect(quality.gpu_runs_by_binding).toEqual({ cgroup: 0, uuid: 1, processes: 1, index: 0, count: 2 });
    expect(quality).toMatchObject({ gpu_conflict_runs: 0, gpu_conflict_example: null, gpu_unread_runs: 1 });
  });

  test('is told below the table where something contradicts it, with where to look', () => {
    const conflict = 'SLURM_JOB_GPUS=0 means gpu-3b:00.0, but its cgroup allows gpu-5e:00.0';
    const found = made([
      withGpu({ conflict }, { job: 17, nodes: 2 }),
      withGpu({ conflict }, { job: 17, nodes: 2, node: 'n2' }),
      withGpu({ conflict: 'another' }, { job: 18 }),
      withGpu({}, { job: 19 }),
    ]);
    expect(found.quality).toMatchObject({
      gpu_conflict_runs: 2,
      gpu_conflict_example: { cluster: 'alpha', job_id: 17, conflict },
    });
    expect(below(found)).toContain(
      `\nWhat Slurm says of the GPUs of 2 runs contradicts what was seen (job 17: ${conflict}). ` +
        'See gpu.order in docs/troubleshooting.md.\n',
    );
    expect(below(made([withGpu({})]))).not.toContain('contradicts');
  });

  test('is cut where it is long', () => {
    const text = below(made([withGpu({ conflict: 'x'.repeat(512) })]));
    expect(text).toContain(`(job 1: ${'x'.repeat(199)}+)`);
  });
});

describe('GPUs that did nothing', () => {
  test.each([
    [
      240_000,
      '\nGPUs that jobs had allocated did nothing for 20 % of the time they were told of: 1.00 Wh.\n',
    ],
    [0, '\nGPUs that jobs had allocated did nothing for 100 % of the time they were told of: 1.00 Wh.\n'],
  ])('are told of below the table: busy for %i ms of 300 000', (busy_ms, line) => {
    expect(below(made([withGpu({ busy_ms })]))).toContain(line);
  });

  test.each<[string, Partial<RunGpu>]>([
    ['for little of the time', { busy_ms: 241_000 }],
    ['and took no energy', { busy_ms: 0, idle_uj: [0, 0, 0] }],
  ])('%s are not worth a line', (_, gpu) => {
    expect(below(made([withGpu(gpu)]))).not.toContain('did nothing');
  });

  test('cannot be told of where nothing tells it', () => {
    expect(below(made([runRecord({ gpu: { ms: 1, by: 'uuid' } })]))).not.toContain('did nothing');
  });
});

describe('models', () => {
  const domains = { 'package-0': [1e9, 0, 0], 'gpu-3b:00.0': [9e9, 0, 0], 'gpu-5e:00.0': [0, 0, 0] } as const;
  const measured_uj: RunRecord['measured_uj'] = Object.fromEntries(
    Object.entries(domains).map(([name, uj]) => [name, [...uj]]),
  );
  const run = runRecord({ gpus: 1, measured_uj });
  const host = hostRecord({
    from: later(T, -86_400 * 2),
    hardware: {
      threads: 4,
      cpu: 'A CPU',
      gpus: { 'gpu-3b:00.0': { model: 'GPU A' }, 'gpu-5e:00.0': { model: 'GPU B' } },
    },
  });

  test('are those of the run’s own GPUs, from a line of before the report', () => {
    const found = made([run, host], { sinceMs: Date.parse(T) });
    expect(found.total).toMatchObject({ cpu_models: ['A CPU'], gpu_models: ['GPU A'] });
  });

  test('are none where no host tells them', () => {
    const others = [
      hostRecord(),
      hostRecord({ ...host, cluster: 'beta' }),
      hostRecord({ ...host, host: 'n2' }),
    ];
    expect(made([run, ...others]).total).toMatchObject({ cpu_models: [], gpu_models: [] });
  });

  test('are told even where the report has no hosts’ energy', () => {
    expect(made([run, host], { withUnattributed: false }).total.gpu_models).toEqual(['GPU A']);
  });
});

describe('texts that someone made to do harm', () => {
  const evil = '=x()\u001b[2J\u009b1m\u202e|,"\n';
  const records = [
    withGpu({ conflict: evil }, { measured_uj: { 'gpu-3b:00.0': [1, 1, 1] } }),
    hostRecord({ hardware: { threads: 1, cpu: evil, gpus: { 'gpu-3b:00.0': { model: evil } } } }),
  ];

  test.each(FORMATS.map((format) => [format.option?.name ?? 'table', format] as const))(
    '%s is free of what a terminal obeys',
    (_, format) => {
      const found = made(records);
      expect(found.total.gpu_models).toEqual([evil]);
      const view = { header: true, isOwn: true, timeZone: 'UTC', skipped: [], terminal: null };
      const text = [...format.render(found, { ...view, columns: null })].join('');
      expect(text.replaceAll(/\r?\n/g, '')).not.toMatch(/\p{Cc}|[\u202a-\u202e]/u);
    },
  );
});
