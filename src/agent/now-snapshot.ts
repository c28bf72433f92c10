import { POLICIES, type Policy } from '../attribution/policy';
import type { NowHostDomain, NowRun, NowRunDomain, NowSnapshot, NowTotals } from '../generated/now';
import type { DomainClass } from '../generated/record';
import type { HostState, RunState } from './host-state';
import type { NowSample } from './now-sample';
import { type HostDomainSum, type HostToday, type RunSoFar, emptySoFar } from './so-far';

/** What is told of a domain that its sums do not say. */
export interface KnownDomain {
  readonly class: DomainClass;
  readonly quality: 'measured' | 'modelled';
  readonly source: string;
}

/** What a snapshot says besides the state. */
export interface NowFacts {
  readonly tool: string;
  readonly host: string;
  readonly cluster: string;
  readonly policy: Policy;
  readonly cpus: number;
  readonly domains: ReadonlyMap<string, KnownDomain>;
}

/** The schema's bounds. */
const LONGEST_NAME = 256;
const LONGEST_REASON = 512;
/** Growth below this (ms) of missing time is rounding. */
const MISSING_MS = 1;

/** What stands between two samples: the one at the state's last reading, and an earlier one; null before there is one. */
export interface Between {
  readonly before: NowSample | null;
  readonly after: NowSample;
}

/**
 * What the host does now: power as the mean between two samples, energies from the beginning. Energies in J with two
 * decimals, powers in W: what a user gets to see is no finer.
 * @param ended runs that have ended lately, as they were last told
 */
export function nowSnapshot(
  state: HostState,
  between: Between,
  facts: NowFacts,
  ended: readonly NowRun[],
): NowSnapshot {
  const { before, after } = between;
  const ms = before === null ? 0 : Number(after.monoNs - before.monoNs) / 1e6;
  const runs = Object.entries(state.runs).map(([key, run]) =>
    nowRun(run, after.runs.get(key) ?? emptySoFar(), before?.runs.get(key) ?? null, ms, facts),
  );
  return {
    schema: 1,
    kind: 'now',
    tool: facts.tool,
    host: named(facts.host),
    cluster: named(facts.cluster),
    nodes: [...state.nodes].sort(),
    at: iso(state.at?.wallMs ?? 0),
    policy: facts.policy,
    scope: 'all',
    totals: totals(state, after.host, before?.host ?? null, ms, facts),
    runs: [...runs.filter((run) => run.ended === null), ...ended],
  };
}

/** The part of it that a user may see: the host's totals and his own runs. */
export function snapshotFor(snapshot: NowSnapshot, uid: number): NowSnapshot {
  return { ...snapshot, scope: 'own', runs: snapshot.runs.filter((run) => run.uid === uid) };
}

/** The part of it that everybody may see. */
export function snapshotForAll(snapshot: NowSnapshot): NowSnapshot {
  return { ...snapshot, scope: 'none', runs: [] };
}

/**
 * @param ms between the samples; 0: nothing is known of now
 * @param before null where the run was not there; it then began between the samples
 */
export function nowRun(
  run: RunState,
  after: RunSoFar,
  before: RunSoFar | null,
  ms: number,
  { domains: known, policy }: Pick<NowFacts, 'domains' | 'policy'>,
): NowRun {
  const { identity, startedMs, holding, end, line } = run;
  const { restart, sluid: _, slurm_start: __, ...told } = identity;
  const since = before ?? emptySoFar();
  const ranMs = before === null && ms > 0 ? Math.min(ms, Math.max(1, run.life.ms)) : ms;
  const index = POLICIES.indexOf(policy);
  const gpuMs = after.gpuToldMs - since.gpuToldMs;
  return {
    ...told,
    restart,
    started: iso(startedMs),
    ended: end === null ? null : iso(end.atMs),
    cpus_busy: ranMs > 0 && line.cpuRead ? rounded((after.cpuNs - since.cpuNs) / 1e6 / ranMs) : null,
    memory_bytes: holding?.memory?.bytes ?? null,
    memory_limit_bytes: holding?.memoryLimitBytes ?? null,
    gpu_busy: ms > 0 && gpuMs > 0 ? rounded(Math.min(1, (after.gpuBusyMs - since.gpuBusyMs) / gpuMs)) : null,
    domains: Object.entries(after.domains)
      .map(([name, { uj, missingMs }]): NowRunDomain => {
        const was = since.domains[name] ?? { uj: [0, 0, 0], missingMs: 0 };
        const missed = missingMs - was.missingMs > MISSING_MS;
        return {
          name,
          class: known.get(name)?.class ?? 'gpu',
          quality: line.domains[name]?.quality ?? known.get(name)?.quality ?? 'measured',
          power_w: missed ? null : powerW((uj[index] ?? 0) - (was.uj[index] ?? 0), ranMs),
          energy_j: energyJ(uj[index] ?? 0),
          missing_s: rounded(missingMs / 1000),
        };
      })
      .sort(byName),
  };
}

