import { type EnergyDomain, type Instant, isMissing } from '../sources/source';
import { type ActiveRun, tickCpuTime } from './cpu-time';
import {
  type DividedDomain,
  divideTick,
  domainGrowth,
  type Growth,
  isDivided,
  missTick,
  wholeTick,
} from './domain-tick';
import type { GpuOrder } from '../attribution/gpu-binding';
import { takeUpAwaited } from './awaited-counters';
import { type GpuHolders, holdGpus } from './gpu-holders';
import type { HostCpu } from '../sources/proc-stat';
import type { HostState, IdlePower, RunState } from './host-state';
import { otherDomain, otherGrowth } from './other-domain';
import { tickPlaceTime } from './place-time';
import type { HostReading } from './reading';
import { takeUpRunIo } from './run-io';
import { takeUpPrograms } from './run-programs';
import { remember } from './remember';
import { addRunTime, classesOf } from './run-time';
import type { Tick } from './weights';

/**
 * Most CPU time (ns per CPU) by which the runs' exact counters may be ahead of the host's 10 ms ticks. What is beyond
 * is no rounding: a virtual machine whose host counts differently would otherwise never again have a `system`.
 */
const LARGEST_DEBT_NS_PER_CPU = 1_000_000_000;

/** What a tick leaves to be done. */
export interface TickOutcome {
  readonly runs: number;
  /** A run has ended: its line is due. */
  readonly hasEnded: boolean;
  /** Nothing of a run is there, and nobody has told of its end. */
  readonly hasUnseen: boolean;
}

/**
 * One tick: read → difference → divide → add up. Changes `state` in place from what was known at its last reading to
 * what is known at this one.
 * @param idlePower what each domain draws when nothing runs, by its name, where that is known
 * @param gpuOrder what an index in SLURM_JOB_GPUS counts
 */
export function advance(
  state: HostState,
  reading: HostReading,
  idlePower: Readonly<Record<string, IdlePower>> = {},
  gpuOrder: GpuOrder = { order: 'nvml', map: [] },
): TickOutcome {
  const { at } = reading;
  const before = state.at;
  hold(state, reading);
  const active = activeRuns(state, reading);
  const cpu = tickCpuTime(state, reading, active);

  if (before !== null) {
    const gpuHolders = holdGpus(reading, active, gpuOrder);
    takeUpAwaited(state, reading, gpuHolders);
    const tick = makeTick(state, reading, active, gpuHolders, before.monoNs);
    const missed = divideDomains(state, reading, tick, idlePower);
    const classes = classesOf(reading, missed, gpuHolders);
    for (const run of active) addRunTime(run, classes, reading);
  } else {
    // The first reading is a baseline: nobody pays for what came before it.
    state.host.from ??= at;
    for (const { run } of active) run.line.from = endOrNow(run, at);
  }

  state.host.readings += 1;
  let hasEnded = false;
  let hasUnseen = false;
  for (const { run, cpuFrom, time } of active) {
    run.cpuFrom = cpuFrom;
    run.isEndSeen = cpuFrom === null && (run.isEndSeen || time?.isEndSeen === true);
    if (run.cpuFrom !== null) run.lastSeenMs = at.wallMs;
    if (run.end !== null) hasEnded = true;
    else if (run.cpuFrom === null) hasUnseen = true;
  }
  for (const { node } of reading.scopes) {
    if (node !== null && !state.nodes.includes(node)) state.nodes.push(node);
  }
  remember(state, reading, cpu);
  return { runs: active.length, hasEnded, hasUnseen };
}

/** Takes up what runs hold now: it is read less often than the rest and holds until the next look. */
function hold(state: HostState, reading: HostReading): void {
  for (const [key, { io, programs, ...holding }] of reading.holdings) {
    const run = state.runs[key];
    if (run === undefined) continue;
    if (io !== undefined) takeUpRunIo(run, io);
    if (programs !== undefined) run.programs = takeUpPrograms(run.programs, programs);
    // What an ended run no longer holds it held in the tick that is to be divided.
    if (run.end !== null) continue;
    run.holding = { ...holding, memory: holding.memory ?? run.holding?.memory ?? null };
    const bytes = holding.memory?.bytes;
    if (bytes !== undefined) run.line.memoryBytes = Math.max(run.line.memoryBytes ?? 0, bytes);
  }
  if (reading.memory !== null && !isMissing(reading.memory)) state.memory = reading.memory;
}

function makeTick(
  state: HostState,
  reading: HostReading,
  active: readonly ActiveRun[],
  gpuHolders: GpuHolders,
  fromNs: bigint,
): Tick {
  const toNs = reading.at.monoNs;
  const hostCpus = isMissing(reading.cpu) ? 1 : reading.cpu.cpus;
  let accelerators = 0;
  for (const { domain } of reading.energy) {
    if (domain.class === 'gpu') accelerators += domain.accelerators ?? 1;
  }
  return {
    active,
    elapsedNs: Number(toNs - fromNs),
    fromNs,
    toNs,
    hostCpus,
    accelerators,
    gpuHolders,
    gpus: reading.gpus,
    systemNs: systemTime(state, reading, active, hostCpus),
    places: tickPlaceTime(state, reading, active, LARGEST_DEBT_NS_PER_CPU),
    weights: new Map(),
  };
}

