import { join } from 'node:path';
import { isErrno } from '../errors';
import { amdParts } from './hwmon-amd';
import { graceParts } from './hwmon-grace';
import { Remainder } from './hwmon-remainder';
import { type HwmonSensor, type SensorDomain, findSensors } from './hwmon-sensors';
import { KernelFile, unexpected, unreadable } from './kernel-file';
import { PowerIntegral } from './power-integral';
import { readEnergyUj } from './powercap';
import { type EnergyMeter, type EnergySource, type Instant, type Missing, isMissing } from './source';

/**
 * Energy and power of processors that the kernel shows through hwmon: sockets of AMD EPYC (driver amd_energy) and NVIDIA's
 * Grace (ACPI power meters; see hwmon-grace.ts for which of its sensors holds which). Power is added up over time.
 * Sensors of other chips are not served: what hangs on a supply rail of theirs differs from board to board.
 * https://docs.kernel.org/hwmon/sysfs-interface.html
 */
export const hwmon = {
  name: 'hwmon',
  description:
    'Sensors of AMD sockets (amd_energy: energyN_input) and NVIDIA Grace (power_meter: powerN_average)',
  unit: 'µJ, µW',
  open: (roots) => {
    const where = join(roots.sys, 'class/hwmon');
    let sensors: HwmonSensor[];
    try {
      sensors = findSensors(roots.sys);
    } catch (error) {
      return unreadable(where, error);
    }
    const enabled = sensors.filter(({ isEnabled }) => isEnabled);
    const parts = [...amdParts(enabled, roots), ...graceParts(enabled, roots)];
    return parts.length === 0 ? { missing: whyNone(where, sensors) } : meter(parts);
  },
} satisfies EnergySource;

function whyNone(where: string, sensors: readonly HwmonSensor[]): string {
  if (sensors.length === 0) return `no sensor of energy or power below ${where}`;
  const shown = sensors.slice(0, 4).map(describe).join(', ');
  const more = sensors.length > 4 ? ` and ${sensors.length - 4} more` : '';
  return `no sensor of an AMD socket or NVIDIA Grace below ${where}; what these measure is not known: ${shown}${more}`;
}

function describe({ chip, id, label, isEnabled }: HwmonSensor): string {
  const what = label === null ? '' : ` "${printable(label)}"`;
  return `${printable(chip) || 'unnamed'} ${id}${what}${isEnabled ? '' : ' (switched off)'}`;
}

/** Text of drivers and firmware, fit for a message. */
function printable(text: string): string {
  return text.replace(/[^ -~]|["\\]/g, '?').slice(0, 24);
}

const NOT_READ: Missing = { missing: 'the sensor was not read' };

function meter(parts: readonly SensorDomain[]): EnergyMeter | Missing {
  const read = new Set(parts.flatMap(({ sensor, less = [] }) => [sensor, ...less]));
  const counters = new Map([...read].map((sensor) => [sensor, new SensorCounter(sensor)]));
  const all = [...counters.values()];
  const close = (): void => {
    for (const counter of all) counter.close();
  };
  const refusals = all.map((counter) => counter.refusal());
  const [first] = refusals;
  if (first && refusals.every((reason) => reason !== null)) {
    close();
    return first;
  }

  const remainders = new Map(parts.map((part) => [part, new Remainder()]));
  return {
    domains: parts.map(({ domain }) => domain),
    read: (at) => {
      const values = new Map([...counters].map(([sensor, counter]) => [sensor, counter.read(at)]));
      return parts.map((part) => {
        const value = values.get(part.sensor) ?? NOT_READ;
        const inside = part.less?.map((sensor) => values.get(sensor) ?? NOT_READ);
        return inside === undefined ? value : (remainders.get(part)?.energyUj(value, inside) ?? NOT_READ);
      });
    },
    close,
  };
}

/**
 * Longest time over which power is interpolated (ns): twice the longest interval between two readings that the
 * configuration allows. After more, the process was stopped or the sensor failed.
 */
const LONGEST_GAP_NS = 120_000_000_000n;

/** The counter of one sensor, µJ: the file's own, or its power added up. */
class SensorCounter {
  readonly #file: KernelFile;
  readonly #integral: PowerIntegral | null;

  constructor({ path, kind }: HwmonSensor) {
    this.#file = new KernelFile(path);
    this.#integral = kind === 'power' ? new PowerIntegral(LONGEST_GAP_NS) : null;
  }

  /** Why the file may not be opened, or null: one that fails in another way may yet be read later. */
  refusal(): Missing | null {
    try {
      this.#file.open();
      return null;
    } catch (error) {
      if (!isErrno(error, 'EACCES', 'EPERM')) return null;
      const reason = readEnergyUj(this.#file);
      return isMissing(reason) ? reason : null;
    }
  }

  read({ monoNs }: Instant): bigint | Missing {
    if (this.#integral === null) return readEnergyUj(this.#file);
    const powerW = readPowerW(this.#file);
    if (isMissing(powerW)) return powerW;
    this.#integral.add(powerW, monoNs);
    return this.#integral.energyUjAt(monoNs);
  }

  close(): void {
    this.#file.close();
  }
}

function readPowerW(file: KernelFile): number | Missing {
  try {
    return parsePowerW(file.read(), file.path);
  } catch (error) {
    return unreadable(file.path, error);
  }
}

/** No sensor of one processor shows more (W). Some kernels show ACPI's "unknown" as 4.29 MW. */
const MOST_W = 10_000;

/**
 * The text of powerN_average and powerN_input: one number, microwatts.
 * @returns W; Missing of 0 too: nothing of a processor that runs this draws none
 */
export function parsePowerW(text: string, path = 'power'): number | Missing {
  const powerW = /^\s*\d{1,15}\s*$/.test(text) ? Number(text) / 1e6 : Infinity;
  if (powerW === 0) return { missing: `${path} says 0 W: it does not measure` };
  return powerW <= MOST_W ? powerW : unexpected(path, text, `microwatts of up to ${MOST_W} W`);
}
