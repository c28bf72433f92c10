import { type GpuReading, type MigInstance, THROTTLE_REASONS, type ThrottleReason } from './gpu';
import { parseBoardPower } from './nvidia-smi-power';
import type { ToldProcesses } from './nvidia-smi-processes';
import {
  parseMemoryBytes,
  parsePart,
  parsePciBusId,
  parsePerformanceState,
  parseUuid,
  parseWhole,
  printable,
} from './nvidia-smi-values';
import { type XmlNode, attributeOf, childOf, childrenOf, textOf } from './xml-tree';

/** Far more than a GPU can be partitioned into. */
const MOST_INSTANCES = 64;

const MOST_MINOR = 2 ** 20 - 1;
const MOST_MULTIPROCESSORS = 10_000;
/** Of ids and indexes of instances. */
const MOST_INSTANCE_ID = 9999;

/** What nvidia-smi says in place of a name. */
const NO_NAME =
  /^$|^\[?(?:N\/A|ERR!|None|Unknown|Unknown Error|Not Supported|GPU is lost)\]?$|^Requested functionality/i;

/** What is known of a GPU beside its element. */
export interface GpuPlace {
  /** In the document. */
  readonly position: number;
  /** In the driver's list; null where nothing tells. */
  readonly index: number | null;
  readonly processes: ToldProcesses;
}

/**
 * One `<gpu>` element.
 * @param warn takes what to know beyond the reading, one printable line
 * @returns null where it tells no PCI bus id: what cannot be told from others cannot be counted
 */
export function parseGpu(
  gpu: XmlNode,
  { position, index, processes }: GpuPlace,
  warn: (text: string) => void,
): GpuReading | null {
  const pciBusId = findPciBusId(gpu);
  if (pciBusId === null) {
    warn(`the GPU at position ${position} is left out: nvidia-smi tells no PCI bus id of it`);
    return null;
  }
  const model = parseName(textOf(gpu, 'product_name')) ?? 'unknown';
  const { power, isNewLayout } = parseBoardPower(gpu, model, parseName(textOf(gpu, 'product_architecture')));
  if (isNewLayout) warn('power is not where the versions of nvidia-smi known up to now have it');

  if ('odd' in processes) warn(`the processes of ${pciBusId} are not used: ${processes.odd}`);
  const instances = parseInstances(gpu, pciBusId, warn);
  return {
    uuid: parseUuid(textOf(gpu, 'uuid'), 'GPU'),
    pciBusId,
    index,
    minor: parseWhole(textOf(gpu, 'minor_number'), MOST_MINOR),
    model,
    power,
    utilization: instances === null ? parsePart(textOf(gpu, 'utilization', 'gpu_util')) : null,
    memory: parseMemory(gpu),
    performanceState: parsePerformanceState(textOf(gpu, 'performance_state')),
    throttling: parseThrottling(gpu),
    processes: 'odd' in processes ? null : processes.processes,
    instances,
  };
}

function findPciBusId(gpu: XmlNode): string | null {
  const parts = ['pci_domain', 'pci_bus', 'pci_device'].map((part) => textOf(gpu, 'pci', part) ?? '');
  return (
    parsePciBusId(attributeOf(gpu, 'id')) ??
    parsePciBusId(textOf(gpu, 'pci', 'pci_bus_id')) ??
    parsePciBusId(`${parts.join(':')}.0`)
  );
}

function parseName(text: string | null): string | null {
  return text === null || NO_NAME.test(text) ? null : printable(text);
}

/**
 * Memory used by what runs there. What the driver has reserved for itself is apart from it since driver 510, and in it before.
 */
function parseMemory(owner: XmlNode): GpuReading['memory'] {
  const usedBytes = parseMemoryBytes(textOf(owner, 'fb_memory_usage', 'used'));
  const totalBytes = parseMemoryBytes(textOf(owner, 'fb_memory_usage', 'total'));
  if (usedBytes === null || totalBytes === null || totalBytes === 0 || usedBytes > totalBytes) return null;
  return { usedBytes, totalBytes };
}

/** Both names of the section are of the same thing: the second is older than driver 535. */
function parseThrottling(gpu: XmlNode): readonly ThrottleReason[] | null {
  const states = THROTTLE_REASONS.map((reason) => ({
    reason,
    state:
      textOf(gpu, 'clocks_event_reasons', `clocks_event_reason_${reason}`) ??
      textOf(gpu, 'clocks_throttle_reasons', `clocks_throttle_reason_${reason}`),
  }));
  if (!states.some(({ state }) => state === 'Active' || state === 'Not Active')) return null;
  return states.filter(({ state }) => state === 'Active').map(({ reason }) => reason);
}

/** Where the mode is not told, instances that are listed tell it. */
function parseInstances(
  gpu: XmlNode,
  pciBusId: string,
  warn: (text: string) => void,
): readonly MigInstance[] | null {
  const told = childrenOf(childOf(gpu, 'mig_devices'), 'mig_device');
  const mode = textOf(gpu, 'mig_mode', 'current_mig');
  if (mode === 'Disabled' || (mode !== 'Enabled' && told.length === 0)) return null;

  const instances = new Map<string, MigInstance>();
  for (const one of told.slice(0, MOST_INSTANCES)) {
    const index = parseWhole(textOf(one, 'index'), MOST_INSTANCE_ID);
    const gpuInstance = parseWhole(textOf(one, 'gpu_instance_id'), MOST_INSTANCE_ID);
    const compute = parseWhole(textOf(one, 'compute_instance_id'), MOST_INSTANCE_ID);
    const multiprocessors = parseWhole(
      textOf(one, 'device_attributes', 'shared', 'multiprocessor_count'),
      MOST_MULTIPROCESSORS,
    );
    const key = `${gpuInstance} ${compute}`;
    if (index === null || gpuInstance === null || compute === null || multiprocessors === null) continue;
    if (instances.has(key)) continue;
    instances.set(key, {
      uuid: parseUuid(textOf(one, 'uuid'), 'MIG'),
      index,
      gpu: gpuInstance,
      compute,
      multiprocessors,
      memory: parseMemory(one),
    });
  }
  if (instances.size < told.length) {
    warn(`of ${told.length} MIG instances of ${pciBusId} ${instances.size} are told whole and once`);
  }
  return [...instances.values()];
}
