import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile, unreadable } from './kernel-file';
import { type Missing, isMissing } from './source';

/** A GPU on the PCI bus, whether its driver is loaded or not. */
export interface PciGpu {
  /** Lower case, `0000:3b:00.0`. */
  readonly pciBusId: string;
  /** Four hexadecimal digits, lower case. */
  readonly deviceId: string;
  /** null where none is bound to it. */
  readonly driver: string | null;
  /** Its folder below <sys>/bus/pci/devices. */
  readonly dir: string;
}

/**
 * PCI's first byte of the class: display controllers, and processing accelerators, which some GPUs without a display
 * are.
 */
export const DISPLAY = 0x03;
export const ACCELERATOR = 0x12;

/** More than any host has; what comes after is left out. */
const MOST_GPUS = 128;

/**
 * GPUs of one maker, in the order of their PCI addresses, which is the driver's own. What a device is stands in its
 * file uevent (`DRIVER=amdgpu`, `PCI_CLASS=38000`, `PCI_ID=1002:740C`), reading which wakes no device.
 * https://github.com/torvalds/linux/blob/master/drivers/pci/pci-driver.c (pci_uevent)
 * @param vendor four hexadecimal digits, lower case
 * @param classes which first bytes of the class are GPUs of this maker
 * @returns none where the host has no PCI; why not, where the folder may not be read
 */
export function findPciGpus(sys: string, vendor: string, classes: readonly number[]): PciGpu[] | Missing {
  const devices = join(sys, 'bus/pci/devices');
  let names: string[];
  try {
    names = readdirSync(devices);
  } catch (error) {
    return isErrno(error, 'ENOENT', 'ENOTDIR') ? [] : unreadable(devices, error);
  }
  return names
    .filter((name) => /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(name))
    .toSorted(byAddress)
    .flatMap((pciBusId) => {
      const dir = join(devices, pciBusId);
      const found = parsePciUevent(readText(join(dir, 'uevent')) ?? '');
      if (found === null || found.vendor !== vendor || !classes.includes(found.class)) return [];
      return [{ pciBusId, deviceId: found.deviceId, driver: found.driver, dir }];
    })
    .slice(0, MOST_GPUS);
}

/** PCI domains of virtual machines' hosts can have more than four digits. */
function byAddress(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

interface PciUevent {
  readonly vendor: string;
  readonly deviceId: string;
  /** First byte of the class. */
  readonly class: number;
  readonly driver: string | null;
}

/** The text of a PCI device's uevent. @returns null where it does not tell what the device is */
export function parsePciUevent(text: string): PciUevent | null {
  const id = /^PCI_ID=([0-9A-F]{4}):([0-9A-F]{4})$/m.exec(text);
  // Without leading zeros: 38000 is 0x03, 0x80, 0x00.
  const classCode = /^PCI_CLASS=([0-9A-F]{5,6})$/m.exec(text)?.[1];
  const [, vendor, deviceId] = id ?? [];
  if (vendor === undefined || deviceId === undefined || classCode === undefined) return null;
  return {
    vendor: vendor.toLowerCase(),
    deviceId: deviceId.toLowerCase(),
    class: parseInt(classCode, 16) >> 16,
    driver: /^DRIVER=([\w-]{1,32})$/m.exec(text)?.[1] ?? null,
  };
}

/** The folder of the GPU's sensors whose chip has this name; null where there is none. */
export function hwmonFolder({ dir }: PciGpu, chip: string): string | null {
  const parent = join(dir, 'hwmon');
  const found = listNames(parent).find(
    (name) => /^hwmon\d+$/.test(name) && readText(join(parent, name, 'name')) === chip,
  );
  return found === undefined ? null : join(parent, found);
}

/** N of /dev/dri/renderDN; null where the driver makes none. @param dir the GPU's folder */
export function renderMinor(dir: string): number | null {
  const [minor] = listNames(join(dir, 'drm')).flatMap((name) => /^renderD(\d{1,5})$/.exec(name)?.[1] ?? []);
  return minor === undefined ? null : Number(minor);
}

/** What GPUs are that no figures are given for, for a message: the first few, with why. */
export function describeUnserved(unserved: readonly (Pick<PciGpu, 'pciBusId'> & Missing)[]): string {
  const byReason = new Map<string, string[]>();
  for (const { pciBusId, missing } of unserved) {
    byReason.set(missing, [...(byReason.get(missing) ?? []), pciBusId]);
  }
  return [...byReason]
    .map(([reason, ids]) => {
      const more = ids.length > 4 ? ` and ${ids.length - 4} more` : '';
      return `${ids.slice(0, 4).join(', ')}${more}: ${reason}`;
    })
    .join('; ');
}

/** Why a GPU without the driver that shows its energy is not served; null where the driver has it. */
export function whyOtherDriver({ driver }: PciGpu, wanted: readonly string[]): Missing | null {
  if (driver === null) return { missing: `no driver is loaded for it (${wanted.join(' or ')})` };
  if (wanted.includes(driver)) return null;
  return { missing: `the driver ${driver} has it, not ${wanted.join(' or ')}` };
}

/** What a file of the GPU says, trimmed; null where there is none that can be read. */
export function readText(path: string): string | null {
  try {
    return readKernelFile(path).trim();
  } catch (error) {
    unreadable(path, error); // throws on anything but a system error
    return null;
  }
}

export function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    unreadable(dir, error); // throws on anything but a system error
    return [];
  }
}

/**
 * Text of a driver or of firmware, fit for a record: short, and nothing in it that a terminal acts on. null where
 * nothing is left.
 */
export function plainName(text: string | Missing | null): string | null {
  if (text === null || isMissing(text)) return null;
  const plain = text
    .replace(/[^ -~]/g, '?')
    .trim()
    .slice(0, 64);
  return plain === '' ? null : plain;
}
