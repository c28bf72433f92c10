import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseMeminfo } from './host-memory';
import { readKernelFile, unexpected, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** How much memory a host has. */
export interface InstalledMemory {
  readonly bytes: number;
  /**
   * `dmi`: the modules, as firmware lists them. `blocks`: what the kernel has online, less than that by what firmware
   * keeps. `meminfo`: less again by the kernel's own image and tables.
   */
  readonly from: 'dmi' | 'blocks' | 'meminfo';
}

/**
 * The memory that is installed: from DMI, else the kernel's memory blocks, else MemTotal. DMI needs root and the module
 * dmi_sysfs; it is not believed where it lists less than the kernel has, as in some virtual machines. What the three
 * say is not the same: a counter that follows from it does not go on from one to another.
 * @returns or why even MemTotal cannot be read
 */
export function readInstalledMemory(roots: Pick<Roots, 'sys' | 'proc'>): InstalledMemory | Missing {
  const totalBytes = readMemTotal(join(roots.proc, 'meminfo'));
  const leastBytes = isMissing(totalBytes) ? 1 : totalBytes;
  const dmiBytes = readDmiMemory(join(roots.sys, 'firmware/dmi/entries'));
  if (!isMissing(dmiBytes) && dmiBytes >= leastBytes) return { bytes: dmiBytes, from: 'dmi' };
  const blockBytes = readMemoryBlocks(join(roots.sys, 'devices/system/memory'));
  if (!isMissing(blockBytes) && blockBytes >= leastBytes) return { bytes: blockBytes, from: 'blocks' };
  return isMissing(totalBytes) ? totalBytes : { bytes: totalBytes, from: 'meminfo' };
}

function readMemTotal(path: string): number | Missing {
  try {
    const memory = parseMeminfo(readKernelFile(path), path);
    return isMissing(memory) ? memory : memory.totalBytes;
  } catch (error) {
    return unreadable(path, error);
  }
}

/**
 * Bytes of all memory devices: <dir>/17-<N>/raw.
 * https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-firmware-dmi-entries
 */
function readDmiMemory(dir: string): number | Missing {
  try {
    let bytes = 0;
    for (const name of readdirSync(dir).filter((entry) => /^17-\d+$/.test(entry))) {
      const path = join(dir, name, 'raw');
      const deviceBytes = parseMemoryDevice(readFileSync(path), path);
      if (isMissing(deviceBytes)) return deviceBytes;
      bytes += deviceBytes;
    }
    return bytes;
  } catch (error) {
    return unreadable(dir, error);
  }
}

const MEMORY_DEVICE = 17;
/** Below this a structure (SMBIOS 2.1) has no size or no memory type. */
const LEAST_LENGTH = 0x13;
const LENGTH_WITH_EXTENDED_SIZE = 0x20;
const LENGTH_WITH_TECHNOLOGY = 0x29;
const [SIZE_UNKNOWN, SIZE_EXTENDED] = [0xffff, 0x7fff];
/** Memory Type: ROM, flash, EEPROM, FEPROM, EPROM, logical non-volatile device. Some list their firmware's chips. */
const NOT_DRAM_TYPES: readonly number[] = [0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x1f];
/** Memory Technology: NVDIMM-F (flash alone), Intel Optane. The other NVDIMMs have DRAM that is as large as they are. */
const NOT_DRAM_TECHNOLOGIES: readonly number[] = [0x05, 0x07];

/**
 * The size of a memory device, SMBIOS structure of type 17 (DMTF DSP0134, 7.18): bytes, 0 for an empty slot and for what
 * is no DRAM; or why it does not tell.
 */
export function parseMemoryDevice(raw: Buffer, path = 'raw'): number | Missing {
  const length = raw.length < 2 ? 0 : raw.readUInt8(1);
  if (length < LEAST_LENGTH || length > raw.length || raw.readUInt8(0) !== MEMORY_DEVICE)
    return unexpected(path, raw.toString('hex', 0, 20), 'an SMBIOS memory device');

  const size = raw.readUInt16LE(0x0c);
  const type = raw.readUInt8(0x12);
  const technology = length < LENGTH_WITH_TECHNOLOGY ? 0 : raw.readUInt8(0x28);
  if (size === 0 || NOT_DRAM_TYPES.includes(type) || NOT_DRAM_TECHNOLOGIES.includes(technology)) return 0;
  if (size === SIZE_UNKNOWN) return { missing: `${path} does not know the size of its module` };
  if (size === SIZE_EXTENDED && length >= LENGTH_WITH_EXTENDED_SIZE)
    return (raw.readUInt32LE(0x1c) & 0x7fffffff) * 2 ** 20;
  const unitBytes = (size & 0x8000) === 0 ? 2 ** 20 : 2 ** 10;
  return (size & 0x7fff) * unitBytes;
}

/**
 * Bytes of the memory blocks that are online: <dir>/memory<N>/state, each of <dir>/block_size_bytes.
 * https://docs.kernel.org/admin-guide/mm/memory-hotplug.html
 */
function readMemoryBlocks(dir: string): number | Missing {
  try {
    const path = join(dir, 'block_size_bytes');
    const blockBytes = parseBlockSize(readKernelFile(path), path);
    if (isMissing(blockBytes)) return blockBytes;
    const online = readdirSync(dir)
      .filter((name) => /^memory\d+$/.test(name))
      .filter((name) => readKernelFile(join(dir, name, 'state')).trim() === 'online');
    return online.length * blockBytes;
  } catch (error) {
    return unreadable(dir, error);
  }
}

/** The text of block_size_bytes: a hexadecimal number without 0x. */
export function parseBlockSize(text: string, path = 'block_size_bytes'): number | Missing {
  return /^[0-9a-f]{1,12}\s*$/i.test(text)
    ? parseInt(text, 16)
    : unexpected(path, text, 'a hexadecimal number of bytes');
}
