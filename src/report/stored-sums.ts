import type {
  ExactByClass,
  MsByClass,
  StoredEnergy,
  StoredFacts,
  StoredGpu,
  StoredSlurm,
  StoredSums,
  StoredWeighted,
} from '../generated/sums';
import type { DomainClass } from '../generated/record';
import { GPU_BINDINGS } from '../attribution/gpu-binding';
import { BlockIoSums } from '../runs/block-io';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import type { ExactSum } from '../runs/exact-sum';
import { GpuSums } from '../runs/gpu-sums';
import { type ClusterEnergy, GroupSums } from '../runs/group-sums';
import type { JobFacts } from '../runs/job-facts';
import { MachineTimes } from '../runs/machine-times';
import { WeightedSums, WEIGHTS } from '../runs/slot-weights';
import { SlurmSums } from '../runs/slurm-sums';

/** Sums of a group as JSON holds them, whole (schemas/sums.schema.json). */
export function storedSums(sums: GroupSums): StoredSums {
  const { gpuConflict: conflict, machines } = sums;
  return {
    jobs: sums.jobs,
    runs: sums.runs,
    elapsed_ms: sums.elapsedMs,
    cpu_us: String(sums.cpuUs),
    gpu_ms: String(sums.gpuMs),
    io: sums.blockIo.values.map(String) as StoredSums['io'],
    io_runs: sums.blockIoRuns,
    gpu: sums.gpu === null ? null : storedGpu(sums.gpu),
    gpu_runs_by: { ...sums.gpuRunsBy },
    gpu_conflict_runs: sums.gpuConflictRuns,
    gpu_conflict:
      conflict === null ? null : { cluster: conflict.cluster, job: conflict.jobId, text: conflict.text },
    cpu_models: [...sums.cpuModels],
    gpu_models: [...sums.gpuModels],
    nodes_expected: sums.nodesExpected,
    nodes_reported: sums.nodesReported,
    gpu_unread_runs: sums.gpuUnreadRuns,
    gpu_seen_runs: sums.gpuSeenRuns,
    not_extrapolated_runs: sums.notExtrapolatedRuns,
    first_ms: sums.firstMs === Infinity ? null : sums.firstMs,
    energy: [...sums.energy].map(([cluster, energy]) => storedEnergy(cluster, energy)),
    machines:
      machines === null
        ? null
        : {
            unknown_node_ms: machines.unknownNodeMs,
            times: machines.times.map(({ cluster, node, model, of, partMs }) => ({
              ...{ cluster, node, model, of },
              part_ms: partMs,
            })),
          },
    estimated_uj: exactByClass(sums.estimatedUj),
    guessed_uj: exactByClass(sums.guessedUj),
    observed_ms: Object.fromEntries(sums.observedMs),
    expected_ms: Object.fromEntries(sums.expectedMs),
  };
}

/** @param stored as {@link storedSums} gave it */
export function sumsOf(stored: StoredSums): GroupSums {
  const sums = new GroupSums();
  sums.jobs = stored.jobs;
  sums.runs = stored.runs;
  sums.elapsedMs = stored.elapsed_ms;
  sums.cpuUs = BigInt(stored.cpu_us);
  sums.gpuMs = BigInt(stored.gpu_ms);
  const [readBytes, writtenBytes, reads, writes] = stored.io;
  sums.blockIo.addSums(
    BlockIoSums.of([BigInt(readBytes), BigInt(writtenBytes), BigInt(reads), BigInt(writes)]),
  );
  sums.blockIoRuns = stored.io_runs;
  sums.gpu = stored.gpu === null ? null : gpuOf(stored.gpu);
  for (const by of GPU_BINDINGS) sums.gpuRunsBy[by] = stored.gpu_runs_by[by];
  sums.gpuConflictRuns = stored.gpu_conflict_runs;
  const conflict = stored.gpu_conflict;
  sums.gpuConflict =
    conflict === null ? null : { cluster: conflict.cluster, jobId: conflict.job, text: conflict.text };
  for (const model of stored.cpu_models) sums.cpuModels.add(model);
  for (const model of stored.gpu_models) sums.gpuModels.add(model);
  sums.nodesExpected = stored.nodes_expected;
  sums.nodesReported = stored.nodes_reported;
  sums.gpuUnreadRuns = stored.gpu_unread_runs;
  sums.gpuSeenRuns = stored.gpu_seen_runs;
  sums.notExtrapolatedRuns = stored.not_extrapolated_runs;
  sums.firstMs = stored.first_ms ?? Infinity;
  for (const energy of stored.energy) fillEnergy(sums.clusterEnergy(energy.cluster), energy);
  if (stored.machines !== null) {
    const times = stored.machines.times.map(({ part_ms: partMs, ...what }) => ({ ...what, partMs }));
    sums.machines = MachineTimes.of(times, stored.machines.unknown_node_ms);
  }
  fillExact(sums.estimatedUj, stored.estimated_uj);
  fillExact(sums.guessedUj, stored.guessed_uj);
  fillMs(sums.observedMs, stored.observed_ms);
  fillMs(sums.expectedMs, stored.expected_ms);
  return sums;
}

