import { differenceCounter } from '../attribution/counter';
import { addByPolicy, type ByPolicy, type Carry, divideEnergy } from '../attribution/policy';
import { type EnergyDomain, type Instant, isMissing } from '../sources/source';
import { type ActiveRun, type TickCpuTime, tickCpuTime } from './cpu-time';
import type { DomainClass } from '../generated/record';
import type { HostDomainLine, HostState, RunDomainLine, RunState } from './host-state';
import type { HostReading } from './reading';
import { closePoint } from './series';

/**
 * Most CPU time (ns per CPU) by which the runs' exact counters may be ahead of the host's 10 ms ticks. What is beyond
 * is no rounding: a virtual machine whose host counts differently would otherwise never again have a `system`.
 */
const LARGEST_DEBT_NS_PER_CPU = 1_000_000_000;

/**
 * One tick: read → difference → divide → add up. Changes `state` in place from what was known at its last reading to
 * what is known at this one.
 */
export function advance(state: HostState, reading: HostReading): void {
  const { at } = reading;
  const before = state.at;
  const active = activeRuns(state, reading);
  const cpu = tickCpuTime(state, reading, active);

  if (before !== null) {
    const elapsedNs = Number(at.monoNs - before.monoNs);
    const hostCpus = isMissing(reading.cpu) ? 1 : reading.cpu.cpus;
    const systemNs = systemTime(state, reading, cpu, hostCpus);
    const missed = new Set<DomainClass>();
    for (const { domain, value } of reading.energy) {
      const outcome = isMissing(value) ? value : domainGrowth(state, domain, value, at.monoNs);
      if (typeof outcome === 'number') {
        divideTick(state, domain, outcome, { active, cpu, elapsedNs, systemNs, hostCpus });
      } else {
        missTick(state, domain, outcome?.missing, active, elapsedNs / 1e6);
        missed.add(domain.class);
      }
    }
    for (const run of active) addRunTime(run, cpu, missed, reading);
  } else {
    // The first reading is a baseline: nobody pays for what came before it.
    state.host.from ??= at;
    for (const { run } of active) run.line.from = endOrNow(run, at);
  }

  for (const [key, bytes] of reading.memory) {
    const line = state.runs[key]?.line;
    if (line !== undefined) line.memoryBytes = Math.max(line.memoryBytes ?? 0, bytes);
  }
  for (const { key, run } of active) {
    run.cpuFrom = cpu.cpuFrom.get(key) ?? null;
    if (run.cpuFrom !== null) run.lastSeenMs = at.wallMs;
  }
  for (const { node } of reading.scopes) {
    if (node !== null && !state.nodes.includes(node)) state.nodes.push(node);
  }
  remember(state, reading, cpu);
}

/** A run that was over before the first reading has a line without length. */
function endOrNow({ end }: RunState, at: Instant): Instant {
  return end !== null && end.monoNs < at.monoNs ? { wallMs: end.atMs, monoNs: end.monoNs } : at;
}

/** Fragments in a canonical order, each with the part of the tick in which it ran. */
function activeRuns(state: HostState, reading: HostReading): ActiveRun[] {
  const beginNs = state.at?.monoNs ?? reading.at.monoNs;
  return Object.keys(state.runs)
    .sort()
    .map((key) => {
      const run = state.runs[key]!;
      const fromNs = run.startedMonoNs > beginNs ? run.startedMonoNs : beginNs;
      const endNs = run.end?.monoNs ?? reading.at.monoNs;
      const toNs = endNs < reading.at.monoNs ? endNs : reading.at.monoNs;
      return { key, run, activeNs: Math.max(0, Number(toNs - fromNs)) };
    });
}

/** CPU time of work outside the runs; the exact counters' lead over the host's ticks is carried, not clamped. */
function systemTime(state: HostState, reading: HostReading, cpu: TickCpuTime, hostCpus: number): number {
  let runsNs = 0;
  for (const time of cpu.runs.values()) runsNs += time.ns;
  state.host.runsUs += runsNs / 1000;
  if (isMissing(reading.cpu) || state.busyNs === null) return 0;

  const busyNs = Math.max(0, Number(reading.cpu.busyNs - state.busyNs));
  state.host.busyUs += busyNs / 1000;
  const systemNs = busyNs - runsNs - state.systemDebtNs;
  state.systemDebtNs = Math.min(Math.max(0, -systemNs), hostCpus * LARGEST_DEBT_NS_PER_CPU);
  return Math.max(0, systemNs);
}

/** What the domain's counter grew by (µJ), why that is not known, or undefined where there is no earlier value. */
function domainGrowth(
  state: HostState,
  domain: EnergyDomain,
  energyUj: bigint,
  monoNs: bigint,
): number | { missing: string } | undefined {
  const beforeUj = state.counters[domain.name];
  if (beforeUj === undefined || state.at === null) return undefined;
  const difference = differenceCounter(
    domain,
    { energyUj: beforeUj, monoNs: state.at.monoNs },
    { energyUj, monoNs },
  );
  switch (difference.kind) {
    case 'growth':
      if (difference.wrapped) hostDomain(state, domain).wraps += 1;
      return difference.energyUj;
    case 'reset':
      hostDomain(state, domain).resets += 1;
      return { missing: 'the counter was reset' };
    case 'ambiguous':
      return { missing: 'the counter may have wrapped more than once between two readings' };
  }
}

