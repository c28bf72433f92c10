import { ExactSum } from './exact-sum';
import type { JobFacts } from './job-facts';
import { byDay, hasAllNodes, type Part, type Run, timeOf } from './runs';

/** What can be said of runs only with what Slurm's accounting tells of them. */
export class SlurmSums {
  toldRuns = 0;
  untoldRuns = 0;
  /** CPU time used, and CPUs allocated times time: of runs of which both are known on all their nodes. */
  cpuUs = 0n;
  allocatedCpuUs = 0n;
  /** Most memory held and memory asked for, bytes: as for CPUs. */
  readonly heldBytes = new ExactSum();
  readonly askedBytes = new ExactSum();
  /** Runs that lie in the report from begin to end and of which Slurm tells its own energy. */
  comparedRuns = 0;
  readonly slurmJ = new ExactSum();
  /** Ours of the same runs: measured and modelled, before any factor. */
  recordedUj = 0n;
  /** Of the run that began last; null: none is told. */
  newest: JobFacts | null = null;

  /**
   * CPU time and memory are taken day by day (by the parts' buckets), so that days add up; only of days on which all nodes of the run have
   * reported.
   * @param parts the slices of the run that belong to the group
   * @param facts null: nothing is told of the run
   */
  addRun(run: Run, parts: readonly Part[], facts: JobFacts | null): void {
    if (facts === null) {
      this.untoldRuns++;
      return;
    }
    this.toldRuns++;
    if (this.newest === null || facts.startS >= this.newest.startS) this.newest = facts;
    let mostHeld: number | null = null;
    for (const ofDay of byDay(parts)) {
      if (!hasAllNodes(run, ofDay)) continue;
      this.#addCpus(ofDay, facts);
      const held = heldBytes(ofDay);
      if (held !== null) mostHeld = Math.max(mostHeld ?? 0, held);
    }
    if (mostHeld !== null && facts.reqMemoryBytes !== null) {
      this.heldBytes.add(mostHeld);
      this.askedBytes.add(facts.reqMemoryBytes);
    }
    if (hasAllNodes(run, parts)) this.#compare(run, parts, facts);
  }

  /** Adds another group's sums; what is told of one job is of neither. */
  addSums(other: SlurmSums): void {
    this.toldRuns += other.toldRuns;
    this.untoldRuns += other.untoldRuns;
    this.cpuUs += other.cpuUs;
    this.allocatedCpuUs += other.allocatedCpuUs;
    this.heldBytes.addSum(other.heldBytes);
    this.askedBytes.addSum(other.askedBytes);
    this.comparedRuns += other.comparedRuns;
    this.slurmJ.addSum(other.slurmJ);
    this.recordedUj += other.recordedUj;
    this.newest = null;
  }

  #addCpus(parts: readonly Part[], { allocCpus }: JobFacts): void {
    if (allocCpus === null || allocCpus === 0) return;
    const [fromMs, toMs] = timeOf(parts);
    for (const { slice } of parts) this.cpuUs += slice.cpuUs.value;
    this.allocatedCpuUs += BigInt(Math.round(Math.max(0, toMs - fromMs) * allocCpus)) * 1000n;
  }

  #compare({ fragments }: Run, parts: readonly Part[], { slurmEnergyJ }: JobFacts): void {
    if (slurmEnergyJ === null) return;
    const isWhole = fragments.every(({ node }) => {
      const slices = parts.flatMap((part) => (part.node === node ? [part.slice] : []));
      return slices.some(({ starts }) => starts) && slices.some(({ ends }) => ends);
    });
    if (!isWhole) return;
    this.comparedRuns++;
    this.slurmJ.add(slurmEnergyJ);
    for (const { slice } of parts) {
      for (const { measuredUj, modelledUj } of slice.classes.values())
        this.recordedUj += (measuredUj?.value ?? 0n) + (modelledUj?.value ?? 0n);
    }
  }
}

/** Most memory that a run held. The peaks of the nodes need not have been at one time: their sum is the most that it can have been. null: not told of each node. */
export function heldBytes(parts: readonly Part[]): number | null {
  const peaks = new Map<string, number>();
  for (const { node, slice } of parts) {
    if (slice.memoryBytes !== undefined) peaks.set(node, Math.max(peaks.get(node) ?? 0, slice.memoryBytes));
  }
  if (peaks.size < new Set(parts.map(({ node }) => node)).size) return null;
  return [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0);
}
