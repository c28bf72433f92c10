import { type CounterReading, differenceCounter } from '../attribution/counter';
import { addByPolicy, type ByPolicy, type Carry, divideEnergy } from '../attribution/policy';
import type { DomainClass } from '../generated/record';
import type { EnergyDomain } from '../sources/source';
import type { HostDomainLine, HostState, IdlePower, RunDomainLine, RunState } from './host-state';
import { addRunGpu } from './run-gpu';
import { type Tick, type Weights, weigh } from './weights';

/** What a counter grew by (µJ), why that is not known, or undefined where there is no earlier value. */
export type Growth = number | { readonly missing: string } | undefined;

/** A domain that is divided: not one that holds others. */
export type DividedDomain = EnergyDomain & { readonly class: DomainClass };

export function isDivided(domain: EnergyDomain): domain is DividedDomain {
  return domain.class !== 'whole';
}

/** What the domain's counter grew by since the state's reading. Wraps and resets are noted with the host and its runs. */
export function domainGrowth(
  state: HostState,
  domain: EnergyDomain,
  energyUj: bigint,
  monoNs: bigint,
  { active }: Pick<Tick, 'active'>,
): Growth {
  const before = takeBefore(state, domain);
  if (before === undefined) return undefined;
  const difference = differenceCounter(domain, before, { energyUj, monoNs });
  switch (difference.kind) {
    case 'growth':
      if (difference.wrapped) note(state, domain, active, 'wraps');
      return difference.energyUj;
    case 'reset':
      note(state, domain, active, 'resets');
      return { missing: 'the counter was reset' };
    case 'ambiguous':
      return { missing: 'the counter may have wrapped more than once between two readings' };
  }
}

function note(
  state: HostState,
  domain: EnergyDomain,
  active: Tick['active'],
  what: 'wraps' | 'resets',
): void {
  if (!isDivided(domain)) return;
  hostDomain(state, domain)[what] += 1;
  for (const { run } of active) run.life[what] += 1;
}

/** The reading that is to be subtracted; that of an ended agent is taken out of the state. */
function takeBefore(state: HostState, { name, isIntegrated }: EnergyDomain): CounterReading | undefined {
  const energyUj = state.counters[name];
  if (energyUj !== undefined && state.at !== null) return { energyUj, monoNs: state.at.monoNs };
  const awaited = state.awaited?.[name];
  if (awaited === undefined) return undefined;
  delete state.awaited?.[name];
  return isIntegrated === true ? undefined : awaited;
}

/** Divides a domain's growth in one tick among the active runs, idle and system, and adds the parts to their lines. */
export function divideTick(
  state: HostState,
  domain: DividedDomain,
  energyUj: number,
  tick: Tick,
  calibrated: IdlePower | undefined,
): void {
  const { elapsedNs } = tick;
  const rest = (state.carry[domain.name] ??= { idle: noCarry(), system: noCarry() });
  const idle = calibrated ?? modelledIdle(domain);
  const idleEnergyUj = Math.round(((idle?.idleW ?? 0) * elapsedNs) / 1000);
  const idlePart = idle === undefined || energyUj <= 0 ? null : Math.min(1, idleEnergyUj / energyUj);
  const weights = weigh(state, domain, tick, idlePart);
  const active = weights.parties ?? tick.active;
  const carry: Carry[] = [];
  for (const { run } of active) carry.push((run.carry[domain.name] ??= noCarry()));
  carry.push(rest.idle, rest.system);
  const division = divideEnergy({
    ...weights,
    energyUj,
    idleEnergyUj,
    carry,
  });

  const host = hostDomain(state, domain);
  host.counterUj += energyUj;
  if (idle !== undefined) host.idle = idle;
  addByPolicy(host.idleUj, division.idle);
  addByPolicy(host.systemUj, division.system);
  for (let i = 0; i < active.length; i++) {
    const { run } = active[i]!;
    const share = division.runs[i]!;
    addByPolicy(host.runsUj, share);
    const line = runDomain(run, domain);
    addByPolicy(line.uj, share);
    const { energyUj: openUj } = run.series.open;
    openUj[domain.name] = (openUj[domain.name] ?? 0) + share[0];
    if (domain.gpu !== undefined) addGpu(domain, weights, i, tick, share);
    if (weights.estimated === null) continue;
    const { used, allocated } = weights.estimated[i]!;
    addByPolicy(line.estimatedUj, [
      Math.round(share[0] * used),
      Math.round(share[1] * allocated),
      Math.round(share[2] * Math.max(used, allocated)),
    ]);
  }
}

function addGpu(
  domain: EnergyDomain,
  { runs, capacity }: Weights,
  i: number,
  { gpuHolders, gpus, elapsedNs }: Tick,
  uj: Readonly<ByPolicy>,
): void {
  const { name } = domain;
  const holder = gpuHolders.get(name)?.[i];
  if (holder === undefined) return;
  const held = runs.reduce((sum, { allocated }) => sum + allocated, 0);
  const part = held > 0 ? (runs[i]!.allocated / Math.max(capacity, held)) * (domain.accelerators ?? 1) : 0;
  const isShared = held > capacity * (1 + 1e-9);
  addRunGpu(holder, gpus.get(name), { elapsedMs: elapsedNs / 1e6, part, isShared }, uj);
}

function modelledIdle({ idlePowerW }: EnergyDomain): IdlePower | undefined {
  return idlePowerW === undefined ? undefined : { idleW: idlePowerW, by: 'modelled' };
}

/** Notes that nobody knows what a domain drew in the tick. */
export function missTick(
  state: HostState,
  domain: DividedDomain,
  reason: string | undefined,
  { active, elapsedNs, gpuHolders }: Tick,
): void {
  const host = hostDomain(state, domain);
  host.missingMs += elapsedNs / 1e6;
  if (reason !== undefined) host.missingReason = reason;
  const holders = domain.gpu === undefined ? null : (gpuHolders.get(domain.name) ?? []);
  for (const { run, activeNs } of holders?.map(({ each }) => each) ?? active)
    runDomain(run, domain).missingMs += activeNs / 1e6;
}

/** A domain that holds others is kept beside them, for comparing: nobody pays for it. */
export function wholeTick(state: HostState, domain: EnergyDomain, growth: Growth, elapsedMs: number): void {
  const line = (state.host.whole[domain.name] ??= {
    source: domain.source,
    counterUj: 0,
    missingMs: 0,
    ...(domain.note === undefined ? {} : { note: domain.note }),
  });
  if (typeof growth === 'number') {
    line.counterUj += growth;
    return;
  }
  line.missingMs += elapsedMs;
  if (growth !== undefined) line.missingReason = growth.missing;
}

export function hostDomain(state: HostState, domain: DividedDomain): HostDomainLine {
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
    ...(domain.note === undefined ? {} : { note: domain.note }),
  });
}

export function runDomain(run: RunState, domain: DividedDomain): RunDomainLine {
  return (run.line.domains[domain.name] ??= {
    quality: domain.quality,
    ...(domain.gpu !== undefined && domain.isIntegrated ? { isIntegrated: true } : {}),
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
