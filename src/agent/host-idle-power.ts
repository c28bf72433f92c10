import { join } from 'node:path';
import { readHostPower } from '../sources/cpu-model';
import { type EnergyMeter, type Roots, isMissing } from '../sources/source';
import type { IdlePower } from './host-state';
import type { PlaceCpus } from './reading';

/** What this host's domains draw when nothing runs, by the name of the domain, as far as it is known. */
export interface HostIdlePower {
  current(): Readonly<Record<string, IdlePower>>;
}

/**
 * Idle power of packages that are measured, from the table that the power model goes by: its watts of a hardware thread
 * times the threads of the package. They are those of a whole server, so they are an upper bound of the package's.
 * @param hostCpus CPUs of the host
 */
export function modelledIdlePower(
  roots: Pick<Roots, 'proc'>,
  meters: readonly EnergyMeter[],
  places: readonly PlaceCpus[],
  hostCpus: number,
): Record<string, IdlePower> {
  const measured = meters
    .flatMap((meter) => meter.domains)
    .filter((domain) => domain.class === 'cpu' && domain.quality === 'measured');
  if (measured.length === 0) return {};
  const power = readHostPower(join(roots.proc, 'cpuinfo'));
  if (isMissing(power)) return {};
  return Object.fromEntries(
    measured.map(({ name, place }) => {
      const own = places.find(
        (known) => known.place.package === place?.package && known.place.die === place.die,
      );
      const cpus = own?.cpus.size ?? hostCpus / measured.length;
      const idleW = Math.round(power.idleWPerThread * cpus * 1000) / 1000;
      return [name, { idleW, by: 'modelled' }];
    }),
  );
}
