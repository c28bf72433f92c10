import { join } from 'node:path';
import { listNames, readText } from './pci-gpus';

/**
 * How many GPUs Slurm and programs see at each PCI address, by the nodes of AMD's driver amdkfd: more than one where
 * an MI300 is partitioned (DPX, QPX, CPX).
 *
 * A node's file `properties` tells its `domain` and `location_id`: bus (bits 8 to 15), device (3 to 7) and function,
 * in place of which a partition has its own number. GPUs are always function 0. CPUs are nodes too, without SIMD
 * units.
 * https://github.com/torvalds/linux/blob/master/drivers/gpu/drm/amd/amdkfd/kfd_topology.c
 * @returns by PCI address; empty where the driver does not tell
 */
export function countAmdPartitions(sys: string): Map<string, number> {
  const nodes = join(sys, 'class/kfd/kfd/topology/nodes');
  const counts = new Map<string, number>();
  for (const name of listNames(nodes).filter((node) => /^\d{1,5}$/.test(node))) {
    const pciBusId = parseLocation(readText(join(nodes, name, 'properties')) ?? '');
    if (pciBusId !== null) counts.set(pciBusId, (counts.get(pciBusId) ?? 0) + 1);
  }
  return counts;
}

/** The PCI address in the text of a node's properties; null of a CPU, or where it does not tell. */
export function parseLocation(text: string): string | null {
  const valueOf = (key: string): number =>
    Number(new RegExp(`^${key} (\\d{1,10})$`, 'm').exec(text)?.[1] ?? 0);
  if (valueOf('simd_count') === 0) return null;
  const location = valueOf('location_id');
  const domain = valueOf('domain');
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return `${hex(domain, 4)}:${hex((location >>> 8) & 0xff, 2)}:${hex((location >>> 3) & 0x1f, 2)}.0`;
}
