import type { RunRecord } from '../../../src/generated/record';
import type { ReportFigures } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { report } from './asked';
import { hostRecord, later, runRecord } from './records';

const T = '2026-03-02T10:00:00.000Z';
const start = { by: 'prolog' } as const;
const end = (at: string) => ({ at, by: 'epilog', coverage: {} }) as const;
/** kWh of so many kJ. */
const kj = (kilojoules: number): number => kilojoules / 3600;

function total(...records: Parameters<typeof report>): ReportFigures {
  const made = report(...records);
  expect(validate(made)).toBe(true);
  return made.total;
}

test('one run of 300 s at 10 W: kWh, PUE once, CO2eq of the whole', () => {
  expect(total([runRecord()])).toEqual({
    jobs: 1,
    runs: 1,
    elapsed_seconds: 300,
    cpu_seconds: 300,
    gpu_seconds: 0,
    energy_kwh: { cpu: kj(3), dram: null, gpu: null, other: null, it: kj(3), total: kj(4.5) },
    co2e_kg: (kj(4.5) * 400) / 1000,
    coverage: 1,
    measured_fraction: 1,
    estimated_fraction: 0,
    gpu_read_seconds: null,
    gpu_told_seconds: null,
    gpu_busy_seconds: null,
    gpu_utilization: null,
    gpu_idle_kwh: null,
    gpu_throttled_seconds: null,
    gpu_memory_bytes: null,
    gpu_p_state_seconds: null,
    cpu_models: [],
    gpu_models: [],
    nodes_expected: 1,
    nodes_reported: 1,
  });
});

test.each([
  ['usage', 3],
  ['allocation', 6],
  ['hybrid', 9],
] as const)('policy %s takes its own share', (policy, kilojoules) => {
  expect(total([runRecord()], { policy }).energy_kwh.it).toBeCloseTo(kj(kilojoules), 12);
});

test('classes are told by the domains’ names, and several domains add up', () => {
  const joule = (n: number): [number, number, number] => [n * 1e6, 0, 0];
  const measured_uj = {
    'package-0': joule(1),
    'package-1': joule(2),
    'dram-0': joule(4),
    'gpu-0000:3b:00.0': joule(8),
    module: joule(16),
  };
  expect(total([runRecord({ measured_uj })]).energy_kwh).toEqual({
    cpu: kj(0.003),
    dram: kj(0.004),
    gpu: kj(0.008),
    other: kj(0.016),
    it: kj(0.031),
    total: kj(0.031) * 1.5,
  });
});

test('a run of which nothing was read has no energy, and says that nothing was covered', () => {
  expect(total([runRecord({ measured_uj: {} })])).toMatchObject({
    energy_kwh: { cpu: null, dram: null, gpu: null, other: null, it: 0, total: 0 },
    coverage: 0,
    measured_fraction: null,
  });
});

test('measured and modelled joules are told apart', () => {
  const modelled_uj = { 'package-0': [9e9, 0, 0] as [number, number, number] };
  expect(total([runRecord(), runRecord({ job: 2, measured_uj: {}, modelled_uj })]).measured_fraction).toBe(
    0.25,
  );
});

describe('node overhead', () => {
  const overhead = { alpha: { nodeOverhead: 1.25 } };

  test('is other, modelled, part of it and under PUE', () => {
    expect(total([runRecord()], {}, overhead)).toMatchObject({
      energy_kwh: { cpu: kj(3), other: kj(0.75), it: kj(3.75), total: kj(3.75) * 1.5 },
      measured_fraction: 0.8,
    });
  });

  test('is not added where the rest of the node is measured', () => {
    const measured_uj = { 'package-0': [3e9, 0, 0], module: [1e9, 0, 0] } as RunRecord['measured_uj'];
    expect(total([runRecord({ measured_uj })], {}, overhead)).toMatchObject({
      energy_kwh: { other: kj(1), it: kj(4) },
      measured_fraction: 1,
    });
  });

  test('of nothing is nothing', () => {
    expect(total([runRecord({ measured_uj: {} })], {}, overhead).energy_kwh.other).toBeNull();
  });
});

test('GPU seconds are GPUs times time', () => {
  expect(total([runRecord({ gpus: 4 })]).gpu_seconds).toBe(1200);
});

