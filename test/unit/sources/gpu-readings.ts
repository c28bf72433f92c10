import type { GpuReading, GpuSnapshot, GpuSourceName } from '../../../src/sources/gpu';

/** A reading of a GPU on bus 01; what a test says of it overrides. */
export function gpuReading(of: Partial<GpuReading> = {}): GpuReading {
  return {
    uuid: 'GPU-513536b6-7d19-9063-b049-1e69664bb298',
    pciBusId: '0000:01:00.0',
    index: 0,
    minor: 0,
    model: 'NVIDIA A100-SXM4-80GB',
    power: { powerW: 100, averagedMs: 0 },
    utilization: 0.5,
    memory: { usedBytes: 2 ** 30, totalBytes: 80 * 2 ** 30 },
    performanceState: 0,
    throttling: [],
    processes: [],
    instances: null,
    ...of,
  };
}

/** Seconds since an arbitrary boot. */
export function snapshot(
  atS: number,
  gpus: readonly GpuReading[],
  source: GpuSourceName = 'nvidia_smi',
): GpuSnapshot {
  return { monoNs: nanoseconds(atS), source, driver: '590.48.01', gpus };
}

export function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e9));
}
