/** A job cgroup that was removed within a tick, before its last CPU time could be read. */
export interface DeadJob {
  /** Allocated CPUs times the time (ns) that it lived within the tick: what several are told apart by. */
  readonly allocatedCpuNs: number;
}

/**
 * CPU time of the jobs whose cgroup was removed between two readings. Removing a cgroup does not take its time from its
 * parent's counter, so what the parent gained and nobody who is still there did is the dead's.
 *
 * @param parentNs growth of the parent cgroup's counter in the tick, ns
 * @param livingNs growth of all children that are still there, ns
 * @param dead the removed ones
 * @returns each dead job's CPU time (ns, not negative) and whether it is an estimate: several died in one tick and were told apart by
 *   their allocated CPU time
 */
export function deadTime(
  parentNs: number,
  livingNs: number,
  dead: readonly DeadJob[],
): { readonly cpuNs: readonly number[]; readonly estimated: boolean } {
  const leftNs = Math.max(0, parentNs - livingNs);
  if (dead.length <= 1) return { cpuNs: dead.map(() => leftNs), estimated: false };

  let sum = 0;
  for (const job of dead) sum += job.allocatedCpuNs;
  const cpuNs = dead.map((job) => (sum > 0 ? (leftNs * job.allocatedCpuNs) / sum : leftNs / dead.length));
  return { cpuNs, estimated: leftNs > 0 };
}
