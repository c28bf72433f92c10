import type { ClusterEnergy, GroupSums } from '../runs/group-sums';
import type { SiteFactors } from './report';

/** Clusters in alphabetical order, so that the same records give the same last digit. */
export function byCluster(
  sums: GroupSums,
  factorsOf: (cluster: string) => SiteFactors,
): { cluster: string; energy: ClusterEnergy; factors: SiteFactors }[] {
  return [...sums.energy]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cluster, energy]) => ({ cluster, energy, factors: factorsOf(cluster) }));
}
