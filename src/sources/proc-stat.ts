import { join } from 'node:path';
import { KernelFile, unexpected, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** What the host's CPUs have done since boot. */
export interface HostCpu {
  /** CPU time spent on any work (ns), in steps of 10 ms. */
  readonly busyNs: bigint;
  /** How many CPUs (hardware threads) are online. */
  readonly cpus: number;
  /** The part of busyNs that ran at a lower priority: work like any other. */
  readonly niceNs: bigint;
  /** Idle while some task waited for a disk; no part of busyNs. */
  readonly iowaitNs: bigint;
  /** Wanted, but given to other machines by the hypervisor; no part of busyNs. */
  readonly stealNs: bigint;
  /** The part of busyNs in which virtual machines of this host ran. */
  readonly guestNs: bigint;
  /** Busy time of each CPU (ns) by its number; null where it was not asked for. */
  readonly byCpu: ReadonlyMap<number, bigint> | null;
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
 * each CPU that is online. A CPU here is a hardware thread: two that share a core count as two, each busy on its own.
 *
 * Busy is user + nice + system + irq + softirq. Niced time is in it, and the time of guests (user and nice contain guest and
 * guest_nice): work like any other. idle, iowait and steal are not: this machine's CPUs did nothing then, or another
 * machine's work. The kernel's own iowait can go back.
 * https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
 */
export function parseProcStat(text: string, withCpus = false): HostCpu | Missing {
  const total = /^cpu +([\d ]+)$/m.exec(text)?.[1];
  const times = total?.split(' ').map(ticksToNs) ?? [];
  const busyByCpu = withCpus ? new Map<number, bigint>() : null;
  const cpus = readCpuLines(text, busyByCpu);
  if (times.length < 7 || cpus === null || cpus === 0) {
    return unexpected('/proc/stat', text, 'lines `cpu  user nice system ...`');
  }
  // Kernels before 2.6.33 have fewer fields.
  const at = (i: number): bigint => times[i] ?? 0n;
  return {
    busyNs: at(0) + at(1) + at(2) + at(5) + at(6),
    cpus,
    niceNs: at(1),
    iowaitNs: at(4),
    stealNs: at(7),
    guestNs: at(8) + at(9),
    byCpu: busyByCpu,
  };
}

function ticksToNs(ticks: string): bigint {
  return BigInt(ticks) * NS_PER_TICK;
}

const [ZERO, NINE, SPACE] = [0x30, 0x39, 0x20];
/** user, nice, system, irq, softirq: which numbers of a line `cpuN` are busy time. */
const BUSY_FIELDS = [true, true, true, false, false, true, true] as const;

/**
 * Character by character: on hosts with hundreds of CPUs this is most of what a tick parses, and a pattern takes twice as
 * long. The lines stand together, so that the long ones after them (`intr`) are not looked at.
 * @param busyNs takes each CPU's busy time; null: only count them
 * @returns how many lines `cpuN` there are; null where one is of another form
 */
function readCpuLines(text: string, busyNs: Map<number, bigint> | null): number | null {
  let cpus = 0;
  let start = text.indexOf('\ncpu') + 1;
  for (; start > 0 && text.startsWith('cpu', start); start = text.indexOf('\n', start) + 1) {
    cpus++;
    if (busyNs === null) continue;
    let i = start + 3;
    let digit = text.charCodeAt(i);
    let cpu = 0;
    for (; digit >= ZERO && digit <= NINE; digit = text.charCodeAt(++i)) cpu = cpu * 10 + digit - ZERO;
    let busy = 0;
    for (const isBusy of BUSY_FIELDS) {
      if (digit !== SPACE) return null;
      const first = ++i;
      let ticks = 0;
      digit = text.charCodeAt(i);
      for (; digit >= ZERO && digit <= NINE; digit = text.charCodeAt(++i)) ticks = ticks * 10 + digit - ZERO;
      if (i === first) return null;
      if (isBusy) busy += ticks;
    }
    // Beyond lie three million years.
    if (!Number.isSafeInteger(busy)) return null;
    busyNs.set(cpu, BigInt(busy) * NS_PER_TICK);
  }
  return cpus;
}

/** Opens <proc>/stat, to be read each tick. What cannot be read is said at each reading. */
export function openProcStat(
  roots: Pick<Roots, 'proc'>,
  { byCpu = false }: { readonly byCpu?: boolean } = {},
): { read(): HostCpu | Missing; close(): void } {
  const file = new KernelFile(join(roots.proc, 'stat'));
  return {
    read: () => {
      try {
        const cpu = parseProcStat(file.read(), byCpu);
        return isMissing(cpu) ? { missing: cpu.missing.replace('/proc/stat', file.path) } : cpu;
      } catch (error) {
        return unreadable(file.path, error);
      }
    },
    close: () => file.close(),
  };
}
