import type { HostState, RunState } from './host-state';
import { type HostToday, type RunSoFar, emptyDomainSum, emptySoFar, startOfDay } from './so-far';

/** Sums that only grow, at one reading: what two of them differ by is what happened between them. */
export interface NowSample {
  readonly monoNs: bigint;
  readonly runs: ReadonlyMap<string, RunSoFar>;
  readonly host: HostToday;
}

/** All that a run used: its written lines and the one in hand. */
export function soFarOf({ soFar, line }: Pick<RunState, 'soFar' | 'line'>): RunSoFar {
  const sum = emptySoFar();
  for (const domains of [soFar?.domains ?? {}, line.domains]) {
    for (const [name, { uj, missingMs }] of Object.entries(domains)) {
      const all = (sum.domains[name] ??= { uj: [0, 0, 0], missingMs: 0 });
      for (const i of [0, 1, 2] as const) all.uj[i] += uj[i];
      all.missingMs += missingMs;
    }
  }
  sum.cpuNs = (soFar?.cpuNs ?? 0) + line.cpuNs;
  sum.gpuToldMs = (soFar?.gpuToldMs ?? 0) + (line.gpu?.toldMs ?? 0);
  sum.gpuBusyMs = (soFar?.gpuBusyMs ?? 0) + (line.gpu?.busyMs ?? 0);
  return sum;
}

/** What the host used today: the day's written lines and the one in hand. */
export function todayOf({ today, host, at }: Pick<HostState, 'today' | 'host' | 'at'>): HostToday {
  const fromMs = host.from?.wallMs ?? at?.wallMs ?? 0;
  const dayMs = startOfDay(fromMs);
  const before = today?.dayMs === dayMs ? today : undefined;
  const sum: HostToday = { dayMs, fromMs: before?.fromMs ?? fromMs, domains: {}, whole: {}, busyUs: 0 };
  for (const domains of [before?.domains ?? {}, host.domains]) {
    for (const [name, domain] of Object.entries(domains)) {
      const all = (sum.domains[name] ??= emptyDomainSum());
      all.counterUj += domain.counterUj;
      for (const i of [0, 1, 2] as const) {
        all.runsUj[i] += domain.runsUj[i];
        all.idleUj[i] += domain.idleUj[i];
        all.systemUj[i] += domain.systemUj[i];
      }
      all.missingMs += domain.missingMs;
    }
  }
  for (const whole of [before?.whole ?? {}, host.whole]) {
    for (const [name, { counterUj, missingMs }] of Object.entries(whole)) {
      const all = (sum.whole[name] ??= { counterUj: 0, missingMs: 0 });
      all.counterUj += counterUj;
      all.missingMs += missingMs;
    }
  }
  sum.busyUs = (before?.busyUs ?? 0) + host.busyUs;
  return sum;
}

/** Of the state's last reading; null before the first. */
export function takeSample(state: HostState): NowSample | null {
  if (state.at === null) return null;
  return {
    monoNs: state.at.monoNs,
    runs: new Map(Object.entries(state.runs).map(([key, run]) => [key, soFarOf(run)])),
    host: todayOf(state),
  };
}
