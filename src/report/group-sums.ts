import type { DomainClass } from '../generated/record';
import { DOMAIN_CLASSES } from './domain-class';
import { classesOf } from './fragments';
import type { Part, Run } from './runs';

/** Energy of one cluster's runs in a group, µJ. */
export interface ClusterEnergy {
  /** By class; a class of which nothing was observed is absent. */
  readonly measuredUj: Map<DomainClass, bigint>;
  readonly modelledUj: Map<DomainClass, bigint>;
  /** The measured part on nodes that have no domain of class other: what `site.node_overhead` is applied to. */
  overheadBaseUj: bigint;
}

/** The sums of one group, to which runs are added one by one, each once. */
export class GroupSums {
  readonly #jobs = new Set<string>();
  runs = 0;
  elapsedMs = 0;
  cpuUs = 0n;
  gpuMs = 0n;
  nodesExpected = 0;
  nodesReported = 0;
  /** When the earliest of the runs started. */
  firstMs = Infinity;
  readonly energy = new Map<string, ClusterEnergy>();
  /** Node-milliseconds by class, of the runs whose number of nodes is known. */
  readonly #observedMs = new Map<DomainClass, number>();
  readonly #expectedMs = new Map<DomainClass, number>();

  /**
   * @param parts the slices of the run that belong to the group: at least one
   * @param nodes how many nodes of the run should be in the group; null: unknown
   */
  addRun(run: Run, parts: readonly Part[], nodes: number | null): void {
    let [fromMs, toMs] = [Infinity, -Infinity];
    for (const { slice } of parts) {
      fromMs = Math.min(fromMs, slice.fromMs);
      toMs = Math.max(toMs, slice.toMs);
      this.cpuUs += slice.cpuUs.value;
      this.gpuMs += slice.gpuMs.value;
    }
    const reported = new Set(parts.map((part) => part.node)).size;

    this.#jobs.add(run.jobKey);
    this.runs++;
    this.elapsedMs += Math.max(0, toMs - fromMs);
    this.firstMs = Math.min(this.firstMs, run.startedMs);
    this.nodesExpected += nodes ?? reported;
    this.nodesReported += reported;
    this.#addEnergy(run.cluster, parts);
    if (nodes !== null) this.#addCoverage(parts, Math.max(0, nodes - reported), fromMs, toMs);
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  /**
   * Of the node-seconds that should have been observed, the part that was, in the class where it is lowest; null where
   * nothing says how many nodes there should have been.
   */
  get coverage(): number | null {
    const ratios = [...this.#expectedMs]
      .filter(([, expected]) => expected > 0)
      .map(([name, expected]) => (this.#observedMs.get(name) ?? 0) / expected);
    return ratios.length === 0 ? null : Math.min(1, ...ratios);
  }

  #addEnergy(cluster: string, parts: readonly Part[]): void {
    let energy = this.energy.get(cluster);
    if (energy === undefined) {
      energy = { measuredUj: new Map(), modelledUj: new Map(), overheadBaseUj: 0n };
      this.energy.set(cluster, energy);
    }
    for (const { slice } of parts) {
      const hasOther = slice.classes.has('other');
      for (const [name, { measuredUj, modelledUj }] of slice.classes) {
        if (measuredUj !== undefined) add(energy.measuredUj, name, measuredUj.value);
        if (modelledUj !== undefined) add(energy.modelledUj, name, modelledUj.value);
        // The power model's watts are at the wall: the overhead is in them.
        if (!hasOther) energy.overheadBaseUj += measuredUj?.value ?? 0n;
      }
    }
  }

  #addCoverage(parts: readonly Part[], silentNodes: number, fromMs: number, toMs: number): void {
    let expectedMs = silentNodes * Math.max(0, toMs - fromMs);
    for (const ofNode of byNode(parts)) expectedMs += expectedOfNode(ofNode, fromMs, toMs);

    const slices = parts.map((part) => part.slice);
    const classes = classesOf(slices);
    // Every node has a CPU: a run of which no domain was read at all lacks at least that.
    for (const name of classes.length > 0 ? classes : [DOMAIN_CLASSES[0]]) {
      const observedMs = slices.reduce((sum, slice) => sum + (slice.classes.get(name)?.observedMs ?? 0), 0);
      this.#expectedMs.set(name, (this.#expectedMs.get(name) ?? 0) + expectedMs);
      // Lengths are from the monotonic clock, the run's times from the wall's: more than all is all.
      this.#observedMs.set(name, (this.#observedMs.get(name) ?? 0) + Math.min(observedMs, expectedMs));
    }
  }
}

/**
 * A node is expected to report for as long as the run, except for what its own first and last lines say: Slurm starts and
 * ends a run some moments apart on its nodes.
 */
function expectedOfNode(parts: readonly Part[], fromMs: number, toMs: number): number {
  const slices = parts.map((part) => part.slice);
  const first = slices.reduce((a, b) => (b.fromMs < a.fromMs ? b : a));
  const last = slices.reduce((a, b) => (b.toMs > a.toMs ? b : a));
  return Math.max(0, (last.ends ? last.toMs : toMs) - (first.starts ? first.fromMs : fromMs));
}

function byNode(parts: readonly Part[]): Iterable<Part[]> {
  const nodes = new Map<string, Part[]>();
  for (const part of parts) {
    const ofNode = nodes.get(part.node);
    if (ofNode === undefined) nodes.set(part.node, [part]);
    else ofNode.push(part);
  }
  return nodes.values();
}

function add<K>(sums: Map<K, bigint>, key: K, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}
