import { isMissing } from '../sources/source';
import { awaitCounter } from './awaited-counters';
import type { TickCpuTime } from './cpu-time';
import { hostDomain, isDivided } from './domain-tick';
import type { HostState } from './host-state';
import type { HostReading } from './reading';

/** Keeps the counters that the next tick is a difference to. */
export function remember(state: HostState, reading: HostReading, cpu: TickCpuTime): void {
  for (const { domain, value } of reading.energy) if (isMissing(value)) awaitCounter(state, domain);
  state.at = reading.at;
  state.counters = {};
  rememberTold(state, reading);
  const integrated: string[] = [];
  for (const { domain } of reading.energy) if (domain.isIntegrated === true) integrated.push(domain.name);
  if (integrated.length > 0) state.integrated = integrated;
  else delete state.integrated;
  for (const { domain, value } of reading.energy) {
    if (isDivided(domain)) hostDomain(state, domain);
    if (!isMissing(value)) state.counters[domain.name] = value;
  }
  state.busyNs = isMissing(reading.cpu) ? null : reading.cpu.busyNs;
  const byCpu = isMissing(reading.cpu) ? null : reading.cpu.byCpu;
  state.cpuBusyNs = byCpu === null ? {} : Object.fromEntries(byCpu);
  rememberCgroups(state, cpu.cgroupNs);
  state.cgroupPlaceNs = cpu.cgroupPlaceNs;
  state.scopeBalanceNs = cpu.scopeBalanceNs;
  state.scopeOwedNs = cpu.scopeOwedNs;
}

/** GPUs are read by a clock of their own: what their counters grow by in the next tick may be of longer than that. */
function rememberTold(state: HostState, { gpus, at }: HostReading): void {
  delete state.toldNs;
  for (const [name, { toldNs }] of gpus) {
    if (toldNs === undefined || toldNs >= at.monoNs) continue;
    state.toldNs ??= {};
    state.toldNs[name] = toldNs;
  }
}

/** In place: the directories mostly are those of the last reading. */
function rememberCgroups({ cgroupNs: kept }: HostState, cgroupNs: ReadonlyMap<string, bigint>): void {
  for (const [dir, ns] of cgroupNs) kept[dir] = ns;
  const dirs = Object.keys(kept);
  if (dirs.length === cgroupNs.size) return;
  for (const dir of dirs) if (!cgroupNs.has(dir)) delete kept[dir];
}