describe('several nodes', () => {
  const two = { nodes: 2, start };

  test('a run on two nodes is one run, as long as the longer', () => {
    const records = [
      runRecord({ ...two, end: end(later(T, 300)) }),
      runRecord({ ...two, node: 'n2', from: later(T, 2), seconds: 300, end: end(later(T, 302)) }),
    ];
    expect(total(records)).toMatchObject({
      jobs: 1,
      runs: 1,
      elapsed_seconds: 302,
      cpu_seconds: 600,
      energy_kwh: { it: kj(6) },
      // Slurm started them two seconds apart: nothing is missing.
      coverage: 1,
      nodes_expected: 2,
      nodes_reported: 2,
    });
  });

  test('a silent node is half of the coverage', () => {
    expect(total([runRecord(two)])).toMatchObject({ coverage: 0.5, nodes_expected: 2, nodes_reported: 1 });
  });

  test('a node whose records stop is missing from then on', () => {
    const records = [
      runRecord({ ...two, seconds: 600, end: end(later(T, 600)) }),
      runRecord({ ...two, node: 'n2', seconds: 300 }),
    ];
    expect(total(records).coverage).toBe(0.75);
  });

  test('a node that rebooted is missing from then on', () => {
    const records = [
      runRecord({ ...two, seconds: 600, end: end(later(T, 600)) }),
      runRecord({ ...two, node: 'n2', seconds: 300, end: { ...end(later(T, 300)), by: 'reboot' } }),
    ];
    expect(total(records).coverage).toBe(0.75);
  });

  test('a number of nodes that nobody told makes coverage unknown', () => {
    const record = runRecord();
    delete record.nodes;
    expect(total([record])).toMatchObject({ coverage: null, nodes_expected: 1, nodes_reported: 1 });
  });
});

describe('coverage', () => {
  test('is that of the class that was observed least', () => {
    const record = runRecord({
      measured_uj: { 'package-0': [1, 1, 1], 'dram-0': [1, 1, 1] },
      missing_ms: { 'dram-0': 75_000 },
    });
    expect(total([record]).coverage).toBe(0.75);
  });

  test('of a class is that of its worst domain', () => {
    const record = runRecord({
      measured_uj: { 'package-0': [1, 1, 1], 'package-1': [1, 1, 1] },
      missing_ms: { 'package-0': 30_000, 'package-1': 150_000 },
    });
    expect(total([record]).coverage).toBe(0.5);
  });

  test('counts a class that was missing all the time', () => {
    expect(total([runRecord({ missing_ms: { 'dram-0': 300_000 } })])).toMatchObject({
      coverage: 0,
      energy_kwh: { dram: null },
    });
  });

  test('counts the time between two records', () => {
    const records = [
      runRecord({ seconds: 100 }),
      runRecord({ from: later(T, 200), started: T, seconds: 100 }),
    ];
    expect(total(records).coverage).toBeCloseTo(2 / 3, 6);
  });

  test('asks for a class only of runs that have it', () => {
    const gpu = runRecord({ job: 2, measured_uj: { 'package-0': [1, 1, 1], 'gpu-0': [1, 1, 1] } });
    expect(total([runRecord({ seconds: 3000 }), gpu]).coverage).toBe(1);
  });

  test('of one run that its clock makes too much does not hide what another lacks', () => {
    const half = runRecord({ job: 2, missing_ms: { 'package-0': 150_000 } });
    expect(total([runRecord({ ms: 450_000 }), half]).coverage).toBe(0.75);
  });

  test('is at most all, whatever the clocks say', () => {
    expect(total([runRecord({ ms: 300_500 })]).coverage).toBe(1);
  });
});

describe('unattributed', () => {
  test('is what hosts say under the policy, and the worst domain’s missing time', () => {
    const host = hostRecord();
    host.domains['dram-0'] = { ...host.domains['package-0']!, class: 'dram', missing_ms: 2500 };
    const made = report([host], { policy: 'allocation' });
    expect(made.unattributed).toEqual({
      idle_kwh: 42e6 / 3.6e12,
      system_kwh: 56e6 / 3.6e12,
      missing_seconds: 2.5,
    });
  });

  test.each([
    ['no host told', [runRecord()], true],
    ['it was not asked for', [hostRecord()], false],
    ['hosts told of another month', [hostRecord({ from: '2026-05-01T10:00:00.000Z' })], true],
    ['hosts of other nodes told', [hostRecord({ nodes: ['n2'] })], true],
  ] as const)('is unknown where %s', (_, records, withUnattributed) => {
    const made = report(records, { withUnattributed, filter: { nodes: new Set(['n1']) } });
    expect(made.unattributed).toEqual({ idle_kwh: null, system_kwh: null, missing_seconds: null });
  });
});

