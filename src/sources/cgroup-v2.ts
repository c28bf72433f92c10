import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuCounter, openCgroupCpu, parseFlatKeyed, readBytes, sumBytes } from './cpu-counter';
import { readKernelFile, unexpected, unreadable } from './kernel-file';
import type { Missing } from './source';

/**
 * Opens `cpu.stat` of a cgroup of version 2. It counts the cgroup and all below it, ended processes and removed children
 * included, and is there without any controller.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
 */
export function openCgroup2Cpu(dir: string): CpuCounter | Missing | 'gone' {
  const form = { prefix: 'usage_usec ', hasMoreLines: true, nsPerUnit: 1000n, parse: parseCpuStat };
  return openCgroupCpu('cgroup2', join(dir, 'cpu.stat'), form);
}

/** The text of cpu.stat: a line `usage_usec N`, in microseconds. @returns nanoseconds */
export function parseCpuStat(text: string, path = 'cpu.stat'): bigint | Missing {
  // With the end of the line: half a number is none.
  const usageUsec = /^usage_usec (\d+)\n/m.exec(text)?.[1];
  return usageUsec === undefined
    ? unexpected(path, text, 'a line `usage_usec N`')
    : BigInt(usageUsec) * 1000n;
}

/**
 * Memory that a cgroup of version 2 holds (bytes): anon + shmem of memory.stat, and each hugetlb.<size>.current.
 *
 * Page cache is left out: it holds what anybody may read again and goes when memory is short. `unevictable` is not added,
 * since locked pages are in anon or shmem already (and locked page cache is nothing the job holds alone); nor
 * `memory.current`, which contains the page cache. Pages of hugetlbfs are in none of memory.stat's anon and shmem.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
export function readCgroup2MemoryBytes(dir: string): number | Missing {
  const path = join(dir, 'memory.stat');
  try {
    const memory = parseCgroup2MemoryStat(readKernelFile(path), path);
    return sumBytes([memory, ...hugetlbFiles(dir).map((file) => readBytes(join(dir, file)))]);
  } catch (error) {
    return unreadable(path, error);
  }
}

/** The text of memory.stat. @returns anon + shmem, bytes */
export function parseCgroup2MemoryStat(text: string, path = 'memory.stat'): number | Missing {
  const stat = parseFlatKeyed(text, ['anon', 'shmem']);
  const [anon, shmem] = [stat.get('anon'), stat.get('shmem')];
  if (anon === undefined || shmem === undefined) return unexpected(path, text, 'lines `anon N`, `shmem N`');
  return Number(anon + shmem);
}

/** hugetlb.2MB.current, hugetlb.1GB.current, ...: not the `rsvd` ones, which count what may be used. */
function hugetlbFiles(dir: string): string[] {
  return readdirSync(dir).filter((name) => /^hugetlb\.[^.]+\.current$/.test(name));
}
