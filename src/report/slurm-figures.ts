import type { SlurmFigures, SlurmJob } from '../generated/report';
import type { JobFacts } from '../runs/job-facts';
import { kwh, ratio } from './conversion';
import type { SlurmSums } from '../runs/slurm-sums';

/** @param isCompared whether Slurm's own energy is asked for */
export function slurmFigures(sums: SlurmSums, isCompared: boolean): SlurmFigures {
  const { toldRuns, untoldRuns, cpuUs, allocatedCpuUs, heldBytes, askedBytes } = sums;
  return {
    told_runs: toldRuns,
    untold_runs: untoldRuns,
    cpu_efficiency: of(cpuUs, allocatedCpuUs),
    memory_efficiency: of(heldBytes.value, askedBytes.value),
    ...(isCompared
      ? {
          compared: {
            runs: sums.comparedRuns,
            slurm_kwh: kwh(sums.slurmJ.value * 1_000_000n),
            eit_kwh: kwh(sums.recordedUj),
          },
        }
      : {}),
  };
}

/** What a line of one job says of it. */
export function slurmJob(facts: JobFacts): SlurmJob {
  const utc = (seconds: number | null): string | null =>
    seconds === null ? null : `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
  return {
    name: facts.name,
    qos: facts.qos,
    state: facts.state,
    submit: utc(facts.submitS),
    start: utc(facts.startS),
    req_memory_bytes: facts.reqMemoryBytes,
    time_limit_seconds: facts.timeLimitS,
    array_job_id: facts.arrayJobId,
    array_task_id: facts.arrayTaskId,
    het_job_id: facts.hetJobId,
    het_offset: facts.hetOffset,
  };
}

function of(amount: bigint, whole: bigint): number | null {
  return whole === 0n ? null : ratio(Number(amount) / Number(whole));
}
