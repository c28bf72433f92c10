import { GPU_BINDINGS, type GpuBinding } from '../attribution/gpu-binding';
import type { DomainClass } from '../generated/record';
import { BlockIoSums } from './block-io';
import { type ClassCoverage, classCoverage } from './coverage';
import { extrapolated, type MeanPower } from './extrapolation';
import { GpuSums } from './gpu-sums';
import { MachineTimes } from './machine-times';
import { byDay, type Part, type Run, timeOf } from './runs';
import { WeightedSums, type Weighing } from './slot-weights';
import { weighedParts } from './weighed-parts';

/** Energy of one cluster's runs in a group, µJ. */
export interface ClusterEnergy {
  /** By class; a class of which nothing was observed is absent. */
  readonly measuredUj: Map<DomainClass, bigint>;
  readonly modelledUj: Map<DomainClass, bigint>;
  /** What nobody observed, where the report is to work it out. */
  readonly extrapolatedUj: Map<DomainClass, bigint>;
  /** The measured part on nodes that have no domain of class other: what `site.node_overhead` is applied to. */
  overheadBaseUj: bigint;
  /** The same of what is extrapolated. */
  extrapolatedBaseUj: bigint;
  /** The same energies weighed by their time; null where they are not. What it lacks was used nobody knows when. */
  weighted: WeightedSums | null;
  /** From when to when it was used, Unix ms; of totals to the day, or to the month. Infinity to -Infinity: nothing was. */
  fromMs: number;
  toMs: number;
}

/** A run of which something contradicts which GPUs were its, and what. */
export interface GpuConflict {
  readonly cluster: string;
  readonly jobId: number;
  readonly text: string;
}

/** The sums of one group, to which runs are added one by one, each once. */
export class GroupSums {
  jobs = 0;
  #lastJob: string | null = null;
  runs = 0;
  elapsedMs = 0;
  cpuUs = 0n;
  gpuMs = 0n;
  readonly blockIo = new BlockIoSums();
  /** Runs of which at least one line tells it. */
  blockIoRuns = 0;
  /** null where no GPU was read. */
  gpu: GpuSums | null = null;
  /** Runs of which a GPU was read, by what told which it is: the least certain of each. */
  readonly gpuRunsBy: Record<GpuBinding, number> = { cgroup: 0, uuid: 0, processes: 0, index: 0, count: 0 };
  /** Runs in which something contradicted that, and the first of them. */
  gpuConflictRuns = 0;
  gpuConflict: GpuConflict | null = null;
  readonly cpuModels = new Set<string>();
  readonly gpuModels = new Set<string>();
  nodesExpected = 0;
  nodesReported = 0;
  /** Runs with GPUs of whose energy nothing was observed, and runs of which something was. */
  gpuUnreadRuns = 0;
  gpuSeenRuns = 0;
  /** Runs that lack energy although it was to be extrapolated. */
  notExtrapolatedRuns = 0;
  /** When the earliest of the runs started. */
  firstMs = Infinity;
  readonly energy = new Map<string, ClusterEnergy>();
  /** null: not asked for. */
  machines: MachineTimes | null = null;
  /** By class, the parts of measured and modelled energy that were divided by an estimate, and for want of better. */
  readonly estimatedUj = new Map<DomainClass, bigint>();
  readonly guessedUj = new Map<DomainClass, bigint>();
  /** Node-milliseconds by class, of the runs whose number of nodes is known. */
  readonly observedMs = new Map<DomainClass, number>();
  readonly expectedMs = new Map<DomainClass, number>();

