import { type ByPolicy, addByPolicy } from '../attribution/policy';
import type { HostState, RunState } from './host-state';

/** What the written lines of a run told: with its line in hand it is all that the run used. */
export interface RunSoFar {
  readonly domains: Record<string, { uj: ByPolicy; missingMs: number }>;
  cpuNs: number;
  /** GPU time of which it is told whether it was busy, and of that the busy one (ms). */
  gpuToldMs: number;
  gpuBusyMs: number;
}

/** What a host's lines since midnight told: with the line in hand it is the energy of the day. */
export interface HostToday {
  /** When the day began, by the host's time zone (Unix ms). */
  readonly dayMs: number;
  /** Where the first of its lines began (Unix ms): later than midnight where the agent was not there. */
  readonly fromMs: number;
  readonly domains: Record<string, HostDomainSum>;
  /** Of domains that hold others. */
  readonly whole: Record<string, { counterUj: number; missingMs: number }>;
  busyUs: number;
}

/** Of one domain. */
export interface HostDomainSum {
  counterUj: number;
  runsUj: ByPolicy;
  idleUj: ByPolicy;
  systemUj: ByPolicy;
  missingMs: number;
}

export function emptySoFar(): RunSoFar {
  return { domains: {}, cpuNs: 0, gpuToldMs: 0, gpuBusyMs: 0 };
}

/** Adds a run's line to what its earlier ones told: before the line begins anew. */
export function addToSoFar(run: RunState): void {
  const { line } = run;
  const soFar = (run.soFar ??= emptySoFar());
  for (const [name, { uj, missingMs }] of Object.entries(line.domains)) {
    const sum = (soFar.domains[name] ??= { uj: [0, 0, 0], missingMs: 0 });
    addByPolicy(sum.uj, uj);
    sum.missingMs += missingMs;
  }
  soFar.cpuNs += line.cpuNs;
  soFar.gpuToldMs += line.gpu?.toldMs ?? 0;
  soFar.gpuBusyMs += line.gpu?.busyMs ?? 0;
}

/**
 * Adds the host's line to what those of the same day told: before the line begins anew.
 * @param fromMs where the line began (Unix ms), which says of which day it is
 */
export function addToToday(state: HostState, fromMs: number): void {
  const { host } = state;
  const dayMs = startOfDay(fromMs);
  if (state.today?.dayMs !== dayMs) state.today = { dayMs, fromMs, domains: {}, whole: {}, busyUs: 0 };
  const { today } = state;
  for (const [name, line] of Object.entries(host.domains)) {
    const sum = (today.domains[name] ??= emptyDomainSum());
    sum.counterUj += line.counterUj;
    addByPolicy(sum.runsUj, line.runsUj);
    addByPolicy(sum.idleUj, line.idleUj);
    addByPolicy(sum.systemUj, line.systemUj);
    sum.missingMs += line.missingMs;
  }
  for (const [name, line] of Object.entries(host.whole)) {
    const sum = (today.whole[name] ??= { counterUj: 0, missingMs: 0 });
    sum.counterUj += line.counterUj;
    sum.missingMs += line.missingMs;
  }
  today.busyUs += host.busyUs;
}

export function emptyDomainSum(): HostDomainSum {
  return { counterUj: 0, runsUj: [0, 0, 0], idleUj: [0, 0, 0], systemUj: [0, 0, 0], missingMs: 0 };
}

/** Midnight before a time, by the host's time zone (both Unix ms). */
export function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}
