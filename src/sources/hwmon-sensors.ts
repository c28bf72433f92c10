import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile, unreadable } from './kernel-file';
import type { EnergyDomain } from './source';

/** A sensor of energy or power, with the file that holds its value. */
export interface HwmonSensor {
  /** Name of its chip, as the driver gives it: `amd_energy`, `power_meter`; empty where there is none. */
  readonly chip: string;
  /** `energy1`, `power2`: name of its files up to the underscore. */
  readonly id: string;
  readonly kind: 'energy' | 'power';
  /** What it measures, in the words of driver or firmware; null where neither says. */
  readonly label: string | null;
  /** energyN_input (µJ), or powerN_average or powerN_input (µW). */
  readonly path: string;
  /** What powerN_average is the average over (ms). */
  readonly averageMs?: number;
  readonly isEnabled: boolean;
}

/** A domain with its sensors. */
export interface SensorDomain {
  readonly domain: EnergyDomain;
  readonly sensor: HwmonSensor;
  /** Sensors of what lies within it and is no part of the domain. */
  readonly less?: readonly HwmonSensor[];
}

/**
 * Sensors of energy and power below <sys>/class/hwmon, in the order of their numbers. Of a power sensor that has both an
 * average and a value of the moment the average is taken: what happens between two readings is in it, at least in part.
 *
 * The files are in hwmonN, or with drivers of older make (acpi_power_meter in most kernels) in hwmonN/device. ACPI's power
 * meters have no powerN_label but powerN_oem_info, which firmware fills.
 * https://docs.kernel.org/hwmon/sysfs-interface.html, https://docs.kernel.org/hwmon/acpi_power_meter.html
 * @throws the system's error where the folder may not be read
 */
export function findSensors(sys: string): HwmonSensor[] {
  const dir = join(sys, 'class/hwmon');
  return inOrder(listNames(dir)).flatMap((hwmon) => {
    const places = [join(dir, hwmon), join(dir, hwmon, 'device')];
    const chip = firstText(places.map((place) => join(place, 'name'))) ?? '';
    const found = places.map((place) => sensorsIn(place, chip));
    return found.find((sensors) => sensors.length > 0) ?? [];
  });
}

function sensorsIn(dir: string, chip: string): HwmonSensor[] {
  const names = new Set(listNames(dir));
  const ids = [...names].flatMap(
    (name) => /^((?:energy|power)\d{1,4})_(?:input|average)$/.exec(name)?.[1] ?? [],
  );
  return inOrder([...new Set(ids)]).map((id) => {
    const value = names.has(`${id}_average`) ? `${id}_average` : `${id}_input`;
    const interval = readText(join(dir, `${id}_average_interval`));
    const averageMs = value.endsWith('_average') && /^\d{1,9}$/.test(interval ?? '') ? Number(interval) : 0;
    return {
      chip,
      id,
      kind: id.startsWith('energy') ? 'energy' : 'power',
      label: firstText([join(dir, `${id}_label`), join(dir, `${id}_oem_info`)]),
      path: join(dir, value),
      ...(averageMs === 0 ? {} : { averageMs }),
      isEnabled: readText(join(dir, `${id}_enable`)) !== '0',
    };
  });
}

function inOrder(names: readonly string[]): string[] {
  return names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** The first of the files that can be read and holds anything. */
function firstText(paths: readonly string[]): string | null {
  for (const path of paths) {
    const text = readText(path);
    if (text) return text;
  }
  return null;
}

/** null where it cannot be read: each driver fails in its own way, and the sensors of the others are as good as before. */
function readText(path: string): string | null {
  try {
    return readKernelFile(path).trim();
  } catch (error) {
    unreadable(path, error); // throws on anything but a system error
    return null;
  }
}

function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
