import type { GpuProcess } from '../sources/gpu';
import { type ProcessJob, readProcessJob } from '../sources/process-job';
import type { EnergyMeter } from '../sources/source';
import type { GpuDoing, GpuJobProcess } from './reading';

/** What the meters' GPUs did since the last call, with the job of each process on them: by name of domain. */
export function readGpuDoings(proc: string, meters: readonly EnergyMeter[]): Map<string, GpuDoing> {
  const doings = new Map<string, GpuDoing>();
  const jobs = new Map<number, ProcessJob | null>();
  const withJob = ({ pid, ...process }: GpuProcess): GpuJobProcess => {
    let job = jobs.get(pid);
    if (job === undefined) jobs.set(pid, (job = readProcessJob(proc, pid)));
    return { ...process, job };
  };
  for (const meter of meters) {
    for (const [name, look] of meter.looks?.() ?? []) {
      doings.set(name, { ...look, processes: look.processes?.map(withJob) ?? null });
    }
  }
  return doings;
}