function totals(
  state: HostState,
  after: HostToday,
  before: HostToday | null,
  ms: number,
  facts: NowFacts,
): NowTotals {
  // After midnight sums begin anew.
  const was = before?.dayMs === after.dayMs ? before : null;
  const sinceMs = was === null ? 0 : ms;
  const running = Object.values(state.runs).filter(({ end }) => end === null);
  return {
    runs: running.length,
    cpus: facts.cpus,
    cpus_busy: sinceMs > 0 ? rounded((after.busyUs - (was?.busyUs ?? 0)) / 1000 / sinceMs) : null,
    memory_bytes: state.memory?.heldBytes ?? null,
    memory_total_bytes: state.memory?.totalBytes ?? null,
    since: iso(after.fromMs),
    domains: Object.entries(after.domains)
      .map(([name, sum]) =>
        hostDomain(name, sum, was?.domains[name], {
          ms: sinceMs,
          index: POLICIES.indexOf(facts.policy),
          known: facts.domains.get(name),
          reason: state.host.domains[name]?.missingReason,
        }),
      )
      .sort(byName),
    whole: Object.entries(after.whole)
      .map(([name, { counterUj, missingMs }]) => {
        const { counterUj: wasUj = 0, missingMs: wasMs = 0 } = was?.whole[name] ?? {};
        return {
          name,
          source: (state.host.whole[name]?.source ?? '').slice(0, LONGEST_REASON),
          power_w: missingMs - wasMs > MISSING_MS ? null : powerW(counterUj - wasUj, sinceMs),
          energy_j: energyJ(counterUj),
        };
      })
      .sort(byName),
  };
}

function hostDomain(
  name: string,
  sum: HostDomainSum,
  was: HostDomainSum | undefined,
  {
    ms,
    index,
    known,
    reason,
  }: {
    readonly ms: number;
    readonly index: number;
    readonly known: KnownDomain | undefined;
    readonly reason: string | undefined;
  },
): NowHostDomain {
  const missed = sum.missingMs - (was?.missingMs ?? 0) > MISSING_MS;
  const grown = (of: 'runsUj' | 'idleUj' | 'systemUj'): number | null =>
    missed ? null : powerW((sum[of][index] ?? 0) - (was?.[of][index] ?? 0), ms);
  return {
    name,
    class: known?.class ?? 'gpu',
    quality: known?.quality ?? 'measured',
    source: (known?.source ?? '').slice(0, LONGEST_REASON),
    power_w: missed ? null : powerW(sum.counterUj - (was?.counterUj ?? 0), ms),
    runs_w: grown('runsUj'),
    idle_w: grown('idleUj'),
    system_w: grown('systemUj'),
    energy_j: energyJ(sum.counterUj),
    ...(missed && reason !== undefined ? { missing: reason.slice(0, LONGEST_REASON) } : {}),
  };
}

/** Parts of a domain may be some µJ below 0: rounding that is carried. */
function powerW(uj: number, ms: number): number | null {
  return ms > 0 ? rounded(Math.max(0, uj) / 1000 / ms) : null;
}

function energyJ(uj: number): number {
  return rounded(Math.max(0, uj) / 1e6);
}

function rounded(value: number): number {
  return Math.max(0, Math.round(value * 100) / 100);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

function named(text: string): string {
  return text.slice(0, LONGEST_NAME) || 'unknown';
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