  /**
   * Runs of one job come one after the other. Times and coverage are taken day by day, so that days add up, and hours change no total.
   * @param parts the slices of the run that belong to the group: at least one
   * @param nodesOf how many nodes of the run should be in the group, of which so many have reported; null: unknown
   * @param power what time that nobody observed is filled with; null: with nothing
   * @param weighing what energies are weighed by; null: by nothing
   */
  addRun(
    run: Run,
    parts: readonly Part[],
    nodesOf: (reported: number) => number | null,
    power: MeanPower | null,
    weighing: Weighing | null = null,
  ): void {
    if (run.jobKey !== this.#lastJob) {
      this.jobs++;
      this.#lastJob = run.jobKey;
    }
    this.runs++;
    this.firstMs = Math.min(this.firstMs, run.startedMs);
    for (const { slice } of parts) {
      this.cpuUs += slice.cpuUs.value;
      this.gpuMs += slice.gpuMs.value;
    }
    this.#addTold(run, parts);
    const energy = this.clusterEnergy(run.cluster);
    this.#addEnergy(energy, parts);
    addTime(energy, timeOf(parts));
    const weighted = weighing === null ? null : weighedParts(run.cluster, parts, weighing);
    if (weighted !== null) (energy.weighted ??= new WeightedSums()).addSums(weighted);

    let [mostExpected, mostReported, isKnown, isWhole] = [0, 0, true, true];
    for (const ofDay of byDay(parts)) {
      const [fromMs, toMs] = timeOf(ofDay);
      this.elapsedMs += Math.max(0, toMs - fromMs);
      const reported = new Set(ofDay.map((part) => part.node)).size;
      const nodes = nodesOf(reported);
      mostReported = Math.max(mostReported, reported);
      mostExpected = Math.max(mostExpected, nodes ?? reported);
      if (nodes === null) {
        isKnown = false;
        continue;
      }
      const coverage = classCoverage(ofDay, Math.max(0, nodes - reported), fromMs, toMs);
      for (const { name, expectedMs, observedMs } of coverage) {
        add(this.expectedMs, name, expectedMs);
        add(this.observedMs, name, observedMs);
      }
      if (power !== null && !this.#extrapolate(energy, coverage, power)) isWhole = false;
    }
    this.nodesExpected += mostExpected;
    this.nodesReported += mostReported;
    if (power !== null && !(isKnown && isWhole)) this.notExtrapolatedRuns++;
  }

  /** The time of the run's nodes and GPUs, where it is asked for: called beside {@link addRun}. */
  addMachines({ cluster }: Run, parts: readonly Part[]): void {
    (this.machines ??= new MachineTimes()).add(cluster, parts);
  }

  /**
   * Of the node-seconds that should have been observed, the part that was, in the class where it is lowest; null where
   * nothing says how many nodes there should have been.
   */
  get coverage(): number | null {
    const ratios = [...this.expectedMs]
      .filter(([, expected]) => expected > 0)
      .map(([name, expected]) => (this.observedMs.get(name) ?? 0) / expected);
    return ratios.length === 0 ? null : Math.min(1, ...ratios);
  }

  /** Adds another group's sums; none of its runs may be of this one's jobs. Extrapolation is not among them. */
  addSums(other: GroupSums): void {
    this.jobs += other.jobs;
    this.runs += other.runs;
    this.elapsedMs += other.elapsedMs;
    this.cpuUs += other.cpuUs;
    this.gpuMs += other.gpuMs;
    this.firstMs = Math.min(this.firstMs, other.firstMs);
    this.nodesExpected += other.nodesExpected;
    this.nodesReported += other.nodesReported;
    this.blockIo.addSums(other.blockIo);
    this.blockIoRuns += other.blockIoRuns;
    this.gpuUnreadRuns += other.gpuUnreadRuns;
    this.gpuSeenRuns += other.gpuSeenRuns;
    this.notExtrapolatedRuns += other.notExtrapolatedRuns;
    if (other.machines !== null) (this.machines ??= new MachineTimes()).addSums(other.machines);
    if (other.gpu !== null) (this.gpu ??= new GpuSums()).addSums(other.gpu);
    for (const by of GPU_BINDINGS) this.gpuRunsBy[by] += other.gpuRunsBy[by];
    this.gpuConflictRuns += other.gpuConflictRuns;
    this.gpuConflict = firstConflict(this.gpuConflict, other.gpuConflict);
    for (const model of other.cpuModels) this.cpuModels.add(model);
    for (const model of other.gpuModels) this.gpuModels.add(model);
    for (const [name, ms] of other.expectedMs) add(this.expectedMs, name, ms);
    for (const [name, ms] of other.observedMs) add(this.observedMs, name, ms);
    for (const [name, uj] of other.estimatedUj) addExact(this.estimatedUj, name, uj);
    for (const [name, uj] of other.guessedUj) addExact(this.guessedUj, name, uj);
    for (const [cluster, theirs] of other.energy) {
      const ours = this.clusterEnergy(cluster);
      for (const [name, uj] of theirs.measuredUj) addExact(ours.measuredUj, name, uj);
      for (const [name, uj] of theirs.modelledUj) addExact(ours.modelledUj, name, uj);
      for (const [name, uj] of theirs.extrapolatedUj) addExact(ours.extrapolatedUj, name, uj);
      ours.overheadBaseUj += theirs.overheadBaseUj;
      ours.extrapolatedBaseUj += theirs.extrapolatedBaseUj;
      if (theirs.weighted !== null) (ours.weighted ??= new WeightedSums()).addSums(theirs.weighted);
      addTime(ours, [theirs.fromMs, theirs.toMs]);
    }
  }

  /** What is counted once a run, and what its GPUs did. */
  #addTold({ cluster, jobId }: Run, parts: readonly Part[]): void {
    for (const { cpuModel, gpuModels } of parts) {
      if (cpuModel !== null) this.cpuModels.add(cpuModel);
      for (const model of gpuModels) this.gpuModels.add(model);
    }
    const io = parts.flatMap(({ slice }) => slice.blockIo ?? []);
    for (const sums of io) this.blockIo.addSums(sums);
    if (io.length > 0) this.blockIoRuns++;
    if (parts.some(({ slice }) => slice.classes.get('gpu')?.observedMs)) this.gpuSeenRuns++;
    else if (parts.some(({ slice }) => slice.gpuMs.value > 0n)) this.gpuUnreadRuns++;

    const gpus = parts.flatMap(({ slice }) => slice.gpu ?? []);
    if (gpus.length === 0) return;
    const ofRun = new GpuSums();
    for (const sums of gpus) ofRun.addSums(sums);
    (this.gpu ??= new GpuSums()).addSums(ofRun);
    this.gpuRunsBy[ofRun.by]++;
    if (ofRun.conflict !== null) this.addConflict(cluster, jobId, ofRun.conflict);
  }

