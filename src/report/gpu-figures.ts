import type { ReportFigures } from '../generated/report';
import { kwh, part } from './conversion';
import type { GpuSums } from '../runs/gpu-sums';

/** The figures of a report that tell what GPUs did. */
export type GpuFigures = Pick<
  ReportFigures,
  | 'gpu_read_seconds'
  | 'gpu_told_seconds'
  | 'gpu_busy_seconds'
  | 'gpu_utilization'
  | 'gpu_idle_kwh'
  | 'gpu_throttled_seconds'
  | 'gpu_memory_bytes'
  | 'gpu_p_state_seconds'
>;

/** @param sums null: no GPU was read */
export function gpuFigures(sums: GpuSums | null): GpuFigures {
  if (sums === null) {
    return {
      gpu_read_seconds: null,
      gpu_told_seconds: null,
      gpu_busy_seconds: null,
      gpu_utilization: null,
      gpu_idle_kwh: null,
      gpu_throttled_seconds: null,
      gpu_memory_bytes: null,
      gpu_p_state_seconds: null,
    };
  }
  const { readMs, toldMs, busyMs, idleUj, throttledMs, memoryBytes, pStateMs } = sums;
  return {
    gpu_read_seconds: seconds(readMs.value),
    gpu_told_seconds: seconds(toldMs.value),
    gpu_busy_seconds: busyMs === undefined ? null : seconds(busyMs.value),
    gpu_utilization: busyMs === undefined ? null : part(busyMs.value, toldMs.value),
    gpu_idle_kwh: idleUj === undefined ? null : kwh(idleUj.value),
    gpu_throttled_seconds: throttledMs === undefined ? null : seconds(throttledMs.value),
    gpu_memory_bytes: memoryBytes,
    gpu_p_state_seconds: pStateMs.size === 0 ? null : pStateSeconds(pStateMs),
  };
}

/** The fastest first. */
function pStateSeconds(pStateMs: GpuSums['pStateMs']): Record<string, number> {
  return Object.fromEntries(
    [...pStateMs].sort(([a], [b]) => a - b).map(([state, ms]) => [`P${state}`, seconds(ms.value)]),
  );
}

function seconds(ms: bigint): number {
  return Number(ms) / 1000;
}
