import { join } from 'node:path';
import { isOfTwoDies } from './amd-dies';
import { type AmdGpuMetrics, parseAmdGpuMetrics } from './amd-gpu-metrics';
import { GpuFile } from './gpu-file';
import { parsePowerW } from './hwmon';
import { type PciGpu, hwmonFolder, listNames, whyOtherDriver } from './pci-gpus';
import { PowerIntegral } from './power-integral';
import { type Instant, type Missing, isMissing } from './source';

const DRIVER = 'amdgpu';
/** PCI's device id of MI300A. */
export const WHOLE_SOCKET = '74a0';
/** Twice the longest interval between two readings that the configuration allows, as in hwmon.ts. */
const LONGEST_GAP_NS = 120_000_000_000n;

/** The counter of one GPU. */
export interface AmdCounter {
  /** The file's name, or that of the counter in it. */
  readonly name: string;
  readonly isIntegrated: boolean;
  /** It shows 0, since the module's energy is its first die's. */
  readonly isSecondDie: boolean;
  readonly notes: readonly string[];
  read(at: Instant): bigint | Missing;
  close(): void;
}

/**
 * The better of a GPU's counters: that of gpu_metrics, which holds what happens between two readings, before power.
 * @param now a clock that goes on evenly (ns)
 * @returns why it has none, or is to have none
 */
export function findAmdCounter(gpu: PciGpu, now: () => bigint): AmdCounter | Missing {
  const reason = whyOtherDriver(gpu, [DRIVER]);
  if (reason !== null) return reason;
  const hwmon = hwmonFolder(gpu, DRIVER);
  const sensors = hwmon === null ? [] : listNames(hwmon);
  const metricsFile = listNames(gpu.dir).includes('gpu_metrics')
    ? new GpuFile(join(gpu.dir, 'gpu_metrics'), gpu.dir, now)
    : null;
  const metrics = metricsFile === null ? null : readMetrics(metricsFile, gpu);
  const refusal = whyInsideProcessor(gpu, metrics, sensors);
  if (refusal !== null) {
    metricsFile?.close();
    return refusal;
  }

  if (metricsFile !== null && metrics !== null && hasCounter(metrics, gpu)) {
    return metricsCounter(metricsFile, gpu, isAtZero(metrics) && isOfTwoDies(gpu.deviceId));
  }
  metricsFile?.close();
  const sensor = ['power1_average', 'power1_input'].find((name) => sensors.includes(name));
  if (hwmon === null || sensor === undefined) {
    return { missing: `${DRIVER} shows neither its energy nor its power, as of a virtual function` };
  }
  return powerCounter(new GpuFile(join(hwmon, sensor), gpu.dir, now), sensor, gpu);
}

function readMetrics(file: GpuFile, { deviceId }: PciGpu): AmdGpuMetrics | Missing {
  const bytes = file.read();
  return isMissing(bytes) ? bytes : parseAmdGpuMetrics(bytes, deviceId, file.path);
}

/**
 * GPUs inside processors show the table's formats 2 and 3. Where there is no table (before Linux 5.10) or it is not
 * readable now, only GPUs of their own have a power cap.
 */
function whyInsideProcessor(
  { deviceId }: PciGpu,
  metrics: AmdGpuMetrics | Missing | null,
  sensors: readonly string[],
): Missing | null {
  if (deviceId === WHOLE_SOCKET) return null;
  const isTold = metrics !== null && !isMissing(metrics);
  if (isTold ? metrics.format === 1 : sensors.length === 0 || sensors.includes('power1_cap')) return null;
  return {
    missing: isTold
      ? 'it is inside a processor, whose own counter holds it'
      : 'nothing tells it from one inside a processor, whose own counter holds it (no gpu_metrics, no power1_cap)',
  };
}

/** What is not readable when the source is opened may be later: then the kind of GPU tells. */
function hasCounter(metrics: AmdGpuMetrics | Missing, { deviceId }: PciGpu): boolean {
  if (isMissing(metrics)) return /^74(?:08|0c|0f|10|[ab].)$|^75[ab].$/.test(deviceId);
  return !isMissing(metrics.energyUj) && (metrics.energyUj > 0n || isOfTwoDies(deviceId));
}

function isAtZero(metrics: AmdGpuMetrics | Missing): boolean {
  return !isMissing(metrics) && metrics.energyUj === 0n;
}

function metricsCounter(file: GpuFile, gpu: PciGpu, isSecondDie: boolean): AmdCounter {
  return {
    name: 'energy_accumulator',
    isIntegrated: false,
    isSecondDie,
    notes: gpu.deviceId === WHOLE_SOCKET ? ['the whole socket: CPU cores, GPU and memory'] : [],
    read: () => {
      const metrics = readMetrics(file, gpu);
      if (isMissing(metrics)) return metrics;
      return metrics.energyUj === 0n
        ? { missing: `${file.path} holds 0 J: it does not measure` }
        : metrics.energyUj;
    },
    close: () => file.close(),
  };
}

function powerCounter(file: GpuFile, sensor: string, gpu: PciGpu): AmdCounter {
  const integral = new PowerIntegral(LONGEST_GAP_NS);
  const text = isOfTwoDies(gpu.deviceId) ? file.read() : null;
  return {
    name: sensor,
    isIntegrated: true,
    isSecondDie: typeof text === 'string' && text.trim() === '0',
    notes: [
      sensor.endsWith('_input') ? 'power of the moment, added up' : 'the driver’s means of power, added up',
      ...(gpu.deviceId === WHOLE_SOCKET ? ['the whole socket: CPU cores, GPU and memory'] : []),
    ],
    read: ({ monoNs }) => {
      const now = file.read();
      const powerW = isMissing(now) ? now : parsePowerW(now, file.path);
      if (isMissing(powerW)) return powerW;
      integral.add(powerW, monoNs);
      return integral.energyUjAt(monoNs);
    },
    close: () => file.close(),
  };
}
