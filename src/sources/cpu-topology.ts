import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile } from './kernel-file';
import type { CpuPlace, Roots } from './source';

/**
 * The package and die of each CPU that is online, by its number: <sys>/devices/system/cpu/cpu<N>/topology. Empty where
 * nothing tells, as in some virtual machines.
 * https://docs.kernel.org/admin-guide/cputopology.html
 */
export function readCpuTopology(roots: Pick<Roots, 'sys'>): ReadonlyMap<number, CpuPlace> {
  const dir = join(roots.sys, 'devices/system/cpu');
  const places = new Map<number, CpuPlace>();
  for (const name of listNames(dir)) {
    const cpu = /^cpu(\d+)$/.exec(name)?.[1];
    if (cpu === undefined) continue;
    const packageId = readId(join(dir, name, 'topology/physical_package_id'));
    if (packageId === null) continue;
    const die = readId(join(dir, name, 'topology/die_id'));
    places.set(Number(cpu), { package: packageId, ...(die === null ? {} : { die }) });
  }
  return places;
}

/** The CPUs of a package or, where the place has one, of a die. */
export function cpusAt(topology: ReadonlyMap<number, CpuPlace>, place: CpuPlace): number[] {
  return [...topology]
    .filter(([, at]) => at.package === place.package && (place.die === undefined || at.die === place.die))
    .map(([cpu]) => cpu);
}

/**
 * How many cores are online: CPUs with the same siblings are threads of one. core_id is not counted, since its numbers
 * start anew in each package, die or cluster, and not every kernel tells all three.
 * @returns 0 where nothing tells
 */
export function countCores(roots: Pick<Roots, 'sys'>): number {
  const dir = join(roots.sys, 'devices/system/cpu');
  const cores = listNames(dir)
    .filter((name) => /^cpu\d+$/.test(name))
    // Since Linux 5.3, and by its older name.
    .map(
      (name) =>
        readText(join(dir, name, 'topology/core_cpus_list')) ??
        readText(join(dir, name, 'topology/thread_siblings_list')),
    )
    .filter((siblings) => siblings !== null && siblings !== '');
  return new Set(cores).size;
}

/** null where there is none, or firmware did not say (-1). */
function readId(path: string): number | null {
  const text = readText(path);
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function readText(path: string): string | null {
  try {
    return readKernelFile(path).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR', 'EACCES', 'EIO')) return null;
    throw error;
  }
}

function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
}
