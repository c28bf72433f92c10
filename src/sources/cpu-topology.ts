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

/** null where there is none, or firmware did not say (-1). */
function readId(path: string): number | null {
  try {
    const text = readKernelFile(path).trim();
    return /^\d{1,9}$/.test(text) ? Number(text) : null;
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
