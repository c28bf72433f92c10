import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { type HostState, type RunState, emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import { recover } from '../../../src/agent/recovery';
import { applyEvent } from '../../../src/agent/runs';
import type { GpuOrder } from '../../../src/attribution/gpu-binding';
import type { HostRecord, RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import type { MigInstance } from '../../../src/sources/gpu';
import type { GpuJobProcess, GpuLook } from '../../../src/sources/gpu-use';
import type { EnergyDomain } from '../../../src/sources/source';
import { PACKAGE, type ReadingSpec, instantAt, readingAt } from './reading-builder';

const GIB = 2 ** 30;

function gpu(index: number): EnergyDomain {
  const bus = `0${index + 1}:00.0`;
  return {
    name: `gpu-${bus}`,
    class: 'gpu',
    quality: 'measured',
    source: 'nvml',
    maxPowerW: 3000,
    gpu: { uuid: `GPU-${index}`, pciBusId: `0000:${bus}`, index, minor: index, model: 'A GPU' },
  };
}
const GPUS = [0, 1, 2, 3].map(gpu);
const [G0, G1] = GPUS.map(({ name }) => name) as [string, string];

const BUSY: GpuLook = {
  busyPart: 0.5,
  idlePart: 0.25,
  throttledPart: 0.1,
  performanceState: 0,
  memoryBytes: 8 * GIB,
  processes: [],
  instances: null,
};

function processOf(jobId: number | null, smPart: number | null = null): GpuJobProcess {
  const job = jobId === null ? null : { jobId, node: 'n1' };
  return { smPart, memoryBytes: GIB, instance: null, job };
}

let state: HostState;
beforeEach(() => {
  state = emptyHostState();
});

function begin(
  jobId: number,
  gpuIds: string | undefined,
  more: Record<string, string> = {},
  atS = 0,
): string {
  const at = instantAt(atS);
  const variables = {
    SLURM_JOB_CPUS_PER_NODE: '1',
    SLURM_JOB_NODELIST: 'n1',
    ...(gpuIds === undefined ? {} : { SLURM_JOB_GPUS: gpuIds }),
    ...more,
  };
  const event = { hook: 'prolog' as const, boot: '0123abcd', uptimeS: 0, jobId, node: 'n1', variables };
  applyEvent(state, { file: `prolog.${jobId}`, atMs: at.wallMs, event }, at, 'lab', () => false);
  return Object.keys(state.runs).find((key) => state.runs[key]!.identity.job === jobId)!;
}

function read(spec: ReadingSpec, order?: GpuOrder): void {
  const domains = spec.domains ?? GPUS;
  const named = Object.fromEntries(domains.map(({ name }) => [name, spec.joules?.[name] ?? 0]));
  advance(state, readingAt({ ...spec, domains, joules: named }), {}, order);
}

const run = (key: string): RunState => state.runs[key]!;

/** Joules of a run in a GPU, by policy; null: it has no part of it. */
function joules(key: string, name: string): number[] | null {
  return run(key).line.domains[name]?.uj.map((uj) => uj / 1e6) ?? null;
}

function writer() {
  let seq = 0;
  return { tool: '0', host: 'h', boot: '0123abcd', instance: '0123456789ab', nextSeq: () => seq++ };
}

function runRecord(key: string): RunRecord {
  const [record] = takeRunLines(state, key, state.at!, writer()) as [RunRecord];
  expect([validateRecord(record), validateRecord.errors]).toEqual([true, null]);
  return record;
}

function hostRecord(): HostRecord {
  const facts = { cluster: 'lab', cpus: 2, absentSources: {}, agent: { cpu_us: 0, rss_bytes: 0 } };
  const record = takeHostLine(state, facts, writer())!;
  expect([validateRecord(record), validateRecord.errors]).toEqual([true, null]);
  for (const { counter_uj, runs_uj, idle_uj, system_uj } of Object.values(record.domains)) {
    for (const policy of [0, 1, 2] as const) {
      expect(runs_uj[policy] + idle_uj[policy] + system_uj[policy]).toBe(counter_uj);
    }
  }
  return record;
}

describe('a GPU of one run', () => {
  test('each has its own GPU’s energy, under every policy, and nothing of the others', () => {
    const [one, two] = [begin(1, '0'), begin(2, '1,2')];
    const cpuOnly = begin(3, undefined);
    read({ atS: 0 });
    read({ atS: 10, joules: { [G0]: 1000, [G1]: 2000, 'gpu-03:00.0': 3000, 'gpu-04:00.0': 400 } });
    expect(joules(one, G0)).toEqual([1000, 1000, 1000]);
    expect(joules(one, G1)).toBeNull();
    expect(joules(two, G1)).toEqual([2000, 2000, 2000]);
    expect(joules(two, 'gpu-03:00.0')).toEqual([3000, 3000, 3000]);
    expect(run(cpuOnly).line.domains).toEqual({});
    expect(run(one).line.domains[G0]!.estimatedUj).toEqual([0, 0, 0]);
    expect(hostRecord().domains['gpu-04:00.0']).toMatchObject({ idle_uj: [4e8, 4e8, 4e8] });
  });

  test('allocated and idle it is charged to its run, and told', () => {
    const key = begin(1, '0');
    read({ atS: 0 });
    const idle = { ...BUSY, busyPart: 0, idlePart: 1, throttledPart: 0, performanceState: 8, memoryBytes: 0 };
    read({ atS: 10, joules: { [G0]: 600 }, gpus: { [G0]: idle } });
    expect(joules(key, G0)).toEqual([600, 600, 600]);
    expect(runRecord(key).gpu).toEqual({
      ms: 10_000,
      by: 'index',
      busy_ms: 0,
      idle_uj: [6e8, 6e8, 6e8],
      memory_bytes: 0,
      throttled_ms: 0,
      p_state_ms: { P8: 10_000 },
    });
  });

  test('what several GPUs did is added up', () => {
    const key = begin(1, '0,1');
    read({ atS: 0 });
    const other = { ...BUSY, busyPart: 1, idlePart: 0, throttledPart: null, performanceState: 2 };
    read({ atS: 10, joules: { [G0]: 1000, [G1]: 2000 }, gpus: { [G0]: BUSY, [G1]: other } });
    expect(runRecord(key).gpu).toEqual({
      ms: 20_000,
      by: 'index',
      busy_ms: 15_000,
      idle_uj: [25e7, 25e7, 25e7],
      memory_bytes: 16 * GIB,
      throttled_ms: 1000,
      p_state_ms: { P0: 10_000, P2: 10_000 },
    });
  });

  test('what is not told is absent, not 0', () => {
    const key = begin(1, '0');
    const untold = {
      ...BUSY,
      busyPart: null,
      idlePart: null,
      throttledPart: null,
      performanceState: null,
      memoryBytes: null,
    };
    read({ atS: 0 });
    read({ atS: 10, joules: { [G0]: 1000 }, gpus: { [G0]: untold } });
    expect(runRecord(key).gpu).toEqual({ ms: 10_000, by: 'index' });
  });

  test('of the part of a tick before it had the GPU it pays nothing', () => {
    read({ atS: 0 });
    const key = begin(1, '0', {}, 5);
    read({ atS: 10, joules: { [G0]: 1000 } });
    expect(joules(key, G0)).toEqual([500, 500, 500]);
    expect(hostRecord().domains[G0]).toMatchObject({ idle_uj: [5e8, 5e8, 5e8] });
  });
});

describe('power that is read now and then and added up', () => {
  const integrated = GPUS.map((domain): EnergyDomain => ({
    ...domain,
    source: 'nvidia_smi',
    isIntegrated: true,
  }));

  test.each([
    [2, true],
    [10, false],
  ])('of a run of %d s what it has is an estimate: %s', (lengthS, isEstimated) => {
    const key = begin(1, '0');
    read({ atS: 0, domains: integrated });
    read({ atS: lengthS, domains: integrated, joules: { [G0]: 100 * lengthS } });
    const at = instantAt(lengthS);
    run(key).end = { atMs: at.wallMs, monoNs: at.monoNs, by: 'epilog' };
    const record = runRecord(key);
    expect(record.measured_uj[G0]).toEqual([1, 1, 1].map((part) => part * lengthS * 1e8));
    expect(record.estimated_uj?.[G0]).toEqual(isEstimated ? record.measured_uj[G0] : undefined);
  });
});

test('of a counter that is read by a clock of its own a run has what it grew by while the run was there', () => {
  const toldAt = (seconds: number) => ({ [G0]: { ...BUSY, toldNs: instantAt(seconds).monoNs } });
  read({ atS: 0, gpus: toldAt(0) });
  // 100 W, as of the second second; the tick comes at the tenth.
  read({ atS: 10, joules: { [G0]: 200 }, gpus: toldAt(2) });
  const key = begin(1, '0', {}, 10);
  read({ atS: 10.25, joules: { [G0]: 1025 }, gpus: toldAt(10.25) });
  expect(joules(key, G0)![0]).toBeCloseTo(25, 6);
  read({ atS: 20, joules: { [G0]: 1900 }, gpus: toldAt(19) });
  expect(joules(key, G0)![0]).toBeCloseTo(900, 6);
  hostRecord();
});

describe('coverage', () => {
  test('of a run is of its own GPUs: another’s that cannot be read is not its', () => {
    const [one, two] = [begin(1, '0'), begin(2, '1')];
    const cpuOnly = begin(3, undefined);
    read({ atS: 0 });
    advance(state, readingAt({ atS: 10, domains: GPUS, joules: { [G0]: 100, [G1]: { missing: 'lost' } } }));
    expect(run(one).life.missingMs).toEqual({ gpu: 0 });
    expect(run(two).life.missingMs).toEqual({ gpu: 10_000 });
    expect(run(cpuOnly).life.missingMs).toEqual({});
    expect(run(cpuOnly).line.domains).toEqual({});
    expect(hostRecord().domains[G1]).toMatchObject({ missing_ms: 10_000, missing_reason: 'lost' });
  });

  test('of a GPU that is lost from the start the run has nothing, and what is another’s stays whole', () => {
    const [both, lost] = [begin(1, '0,1'), begin(2, '0')];
    const shown = GPUS.slice(1, 2);
    read({ atS: 0, domains: shown });
    read({ atS: 10, domains: shown, joules: { [G1]: 1000 } });
    expect([joules(both, G1), joules(lost, G1)]).toEqual([[1000, 1000, 1000], null]);
    expect([run(both), run(lost)].map(({ life }) => life.missingMs.gpu)).toEqual([10_000, 10_000]);
    expect(runRecord(both)).toMatchObject({ missing_ms: { 'gpu-unknown': 10_000 } });
    // It comes back.
    read({ atS: 20, joules: { [G0]: 500, [G1]: 1000 } });
    read({ atS: 30, joules: { [G0]: 900, [G1]: 1000 } });
    expect(joules(both, G0)).toEqual([200, 200, 200]);
  });

  test('a counter that could not be read for a while has counted on: nothing of it is lost', () => {
    const key = begin(1, '0');
    read({ atS: 0 });
    read({ atS: 10, joules: { [G0]: 1000 } });
    advance(state, readingAt({ atS: 20, domains: GPUS, joules: { [G0]: { missing: 'the reader hangs' } } }));
    expect(run(key).life.missingMs.gpu).toBe(10_000);
    read({ atS: 30, joules: { [G0]: 5000 } });
    expect(joules(key, G0)).toEqual([5000, 5000, 5000]);
    expect([run(key).life.missingMs.gpu, run(key).line.domains[G0]!.missingMs]).toEqual([0, 0]);
  });

  test('a GPU that the run should have and nobody knows of is missing', () => {
    const key = begin(1, '0,1');
    const look = {
      memory: null,
      cpus: null,
      memoryLimitBytes: null,
      gpuDevices: [0, 1].map((minor) => ({ kind: 'nvidia' as const, minor })),
    };
    const shown = GPUS.slice(0, 1);
    read({ atS: 0, domains: shown, holdings: { [key]: look } });
    read({ atS: 10, domains: shown, joules: { [G0]: 1000 } });
    expect(joules(key, G0)).toEqual([1000, 1000, 1000]);
    expect(run(key).life.missingMs).toEqual({ gpu: 10_000 });
  });

  test('GPUs that nobody has told of yet are missing', () => {
    const key = begin(1, '0');
    read({ atS: 0, domains: [PACKAGE] });
    read({ atS: 10, domains: [PACKAGE] });
    expect(run(key).life.missingMs.gpu).toBe(10_000);
    read({ atS: 20, joules: { [G0]: 700 } });
    read({ atS: 30, joules: { [G0]: 1700 } });
    expect(joules(key, G0)).toEqual([1000, 1000, 1000]);
    // The first reading of a counter is a baseline.
    expect(run(key).life.missingMs.gpu).toBe(20_000);
  });
});

describe('whose it is', () => {
  test('a GPU that returns with another index is still its run’s', () => {
    const key = begin(1, '1');
    read({ atS: 0 });
    read({ atS: 10, joules: { [G1]: 1000 } });
    const renumbered = GPUS.map((domain, i) => ({ ...domain, gpu: { ...domain.gpu!, index: (i + 1) % 4 } }));
    read({ atS: 20, domains: renumbered, joules: { [G0]: 5000, [G1]: 3000 } });
    expect(joules(key, G1)).toEqual([3000, 3000, 3000]);
    expect(joules(key, G0)).toBeNull();
  });

  test('its processes are on another GPU than the index means: that one is its, and the contradiction is in the record', () => {
    const key = begin(1, '0');
    read({ atS: 0 });
    read({
      atS: 10,
      joules: { [G0]: 100, [G1]: 900 },
      gpus: { [G1]: { ...BUSY, processes: [processOf(1)] } },
    });
    expect(joules(key, G1)).toEqual([900, 900, 900]);
    expect(joules(key, G0)).toBeNull();
    expect(runRecord(key).gpu).toMatchObject({
      by: 'processes',
      conflict: expect.stringContaining('gpu.order: nvml') as string,
    });
  });

  test('by the devices of its cgroup', () => {
    const key = begin(1, '0');
    const look = {
      memory: null,
      cpus: null,
      memoryLimitBytes: null,
      gpuDevices: [{ kind: 'nvidia' as const, minor: 1 }],
    };
    read({ atS: 0, holdings: { [key]: look } });
    read({ atS: 10, joules: { [G0]: 100, [G1]: 900 } });
    expect(joules(key, G1)).toEqual([900, 900, 900]);
    expect(runRecord(key).gpu).toMatchObject({ by: 'cgroup', conflict: expect.any(String) as string });
  });

  test('a run that only has a number of GPUs has an even part of those that nobody has, as an estimate', () => {
    const [known, unknown] = [begin(1, undefined), begin(2, '0,1')];
    // Nothing tells what an index counts.
    const domains = GPUS.map((domain) => ({ ...domain, gpu: { ...domain.gpu!, index: null } }));
    const gpus = { [G0]: { ...BUSY, processes: [processOf(1)] } };
    read({ atS: 0, domains, gpus });
    read({
      atS: 10,
      domains,
      gpus,
      joules: { [G0]: 100, [G1]: 900, 'gpu-03:00.0': 300, 'gpu-04:00.0': 600 },
    });
    expect(joules(known, G0)).toEqual([100, 100, 100]);
    expect(joules(unknown, G1)).toEqual([600, 600, 600]);
    expect(run(unknown).line.domains[G1]!.estimatedUj).toEqual([6e8, 6e8, 6e8]);
    expect(runRecord(unknown).gpu).toMatchObject({ by: 'count', ms: 20_000 });
    hostRecord();
  });

  test('a process outside the runs on a GPU that nobody has is the system’s', () => {
    read({ atS: 0 });
    const doing = { ...BUSY, processes: [processOf(null, 0.7)] };
    read({ atS: 10, joules: { [G0]: 900, [G1]: 100 }, gpus: { [G0]: doing } });
    expect(hostRecord().domains[G0]).toMatchObject({ system_uj: [9e8, 0, 9e8], idle_uj: [0, 9e8, 0] });
  });

  test('a GPU that a process only has open is not used by its job', () => {
    const [one, two] = [begin(1, '0'), begin(2, '1')];
    read({ atS: 0 });
    const doing = { ...BUSY, processes: [processOf(1, 0), processOf(2, 0.9)] };
    read({ atS: 10, joules: { [G1]: 900 }, gpus: { [G1]: doing } });
    expect([joules(one, G1), joules(two, G1)]).toEqual([null, [900, 900, 900]]);
  });

  test('a job that used another’s GPU for a while shares it only for as long', () => {
    const [one, two] = [begin(1, '0'), begin(2, '1')];
    read({ atS: 0 });
    const both = { ...BUSY, processes: [processOf(1, 0.3), processOf(2, 0.3)] };
    read({
      atS: 10,
      joules: { [G1]: 1000 },
      gpus: { [G1]: both, [G0]: { ...BUSY, processes: [processOf(1, 0.5)] } },
    });
    expect([joules(one, G1)![0], joules(two, G1)![0]]).toEqual([500, 500]);
    read({ atS: 20, joules: { [G1]: 3000 }, gpus: { [G1]: { ...BUSY, processes: [processOf(2, 0.3)] } } });
    expect([joules(one, G1)![0], joules(two, G1)![0]]).toEqual([500, 2500]);
    expect(runRecord(one).gpu?.conflict).toContain('its processes are on');
  });

  test('where Slurm hands out no GPUs, a job has those on which its processes are', () => {
    const key = begin(1, undefined);
    read({ atS: 0 });
    read({ atS: 10, joules: { [G1]: 900 }, gpus: { [G1]: { ...BUSY, processes: [processOf(1)] } } });
    expect(joules(key, G1)).toEqual([900, 900, 900]);
    expect(runRecord(key).gpu).toMatchObject({ by: 'processes', ms: 10_000 });
  });
});

describe('an agent that was killed', () => {
  function recovered(atS: number): void {
    const facts = { cluster: 'lab', cpus: 2, absentSources: {}, agent: { cpu_us: 0, rss_bytes: 0 } };
    const checkpoint = {
      version: 2 as const,
      host: 'h',
      boot: '0123abcd',
      sources: 'a',
      state,
      unwritten: [],
      removableFiles: [],
    };
    const present = {
      boot: '0123abcd',
      at: instantAt(atS),
      sources: 'a',
      domains: [],
      integrated: [],
      writer: writer(),
      facts,
    };
    state = recover(structuredClone(checkpoint), present).state;
  }

  test('the next one takes up the GPUs’ counters when it knows them, for the run that had them all the time', () => {
    const key = begin(1, '0');
    read({ atS: 0 });
    read({ atS: 10, joules: { [G0]: 1000 } });
    recovered(30);
    read({ atS: 30, domains: [] });
    read({ atS: 40, domains: [] });
    read({ atS: 50, joules: { [G0]: 5000 } });
    expect(joules(key, G0)).toEqual([5000, 5000, 5000]);
    expect(run(key).life.missingMs.gpu).toBe(0);
    read({ atS: 60, joules: { [G0]: 6000 } });
    expect(joules(key, G0)).toEqual([6000, 6000, 6000]);
  });

  test('a run that began meanwhile does not get what came before it', () => {
    begin(1, '1');
    read({ atS: 0 });
    read({ atS: 10, joules: { [G0]: 1000 } });
    recovered(30);
    const key = begin(2, '0', {}, 30);
    read({ atS: 30, domains: [] });
    read({ atS: 40, joules: { [G0]: 5000 } });
    expect(joules(key, G0)).toEqual([0, 0, 0]);
    expect(run(key).line.domains[G0]!.missingMs).toBe(10_000);
    expect(run(key).life.missingMs.gpu).toBe(10_000);
  });

  test('power that it had added up itself begins anew', () => {
    const integrated = GPUS.map((domain): EnergyDomain => ({ ...domain, isIntegrated: true }));
    const key = begin(1, '0');
    read({ atS: 0, domains: integrated });
    read({ atS: 10, domains: integrated, joules: { [G0]: 1000 } });
    recovered(30);
    read({ atS: 30, domains: [] });
    read({ atS: 40, domains: integrated, joules: { [G0]: 5000 } });
    read({ atS: 50, domains: integrated, joules: { [G0]: 5500 } });
    expect(joules(key, G0)).toEqual([1500, 1500, 1500]);
  });
});

describe('a GPU that several runs have at once', () => {
  test('is divided by the time of its multiprocessors under usage, evenly under allocation, as an estimate', () => {
    const [one, two] = [begin(1, '0'), begin(2, '0')];
    read({ atS: 0 });
    const doing = { ...BUSY, processes: [processOf(1, 0.6), processOf(2, 0.1), processOf(2, 0.1)] };
    read({ atS: 10, joules: { [G0]: 800 }, gpus: { [G0]: doing } });
    expect(joules(one, G0)).toEqual([600, 400, 600]);
    expect(joules(two, G0)).toEqual([200, 400, 200]);
    expect(run(one).line.domains[G0]!.estimatedUj).toEqual([6e8, 4e8, 6e8]);
    expect(runRecord(one).gpu).toMatchObject({ ms: 5000, busy_ms: 5000, memory_bytes: GIB });
    expect(runRecord(two).gpu).toMatchObject({ ms: 5000, busy_ms: 2000, memory_bytes: 2 * GIB });
  });

  test('evenly where none of them uses it, or nothing tells', () => {
    const [one, two] = [begin(1, '0'), begin(2, '0')];
    read({ atS: 0 });
    read({ atS: 10, joules: { [G0]: 800 }, gpus: { [G0]: BUSY } });
    expect(joules(one, G0)).toEqual([400, 400, 400]);
    expect(joules(two, G0)).toEqual([400, 400, 400]);
  });

  test('one after the other is not at once', () => {
    const one = begin(1, '0');
    read({ atS: 0 });
    run(one).end = { atMs: instantAt(4).wallMs, monoNs: instantAt(4).monoNs, by: 'epilog' };
    const two = begin(2, '0', {}, 5);
    read({ atS: 10, joules: { [G0]: 1000 } });
    expect(joules(one, G0)).toEqual([400, 400, 400]);
    expect(joules(two, G0)).toEqual([500, 500, 500]);
    expect(run(one).line.domains[G0]!.estimatedUj).toEqual([0, 0, 0]);
    expect(hostRecord().domains[G0]).toMatchObject({ idle_uj: [1e8, 1e8, 1e8] });
  });
});

describe('a module of two GPUs that has one figure', () => {
  const module: EnergyDomain = {
    ...gpu(0),
    source: 'amdgpu: gpu_metrics',
    accelerators: 2,
    further: [{ uuid: null, pciBusId: '0000:99:00.0', index: 1, minor: 129, model: 'A GPU' }],
  };

  test('is its who has both, exactly', () => {
    const key = begin(1, '0,1');
    read({ atS: 0, domains: [module] });
    read({ atS: 10, domains: [module], joules: { [G0]: 1000 } });
    expect(joules(key, G0)).toEqual([1000, 1000, 1000]);
    expect(run(key).line.domains[G0]!.estimatedUj).toEqual([0, 0, 0]);
    expect(runRecord(key).gpu).toMatchObject({ ms: 20_000 });
  });

  test('is half a run’s that has one of them, as an estimate', () => {
    const key = begin(1, '1');
    read({ atS: 0, domains: [module] });
    read({ atS: 10, domains: [module], joules: { [G0]: 1000 } });
    expect(joules(key, G0)).toEqual([500, 500, 500]);
    expect(run(key).line.domains[G0]!.estimatedUj).toEqual([5e8, 5e8, 5e8]);
    expect(hostRecord().domains[G0]).toMatchObject({ idle_uj: [5e8, 5e8, 5e8] });
    expect(runRecord(key).gpu).toMatchObject({ ms: 10_000 });
  });

  test('two runs with one each are not sharing', () => {
    const [one, two] = [begin(1, '0'), begin(2, '1')];
    read({ atS: 0, domains: [module] });
    read({ atS: 10, domains: [module], joules: { [G0]: 1000 } });
    expect([joules(one, G0), joules(two, G0)]).toEqual([
      [500, 500, 500],
      [500, 500, 500],
    ]);
  });
});

describe('MIG', () => {
  const instances: MigInstance[] = [60, 32, 16, 16].map((multiprocessors, index) => ({
    uuid: `MIG-${index}`,
    index,
    gpu: index + 2,
    compute: 0,
    multiprocessors,
    memory: { usedBytes: GIB, totalBytes: 10 * GIB },
  }));
  const board: GpuLook = { ...BUSY, busyPart: null, idlePart: null, instances };
  const inside = (jobId: number, index: number): GpuJobProcess => ({
    ...processOf(jobId),
    instance: { gpu: index + 2, compute: 0 },
  });

  test('by the multiprocessors of all instances, idle ones to idle: no board is counted more than once', () => {
    const [one, two] = [
      begin(1, '0', { CUDA_VISIBLE_DEVICES: 'MIG-0' }),
      begin(2, '1', { CUDA_VISIBLE_DEVICES: 'MIG-1' }),
    ];
    read({ atS: 0, gpus: { [G0]: board } });
    read({ atS: 10, joules: { [G0]: 1240 }, gpus: { [G0]: board } });
    expect(joules(one, G0)).toEqual([600, 600, 600]);
    expect(joules(two, G0)).toEqual([320, 320, 320]);
    expect(run(one).line.domains[G0]!.estimatedUj).toEqual([6e8, 6e8, 6e8]);
    expect(hostRecord().domains[G0]).toMatchObject({ idle_uj: [32e7, 32e7, 32e7] });
    expect(runRecord(one).gpu).toMatchObject({ by: 'uuid', memory_bytes: GIB });
  });

  test('above the idle power by the instances in which something runs', () => {
    const [one, two] = [
      begin(1, '0', { CUDA_VISIBLE_DEVICES: 'MIG-0' }),
      begin(2, '1', { CUDA_VISIBLE_DEVICES: 'MIG-1,MIG-2' }),
    ];
    const doing = { ...board, processes: [inside(1, 0), inside(2, 2)] };
    read({ atS: 0, gpus: { [G0]: doing } });
    // 62 W of 200 W when nothing runs: half a watt a multiprocessor.
    const reading = readingAt({ atS: 10, domains: GPUS, joules: { [G0]: 2000 }, gpus: { [G0]: doing } });
    advance(state, reading, { [G0]: { idleW: 62, by: 'calibrated' } });
    const active = 1380;
    expect(joules(one, G0)![0]).toBeCloseTo(300 + (active * 60) / 76, 3);
    expect(joules(two, G0)![0]).toBeCloseTo(240 + (active * 16) / 76, 3);
    hostRecord();
  });

  test('a GPU that is partitioned in mid-job is still its run’s, and one that is put together again too', () => {
    const key = begin(1, '0');
    const whole = { ...board, instances: null };
    read({ atS: 0, gpus: { [G0]: whole } });
    read({ atS: 10, joules: { [G0]: 1000 }, gpus: { [G0]: whole } });
    read({ atS: 20, joules: { [G0]: 2000 }, gpus: { [G0]: board } });
    read({ atS: 30, joules: { [G0]: 3000 }, gpus: { [G0]: whole } });
    expect(joules(key, G0)).toEqual([3000, 3000, 3000]);
    expect(runRecord(key).gpu).toMatchObject({ by: 'index', ms: 30_000 });
    hostRecord();
  });

  test('one GPU with all of its instances in one run is its, but what nobody has', () => {
    const key = begin(1, '0,1,2,3', { CUDA_VISIBLE_DEVICES: 'MIG-0,MIG-1,MIG-2,MIG-3' });
    read({ atS: 0, gpus: { [G0]: board } });
    read({ atS: 10, joules: { [G0]: 1240 }, gpus: { [G0]: board } });
    expect(joules(key, G0)).toEqual([1240, 1240, 1240]);
  });
});

test('law: whoever has what, runs + idle + system = each board’s counter under every policy, and none is negative', () => {
  const someRun = fc.record({
    gpus: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 0, maxLength: 4 }),
    beginS: fc.integer({ min: 0, max: 15 }),
    seenOn: fc.option(fc.integer({ min: 0, max: 3 })),
    smPart: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  });
  const someTick = fc.array(fc.integer({ min: 0, max: 9_000_000 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(someRun, { maxLength: 6 }),
      fc.array(someTick, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (runs, ticks, isMig) => {
        state = emptyHostState();
        runs.forEach(({ gpus, beginS }, i) => begin(i + 1, gpus.join(','), {}, beginS));
        const counters = [0, 0, 0, 0];
        const doings = Object.fromEntries(
          GPUS.map(({ name }, i) => [
            name,
            {
              ...BUSY,
              processes: runs.flatMap(({ seenOn, smPart }, r) =>
                seenOn === i ? [processOf(r + 1, smPart)] : [],
              ),
              instances: isMig
                ? [7, 7].map((multiprocessors, g) => ({
                    uuid: null,
                    index: g,
                    gpu: g,
                    compute: 0,
                    multiprocessors,
                    memory: null,
                  }))
                : null,
            },
          ]),
        );
        const joulesNow = () => Object.fromEntries(GPUS.map(({ name }, i) => [name, counters[i]! / 1e6]));
        read({ atS: 0, joules: joulesNow(), gpus: doings });
        ticks.forEach((growth, t) => {
          growth.forEach((uj, i) => (counters[i]! += uj));
          read({ atS: 10 * (t + 1), joules: joulesNow(), gpus: doings });
        });
        const byHost = hostRecord();
        GPUS.forEach(({ name }, i) => expect(byHost.domains[name]!.counter_uj).toBe(counters[i]));
        for (const each of Object.values(state.runs)) {
          for (const { uj } of Object.values(each.line.domains))
            expect(Math.min(...uj)).toBeGreaterThanOrEqual(0);
        }
        for (const key of Object.keys(state.runs)) runRecord(key);
      },
    ),
  );
});
