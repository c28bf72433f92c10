import { join } from 'node:path';
import type { GpuIdentity } from './gpu';
import { gpuDomainName } from './gpu-domain-name';
import { GpuFile } from './gpu-file';
import {
  DISPLAY,
  type PciGpu,
  describeUnserved,
  findPciGpus,
  hwmonFolder,
  listNames,
  readText,
  renderMinor,
  whyOtherDriver,
} from './pci-gpus';
import { parseEnergyUj } from './powercap';
import {
  type EnergyDomain,
  type EnergyMeter,
  type EnergySource,
  type Missing,
  type Roots,
  isMissing,
} from './source';

/**
 * Energy counters of Intel's GPUs (Data Center GPU Max and Flex, Arc) in hwmon of their drivers i915 and xe. Only
 * GPUs of their own have one: what a GPU inside a processor draws is in the processor's package.
 *
 * i915 has one for the device (`energy1_input` of the chip `i915`); those of its tiles (`i915_gt0`, ...) are within
 * it. xe has up to two, by `energyN_label`: `card`, and `pkg` within it; on cards where one is not measured only the
 * other, and in its first versions one without a label.
 *
 * The hardware counts in 32 bits, 262 kJ with the usual unit of 2^-14 J. At each read the driver adds what was
 * counted since the last one to a sum of 63 bits, so the file never wraps, but if nobody read it while the hardware
 * wrapped, as much is lost. As that cannot be seen, a gap in which it may have happened is missing.
 * https://github.com/torvalds/linux/blob/master/Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon (and
 * -i915-hwmon),
 * https://github.com/torvalds/linux/blob/master/drivers/gpu/drm/xe/xe_hwmon.c (xe_hwmon_energy_get)
 */
export const intelGpu = {
  name: 'intel_gpu',
  description: 'Intel GPUs of their own (drivers i915 and xe: energy1_input, energy2_input)',
  unit: 'µJ',
  open: (roots) => openIntelGpu(roots),
} satisfies EnergySource;

const INTEL = '8086';
const DRIVERS = ['i915', 'xe'] as const;
/** No card draws more (W); the largest is sold with 600. With it gaps of up to 4 minutes can be read. */
const MAX_POWER_W = 1000;
/** What the hardware counts before it begins anew: 2^32 units of 2^-14 J. */
const HARDWARE_RANGE_UJ = 262_144_000_000n;

/** What varies in tests. */
export interface IntelGpuParts {
  /** A clock that goes on evenly (ns). */
  readonly now?: () => bigint;
}

/** @returns why no GPU of Intel can be read here, with each GPU's own reason */
export function openIntelGpu({ sys }: Pick<Roots, 'sys'>, parts: IntelGpuParts = {}): EnergyMeter | Missing {
  const gpus = findPciGpus(sys, INTEL, [DISPLAY]);
  if (isMissing(gpus)) return gpus;
  if (gpus.length === 0) return { missing: `no GPU of Intel below ${join(sys, 'bus/pci/devices')}` };

  const now = parts.now ?? (() => process.hrtime.bigint());
  const looks = gpus.map((gpu, index) => ({ gpu, index, sensor: findSensor(gpu, now) }));
  const served = looks.flatMap(({ sensor, ...gpu }) => (isMissing(sensor) ? [] : [{ ...gpu, sensor }]));
  if (served.length === 0) {
    return {
      missing: describeUnserved(
        looks.flatMap(({ gpu, sensor }) =>
          isMissing(sensor) ? [{ ...sensor, pciBusId: gpu.pciBusId }] : [],
        ),
      ),
    };
  }
  return {
    domains: served.map(({ gpu, index, sensor }) => domainOf(gpu, index, sensor)),
    read: () => served.map(({ sensor }) => readSensor(sensor)),
    close: () => {
      for (const { sensor } of served) sensor.file.close();
    },
  };
}

function domainOf(gpu: PciGpu, index: number, { id, label }: IntelSensor): EnergyDomain {
  return {
    name: gpuDomainName(gpu.pciBusId),
    class: 'gpu',
    quality: 'measured',
    source: `intel_gpu: ${gpu.driver} ${id}`,
    maxPowerW: MAX_POWER_W,
    maxEnergyUj: HARDWARE_RANGE_UJ,
    accelerators: 1,
    gpu: identify(gpu, index),
    ...(label === 'pkg'
      ? { note: 'of the GPU’s package: the driver tells nothing of the rest of the card' }
      : {}),
  };
}

function identify({ pciBusId, deviceId, dir }: PciGpu, index: number): GpuIdentity {
  return {
    uuid: null,
    pciBusId,
    index,
    minor: renderMinor(dir),
    model: `Intel GPU ${INTEL}:${deviceId}`,
  };
}

interface IntelSensor {
  readonly file: GpuFile;
  /** `energy1`, `energy2`. */
  readonly id: string;
  readonly label: string | null;
}

/** Of a GPU's counters the one that holds the others, or why it has none. */
function findSensor(gpu: PciGpu, now: () => bigint): IntelSensor | Missing {
  const reason = whyOtherDriver(gpu, DRIVERS);
  if (reason !== null) return reason;
  const hwmon = hwmonFolder(gpu, gpu.driver ?? '');
  if (hwmon === null) {
    return {
      missing:
        'it has no counter of its own: one inside a processor is in the package’s, an older driver (before Linux 6.2) shows none',
    };
  }
  const sensors = listNames(hwmon)
    .flatMap((name) => /^(energy\d)_input$/.exec(name)?.[1] ?? [])
    .toSorted()
    .map((id) => ({
      id,
      label: readText(join(hwmon, `${id}_label`)),
      file: new GpuFile(join(hwmon, `${id}_input`), gpu.dir, now),
    }));
  const chosen = chooseSensor(sensors);
  for (const { file } of sensors) if (file !== chosen?.file) file.close();
  return chosen ?? { missing: `${gpu.driver} shows no energy of it` };
}

/** What a counter may hold, the most first; null: the driver's first versions, which had but one. */
const LABELS = ['card', 'pkg', null];

/** The first that has counted anything since power came on: one at 0 does not measure. */
function chooseSensor(sensors: readonly IntelSensor[]): IntelSensor | undefined {
  const known = LABELS.flatMap((label) => sensors.filter((sensor) => sensor.label === label));
  return known.find(({ file }) => !isZero(file)) ?? known[0];
}

function isZero(file: GpuFile): boolean {
  const text = file.read();
  return !isMissing(text) && text.trim() === '0';
}

function readSensor({ file }: IntelSensor): bigint | Missing {
  const text = file.read();
  if (isMissing(text)) return text;
  const energyUj = parseEnergyUj(text, file.path);
  return energyUj === 0n ? { missing: `${file.path} holds 0 J: it does not measure` } : energyUj;
}