describe('clusters', () => {
  const records = [runRecord(), runRecord({ cluster: 'beta', seconds: 600 })];
  const byCluster = {
    alpha: { pue: 1.2, zone: 'DE', intensityGPerKwh: 400 },
    beta: { pue: 2, zone: 'FR', intensityGPerKwh: 50, defaultsUsed: ['site.pue 2'] },
  };

  test('each has its own PUE and intensity', () => {
    const { total: sum } = report(records, {}, byCluster);
    expect(sum.energy_kwh.it).toBeCloseTo(kj(9), 12);
    expect(sum.energy_kwh.total).toBeCloseTo(kj(3 * 1.2 + 6 * 2), 12);
    expect(sum.co2e_kg).toBeCloseTo((kj(3 * 1.2) * 400 + kj(6 * 2) * 50) / 1000, 12);
  });

  test('the report’s factors are means by energy, which give its total again', () => {
    const made = report(records, {}, byCluster);
    expect(made.factors).toMatchObject({ zone: 'DE, FR', defaults_used: ['site.pue 2'] });
    expect(made.factors.pue * made.total.energy_kwh.it).toBeCloseTo(made.total.energy_kwh.total, 12);
    expect((made.factors.intensity_g_per_kwh * made.total.energy_kwh.total) / 1000).toBeCloseTo(
      made.total.co2e_kg,
      12,
    );
    expect(made.factors.by_cluster).toEqual([
      {
        cluster: 'alpha',
        pue: 1.2,
        zone: 'DE',
        intensity_g_per_kwh: 400,
        intensity_source: 'a test',
        intensity_basis: 'average-lifecycle',
        intensity_year: 2024,
      },
      {
        cluster: 'beta',
        pue: 2,
        zone: 'FR',
        intensity_g_per_kwh: 50,
        intensity_source: 'a test',
        intensity_basis: 'average-lifecycle',
        intensity_year: 2024,
      },
    ]);
  });
});

test('an empty report is a valid one', () => {
  const made = report([]);
  expect(validate(made)).toBe(true);
  expect(made).toMatchObject({
    data_until: null,
    groups: [],
    total: { jobs: 0, coverage: null, measured_fraction: null },
  });
});

test('sums of 10^12 kWh are exact to the microjoule', () => {
  const uj = Number.MAX_SAFE_INTEGER;
  const records = Array.from({ length: 400 }, (_, i) =>
    runRecord({ job: i + 1, measured_uj: { 'package-0': [uj, 0, 0], 'package-1': [i === 0 ? 1 : 0, 0, 0] } }),
  );
  const huge = runRecord({ job: 9999, measured_uj: { 'package-0': [3.6e24, 0, 0] } });
  const made = report([...records, huge]);
  expect(made.total.energy_kwh.it).toBe(Number(BigInt(uj) * 400n + 1n + BigInt(3.6e24)) / 3.6e12);
  expect(validate(made)).toBe(true);
});

test('what is counted and what is not is said', () => {
  const scope = (...args: Parameters<typeof report>): string => report(...args).factors.it_scope;
  expect(scope([runRecord()])).toBe(
    'CPU packages; not counted: memory, GPUs, board, fans and power supplies, network, shared storage',
  );
  expect(scope([runRecord()], {}, { alpha: { nodeOverhead: 1.2 } })).toBe(
    'CPU packages, the rest of the node by a factor; not counted: memory, GPUs, network, shared storage',
  );
  expect(scope([])).toContain("no run's energy was recorded");
  // The power model's watts are at the wall, so nothing of the node is lacking but its GPUs.
  const modelled = runRecord({ measured_uj: {}, modelled_uj: { 'package-0': [5, 5, 5] } });
  expect(scope([modelled])).toBe(
    'the whole node but its GPUs, at the wall, by a model; not counted: GPUs, network, shared storage',
  );
  expect(scope([runRecord(), runRecord({ ...modelled, job: 2, seq: 99 })])).toBe(
    'CPU packages (where modelled: the whole node but its GPUs, at the wall); not counted: memory (where measured), ' +
      'GPUs, board, fans and power supplies (where measured), network, shared storage',
  );
});
