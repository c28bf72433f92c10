import { join } from 'node:path';
import { goneOrUnreadable } from './cpu-counter';
import { KernelFile, unexpected } from './kernel-file';
import type { Missing } from './source';

/** CPU time of a cgroup on each CPU. */
export interface PercpuCounter {
  /** CPU time so far (ns), one number a possible CPU in the order of their ids; `gone`: the cgroup is no more. */
  read(): bigint[] | Missing | 'gone';
  close(): void;
}

/**
 * Opens `cpuacct.usage_percpu` of a cgroup of version 1, which counts the cgroup and all below it, ended processes and
 * removed children included. Version 2 has nothing like it. The i-th number is that of the i-th CPU in
 * /sys/devices/system/cpu/possible, offline ones too.
 * https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html
 *
 * With 2 CPUs a read takes 1.3 µs (cpuacct.usage 0.9 µs); parsing adds 0.1 µs a CPU, 27 µs with 256, and what the
 * kernel needs to add them up on many CPUs has not been measured.
 * @param dir below the cpuacct controller
 */
export function openCpuacctPercpu(dir: string): PercpuCounter {
  const file = new KernelFile(join(dir, 'cpuacct.usage_percpu'));
  return {
    read: () => {
      try {
        return parseUsagePercpu(file.read(), file.path);
      } catch (error) {
        return goneOrUnreadable(file.path, error);
      }
    },
    close: () => file.close(),
  };
}

/** The text of cpuacct.usage_percpu: `N N N \n`. @returns nanoseconds */
export function parseUsagePercpu(text: string, path = 'cpuacct.usage_percpu'): bigint[] | Missing {
  // With the end of the line: half a number is none.
  return /^\d+(?: \d+)* ?\n$/.test(text)
    ? text.trimEnd().split(' ').map(BigInt)
    : unexpected(path, text, 'numbers of nanoseconds');
}
