import { GPU_BINDINGS } from '../attribution/gpu-binding';
import { POLICIES } from '../attribution/policy';
import { BlockIoSums } from '../runs/block-io';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { GpuSums } from '../runs/gpu-sums';
import { GroupSums } from '../runs/group-sums';
import { P_STATES } from '../runs/slice-row';
import { SlurmSums } from '../runs/slurm-sums';
import type { WideRow } from './part';
import { CLASS_SUM_NAMES, classColumn, NAME_SEPARATOR, overheadColumn } from './run-day-table';

const DAY_MS = 86_400_000;

/** The sums that a row of a group holds, of one policy. */
export function groupSums(cluster: string, row: WideRow, policy: number): GroupSums {
  const big = (name: string): bigint | undefined => {
    const value = row(name);
    return value === null || value === undefined ? undefined : (value as bigint);
  };
  const number = (name: string): number => Number(row(name) ?? 0);
  const sums = new GroupSums();
  sums.runs = number('runs');
  sums.jobs = number('jobs');
  sums.firstMs = number('first_ms');
  sums.elapsedMs = number('elapsed_ms');
  sums.cpuUs = big('cpu_us') ?? 0n;
  sums.gpuMs = big('gpu_ms') ?? 0n;
  sums.nodesExpected = number('nodes_expected');
  sums.nodesReported = number('nodes_reported');
  sums.gpuUnreadRuns = number('gpu_unread_runs');
  sums.gpuSeenRuns = number('gpu_seen_runs');
  sums.blockIoRuns = number('io_runs');
  if (sums.blockIoRuns > 0) {
    const io = ['read_bytes', 'written_bytes', 'read_ops', 'written_ops'].map((name) => big(name) ?? 0n);
    sums.blockIo.addSums(BlockIoSums.of(io as [bigint, bigint, bigint, bigint]));
  }
  for (const name of DOMAIN_CLASSES) {
    const expectedMs = big(`${name}_expected_ms`);
    if (expectedMs !== undefined) sums.expectedMs.set(name, Number(expectedMs));
    const observedMs = big(`${name}_observed_ms`);
    if (observedMs !== undefined) sums.observedMs.set(name, Number(observedMs));
  }
  addEnergy(sums, cluster, big, policy);
  addGpu(sums, cluster, row, big, policy);
  for (const name of split(row('cpu_models'))) sums.cpuModels.add(name);
  for (const name of split(row('gpu_models'))) sums.gpuModels.add(name);
  return sums;
}

function addEnergy(
  sums: GroupSums,
  cluster: string,
  big: (name: string) => bigint | undefined,
  policy: number,
): void {
  const energy = sums.clusterEnergy(cluster);
  const targets = {
    measured: energy.measuredUj,
    modelled: energy.modelledUj,
    estimated: sums.estimatedUj,
    guessed: sums.guessedUj,
  };
  for (const name of DOMAIN_CLASSES) {
    for (const kind of CLASS_SUM_NAMES) {
      const uj = big(classColumn(name, kind, policy));
      if (uj !== undefined) targets[kind].set(name, uj);
    }
  }
  energy.overheadBaseUj = big(overheadColumn(policy)) ?? 0n;
  energy.fromMs = Number(big('first_ms') ?? Infinity);
  energy.toMs = Number(big('last_day_ms') ?? -Infinity) + DAY_MS;
}

function addGpu(
  sums: GroupSums,
  cluster: string,
  row: WideRow,
  big: (name: string) => bigint | undefined,
  policy: number,
): void {
  for (const by of GPU_BINDINGS) sums.gpuRunsBy[by] = Number(row(`by_${by}`) ?? 0);
  const readMs = big('gpu_read_ms');
  if (readMs === undefined) return;
  sums.gpu = GpuSums.of({
    readMs,
    busyMs: big('gpu_busy_ms'),
    toldMs: big('gpu_told_ms') ?? 0n,
    idleUj: big(`gpu_idle_${POLICIES[policy] ?? ''}_uj`),
    throttledMs: big('gpu_throttled_ms'),
    pStateMs: Array.from({ length: P_STATES }, (_, state) => big(`gpu_p${state}_ms`)),
    memoryBytes: row('gpu_memory_bytes') === null ? null : Number(row('gpu_memory_bytes') ?? 0),
  });
  sums.gpuConflictRuns = Number(row('conflicts') ?? 0);
  const text = row('conflict');
  if (typeof text === 'string') sums.gpuConflict = { cluster, jobId: Number(row('conflict_job')), text };
}

function split(names: unknown): string[] {
  return typeof names === 'string' ? names.split(NAME_SEPARATOR) : [];
}

/** What of it Slurm's accounting tells. */
export function slurmSums(row: WideRow): SlurmSums {
  const big = (name: string) => (row(name) as bigint | null | undefined) ?? 0n;
  const sums = new SlurmSums();
  sums.toldRuns = Number(row('told_runs') ?? 0);
  sums.untoldRuns = Number(row('runs') ?? 0) - sums.toldRuns;
  sums.cpuUs = big('used_cpu_us');
  sums.allocatedCpuUs = big('allocated_cpu_us');
  sums.heldBytes.addBig(big('held_bytes'));
  sums.askedBytes.addBig(big('asked_bytes'));
  return sums;
}
