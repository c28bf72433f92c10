import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import type { Holding } from '../../../src/agent/reading';
import type { HostDomain, RunRecord } from '../../../src/generated/record';
import type { EnergyDomain } from '../../../src/sources/source';
import { NOTHING, distance, partOf, plus } from '../attribution/fraction';
import { FACTS, applyHook, lineWriter } from './hook-builder';
import { PACKAGE, type ReadingSpec, readingAt } from './reading-builder';

const GIB = 2 ** 30;
const DRAM: EnergyDomain = { ...PACKAGE, name: 'dram-0', class: 'dram' };
const domains = [PACKAGE, DRAM];
const TOTAL_BYTES = 64 * GIB;

const held = (bytes: number, limitGib: number): Holding => ({
  memory: { bytes, by: 'cgroup' },
  cpus: null,
  memoryLimitBytes: limitGib * GIB,
});

function begin(state: HostState, job: number, cpus: number): string {
  applyHook(state, { hook: 'prolog', atS: 0, job, variables: { SLURM_JOB_CPUS_PER_NODE: String(cpus) } });
  return Object.keys(state.runs).find((key) => state.runs[key]!.identity.job === job)!;
}

function read(state: HostState, spec: ReadingSpec, idle = {}): void {
  advance(state, readingAt({ domains, ...spec }), idle);
}

/** What the run's line and the host's say of the energy. */
function divided(state: HostState, key: string): { run: RunRecord; host: Record<string, HostDomain> } {
  const [run] = takeRunLines(state, key, state.at!, lineWriter()) as [RunRecord];
  return { run, host: takeHostLine(state, FACTS, lineWriter())!.domains };
}

test('a run that uses nothing gets nothing of CPU and DRAM under usage, and its allocation under allocation', () => {
  const others = fc.record({ cpuNs: fc.nat(1e10), bytes: fc.nat(8 * GIB), systemNs: fc.nat(1e10) });
  const tick = fc.record({ cpuUj: fc.nat(3e9), dramUj: fc.nat(1e9) });
  fc.assert(
    fc.property(
      fc.array(others, { minLength: 1, maxLength: 3 }),
      fc.array(tick, { minLength: 1, maxLength: 12 }),
      fc.record({ cpus: fc.integer({ min: 1, max: 8 }), limitGib: fc.integer({ min: 1, max: 32 }) }),
      (busy, ticks, { cpus, limitGib }) => {
        const state = emptyHostState();
        const sleeper = begin(state, 1, cpus);
        const holdings = Object.fromEntries(
          busy.map(({ bytes }, i) => [begin(state, i + 2, 2), held(bytes, 8)]),
        );
        holdings[sleeper] = held(0, limitGib);
        const memory = { totalBytes: TOTAL_BYTES, heldBytes: 32 * GIB };
        const first = { atS: 0, cpus: 16, holdings, memory };
        read(state, { ...first, jobsS: Object.fromEntries(busy.map((_, i) => [i + 2, 0])) });
        let [cpuUj, dramUj, busyNs] = [0, 0, 0];
        ticks.forEach((grown, i) => {
          cpuUj += grown.cpuUj;
          dramUj += grown.dramUj;
          for (const { cpuNs, systemNs } of busy) busyNs += cpuNs + systemNs;
          read(state, {
            atS: (i + 1) * 10,
            cpus: 16,
            joules: { 'package-0': cpuUj / 1e6, 'dram-0': dramUj / 1e6 },
            busyS: busyNs / 1e9,
            jobsS: Object.fromEntries([
              [1, 0],
              ...busy.map(({ cpuNs }, job) => [job + 2, (cpuNs * (i + 1)) / 1e9]),
            ]) as Record<number, number>,
          });
        });
        const { measured_uj } = divided(state, sleeper).run;
        const part = (uj: 'cpuUj' | 'dramUj', own: number, all: number) =>
          ticks.map((grown) => partOf(grown[uj], [own, all - own], 0)).reduce(plus, NOTHING);
        expect([measured_uj['package-0']![0], measured_uj['dram-0']![0]]).toEqual([0, 0]);
        expect(distance(measured_uj['package-0']![1], part('cpuUj', cpus, 16))).toBeLessThan(1);
        expect(distance(measured_uj['dram-0']![1], part('dramUj', limitGib, 64))).toBeLessThan(1);
      },
    ),
  );
});

test('nobody uses a domain: all of it is idle under usage, of CPU and of DRAM', () => {
  const state = emptyHostState();
  const key = begin(state, 1, 2);
  const holdings = { [key]: held(0, 16) };
  read(state, { atS: 0, cpus: 8, holdings, memory: { totalBytes: TOTAL_BYTES, heldBytes: 0 } });
  read(state, { atS: 10, cpus: 8, joules: { 'package-0': 80, 'dram-0': 40 }, jobsS: { 1: 0 } });
  const { run, host } = divided(state, key);
  expect(run.measured_uj).toEqual({ 'package-0': [0, 20e6, 0], 'dram-0': [0, 10e6, 0] });
  expect(host['package-0']).toMatchObject({ idle_uj: [80e6, 60e6, 80e6], system_uj: [0, 0, 0] });
  expect(host['dram-0']).toMatchObject({ idle_uj: [40e6, 30e6, 40e6], system_uj: [0, 0, 0] });
});

test('one sleeping job: what little the system does takes all under usage; the job has its allocation of what idles', () => {
  const state = emptyHostState();
  const key = begin(state, 1, 2);
  const idle = { 'package-0': { idleW: 8, by: 'calibrated' as const } };
  read(state, { atS: 0, cpus: 8, jobsS: { 1: 0 } }, idle);
  read(state, { atS: 10, cpus: 8, joules: { 'package-0': 100 }, busyS: 0.1, jobsS: { 1: 0 } }, idle);
  const { run, host } = divided(state, key);
  expect(run.measured_uj['package-0']).toEqual([0, 25e6, 20e6]);
  expect(host['package-0']).toMatchObject({ idle_uj: [0, 75e6, 60e6], system_uj: [100e6, 0, 20e6] });
});

test('one busy core on a large node: all that is drawn under usage, its part of the node under allocation, of idle under hybrid', () => {
  const state = emptyHostState();
  const key = begin(state, 1, 1);
  const idle = { 'package-0': { idleW: 25.6, by: 'calibrated' as const } };
  read(state, { atS: 0, cpus: 256, jobsS: { 1: 0 } }, idle);
  read(state, { atS: 10, cpus: 256, joules: { 'package-0': 320 }, busyS: 10, jobsS: { 1: 10 } }, idle);
  const { run, host } = divided(state, key);
  expect(run.measured_uj['package-0']).toEqual([320e6, 1.25e6, 65e6]);
  expect(host['package-0']).toMatchObject({ idle_uj: [0, 318.75e6, 255e6], system_uj: [0, 0, 0] });
});
