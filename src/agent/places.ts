import { cpusAt, readCpuTopology } from '../sources/cpu-topology';
import type { EnergyMeter, Roots } from '../sources/source';
import { placeName } from './place-time';
import type { PlaceCpus } from './reading';

/** The packages and dies that the meters' domains are of; none where they are of the whole host, or nothing tells its CPUs. */
export function readPlaces(roots: Pick<Roots, 'sys'>, meters: readonly EnergyMeter[]): PlaceCpus[] {
  const places = meters
    .flatMap((meter) => meter.domains)
    .flatMap(({ class: domainClass, place }) => (domainClass === 'cpu' && place ? [place] : []));
  if (places.length === 0) return [];
  const topology = readCpuTopology(roots);
  const found = new Map(
    places.map((place) => [placeName(place), { place, cpus: new Set(cpusAt(topology, place)) }]),
  );
  const all = [...found.values()];
  if (all.some(({ cpus }) => cpus.size === 0)) return [];
  // One package that is all of the host needs no telling apart.
  return all.length === 1 && all[0]?.cpus.size === topology.size ? [] : all;
}
