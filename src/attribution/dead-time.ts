/** A job cgroup that was removed within a tick, before its last CPU time could be read. */
export interface DeadJob {
  /** Allocated CPUs times the time (ns) that it lived within the tick: what several are told apart by. */
  readonly allocatedCpuNs: number;
  /** What it used in the tick (ns), where the last reading of its steps tells; else null. */
  readonly knownNs: number | null;
}

export interface DeadTime {
  /** In the order of the dead; not negative; they sum to what is left, which is 0 where nobody died. */
  readonly cpuNs: readonly number[];
  /** The part of each that rests on an estimate (ns). */
  readonly estimatedNs: readonly number[];
  /** What is to be set against the next tick's difference (ns). */
  readonly balanceNs: number;
}

/**
 * What slurmstepd can use between the last process and the removal of the cgroup; some 40 ms were seen. Where more is left, another
 * job was there whose end nobody saw.
 */
const PLAUSIBLE_END_NS = 500_000_000;

/**
 * CPU time of the jobs whose cgroup was removed between two readings. Removing a cgroup does not take its time from its
 * parent's counter, so what the parent gained and nobody who is still there did is the dead's.
 *
 * Parent and children are read some microseconds apart while they run, so the difference is a little off, up or down;
 * what it is off by comes back with the next reading, so it is carried and not cut off.
 *
 * Several dead: each gets what its steps' last readings say, and the rest (what slurmstepd used to end) is spread evenly;
 * those whose end nobody saw share all that is left by allocated CPU time. What they get is an estimate, unless nobody else
 * died.
 *
 * @param parentNs growth of the parent cgroup's counter in the tick, ns
 * @param livingNs growth of all children that are still there, ns
 * @param balanceNs what the last tick left over
 * @param mostBalanceNs what reading in succession can be off by; more is time that nobody who is known used
 */
export function deadTime(
  parentNs: number,
  livingNs: number,
  dead: readonly DeadJob[],
  balanceNs: number,
  mostBalanceNs: number,
): DeadTime {
  const differenceNs = parentNs - livingNs + balanceNs;
  if (dead.length === 0 || differenceNs <= 0) {
    const carriedNs = Math.max(-mostBalanceNs, Math.min(mostBalanceNs, differenceNs));
    return { cpuNs: dead.map(() => 0), estimatedNs: dead.map(() => 0), balanceNs: carriedNs };
  }
  const unknown = dead.filter(({ knownNs }) => knownNs === null);
  let knownNs = 0;
  for (const job of dead) knownNs += job.knownNs ?? 0;
  // Nobody can have used more than was left; what is known is then wrong by as much for all.
  const scale = knownNs > differenceNs ? differenceNs / knownNs : 1;
  const restNs = Math.max(0, differenceNs - knownNs);

  let allocatedSum = 0;
  for (const job of unknown) allocatedSum += job.allocatedCpuNs;
  const shareOfRest = (job: DeadJob): number => {
    if (unknown.length === 0) return 1 / dead.length;
    if (job.knownNs !== null) return 0;
    return allocatedSum > 0 ? job.allocatedCpuNs / allocatedSum : 1 / unknown.length;
  };
  return {
    cpuNs: dead.map((job) => (job.knownNs ?? 0) * scale + restNs * shareOfRest(job)),
    estimatedNs: dead.map((job) => {
      const ofRestNs = restNs * shareOfRest(job);
      if (job.knownNs === null) return dead.length > 1 ? ofRestNs : 0;
      return ofRestNs > PLAUSIBLE_END_NS ? ofRestNs : 0;
    }),
    balanceNs: 0,
  };
}
