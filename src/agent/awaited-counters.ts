import type { EnergyDomain } from '../sources/source';
import { isMissing } from '../sources/source';
import type { GpuHolders } from './gpu-holders';
import type { HostState, RunState } from './host-state';
import type { HostReading } from './reading';

/**
 * Counters of GPUs that could not be read for a while, or that an ended agent counted, and that are read again: what they grew by
 * belongs to the runs that had them all the time, and was not missing. Where a run that has one now had it only later, nobody can
 * tell.
 */
export function takeUpAwaited(state: HostState, { energy, at }: HostReading, gpuHolders: GpuHolders): void {
  const { awaited } = state;
  if (awaited === undefined) return;
  const regained = new Map<RunState, number>();
  for (const { domain, value } of energy) {
    const before = awaited[domain.name];
    if (before === undefined || isMissing(value)) continue;
    const runs = (gpuHolders.get(domain.name) ?? []).map(({ each }) => each.run);
    if (runs.length === 0 || runs.some((run) => run.startedMonoNs > before.monoNs)) {
      delete awaited[domain.name];
      continue;
    }
    const ms = Number(at.monoNs - before.monoNs) / 1e6;
    for (const run of runs) {
      regained.set(run, Math.min(ms, regained.get(run) ?? Infinity));
      const line = run.line.domains[domain.name];
      if (line !== undefined) line.missingMs = Math.max(0, line.missingMs - ms);
    }
  }
  for (const [{ life }, ms] of regained) life.missingMs.gpu = Math.max(0, (life.missingMs.gpu ?? 0) - ms);
}

/** Keeps the counter of a GPU that cannot be read now: it counts on. What is added up here does not. */
export function awaitCounter(state: HostState, { name, gpu, isIntegrated }: EnergyDomain): void {
  const energyUj = state.counters[name];
  if (gpu === undefined || isIntegrated === true || energyUj === undefined || state.at === null) return;
  state.awaited = { ...state.awaited, [name]: { energyUj, monoNs: state.at.monoNs } };
}
