/** A job cgroup that was removed within a tick, before its last CPU time could be read. */
export interface DeadJob {
  /** Allocated CPUs times the time (ns) that it lived within the tick: what several are told apart by. */
  readonly allocatedCpuNs: number;
  /** What it used in the tick (ns), where the last reading of its steps tells; else null. */
  readonly knownNs: number | null;
  /** What its line holds of earlier ticks (ns): beside much, a little doubt is none. */
  readonly earlierNs: number;
}

/** What the counters of a cgroup and its children are apart, since they are read one after the other. */
export interface ReadingSkew {
  /** What the last tick left over (ns). */
  readonly balanceNs: number;
  /** That holds what earlier dead were given too little (negative: too much): at least and at most so much (ns). */
  readonly owedNs: Range;
  /** What the whole cgroup used while it was read (ns): the children's counters may hold as much that the parent's lacks. */
  readonly whileReadNs: number;
  /** What a balance can be (ns); more is time that nobody who is known used. */
  readonly mostBalanceNs: number;
}

export type Range = readonly [least: number, most: number];

export interface DeadTime {
  /** In the order of the dead; not negative; with the balance they sum to what is left. */
  readonly cpuNs: readonly number[];
  /** The part of each that rests on an estimate (ns). */
  readonly estimatedNs: readonly number[];
  /** What is to be set against the next tick's difference (ns), and what of it is owed to these or earlier dead. */
  readonly balanceNs: number;
  readonly owedNs: Range;
}

/**
 * What slurmstepd can use between the last process and the removal of the cgroup; some 40 ms were seen. Where more is left, another
 * job was there whose end nobody saw.
 */
const PLAUSIBLE_END_NS = 500_000_000;

/** What a dead job's time may be wrong by without being called an estimate: this (ns), or this part of it. */
const NEGLIGIBLE_NS = 1_000_000;
const NEGLIGIBLE_PART = 0.02;

/**
 * CPU time of the jobs whose cgroup was removed between two readings. Removing a cgroup does not take its time from its
 * parent's counter, so what the parent gained and nobody who is still there did is the dead's.
 *
 * The parent is read some microseconds before its children, milliseconds where the reader had to wait for a CPU: the difference
 * lacks what they used meanwhile, and the next one has it too much. So what is not the dead's is carried and not cut off. How much
 * it can be is known (`whileReadNs`), not how much it was: where no last reading tells the dead's time, it is taken to be in the
 * middle of what it can be, and what it may be wrong by is labelled as an estimate where that is not negligible.
 *
 * Several dead: each gets what its steps' last readings say, and the rest (what slurmstepd used to end) is spread evenly;
 * those whose end nobody saw share all that is left by allocated CPU time. What they get is an estimate, unless nobody else
 * died.
 *
 * @param parentNs growth of the parent cgroup's counter in the tick, ns
 * @param livingNs growth of all children that are still there, ns
 */
export function deadTime(
  parentNs: number,
  livingNs: number,
  dead: readonly DeadJob[],
  { balanceNs, owedNs, whileReadNs, mostBalanceNs }: ReadingSkew,
): DeadTime {
  const leftNs = parentNs - livingNs + balanceNs;
  const mostCarriedNs = Math.max(mostBalanceNs, whileReadNs);
  if (dead.length === 0) {
    return { cpuNs: [], estimatedNs: [], balanceNs: within(mostCarriedNs, leftNs), owedNs };
  }

  const unknown = dead.filter(({ knownNs }) => knownNs === null);
  let knownNs = 0;
  for (const job of dead) knownNs += job.knownNs ?? 0;
  // Nobody can have used more than was left; what is known is then wrong by as much for all.
  const mostNs = Math.max(0, leftNs + whileReadNs - owedNs[0]);
  const leastNs = Math.min(mostNs, Math.max(knownNs, leftNs - owedNs[1]));
  const givenNs = unknown.length > 0 ? (leastNs + mostNs) / 2 : Math.min(mostNs, Math.max(knownNs, leftNs));
  const wrongNs = Math.max(givenNs - leastNs, mostNs - givenNs);
  const scale = knownNs > givenNs ? givenNs / knownNs : 1;
  const restNs = Math.max(0, givenNs - knownNs);

  let allocatedSum = 0;
  for (const job of unknown) allocatedSum += job.allocatedCpuNs;
  const shareOfRest = (job: DeadJob): number => {
    if (unknown.length === 0) return 1 / dead.length;
    if (job.knownNs !== null) return 0;
    return allocatedSum > 0 ? job.allocatedCpuNs / allocatedSum : 1 / unknown.length;
  };
  const cpuNs = dead.map((job) => (job.knownNs ?? 0) * scale + restNs * shareOfRest(job));
  const estimatedNs = dead.map((job, i) => {
    const [ownNs, share] = [cpuNs[i] ?? 0, shareOfRest(job)];
    const isGuess = job.knownNs === null ? dead.length > 1 : restNs * share > PLAUSIBLE_END_NS;
    if (isGuess) return restNs * share;
    const negligibleNs = Math.max(NEGLIGIBLE_NS, NEGLIGIBLE_PART * (job.earlierNs + ownNs));
    return wrongNs * share > negligibleNs ? Math.min(ownNs, wrongNs * share) : 0;
  });
  const newBalanceNs = within(mostCarriedNs, leftNs - givenNs);
  // The least: no child was ahead, or nobody used more than is known.
  const leastOwedNs = newBalanceNs + Math.max(0, owedNs[0] + Math.min(knownNs, mostNs) - leftNs);
  return {
    cpuNs,
    estimatedNs,
    balanceNs: newBalanceNs,
    owedNs: [leastOwedNs, Math.max(leastOwedNs, newBalanceNs + whileReadNs)],
  };
}

function within(most: number, ns: number): number {
  return Math.max(-most, Math.min(most, ns));
}
