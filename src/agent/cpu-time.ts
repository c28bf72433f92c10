import { type Range, deadTime } from '../attribution/dead-time';
import { isMissing } from '../sources/source';
import { type DeadRun, deadJobs } from './dead-jobs';
import type { HostState, RunState, UserCpuTime } from './host-state';
import { OwnerIndex, isOfNode } from './owner-index';
import type { HostReading, JobReading, ScopeReading } from './reading';

/** CPU time of one run in one tick. */
export interface RunCpuTime {
  ns: number;
  /** The part of it that rests on an estimate. */
  estimatedNs: number;
  /** As the kernel counted it by place, and elsewhere (see JobReading.placeNs); null where it does not. */
  placeNs: number[] | null;
  /** Where the user's own part was read. */
  user: UserGrowth | null;
  /** Its cgroup's end was seen as it happened. */
  isEndSeen: boolean;
}

/** CPU time of the user's processes since the last reading of it, and this reading. */
export interface UserGrowth {
  readonly ns: number;
  /** null: the cgroup is gone. */
  readonly at: UserCpuTime | null;
}

/** The counters that the next tick starts from; the runs' CPU time is with them. */
export interface TickCpuTime {
  readonly cgroupNs: Map<string, bigint>;
  readonly cgroupPlaceNs: Record<string, readonly bigint[]>;
  readonly scopeBalanceNs: Record<string, number>;
  readonly scopeOwedNs: Record<string, Range>;
}

/** Fragment and what is known of it in one tick. */
export interface ActiveRun {
  readonly key: string;
  readonly run: RunState;
  /** The part of the tick in which it was running, ns. */
  readonly activeNs: number;
  /** null: nobody could read it, or nothing tells what it is a growth to. */
  time: RunCpuTime | null;
  /** The directory its CPU time comes from now, `processes`, or null while it has none. */
  cpuFrom: string | null;
}

/** Parent and children are read within this time of each other (ns, on each CPU), unless more was seen to be used meanwhile. */
const READING_SKEW_NS = 10_000_000;

/**
 * CPU time of each run between the state's reading and this one.
 *
 * A cgroup that was not there at the last reading began at 0 in between; one that is gone leaves its time in its
 * parent's counter. Without any earlier reading there is nothing to subtract from, and no time is given out.
 */
export function tickCpuTime(
  state: HostState,
  reading: HostReading,
  active: readonly ActiveRun[],
): TickCpuTime {
  const tick: TickCpuTime = { cgroupNs: new Map(), cgroupPlaceNs: {}, scopeBalanceNs: {}, scopeOwedNs: {} };
  const isFirst = state.at === null;
  const cpus = isMissing(reading.cpu) ? 1 : reading.cpu.cpus;
  for (const scope of reading.scopes) scopeCpuTime(state, scope, { active, isFirst, cpus }, tick);
  // Where Slurm keeps jobs in cgroups, a run without one has no process: its time is known, and 0.
  for (const each of active) {
    if (each.time !== null || isFirst) continue;
    const isKept = reading.scopes.some((scope) => isOfNode(scope, each.run) && !isMissing(scope.totalNs));
    if (isKept) give(each, 0, 0);
  }
  if (reading.processes.size > 0) processesCpuTime(state, reading, { active, isFirst }, tick);
  return tick;
}

function processesCpuTime(
  state: HostState,
  reading: HostReading,
  { active, isFirst }: { active: readonly ActiveRun[]; isFirst: boolean },
  tick: TickCpuTime,
): void {
  for (const each of active) {
    const value = reading.processes.get(each.key);
    // With a cgroup it would be the same time twice: its processes are in that.
    if (value === undefined || each.cpuFrom !== null) continue;
    const name = processesOf(each.key);
    const before = state.cgroupNs[name];
    if (value !== 'gone') each.cpuFrom = 'processes';
    if (typeof value === 'bigint') {
      tick.cgroupNs.set(name, value);
      if (!isFirst) give(each, Math.max(0, Number(value - (before ?? 0n))), 0);
    } else if (value !== 'gone' && before !== undefined) {
      tick.cgroupNs.set(name, before);
    }
  }
}