/** Why a tick's energy is not known where nothing went wrong. */
const FIRST_READING = 'there was no reading before it to subtract';

/** @returns the domains that are missing in this tick, by name */
function divideDomains(
  state: HostState,
  reading: HostReading,
  tick: Tick,
  idlePower: Readonly<Record<string, IdlePower>>,
): Map<string, DividedDomain> {
  const missed = new Map<string, DividedDomain>();
  const grown = new Map<EnergyDomain, Growth>();
  for (const { domain, value } of reading.energy) {
    const outcome = isMissing(value) ? value : domainGrowth(state, domain, value, reading.at.monoNs, tick);
    grown.set(domain, outcome);
    if (isDivided(domain)) divideOrMiss(state, domain, outcome, { tick, idlePower, missed });
    else wholeTick(state, domain, outcome, tick.elapsedNs / 1e6);
  }
  const other = otherDomain([...grown.keys()]);
  if (other !== null) {
    divideOrMiss(state, other, otherGrowth(state, grown, tick.active), { tick, idlePower, missed });
  }
  return missed;
}

function divideOrMiss(
  state: HostState,
  domain: DividedDomain,
  outcome: Growth,
  {
    tick,
    idlePower,
    missed,
  }: {
    readonly tick: Tick;
    readonly idlePower: Readonly<Record<string, IdlePower>>;
    readonly missed: Map<string, DividedDomain>;
  },
): void {
  if (typeof outcome === 'number') {
    divideTick(state, domain, outcome, tick, idlePower[domain.name]);
  } else {
    missTick(state, domain, outcome?.missing ?? FIRST_READING, tick);
    missed.set(domain.name, domain);
  }
}

/** A run that was over before the first reading has a line without length. */
function endOrNow({ end }: RunState, at: Instant): Instant {
  return end !== null && end.monoNs < at.monoNs ? { wallMs: end.atMs, monoNs: end.monoNs } : at;
}

/** Fragments in a canonical order, each with the part of the tick in which it ran. */
function activeRuns(state: HostState, reading: HostReading): ActiveRun[] {
  const nowNs = reading.at.monoNs;
  const beginNs = state.at?.monoNs ?? nowNs;
  const tickNs = Number(nowNs - beginNs);
  const active: ActiveRun[] = [];
  let last = '';
  let isInOrder = true;
  for (const key in state.runs) {
    const run = state.runs[key]!;
    const wholly = run.end === null && run.startedMonoNs <= beginNs;
    active.push({
      key,
      run,
      activeNs: wholly ? tickNs : activeTime(run, beginNs, nowNs),
      time: null,
      cpuFrom: null,
    });
    isInOrder &&= last <= key;
    last = key;
  }
  return isInOrder ? active : active.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function activeTime({ startedMonoNs, end }: RunState, beginNs: bigint, nowNs: bigint): number {
  const fromNs = startedMonoNs > beginNs ? startedMonoNs : beginNs;
  const toNs = end !== null && end.monoNs < nowNs ? end.monoNs : nowNs;
  return Math.max(0, Number(toNs - fromNs));
}

/** CPU time of work outside the runs; the exact counters' lead over the host's ticks is carried, not clamped. */
function systemTime(
  state: HostState,
  reading: HostReading,
  active: readonly ActiveRun[],
  hostCpus: number,
): number {
  let runsNs = 0;
  for (const { time } of active) runsNs += time?.ns ?? 0;
  state.host.runsUs += runsNs / 1000;
  if (isMissing(reading.cpu) || state.busyNs === null) return 0;

  const busyNs = Math.max(0, Number(reading.cpu.busyNs - state.busyNs));
  state.host.busyUs += busyNs / 1000;
  addCpuTimes(state, reading.cpu);
  const systemNs = busyNs - runsNs - state.systemDebtNs;
  state.systemDebtNs = Math.min(Math.max(0, -systemNs), hostCpus * LARGEST_DEBT_NS_PER_CPU);
  return Math.max(0, systemNs);
}

/** nice, iowait, steal and guest, for the host's record; iowait of the kernel can go back. */
function addCpuTimes(state: HostState, now: HostCpu): void {
  const { cpuTimesNs: before, host } = state;
  state.cpuTimesNs = [now.niceNs, now.iowaitNs, now.stealNs, now.guestNs];
  if (before === null) return;
  const growthUs = state.cpuTimesNs.map((ns, i) => Math.max(0, Number(ns - (before[i] ?? ns)) / 1000));
  const sums = host.cpuTimesUs;
  (['nice', 'iowait', 'steal', 'guest'] as const).forEach((name, i) => (sums[name] += growthUs[i] ?? 0));
}
