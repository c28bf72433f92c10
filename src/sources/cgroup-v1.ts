import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuCounter, openCgroupCpu, parseFlatKeyed, readBytes, sumBytes } from './cpu-counter';
import { readKernelFile, unexpected, unreadable } from './kernel-file';
import type { Missing } from './source';

/**
 * Opens `cpuacct.usage` of a cgroup of version 1. It counts the cgroup and all below it, ended processes and removed
 * children included.
 * https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html
 */
export function openCgroup1Cpu(dir: string): CpuCounter | Missing | 'gone' {
  const form = { prefix: '', hasMoreLines: false, nsPerUnit: 1n, parse: parseCpuacctUsage };
  return openCgroupCpu('cgroup1', join(dir, 'cpuacct.usage'), form);
}

/** The text of cpuacct.usage: one number, nanoseconds. */
export function parseCpuacctUsage(text: string, path = 'cpuacct.usage'): bigint | Missing {
  return /^\d+\n?$/.test(text) ? BigInt(text.trim()) : unexpected(path, text, 'a number of nanoseconds');
}

/**
 * Memory that a cgroup of version 1 and those below it hold (bytes): total_rss + total_shmem of memory.stat. total_rss is
 * anonymous memory alone, whatever its name says; total_shmem (tmpfs, shared memory) is not told by old kernels, such as
 * that of RHEL 7, and then not counted. Page cache is left out. Pages of hugetlbfs are in neither: version 1 counts them in
 * a hierarchy of its own, `hugetlb.<size>.usage_in_bytes`.
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#stat-file
 * https://docs.kernel.org/admin-guide/cgroup-v1/hugetlb.html
 * @param dir below the memory controller, not cpuacct
 * @param hugetlbDir the same cgroup below the hugetlb controller; null where it has none
 */
export function readCgroup1MemoryBytes(dir: string, hugetlbDir: string | null = null): number | Missing {
  const path = join(dir, 'memory.stat');
  try {
    const memory = parseCgroup1MemoryStat(readKernelFile(path), path);
    return hugetlbDir === null ? memory : sumBytes([memory, readHugetlbBytes(hugetlbDir)]);
  } catch (error) {
    return unreadable(path, error);
  }
}

/** All sizes of huge pages; not the `rsvd` files, which count what may be used. */
function readHugetlbBytes(dir: string): number | Missing {
  try {
    const files = readdirSync(dir).filter((name) => /^hugetlb\.[^.]+\.usage_in_bytes$/.test(name));
    return sumBytes(files.map((file) => readBytes(join(dir, file))));
  } catch (error) {
    return unreadable(dir, error);
  }
}

/** The text of memory.stat. @returns total_rss + total_shmem, bytes */
export function parseCgroup1MemoryStat(text: string, path = 'memory.stat'): number | Missing {
  const stat = parseFlatKeyed(text, ['total_rss', 'total_shmem']);
  const rss = stat.get('total_rss');
  if (rss === undefined) return unexpected(path, text, 'a line `total_rss N`');
  return Number(rss + (stat.get('total_shmem') ?? 0n));
}