interface Tick {
  readonly active: readonly ActiveRun[];
  readonly cpu: TickCpuTime;
  readonly elapsedNs: number;
  readonly systemNs: number;
  readonly hostCpus: number;
}

function divideTick(state: HostState, domain: EnergyDomain, energyUj: number, tick: Tick): void {
  const { active, cpu, elapsedNs } = tick;
  const rest = (state.carry[domain.name] ??= { idle: noCarry(), system: noCarry() });
  const division = divideEnergy({
    energyUj,
    idleEnergyUj: Math.round(((domain.idlePowerW ?? 0) * elapsedNs) / 1000),
    runs: active.map(({ key, run, activeNs }) => ({
      usedNs: cpu.runs.get(key)?.ns ?? 0,
      allocatedCpus: elapsedNs > 0 ? ((run.identity.cpus ?? 0) * activeNs) / elapsedNs : 0,
    })),
    systemNs: tick.systemNs,
    hostCpus: tick.hostCpus,
    carry: [...active.map(({ run }) => (run.carry[domain.name] ??= noCarry())), rest.idle, rest.system],
  });

  const host = hostDomain(state, domain);
  host.counterUj += energyUj;
  addByPolicy(host.idleUj, division.idle);
  addByPolicy(host.systemUj, division.system);
  active.forEach(({ key, run }, i) => {
    const share = division.runs[i]!;
    addByPolicy(host.runsUj, share);
    const line = runDomain(run, domain);
    addByPolicy(line.uj, share);
    const { energyUj: openUj } = run.series.open;
    openUj[domain.name] = (openUj[domain.name] ?? 0) + share[0];
    const time = cpu.runs.get(key);
    if (time !== undefined && time.estimatedNs > 0) {
      const part = time.ns > 0 ? time.estimatedNs / time.ns : 0;
      addByPolicy(line.estimatedUj, [Math.round(share[0] * part), 0, Math.round(share[2] * part)]);
    }
  });
}

function missTick(
  state: HostState,
  domain: EnergyDomain,
  reason: string | undefined,
  active: readonly ActiveRun[],
  elapsedMs: number,
): void {
  const host = hostDomain(state, domain);
  host.missingMs += elapsedMs;
  if (reason !== undefined) host.missingReason = reason;
  for (const { run, activeNs } of active) runDomain(run, domain).missingMs += activeNs / 1e6;
}

function addRunTime(
  { key, run, activeNs }: ActiveRun,
  cpu: TickCpuTime,
  missed: ReadonlySet<DomainClass>,
  { at, energy }: HostReading,
): void {
  const ms = activeNs / 1e6;
  run.line.ms += ms;
  run.life.ms += ms;
  const time = cpu.runs.get(key);
  const unseen = new Set(missed);
  for (const { domain } of energy) {
    run.life.missingMs[domain.class] ??= 0;
    if (time !== undefined || missed.has(domain.class)) continue;
    // Nobody could read what it used: what it got is not nothing, it is not known.
    runDomain(run, domain).missingMs += ms;
    unseen.add(domain.class);
  }
  // Several domains of one class missing at once are one missing time.
  for (const domainClass of unseen) {
    run.life.missingMs[domainClass] = (run.life.missingMs[domainClass] ?? 0) + ms;
  }

  const { open } = run.series;
  open.ms += ms;
  if (time !== undefined) {
    run.line.cpuRead = true;
    run.line.cpuNs += time.ns;
    run.line.cpuEstimatedNs += time.estimatedNs;
    open.cpuNs = (open.cpuNs ?? 0) + time.ns;
  }
  if (ms > 0) closePoint(run.series, at, Number(at.monoNs - run.startedMonoNs) / 1e6);
}

/** Keeps the counters that the next tick is a difference to. */
function remember(state: HostState, reading: HostReading, cpu: TickCpuTime): void {
  state.at = reading.at;
  state.counters = {};
  for (const { domain, value } of reading.energy) {
    hostDomain(state, domain);
    if (!isMissing(value)) state.counters[domain.name] = value;
  }
  state.busyNs = isMissing(reading.cpu) ? null : reading.cpu.busyNs;
  state.cgroupNs = cpu.cgroupNs;
}

function hostDomain(state: HostState, domain: EnergyDomain): HostDomainLine {
  return (state.host.domains[domain.name] ??= {
    class: domain.class,
    source: domain.source,
    quality: domain.quality,
    counterUj: 0,
    runsUj: noEnergy(),
    idleUj: noEnergy(),
    systemUj: noEnergy(),
    missingMs: 0,
    wraps: 0,
    resets: 0,
  });
}

function runDomain(run: RunState, domain: EnergyDomain): RunDomainLine {
  return (run.line.domains[domain.name] ??= {
    quality: domain.quality,
    uj: noEnergy(),
    estimatedUj: noEnergy(),
    missingMs: 0,
  });
}

function noEnergy(): ByPolicy {
  return [0, 0, 0];
}

function noCarry(): Carry {
  return [0, 0, 0, 0];
}
