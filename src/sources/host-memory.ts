import { join } from 'node:path';
import { KernelFile, unexpected, unreadable } from './kernel-file';
import type { Missing, Roots } from './source';

/** Memory of the host, bytes. */
export interface HostMemory {
  readonly totalBytes: number;
  /** Held by somebody: see parseMeminfo. */
  readonly heldBytes: number;
}

/**
 * The text of /proc/meminfo, with the same measure as the runs': AnonPages + Shmem + huge pages in use. AnonPages has
 * transparent huge pages in it, Shmem is shared memory and what lies in tmpfs. Page cache and the kernel's own memory belong
 * to nobody. Huge pages of hugetlbfs are counted in the default size alone, which is the one that meminfo tells the free
 * ones of.
 * https://docs.kernel.org/filesystems/proc.html#meminfo
 */
export function parseMeminfo(text: string, path = '/proc/meminfo'): HostMemory | Missing {
  const value = (key: string): number | undefined => {
    const found = new RegExp(`^${key}: +(\\d+)`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const [totalKb, anonKb, shmemKb] = [value('MemTotal'), value('AnonPages'), value('Shmem')];
  if (totalKb === undefined || anonKb === undefined || shmemKb === undefined || totalKb === 0) {
    return unexpected(path, text, 'lines `MemTotal: N kB`, `AnonPages: N kB`, `Shmem: N kB`');
  }
  const hugePages = (value('HugePages_Total') ?? 0) - (value('HugePages_Free') ?? 0);
  const heldKb = anonKb + shmemKb + Math.max(0, hugePages) * (value('Hugepagesize') ?? 0);
  return { totalBytes: totalKb * 1024, heldBytes: heldKb * 1024 };
}

/** Opens <proc>/meminfo, to be read again and again. */
export function openHostMemory(roots: Pick<Roots, 'proc'>): { read(): HostMemory | Missing; close(): void } {
  const file = new KernelFile(join(roots.proc, 'meminfo'));
  return {
    read: () => {
      try {
        return parseMeminfo(file.read(), file.path);
      } catch (error) {
        return unreadable(file.path, error);
      }
    },
    close: () => file.close(),
  };
}