/** What Slurm's accounting adds to a group, as JSON holds it. */
export function storedSlurm(sums: SlurmSums): StoredSlurm {
  return {
    told_runs: sums.toldRuns,
    untold_runs: sums.untoldRuns,
    cpu_us: String(sums.cpuUs),
    allocated_cpu_us: String(sums.allocatedCpuUs),
    held_bytes: text(sums.heldBytes),
    asked_bytes: text(sums.askedBytes),
    compared_runs: sums.comparedRuns,
    slurm_j: text(sums.slurmJ),
    recorded_uj: String(sums.recordedUj),
    newest: sums.newest === null ? null : storedFacts(sums.newest),
  };
}

/** @param stored as {@link storedSlurm} gave it */
export function slurmOf(stored: StoredSlurm): SlurmSums {
  const sums = new SlurmSums();
  sums.toldRuns = stored.told_runs;
  sums.untoldRuns = stored.untold_runs;
  sums.cpuUs = BigInt(stored.cpu_us);
  sums.allocatedCpuUs = BigInt(stored.allocated_cpu_us);
  sums.heldBytes.addBig(BigInt(stored.held_bytes));
  sums.askedBytes.addBig(BigInt(stored.asked_bytes));
  sums.comparedRuns = stored.compared_runs;
  sums.slurmJ.addBig(BigInt(stored.slurm_j));
  sums.recordedUj = BigInt(stored.recorded_uj);
  sums.newest = stored.newest === null ? null : factsOf(stored.newest);
  return sums;
}

function storedFacts(facts: JobFacts): StoredFacts {
  return {
    submit_s: facts.submitS,
    start_s: facts.startS,
    end_s: facts.endS,
    array_job_id: facts.arrayJobId,
    array_task_id: facts.arrayTaskId,
    het_job_id: facts.hetJobId,
    het_offset: facts.hetOffset,
    state: facts.state,
    qos: facts.qos,
    alloc_cpus: facts.allocCpus,
    req_memory_bytes: facts.reqMemoryBytes,
    time_limit_s: facts.timeLimitS,
    slurm_energy_j: facts.slurmEnergyJ,
    sluid: facts.sluid,
    name: facts.name,
  };
}

function factsOf(stored: StoredFacts): JobFacts {
  return {
    submitS: stored.submit_s,
    startS: stored.start_s,
    endS: stored.end_s,
    arrayJobId: stored.array_job_id,
    arrayTaskId: stored.array_task_id,
    hetJobId: stored.het_job_id,
    hetOffset: stored.het_offset,
    state: stored.state,
    qos: stored.qos,
    allocCpus: stored.alloc_cpus,
    reqMemoryBytes: stored.req_memory_bytes,
    timeLimitS: stored.time_limit_s,
    slurmEnergyJ: stored.slurm_energy_j,
    sluid: stored.sluid,
    name: stored.name,
  };
}

function storedEnergy(cluster: string, energy: ClusterEnergy): StoredEnergy {
  return {
    cluster,
    measured_uj: exactByClass(energy.measuredUj),
    modelled_uj: exactByClass(energy.modelledUj),
    extrapolated_uj: exactByClass(energy.extrapolatedUj),
    overhead_base_uj: String(energy.overheadBaseUj),
    extrapolated_base_uj: String(energy.extrapolatedBaseUj),
    weighted: energy.weighted === null ? null : storedWeighted(energy.weighted),
    used_ms: energy.fromMs < energy.toMs ? [energy.fromMs, energy.toMs] : null,
  };
}

