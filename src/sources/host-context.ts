import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KernelFile, unreadable } from './kernel-file';
import { type Missing, type Roots, isMissing } from './source';

/** How busy the host is otherwise. What cannot be read is left out. Counters are since boot, or since some later point. */
export interface HostContextReading {
  /** Load average of one minute. */
  readonly load1?: number;
  /** Mean over at most 16 CPUs. */
  readonly frequencyMhz?: number;
  /** Page faults that had to read from a disk. */
  readonly majorFaults?: bigint;
  /** Time in which some task waited for a CPU, for memory, for I/O. */
  readonly pressureCpuUs?: bigint;
  readonly pressureMemoryUs?: bigint;
  readonly pressureIoUs?: bigint;
}

/** Where drivers ask the hardware, a reading takes microseconds and interrupts the CPU: hundreds are not asked. */
const MOST_FREQUENCIES = 16;

/** The text of /proc/loadavg, `0.20 0.18 0.12 1/80 11206`. https://docs.kernel.org/filesystems/proc.html */
export function parseLoad1(text: string): number | null {
  const load1 = /^(\d+\.\d+) /.exec(text)?.[1];
  return load1 === undefined ? null : Number(load1);
}

/** `pgmajfault N` in the text of /proc/vmstat. */
export function parseMajorFaults(text: string): bigint | null {
  const faults = /^pgmajfault (\d{1,20})$/m.exec(text)?.[1];
  return faults === undefined ? null : BigInt(faults);
}

/**
 * The text of /proc/pressure/<cpu|memory|io>: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and a line `full`.
 * https://docs.kernel.org/accounting/psi.html
 * @returns microseconds
 */
export function parsePressureSomeUs(text: string): bigint | null {
  const totalUs = /^some [^\n]*\btotal=(\d{1,20})$/m.exec(text)?.[1];
  return totalUs === undefined ? null : BigInt(totalUs);
}

/** The text of scaling_cur_freq, in kHz. @returns MHz; null where the driver does not know (`<unknown>`, 0) */
export function parseFrequencyMhz(text: string): number | null {
  return /^[1-9]\d{0,9}\n?$/.test(text) ? Number(text) / 1000 : null;
}

/** At most `most` of the elements, the first among them, evenly spread. */
export function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return all.filter(
    (_, i) => Math.floor((i * most) / all.length) !== Math.floor(((i - 1) * most) / all.length),
  );
}

/** Opens what tells of a host's state besides its counters of energy. */
export function openHostContext(roots: Pick<Roots, 'proc' | 'sys'>): {
  read(): HostContextReading;
  close(): void;
} {
  const file = (path: string): KernelFile => new KernelFile(join(roots.proc, path));
  const [loadavg, cpu, memory, io] = [
    file('loadavg'),
    file('pressure/cpu'),
    file('pressure/memory'),
    file('pressure/io'),
  ] as const;
  const vmstat = join(roots.proc, 'vmstat');
  const frequencies = frequencyFiles(roots.sys);

  return {
    read: () =>
      present({
        load1: valueOf(loadavg, parseLoad1),
        frequencyMhz: mean(frequencies.map((frequency) => valueOf(frequency, parseFrequencyMhz))),
        // Comes in pieces of a page, unlike what KernelFile reads.
        majorFaults: valueOf({ path: vmstat, read: () => readFileSync(vmstat, 'latin1') }, parseMajorFaults),
        pressureCpuUs: valueOf(cpu, parsePressureSomeUs),
        pressureMemoryUs: valueOf(memory, parsePressureSomeUs),
        pressureIoUs: valueOf(io, parsePressureSomeUs),
      }),
    close: () => {
      for (const open of [loadavg, cpu, memory, io, ...frequencies]) open.close();
    },
  };
}

type Nullable = { readonly [K in keyof HostContextReading]-?: HostContextReading[K] | null };

function present(values: Nullable): HostContextReading {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function valueOf<T>(file: Pick<KernelFile, 'path' | 'read'>, parse: (text: string) => T | null): T | null {
  const text = readOf(file);
  return isMissing(text) ? null : parse(text);
}

/** A kernel started with psi=0 answers EOPNOTSUPP, an older one has no such file. */
function readOf(file: Pick<KernelFile, 'path' | 'read'>): string | Missing {
  try {
    return file.read();
  } catch (error) {
    return unreadable(file.path, error);
  }
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** https://docs.kernel.org/admin-guide/pm/cpufreq.html#policy-interface-in-sysfs */
function frequencyFiles(sys: string): KernelFile[] {
  const dir = join(sys, 'devices/system/cpu');
  const cpus = listCpus(dir).toSorted((a, b) => a - b);
  return spread(cpus, MOST_FREQUENCIES).map(
    (cpu) => new KernelFile(join(dir, `cpu${cpu}/cpufreq/scaling_cur_freq`)),
  );
}

function listCpus(dir: string): number[] {
  try {
    return readdirSync(dir)
      .map((name) => /^cpu(\d+)$/.exec(name)?.[1])
      .filter((cpu) => cpu !== undefined)
      .map(Number);
  } catch (error) {
    unreadable(dir, error); // throws on anything but a system error
    return [];
  }
}
