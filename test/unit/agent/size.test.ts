import { advance } from '../../../src/agent/advance';
import type { HoldingLook } from '../../../src/agent/reading';
import { emptyHostState } from '../../../src/agent/host-state';
import { takeRunLines } from '../../../src/agent/lines';
import { applyEvent } from '../../../src/agent/runs';
import { seriesStepMs } from '../../../src/agent/series';
import validateRecord from '../../../src/generated/record-validator';
import type { CgroupIo } from '../../../src/sources/job-cgroup';
import type { EnergyDomain } from '../../../src/sources/source';
import { instantAt, readingAt } from './reading-builder';

const domain = (name: string): EnergyDomain => ({
  name,
  class: name.startsWith('dram') ? 'dram' : 'cpu',
  quality: 'measured',
  source: 'powercap',
  maxPowerW: 1000,
});
/** Two sockets; Intel's have counters of their memory too. */
const TWO_SOCKETS = ['package-0', 'package-1'].map(domain);
const WITH_MEMORY = ['package-0', 'dram-0', 'package-1', 'dram-1'].map(domain);

/** Names as long as real ones. */
const VARIABLES = {
  SLURM_CLUSTER_NAME: 'vega',
  SLURM_JOB_UID: '160042',
  SLURM_JOB_USER: 'alovelace',
  SLURM_JOB_ACCOUNT: 'physics2026',
  SLURM_JOB_PARTITION: 'standard',
  SLURM_JOB_NUM_NODES: '4',
  SLURM_JOB_NODELIST: 'vega[0101-0104]',
  SLURM_JOB_CPUS_PER_NODE: '128(x4)',
  SLURM_JOB_START_TIME: '1790000000',
};

const HELD: HoldingLook = {
  memory: { bytes: 250_123_456_789, by: 'cgroup' },
  cpus: Array.from({ length: 128 }, (_, cpu) => cpu),
  memoryLimitBytes: 256e9,
};

/** What fast disks move until then. */
function ioAt(atS: number): CgroupIo {
  const bytes = BigInt((atS + 1) * 1_234_567_890);
  const counters = {
    readBytes: bytes,
    writtenBytes: bytes * 2n,
    readOps: bytes / 4000n,
    writtenOps: bytes / 2000n,
  };
  return { cgroup: '77', devices: [{ device: '259:0', kind: 'disks', ...counters }] };
}

/** Bytes of the lines of a job that runs from 0 to `endS`, one line a 300 s. */
function lineBytes(endS: number, domains: readonly EnergyDomain[], hasIo = false): number[] {
  const state = emptyHostState();
  const event = { boot: '0123abcd', uptimeS: 0, jobId: 12_345_678, node: 'vega0102', variables: VARIABLES };
  const hook = (hookName: 'prolog' | 'epilog', atS: number) =>
    applyEvent(
      state,
      { file: `${hookName}.1.1.0`, atMs: instantAt(atS).wallMs, event: { ...event, hook: hookName } },
      instantAt(atS),
      undefined,
      () => false,
    );
  const writer = {
    tool: '0.1.0',
    host: 'vega0102',
    boot: '0123abcd',
    instance: '0123456789ab',
    nextSeq: () => 4711,
  };
  const bytes: number[] = [];
  const read = (atS: number) =>
    advance(
      state,
      readingAt({
        atS,
        energyJ: atS * 312.3456789,
        busyS: atS * 90.123,
        jobsS: { 12_345_678: atS * 88.7 },
        userS: { 12_345_678: Math.max(0, atS * 88.7 - 0.043_210) },
        domains,
        cpus: 256,
        node: 'vega0102',
        memory: { totalBytes: 512e9, heldBytes: 300e9 },
        holdings: Object.fromEntries(
          Object.keys(state.runs).map((key) => [key, { ...HELD, ...(hasIo ? { io: ioAt(atS) } : {}) }]),
        ),
      }),
    );
  const take = () => {
    for (const line of takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, writer)) {
      expect(validateRecord(line)).toBe(true);
      if (line.kind === 'run') bytes.push(JSON.stringify(line).length + 1);
    }
  };
  hook('prolog', 0);
  read(0);
  for (let atS = 10; atS < endS; atS += 10) {
    read(atS);
    if (atS % 300 === 0) take();
  }
  hook('epilog', endS);
  read(endS);
  take();
  return bytes;
}

test('a short job is one line of at most 800 bytes', () => {
  const bytes = lineBytes(42, TWO_SOCKETS);
  expect(bytes).toHaveLength(1);
  expect(bytes[0]).toBeLessThanOrEqual(800);
});

test('a stretch of a longer run is a line of at most 600 bytes', () => {
  const bytes = lineBytes(1800, TWO_SOCKETS).slice(1, -1);
  expect(bytes.length).toBeGreaterThan(3);
  expect(Math.max(...bytes)).toBeLessThanOrEqual(600);
});

test('each further domain costs at most 55 bytes', () => {
  const [bare, full] = [TWO_SOCKETS, WITH_MEMORY].map((domains) =>
    Math.max(...lineBytes(1800, domains).slice(1, -1)),
  );
  expect(full! - bare!).toBeLessThanOrEqual(2 * 55);
});

test('block devices cost at most 70 bytes, where a controller counts them', () => {
  const [bare, full] = [false, true].map((hasIo) =>
    Math.max(...lineBytes(1800, TWO_SOCKETS, hasIo).slice(1, -1)),
  );
  expect(full! - bare!).toBeGreaterThan(0);
  expect(full! - bare!).toBeLessThanOrEqual(70);
});

test('a run’s series has at most 1,000 points, however long it runs', () => {
  let points = 0;
  for (let ageMs = 0; ageMs < 365 * 86_400_000; points++) ageMs += seriesStepMs(ageMs) - 500;
  expect(points).toBeLessThanOrEqual(1000);
  expect(seriesStepMs(60_000)).toBe(10_000);
});