  /** One run's. */
  addConflict(cluster: string, jobId: number, text: string): void {
    this.gpuConflictRuns++;
    this.gpuConflict = firstConflict(this.gpuConflict, { cluster, jobId, text });
  }

  /** The sums of a cluster, to which more can be added. */
  clusterEnergy(cluster: string): ClusterEnergy {
    let energy = this.energy.get(cluster);
    if (energy === undefined) {
      energy = {
        measuredUj: new Map(),
        modelledUj: new Map(),
        extrapolatedUj: new Map(),
        overheadBaseUj: 0n,
        extrapolatedBaseUj: 0n,
        weighted: null,
        fromMs: Infinity,
        toMs: -Infinity,
      };
      this.energy.set(cluster, energy);
    }
    return energy;
  }

  #addEnergy(energy: ClusterEnergy, parts: readonly Part[]): void {
    for (const { slice } of parts) {
      const hasOther = slice.classes.has('other');
      for (const [name, { measuredUj, modelledUj, estimatedUj, guessedUj }] of slice.classes) {
        if (measuredUj !== undefined) addExact(energy.measuredUj, name, measuredUj.value);
        if (modelledUj !== undefined) addExact(energy.modelledUj, name, modelledUj.value);
        if (estimatedUj !== undefined) addExact(this.estimatedUj, name, estimatedUj.value);
        if (guessedUj !== undefined) addExact(this.guessedUj, name, guessedUj.value);
        // The power model's watts are at the wall: the overhead is in them.
        if (!hasOther) energy.overheadBaseUj += measuredUj?.value ?? 0n;
      }
    }
  }

  /** @returns whether all could be filled */
  #extrapolate(energy: ClusterEnergy, coverage: readonly ClassCoverage[], power: MeanPower): boolean {
    let isWhole = true;
    for (const { name, expectedMs, observedMs } of coverage) {
      if (expectedMs <= observedMs) continue;
      const filled = extrapolated(power.classes.get(name), expectedMs - observedMs);
      if (filled === null) {
        isWhole = false;
        continue;
      }
      addExact(energy.extrapolatedUj, name, filled.uj);
      energy.extrapolatedBaseUj += filled.overheadBaseUj;
      if (power.weighted !== null)
        (energy.weighted ??= new WeightedSums()).addExtrapolated(
          filled.uj,
          filled.overheadBaseUj,
          power.weighted,
        );
    }
    return isWhole;
  }
}

function addTime(energy: ClusterEnergy, [fromMs, toMs]: readonly [number, number]): void {
  energy.fromMs = Math.min(energy.fromMs, fromMs);
  energy.toMs = Math.max(energy.toMs, toMs);
}

/** The one that is shown of several: the same in whatever order they come. */
function firstConflict(a: GpuConflict | null, b: GpuConflict | null): GpuConflict | null {
  if (a === null || b === null) return a ?? b;
  const order = inOrder(a.cluster, b.cluster) || inOrder(a.jobId, b.jobId) || inOrder(a.text, b.text);
  return order > 0 ? b : a;
}

function inOrder<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function addExact<K>(sums: Map<K, bigint>, key: K, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

function add<K>(sums: Map<K, number>, key: K, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}
