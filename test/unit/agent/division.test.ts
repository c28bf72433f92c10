import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { type HostState, type RunState, emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import type { Holding } from '../../../src/agent/reading';
import { applyEvent } from '../../../src/agent/runs';
import type { HostRecord, RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import type { EnergyDomain } from '../../../src/sources/source';
import { PACKAGE, type ReadingSpec, instantAt, readingAt } from './reading-builder';

const GIB = 2 ** 30;
const DRAM: EnergyDomain = { ...PACKAGE, name: 'dram-0', class: 'dram' };
const SOCKETS: EnergyDomain[] = [0, 1].map((i) => ({
  ...PACKAGE,
  name: `package-${i}`,
  place: { package: i },
}));
const NODE: EnergyDomain = {
  ...PACKAGE,
  name: 'node',
  class: 'whole',
  source: 'bmc',
  isNode: true,
};
const ACCELERATORS: EnergyDomain[] = [0, 1].map((i) => ({
  ...PACKAGE,
  name: `gpu-${i}`,
  class: 'gpu',
  accelerators: 1,
}));

let state: HostState;
beforeEach(() => {
  state = emptyHostState();
});

/** A job that begins at 0; its key. */
function begin(jobId: number, variables: Record<string, string> = {}): string {
  const at = instantAt(0);
  const event = {
    hook: 'prolog' as const,
    boot: '0123abcd',
    uptimeS: 0,
    jobId,
    node: 'n1',
    variables: { SLURM_JOB_CPUS_PER_NODE: '1', SLURM_JOB_NODELIST: 'n1', ...variables },
  };
  const filed = { file: `prolog.${jobId}.1.0`, atMs: at.wallMs, event };
  applyEvent(state, filed, at, 'lab', () => false);
  return Object.keys(state.runs).find((key) => state.runs[key]!.identity.job === jobId)!;
}

function read(spec: ReadingSpec, idle = {}): void {
  advance(state, readingAt(spec), idle);
}

function joules(key: string, domain: string): number[] {
  return state.runs[key]!.line.domains[domain]!.uj.map((uj) => uj / 1e6);
}

const run = (key: string): RunState => state.runs[key]!;

function hostRecord(): HostRecord {
  let seq = 0;
  const writer = { tool: '0', host: 'h', boot: '0123abcd', instance: '0123456789ab', nextSeq: () => seq++ };
  const facts = { cluster: 'lab', cpus: 2, absentSources: {}, agent: { cpu_us: 0, rss_bytes: 0 } };
  const record = takeHostLine(state, facts, writer)!;
  expect([validateRecord(record), validateRecord.errors]).toEqual([true, null]);
  for (const { counter_uj, runs_uj, idle_uj, system_uj } of Object.values(record.domains)) {
    for (const policy of [0, 1, 2] as const) {
      expect(runs_uj[policy] + idle_uj[policy] + system_uj[policy]).toBe(counter_uj);
    }
  }
  return record;
}

function runRecord(key: string): RunRecord {
  let seq = 0;
  const writer = { tool: '0', host: 'h', boot: '0123abcd', instance: '0123456789ab', nextSeq: () => seq++ };
  const [record] = takeRunLines(state, key, state.at!, writer) as [RunRecord];
  expect([validateRecord(record), validateRecord.errors]).toEqual([true, null]);
  return record;
}

const held = (bytes: number, more: Partial<Holding> = {}): Holding => ({
  memory: { bytes, by: 'cgroup' },
  cpus: null,
  memoryLimitBytes: null,
  ...more,
});

describe('memory', () => {
  const memory = { totalBytes: 16 * GIB, heldBytes: 8 * GIB };

  test('is divided by what is held, the system’s part included; under allocation by limits of what there is', () => {
    const [a, b] = [begin(1), begin(2)];
    const holdings = {
      [a]: held(3 * GIB, { memoryLimitBytes: 8 * GIB }),
      [b]: held(4 * GIB, { memoryLimitBytes: 4 * GIB }),
    };
    const domains = [PACKAGE, DRAM];
    read({ atS: 0, domains, holdings, memory });
    // The first job uses all the CPU time: that buys it no memory.
    read({ atS: 10, domains, joules: { 'dram-0': 80 }, busyS: 10, jobsS: { 1: 10, 2: 0 } });
    expect(joules(a, 'dram-0')).toEqual([30, 40, 30]);
    expect(joules(b, 'dram-0')).toEqual([40, 20, 40]);
    expect(hostRecord()).toMatchObject({
      domains: { 'dram-0': { idle_uj: [0, 20e6, 0], system_uj: [10e6, 0, 10e6] } },
      memory: { total_bytes: 16 * GIB, held_bytes: 8 * GIB, runs_bytes: 7 * GIB },
    });
    expect(runRecord(a).dram_split).toBeUndefined();
  });

  test('of a run that nothing tells of goes by CPU time, labelled, and that part is an estimate', () => {
    const [a, b] = [begin(1), begin(2)];
    const domains = [PACKAGE, DRAM];
    read({ atS: 0, domains, holdings: { [a]: held(4 * GIB) }, memory });
    read({ atS: 10, domains, joules: { 'dram-0': 80 }, busyS: 10, jobsS: { 1: 5, 2: 2.5 } });
    // A quarter of the CPU time: 2 of the 8 GiB that the host holds; 2 more are the system's.
    expect([joules(a, 'dram-0')[0], joules(b, 'dram-0')[0]]).toEqual([40, 20]);
    expect(runRecord(b)).toMatchObject({
      dram_split: 'cpu_time',
      estimated_uj: { 'dram-0': [20e6, 0, 20e6] },
    });
    expect(runRecord(a).estimated_uj).toBeUndefined();
  });

  test('where nothing tells of any run, it is as the CPU', () => {
    const a = begin(1);
    read({ atS: 0, domains: [DRAM] });
    read({ atS: 10, domains: [DRAM], joules: { 'dram-0': 80 }, busyS: 8, jobsS: { 1: 6 } });
    expect(joules(a, 'dram-0')[0]).toBe(60);
  });
});

describe('two sockets', () => {
  const places = [
    [0, 1],
    [2, 3],
  ];
  const base = { domains: SOCKETS, places, cpus: 4 };

  test('a job on socket 1 pays nothing for socket 0', () => {
    const [a, b] = [begin(1), begin(2)];
    const holdings = { [a]: held(0, { cpus: [0, 1] }), [b]: held(0, { cpus: [2, 3] }) };
    read({ ...base, atS: 0, cpuBusyS: [0, 0, 0, 0], holdings });
    read({
      ...base,
      atS: 10,
      joules: { 'package-0': 100, 'package-1': 40 },
      busyS: 20,
      cpuBusyS: [10, 5, 2.5, 2.5],
      jobsS: { 1: 10, 2: 5 },
    });
    expect(joules(b, 'package-0')).toEqual([0, 0, 0]);
    expect(joules(b, 'package-1')).toEqual([40, 40, 40]);
    // Of the 15 s that socket 0 was busy 10 are the job's, the rest is the system's.
    expect(joules(a, 'package-0')[0]).toBeCloseTo(66.667, 3);
    expect(hostRecord().domains['package-0']!.system_uj[0]).toBeCloseTo(33.333e6, -3);
    expect(runRecord(a)).toMatchObject({ package_split: 'cpuset' });
    expect(runRecord(b).estimated_uj).toBeUndefined();
  });

  test('what the kernel counts by CPU goes before a cpuset', () => {
    const a = begin(1);
    read({ ...base, atS: 0, cpuBusyS: [0, 0, 0, 0], jobsS: { 1: 0 }, placeS: { 1: [0, 0, 0] } });
    read({
      ...base,
      atS: 10,
      joules: { 'package-0': 100, 'package-1': 100 },
      busyS: 8,
      cpuBusyS: [2, 0, 6, 0],
      jobsS: { 1: 4 },
      placeS: { 1: [1, 3, 0] },
    });
    expect([joules(a, 'package-0')[0], joules(a, 'package-1')[0]]).toEqual([50, 50]);
    expect(runRecord(a).package_split).toBe('percpu');
  });

  test('without either it is assumed to be where the CPUs were busy, and labelled an estimate', () => {
    const a = begin(1);
    read({ ...base, atS: 0, cpuBusyS: [0, 0, 0, 0], jobsS: { 1: 0 } });
    const now = { busyS: 8, cpuBusyS: [2, 0, 6, 0], jobsS: { 1: 4 } };
    read({ ...base, atS: 10, joules: { 'package-0': 100, 'package-1': 100 }, ...now });
    expect([joules(a, 'package-0')[0], joules(a, 'package-1')[0]]).toEqual([50, 50]);
    expect(runRecord(a)).toMatchObject({
      package_split: 'assumed',
      estimated_uj: { 'package-0': [50e6, 25e6, 50e6] },
    });
  });

  test('one busy core on a large node pays for its share of its own socket’s use only', () => {
    const a = begin(1);
    const holdings = { [a]: held(0, { cpus: [3] }) };
    read({ ...base, atS: 0, cpuBusyS: [0, 0, 0, 0], holdings });
    const now = { busyS: 10, cpuBusyS: [0, 0, 0, 10], jobsS: { 1: 10 } };
    read({ ...base, atS: 10, joules: { 'package-0': 20, 'package-1': 60 }, ...now });
    expect([joules(a, 'package-0'), joules(a, 'package-1')]).toEqual([
      [0, 0, 0],
      [60, 30, 60],
    ]);
    expect(hostRecord().domains['package-0']!.idle_uj).toEqual([20e6, 20e6, 20e6]);
  });
});

describe('larger parts of the host', () => {
  test('are kept beside the others and never divided', () => {
    const a = begin(1);
    const domains = [PACKAGE, { ...NODE, name: 'psys', isNode: undefined } as unknown as EnergyDomain];
    read({ atS: 0, domains });
    read({ atS: 10, domains, joules: { 'package-0': 100, psys: 150 }, busyS: 10, jobsS: { 1: 10 } });
    const { domains: divided, whole } = hostRecord();
    expect(Object.keys(divided)).toEqual(['package-0']);
    expect(whole).toEqual({ psys: { source: 'bmc', counter_uj: 150e6, missing_ms: 0 } });
    expect(Object.keys(runRecord(a).measured_uj)).toEqual(['package-0']);
  });

  test('a node’s energy less what is counted is `other`, divided like the CPU and labelled an estimate', () => {
    const a = begin(1);
    const domains = [PACKAGE, DRAM, NODE];
    read({ atS: 0, domains });
    const now = { busyS: 10, jobsS: { 1: 5 } };
    read({ atS: 10, domains, joules: { 'package-0': 100, 'dram-0': 20, node: 200 }, ...now });
    expect(joules(a, 'other')).toEqual([40, 40, 40]);
    expect(hostRecord().domains['other']).toMatchObject({ counter_uj: 80e6, source: 'bmc less cpu, dram' });
    expect(runRecord(a).estimated_uj!['other']).toEqual([40e6, 40e6, 40e6]);
  });

  test('a node read late is behind its parts for a while: that is carried, nothing is less than nothing', () => {
    const a = begin(1);
    const domains = [PACKAGE, NODE];
    read({ atS: 0, domains });
    read({ atS: 10, domains, joules: { 'package-0': 100, node: 70 }, busyS: 10, jobsS: { 1: 10 } });
    expect(joules(a, 'other')[0]).toBe(0);
    read({ atS: 20, domains, joules: { 'package-0': 200, node: 300 }, busyS: 20, jobsS: { 1: 20 } });
    expect(joules(a, 'other')[0]).toBe(100);
  });

  test('GPUs that a node holds and nobody reads are not divided like the CPU', () => {
    const a = begin(1, { SLURM_JOB_GPUS: '0,1' });
    const domains = [PACKAGE, NODE];
    read({ atS: 0, domains });
    read({ atS: 10, domains, joules: { 'package-0': 100, node: 700 }, busyS: 10, jobsS: { 1: 10 } });
    expect(hostRecord().domains['other']).toMatchObject({
      counter_uj: 0,
      missing_ms: 10_000,
      missing_reason: 'the node holds GPUs that are not read',
    });
    // Nobody reads them, so nothing of that class was observed.
    expect(run(a).life.missingMs).toMatchObject({ gpu: 10_000, other: 10_000 });
  });
});

describe('accelerators', () => {
  test('an allocated, idle, unshared one stays with its run under every policy', () => {
    const a = begin(1, { SLURM_JOB_GPUS: '0,1' });
    begin(2);
    read({ atS: 0, domains: ACCELERATORS });
    // Only the other job does anything.
    read({ atS: 10, domains: ACCELERATORS, energyJ: 50, busyS: 10, jobsS: { 1: 0, 2: 10 } });
    expect([joules(a, 'gpu-0'), joules(a, 'gpu-1')]).toEqual([
      [50, 50, 50],
      [50, 50, 50],
    ]);
    expect(runRecord(a).estimated_uj).toBeUndefined();
  });

  test('one of two, which is not told: half of each, an estimate; what no run has is idle', () => {
    const a = begin(1, { SLURM_JOB_GPUS: '1' });
    read({ atS: 0, domains: ACCELERATORS });
    read({ atS: 10, domains: ACCELERATORS, energyJ: 50, busyS: 10, jobsS: { 1: 10 } });
    expect(joules(a, 'gpu-0')).toEqual([25, 25, 25]);
    expect(hostRecord().domains['gpu-1']!.idle_uj).toEqual([25e6, 25e6, 25e6]);
    expect(runRecord(a).estimated_uj).toEqual({ 'gpu-0': [25e6, 25e6, 25e6], 'gpu-1': [25e6, 25e6, 25e6] });
  });
});

test('hybrid divides a calibrated idle power by allocation, and the host’s record names its version', () => {
  const a = begin(1);
  const idle = { 'package-0': { idleW: 4, by: 'calibrated' as const, calibration: 3 } };
  read({ atS: 0 }, idle);
  read({ atS: 10, energyJ: 100, busyS: 10, jobsS: { 1: 5 } }, idle);
  // 40 J of idle energy, half of the CPUs; 60 J by use, half of it.
  expect(joules(a, 'package-0')).toEqual([50, 50, 50]);
  expect(hostRecord().domains['package-0']).toMatchObject({
    idle_uj: [0, 50e6, 20e6],
    idle_w: 4,
    idle_by: 'calibrated',
    calibration: 3,
  });
});

test('what a run may use by its cpuset goes before what Slurm’s variables say, and its record says which', () => {
  const [a, b] = [begin(1), begin(2, { SLURM_JOB_CPUS_PER_NODE: '' })];
  read({ atS: 0, cpus: 4, holdings: { [a]: held(0, { cpus: [0, 1], memoryLimitBytes: GIB }) } });
  read({ atS: 10, cpus: 4, energyJ: 100, busyS: 10, jobsS: { 1: 5, 2: 5 } });
  expect(joules(a, 'package-0')[1]).toBe(50);
  for (const key of [a, b]) run(key).end = { atMs: 0, monoNs: run(key).line.from.monoNs, by: 'epilog' };
  expect(runRecord(a).end!.allocated).toEqual({ by: 'cpuset', cpus: 2, memory_bytes: GIB });
  expect(runRecord(b).end!.allocated).toEqual({ by: 'unknown' });
});

test('the order in which jobs begin and cgroups are listed changes nothing', () => {
  const jobs = fc.array(fc.record({ cpuS: fc.nat(1000), bytes: fc.nat(1e9) }), {
    minLength: 2,
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      jobs,
      fc.array(fc.nat(1e6), { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      (specs, grown, isReversed) => {
        const lines = [false, true].map((flip) => {
          state = emptyHostState();
          const order = specs.map((_, i) => i + 1);
          if (flip) order.reverse();
          const keys = new Map(order.map((id) => [id, begin(id)]));
          const holdings = Object.fromEntries(order.map((id) => [keys.get(id)!, held(specs[id - 1]!.bytes)]));
          let joule = 0;
          [0, ...grown].forEach((more, tick) => {
            joule += more;
            const reading = readingAt({
              atS: tick * 10,
              domains: [PACKAGE, DRAM],
              energyJ: joule / 1e3,
              busyS: tick * 5000,
              jobsS: Object.fromEntries(specs.map(({ cpuS }, i) => [i + 1, (tick * cpuS) / 1000])),
              holdings,
              memory: { totalBytes: 1e12, heldBytes: 1e10 },
            });
            const scopes = reading.scopes.map((scope) => ({
              ...scope,
              jobs: flip && isReversed ? scope.jobs.toReversed() : scope.jobs,
            }));
            advance(state, { ...reading, scopes });
          });
          return [...keys.keys()]
            .toSorted((a, b) => a - b)
            .map((id) => state.runs[keys.get(id)!]!.line.domains);
        });
        expect(lines[1]).toEqual(lines[0]);
      },
    ),
  );
});