function scopeCpuTime(
  state: HostState,
  scope: ScopeReading,
  { active, isFirst, cpus }: { active: readonly ActiveRun[]; isFirst: boolean; cpus: number },
  tick: TickCpuTime,
): void {
  const keep = (dir: string): void => {
    const before = state.cgroupNs[dir];
    if (before !== undefined) tick.cgroupNs.set(dir, before);
  };

  let livingNs = 0;
  for (const [dir, value] of scope.overheadNs) livingNs += growth(state, tick, dir, value);

  const owners = new OwnerIndex(active);
  for (const job of scope.jobs) {
    const owner = owners.ownerOf(scope, job);
    if (owner !== undefined) owner.cpuFrom = job.dir;
    if (isMissing(job.cpuNs)) {
      keep(job.dir);
      continue;
    }
    const ns = growth(state, tick, job.dir, job.cpuNs, job.renewed);
    livingNs += ns;
    const placeNs = placeGrowth(state, job, isFirst);
    if (job.placeNs !== undefined) tick.cgroupPlaceNs[job.dir] = job.placeNs;
    if (owner !== undefined) {
      const own = Math.max(0, ns - countedByProcesses(state, owner));
      give(owner, own, 0, placeNs, userGrowth(state, owner, job, { ns: own, isFirst }));
    }
  }

  const dead = isFirst ? [] : deadJobs(state, scope, active, owners);
  if (isMissing(scope.totalNs)) {
    keep(scope.dir);
    for (const each of dead) if (each.knownNs !== null) giveDead(each, each.knownNs, 0);
    return;
  }
  const totalNs = growth(state, tick, scope.dir, scope.totalNs);
  if (isFirst) return;
  const time = deadTime(totalNs, livingNs, dead, {
    balanceNs: state.scopeBalanceNs[scope.dir] ?? 0,
    owedNs: state.scopeOwedNs?.[scope.dir] ?? [0, 0],
    whileReadNs: scope.whileReadNs,
    mostBalanceNs: cpus * READING_SKEW_NS,
  });
  tick.scopeBalanceNs[scope.dir] = time.balanceNs;
  tick.scopeOwedNs[scope.dir] = time.owedNs;
  dead.forEach((each, i) => giveDead(each, time.cpuNs[i] ?? 0, time.estimatedNs[i] ?? 0));
}

/** What a counter grew by since the state's reading (ns), 0 where there was none; keeps it for the next tick. */
function growth(state: HostState, tick: TickCpuTime, dir: string, value: bigint, renewed = false): number {
  const before = renewed ? 0n : (state.cgroupNs[dir] ?? 0n);
  tick.cgroupNs.set(dir, value);
  if (state.at === null || value === before) return 0;
  // A counter below its last value belongs to a new directory of the same name: all of it is new.
  return Number(value > before ? value - before : value);
}

function giveDead({ run, userGrowthNs, isSeen }: DeadRun, ns: number, estimatedNs: number): void {
  if (run === null) return;
  const user = userGrowthNs === null ? null : { ns: userGrowthNs, at: null };
  const time = give(run, ns, estimatedNs, null, user);
  time.isEndSeen ||= isSeen;
}

/** What a job's time by place grew by (ns); null where it is not counted. */
function placeGrowth(state: HostState, job: JobReading, isFirst: boolean): number[] | null {
  const { placeNs } = job;
  if (placeNs === undefined || isFirst) return null;
  const earlier = job.renewed ? undefined : state.cgroupPlaceNs[job.dir];
  // Other places than before: the sources were chosen anew.
  if (earlier !== undefined && earlier.length !== placeNs.length) return null;
  return placeNs.map((ns, i) => {
    const before = earlier?.[i] ?? 0n;
    return Number(ns >= before ? ns - before : ns);
  });
}

/** What a run that is now seen to have a cgroup has been given for its processes before (ns): the cgroup has it too. */
function countedByProcesses(state: HostState, { key, run }: ActiveRun): number {
  return run.cpuFrom === 'processes' ? Number(state.cgroupNs[processesOf(key)] ?? 0n) : 0;
}

/** Name of a run's processes among the counters of the state. */
function processesOf(key: string): string {
  return `processes:${key}`;
}

/**
 * What the user's processes of a living job used since the last reading of it (ns). Where another agent made that one, which knew
 * steps that have ended since, or none was made, what the run used is taken for theirs.
 */
function userGrowth(
  state: HostState,
  { run }: ActiveRun,
  job: JobReading,
  { ns, isFirst }: { ns: number; isFirst: boolean },
): UserGrowth | null {
  const { dir, userNs, renewed } = job;
  if (userNs === undefined) return null;
  const at = { dir, ns: userNs, sinceNs: 0 };
  if (isFirst) return { ns: 0, at };
  const { user } = run;
  if (renewed || user === null || state.cgroupNs[dir] === undefined) return { ns: Number(userNs), at };
  return { ns: user.dir === dir ? Math.max(0, Number(userNs - user.ns)) : user.sinceNs + ns, at };
}

function give(
  each: ActiveRun,
  ns: number,
  estimatedNs: number,
  placeNs: number[] | null = null,
  user: UserGrowth | null = null,
): RunCpuTime {
  const { time } = each;
  if (time === null) return (each.time = { ns, estimatedNs, placeNs, user, isEndSeen: false });
  time.ns += ns;
  time.estimatedNs += estimatedNs;
  if (placeNs !== null) time.placeNs = placeNs.map((more, i) => (time.placeNs?.[i] ?? 0) + more);
  // A cgroup that is there outlives one that is gone.
  if (user !== null) time.user = { ns: (time.user?.ns ?? 0) + user.ns, at: user.at ?? time.user?.at ?? null };
  return time;
}
