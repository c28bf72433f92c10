import { cpus } from 'node:os';
import { join } from 'node:path';
import { countCores } from './cpu-topology';
import { readInstalledMemory } from './installed-memory';
import { readKernelFile, unreadable } from './kernel-file';
import { parseProcStat } from './proc-stat';
import { type CpuPlace, type Roots, isMissing } from './source';

/** What a host is made of, in the names of its records. */
export interface HostHardware {
  /** Model of its CPUs. */
  readonly cpu?: string;
  readonly packages?: number;
  readonly cores?: number;
  /** CPUs online. */
  readonly threads: number;
  /** Installed, or where firmware does not tell what the kernel has. */
  readonly memory_bytes?: number;
  readonly kernel?: string;
}

/** As names in records. */
const MOST_CHARACTERS = 256;

/**
 * What the host is made of, for its records. What cannot be told is left out.
 * @param topology the CPUs that are online: readCpuTopology
 */
export function readHostHardware(
  roots: Pick<Roots, 'proc' | 'sys'>,
  topology: ReadonlyMap<number, CpuPlace>,
): HostHardware {
  const cpu = parseCpuModel(readText(join(roots.proc, 'cpuinfo')));
  const packages = new Set([...topology.values()].map((place) => place.package)).size;
  const cores = countCores(roots);
  const memory = readInstalledMemory(roots);
  const kernel = plainText(readText(join(roots.proc, 'sys/kernel/osrelease')));
  return {
    ...(cpu === '' ? {} : { cpu }),
    ...(packages === 0 ? {} : { packages }),
    ...(cores === 0 ? {} : { cores }),
    threads: readThreads(roots, topology),
    ...(isMissing(memory) ? {} : { memory_bytes: memory.bytes }),
    ...(kernel === '' ? {} : { kernel }),
  };
}

/**
 * The model of the first CPU in the text of /proc/cpuinfo: `model name` on x86, `cpu` on POWER, on Arm what its registers
 * say (`Arm 0x41, part 0xd4f, variant 0x0`: https://developer.arm.com/documentation/ddi0601, MIDR_EL1), whose names lscpu
 * has in a table of its own. Empty where nothing tells.
 */
export function parseCpuModel(text: string): string {
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}[ \\t]*:[ \\t]*(\\S[^\\n]*)`, 'm').exec(text)?.[1];
  const named = value('model name') ?? value('cpu');
  if (named !== undefined) return plainText(named);
  const [implementer, part, variant] = [
    value('CPU implementer'),
    value('CPU part'),
    value('CPU variant'),
  ] as const;
  if (implementer === undefined || part === undefined) return '';
  return plainText(`Arm ${implementer}, part ${part}${variant === undefined ? '' : `, variant ${variant}`}`);
}

/** In a virtual machine the model's name is what its owner wants it to be. */
function plainText(text: string): string {
  return text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MOST_CHARACTERS);
}

/** As /proc/stat counts them, so that it is the number that CPU times are compared with. */
function readThreads(roots: Pick<Roots, 'proc'>, topology: ReadonlyMap<number, CpuPlace>): number {
  const stat = parseProcStat(readText(join(roots.proc, 'stat')));
  if (!isMissing(stat)) return stat.cpus;
  return topology.size === 0 ? cpus().length : topology.size;
}

/** Empty where it cannot be read. Of cpuinfo, which comes in pieces, one read gives the first CPUs: slow to make, and enough. */
function readText(path: string): string {
  try {
    return readKernelFile(path);
  } catch (error) {
    unreadable(path, error); // throws on anything but a system error
    return '';
  }
}