function fillEnergy(energy: ClusterEnergy, stored: StoredEnergy): void {
  fillExact(energy.measuredUj, stored.measured_uj);
  fillExact(energy.modelledUj, stored.modelled_uj);
  fillExact(energy.extrapolatedUj, stored.extrapolated_uj);
  energy.overheadBaseUj = BigInt(stored.overhead_base_uj);
  energy.extrapolatedBaseUj = BigInt(stored.extrapolated_base_uj);
  energy.weighted = stored.weighted === null ? null : weightedOf(stored.weighted);
  if (stored.used_ms !== null) [energy.fromMs, energy.toMs] = stored.used_ms;
}

function storedWeighted(sums: WeightedSums): StoredWeighted {
  return {
    recorded_uj: String(sums.recordedUj),
    overhead_base_uj: String(sums.overheadBaseUj),
    extrapolated_uj: String(sums.extrapolatedUj),
    extrapolated_base_uj: String(sums.extrapolatedBaseUj),
    recorded: sums.recorded.map(String),
    overhead_base: sums.overheadBase.map(String),
    extrapolated: sums.extrapolated.map(String),
    extrapolated_base: sums.extrapolatedBase.map(String),
  };
}

function weightedOf(stored: StoredWeighted): WeightedSums {
  const sums = new WeightedSums();
  sums.recordedUj = BigInt(stored.recorded_uj);
  sums.overheadBaseUj = BigInt(stored.overhead_base_uj);
  sums.extrapolatedUj = BigInt(stored.extrapolated_uj);
  sums.extrapolatedBaseUj = BigInt(stored.extrapolated_base_uj);
  fillWeights(sums.recorded, stored.recorded);
  fillWeights(sums.overheadBase, stored.overhead_base);
  fillWeights(sums.extrapolated, stored.extrapolated);
  fillWeights(sums.extrapolatedBase, stored.extrapolated_base);
  return sums;
}

function fillWeights(sums: bigint[], stored: readonly string[]): void {
  if (stored.length !== WEIGHTS.length)
    throw new Error(`there are ${stored.length} weights, not ${WEIGHTS.length}`);
  stored.forEach((amount, i) => {
    sums[i] = BigInt(amount);
  });
}

function storedGpu(sums: GpuSums): StoredGpu {
  const states = Array.from({ length: Math.max(-1, ...sums.pStateMs.keys()) + 1 }, (_, state) => {
    const ms = sums.pStateMs.get(state);
    return ms === undefined ? null : text(ms);
  });
  return {
    read_ms: text(sums.readMs),
    ...(sums.busyMs === undefined ? {} : { busy_ms: text(sums.busyMs) }),
    told_ms: text(sums.toldMs),
    ...(sums.idleUj === undefined ? {} : { idle_uj: text(sums.idleUj) }),
    ...(sums.throttledMs === undefined ? {} : { throttled_ms: text(sums.throttledMs) }),
    p_state_ms: states,
    memory_bytes: sums.memoryBytes,
    by: sums.by,
    conflict: sums.conflict,
  };
}

function gpuOf(stored: StoredGpu): GpuSums {
  const sums = GpuSums.of({
    readMs: BigInt(stored.read_ms),
    busyMs: big(stored.busy_ms),
    toldMs: BigInt(stored.told_ms),
    idleUj: big(stored.idle_uj),
    throttledMs: big(stored.throttled_ms),
    pStateMs: stored.p_state_ms.map((ms) => big(ms ?? undefined)),
    memoryBytes: stored.memory_bytes,
  });
  sums.by = stored.by;
  sums.conflict = stored.conflict;
  return sums;
}

function text(sum: ExactSum): string {
  return String(sum.value);
}

function big(amount: string | undefined): bigint | undefined {
  return amount === undefined ? undefined : BigInt(amount);
}

function exactByClass(sums: ReadonlyMap<DomainClass, bigint>): ExactByClass {
  return Object.fromEntries([...sums].map(([name, amount]) => [name, String(amount)]));
}

function fillExact(sums: Map<DomainClass, bigint>, stored: ExactByClass): void {
  for (const name of DOMAIN_CLASSES) {
    const amount = stored[name];
    if (amount !== undefined) sums.set(name, BigInt(amount));
  }
}

function fillMs(sums: Map<DomainClass, number>, stored: MsByClass): void {
  for (const name of DOMAIN_CLASSES) {
    const ms = stored[name];
    if (ms !== undefined) sums.set(name, ms);
  }
}
