import { join } from 'node:path';
import { KernelFile, unexpected, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** What the host's CPUs have done since boot. */
export interface HostCpu {
  /** CPU time spent on any work (ns), in steps of 10 ms. */
  readonly busyNs: bigint;
  /** How many CPUs (hardware threads) are online. */
  readonly cpus: number;
}

/**
 * A clock tick of /proc is 1/USER_HZ s, and USER_HZ is 100 whatever CONFIG_HZ the kernel runs at: it is part of the
 * kernel's interface (include/uapi/asm-generic/param.h, "HZ is used in userspace"), the same on x86, Arm, POWER, s390
 * and RISC-V; only Alpha and the removed Itanium had 1024. Node.js has no sysconf(_SC_CLK_TCK) to ask.
 */
const USER_HZ = 100;
export const NS_PER_TICK = 1_000_000_000n / BigInt(USER_HZ);

/**
 * The text of /proc/stat: `cpu  user nice system idle iowait irq softirq steal guest guest_nice`, then a line `cpuN` for
 * each CPU that is online. Busy is user + nice + system + irq + softirq. guest and guest_nice are left out because user
 * and nice contain them; idle, iowait and steal because this machine's CPUs did nothing then.
 * https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
 */
export function parseProcStat(text: string): HostCpu | Missing {
  const total = /^cpu +(\d+) (\d+) (\d+) \d+ \d+ (\d+) (\d+)\b/.exec(text);
  const cpus = text.match(/^cpu\d+ /gm)?.length ?? 0;
  if (total === null || cpus === 0)
    return unexpected('/proc/stat', text, 'lines `cpu  user nice system ...`');
  const ticks = total.slice(1).reduce((sum, field) => sum + BigInt(field), 0n);
  return { busyNs: ticks * NS_PER_TICK, cpus };
}

/** Opens <proc>/stat, to be read each tick. What cannot be read is said at each reading. */
export function openProcStat(roots: Pick<Roots, 'proc'>): { read(): HostCpu | Missing; close(): void } {
  const file = new KernelFile(join(roots.proc, 'stat'));
  return {
    read: () => {
      try {
        const cpu = parseProcStat(file.read());
        return isMissing(cpu) ? { missing: cpu.missing.replace('/proc/stat', file.path) } : cpu;
      } catch (error) {
        return unreadable(file.path, error);
      }
    },
    close: () => file.close(),
  };
}
