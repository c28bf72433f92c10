/** How a run's CPU time was told apart by package, the most certain first. */
export const SPLITS = ['percpu', 'cpuset', 'assumed'] as const;
export type PackageSplit = (typeof SPLITS)[number];

/** What is known of a run's CPU time in one tick. */
export interface SplitRun {
  /** CPU time in the tick, ns. */
  readonly cpuNs: number;
  /** The same by place as the kernel counted it (cgroup v1), ns, and as a last element elsewhere; null where it does not. */
  readonly placeNs: readonly number[] | null;
  /** CPUs that the run is constrained to; null where it is to none, or they are not known. */
  readonly cpus: ReadonlySet<number> | null;
}

export interface SplitTime {
  /** CPU time (ns) in each place. */
  readonly placeNs: readonly number[];
  readonly split: PackageSplit;
}

/**
 * Tells in which package (or die) each run's CPU time was spent, so that a job on socket 1 pays nothing for socket 0.
 *
 * 1. As the kernel counted it, where it does (cgroup v1, cpuacct.usage_percpu).
 * 2. A run that may use CPUs of one place only spent it there. One that has its CPUs alone spent it as these CPUs were busy:
 *    what else ran on them (interrupts, kernel threads) is little beside it.
 * 3. Else as all CPUs that it may use were busy, which is an assumption.
 *
 * @param places the CPUs of each place; together they need not be all of the host
 * @param busyNs busy time of each CPU in the tick, ns
 * @param runs in any order; every run of the host, since they say which CPUs are held by one alone
 */
export function splitByPlace(
  places: readonly ReadonlySet<number>[],
  busyNs: ReadonlyMap<number, number>,
  runs: readonly SplitRun[],
): SplitTime[] {
  const holders = new Map<number, number>();
  for (const { cpus } of runs) for (const cpu of cpus ?? []) holders.set(cpu, (holders.get(cpu) ?? 0) + 1);
  const isEveryoneConstrained = runs.every(({ cpus }) => cpus !== null);

  return runs.map((run) => {
    const counted = sum(run.placeNs ?? []);
    // The two counters are read in succession; the proportions are the per-CPU one's, the amount is the other's.
    if (run.placeNs !== null && counted > 0) {
      const scale = run.cpuNs / counted;
      return { placeNs: places.map((_, i) => (run.placeNs?.[i] ?? 0) * scale), split: 'percpu' };
    }
    if (run.cpuNs === 0)
      return { placeNs: places.map(() => 0), split: run.placeNs === null ? 'cpuset' : 'percpu' };
    const { cpus } = run;
    const own = places.map((place) => [...place].filter((cpu) => cpus === null || cpus.has(cpu)));
    const only = cpus === null ? -1 : own.findIndex((inPlace) => inPlace.length === cpus.size);
    if (only >= 0) return { placeNs: own.map((_, i) => (i === only ? run.cpuNs : 0)), split: 'cpuset' };
    const isAlone =
      cpus !== null && isEveryoneConstrained && [...cpus].every((cpu) => holders.get(cpu) === 1);
    return { placeNs: asBusy(run.cpuNs, own, cpus, busyNs), split: isAlone ? 'cpuset' : 'assumed' };
  });
}

/** Divides time by how busy the CPUs were; where none was, by how many there are. */
function asBusy(
  cpuNs: number,
  own: readonly (readonly number[])[],
  cpus: ReadonlySet<number> | null,
  busyNs: ReadonlyMap<number, number>,
): number[] {
  const busyOf = (list: Iterable<number>): number => sum([...list].map((cpu) => busyNs.get(cpu) ?? 0));
  const allNs = busyOf(cpus ?? busyNs.keys());
  if (allNs > 0) return own.map((inPlace) => (cpuNs * busyOf(inPlace)) / allNs);
  const count = cpus?.size ?? Math.max(1, busyNs.size, sum(own.map((inPlace) => inPlace.length)));
  return own.map((inPlace) => (cpuNs * inPlace.length) / Math.max(1, count));
}

/** The less certain of two. */
export function leastCertain(a: PackageSplit | null, b: PackageSplit): PackageSplit {
  return a === null || SPLITS.indexOf(b) > SPLITS.indexOf(a) ? b : a;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
