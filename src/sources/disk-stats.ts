import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { IoCounters } from './io-counters';
import { readKernelFile, unexpected, unreadable } from './kernel-file';
import type { Missing, Roots } from './source';

/** /proc/diskstats counts in these, whatever a sector of the device is. */
const SECTOR_BYTES = 512n;

/**
 * The text of /proc/diskstats: of each device its numbers, its name, then reads, reads merged, sectors read, ms, and the
 * same of writes. Partitions and devices on devices are in it too.
 * https://docs.kernel.org/admin-guide/iostats.html
 * @returns by the device's name
 */
export function parseDiskstats(text: string, path = 'diskstats'): Map<string, IoCounters> | Missing {
  const devices = new Map<string, IoCounters>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, name, readOps, readSectors, writtenOps, writtenSectors] =
      /^ *\d+ +\d+ (\S+) (\d{1,20}) \d+ (\d{1,20}) \d+ (\d{1,20}) \d+ (\d{1,20}) \d+\b/.exec(line) ?? [];
    if (name === undefined || readOps === undefined || readSectors === undefined)
      return unexpected(path, line, 'a line of /proc/diskstats');
    devices.set(name, {
      readBytes: BigInt(readSectors) * SECTOR_BYTES,
      writtenBytes: BigInt(writtenSectors ?? 0) * SECTOR_BYTES,
      readOps: BigInt(readOps),
      writtenOps: BigInt(writtenOps ?? 0),
    });
  }
  return devices;
}

/**
 * What each disk of the host has read and written since boot, by its name. Only devices that have hardware, or a
 * hypervisor's, below them: what a partition, an LVM volume, a RAID or a loop device moves is counted at the disk below, and a
 * RAM disk is none. A path of multipath NVMe, which nobody can open, is the disk once more.
 * https://docs.kernel.org/admin-guide/abi-stable.html (/sys/block/<disk>)
 */
export function readDisks(roots: Pick<Roots, 'proc' | 'sys'>): Map<string, IoCounters> | Missing {
  const path = join(roots.proc, 'diskstats');
  let devices: Map<string, IoCounters> | Missing;
  try {
    // Comes in pieces of a page.
    devices = parseDiskstats(readFileSync(path, 'latin1'), path);
  } catch (error) {
    return unreadable(path, error);
  }
  if (!(devices instanceof Map)) return devices;
  return new Map(
    [...devices].filter(([name]) => isDisk(join(roots.sys, 'block', name.replaceAll('/', '!')))),
  );
}

function isDisk(dir: string): boolean {
  if (!existsSync(join(dir, 'device'))) return false;
  try {
    return readKernelFile(join(dir, 'hidden')).trim() !== '1';
  } catch (error) {
    // Kernels before 4.15 have no such file.
    if (isErrno(error, 'ENOENT', 'ENODEV', 'EACCES')) return true;
    throw error;
  }
}
