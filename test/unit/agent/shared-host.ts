import { advance } from '../../../src/agent/advance';
import { emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import type { EitRecord } from '../../../src/generated/record';
import { type Fraction, NOTHING, partOf, plus } from '../attribution/fraction';
import { FACTS, applyHook, lineWriter } from './hook-builder';
import { PACKAGE, readingAt } from './reading-builder';

export const TICK_S = 10;
export const HOST_CPUS = 8;
/** CPUs of the jobs 1, 2 and 3. */
export const JOB_CPUS: readonly number[] = [1, 2, 3];

/** What the host does in one tick, in whole numbers: so its division can be worked out without any rounding. */
export interface Load {
  readonly energyUj: number;
  /** CPU time of the jobs 1, 2 and 3, ns. */
  readonly usedNs: readonly number[];
  readonly systemNs: number;
}

export interface Course {
  /** After which ticks everything is read; the last always is. All by default. */
  readonly isRead?: (tick: number) => boolean;
  /** After which readings lines are taken. None by default. */
  readonly isCut?: (tick: number) => boolean;
  /** The tick that each job begins with; 0 by default. Before it, the job uses nothing. */
  readonly begins?: readonly number[];
  readonly idleW?: number;
}

/** The records of a host that three jobs share, as the agent makes them; the jobs end after the last tick. */
export function measure(loads: readonly Load[], course: Course = {}): EitRecord[] {
  const { isRead = () => true, isCut = () => false, begins = [0, 0, 0], idleW } = course;
  const state = emptyHostState();
  const writer = lineWriter();
  const idle = idleW === undefined ? {} : { [PACKAGE.name]: { idleW, by: 'calibrated' as const } };
  const records: EitRecord[] = [];
  const take = (): void => {
    for (const key of Object.keys(state.runs)) records.push(...takeRunLines(state, key, state.at!, writer));
    const host = takeHostLine(state, FACTS, writer);
    if (host !== null) records.push(host);
  };
  let energyUj = 0;
  let busyNs = 0;
  const cpuNs = JOB_CPUS.map(() => 0);
  const read = (ticks: number): void => {
    const jobsS = Object.fromEntries(
      cpuNs.flatMap((ns, i) => (begins[i]! <= ticks ? [[i + 1, ns / 1e9]] : [])),
    );
    const spec = { atS: ticks * TICK_S, energyJ: energyUj / 1e6, busyS: busyNs / 1e9, jobsS };
    advance(state, readingAt({ ...spec, cpus: HOST_CPUS }), idle);
  };
  const hook = (kind: 'prolog' | 'epilog', job: number, ticks: number): void => {
    const variables = { SLURM_JOB_CPUS_PER_NODE: String(JOB_CPUS[job - 1]) };
    applyHook(state, { hook: kind, job, atS: ticks * TICK_S, variables });
  };
  loads.forEach((load, tick) => {
    begins.forEach((begin, i) => {
      if (begin === tick) hook('prolog', i + 1, tick);
    });
    if (tick === 0) read(0);
    energyUj += load.energyUj;
    busyNs += load.systemNs;
    usedBy(load, tick, begins).forEach((ns, i) => {
      cpuNs[i]! += ns;
      busyNs += ns;
    });
    const isLast = tick === loads.length - 1;
    if (isLast) JOB_CPUS.forEach((_, i) => hook('epilog', i + 1, tick + 1));
    if (isRead(tick) || isLast) read(tick + 1);
    if (isLast || (isRead(tick) && isCut(tick))) take();
  });
  return records;
}

/** µJ of job 1, 2, 3, idle and system under one policy (0, 1, 2), as the records have them. */
export function recorded(records: readonly EitRecord[], policy: 0 | 1 | 2): number[] {
  const sums = [0, 0, 0, 0, 0];
  for (const record of records) {
    if (record.kind === 'run') sums[record.job - 1]! += record.measured_uj[PACKAGE.name]?.[policy] ?? 0;
    if (record.kind !== 'host') continue;
    sums[3]! += record.domains[PACKAGE.name]!.idle_uj[policy];
    sums[4]! += record.domains[PACKAGE.name]!.system_uj[policy];
  }
  return sums;
}

/** The exact µJ of the same parties: each tick divided by itself. Written a second time, with nothing of `src`. */
export function exactParts(
  loads: readonly Load[],
  policy: 'usage' | 'allocation',
  begins: readonly number[] = [0, 0, 0],
): Fraction[] {
  const weights = policy === 'usage' ? usageWeights : allocationWeights;
  return [0, 1, 2, 3, 4].map((party) =>
    loads
      .map((load, tick) => partOf(load.energyUj, weights(load, tick, begins), party))
      .reduce(plus, NOTHING),
  );
}

/** What the parties are weighed by in one tick under `usage`. */
export function usageWeights(load: Load, tick: number, begins: readonly number[]): number[] {
  const used: number[] = [...usedBy(load, tick, begins), 0, load.systemNs];
  if (Math.max(...used) === 0) used[3] = 1;
  return used;
}

/** The same under `allocation`. */
export function allocationWeights(_load: Load, tick: number, begins: readonly number[]): number[] {
  const cpus = JOB_CPUS.map((count, i) => (begins[i]! <= tick ? count : 0));
  const allocated = cpus[0]! + cpus[1]! + cpus[2]!;
  return [...cpus, HOST_CPUS - allocated, 0];
}

function usedBy(load: Load, tick: number, begins: readonly number[]): number[] {
  return load.usedNs.map((ns, i) => (begins[i]! <= tick ? ns : 0));
}
