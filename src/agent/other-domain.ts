import type { EnergyDomain } from '../sources/source';
import type { ActiveRun } from './cpu-time';
import { type DividedDomain, type Growth, isDivided } from './domain-tick';
import type { HostState } from './host-state';

/** The source that tells what the whole node draws, and the counted domains that it holds. */
function nodeOf(domains: readonly EnergyDomain[]): EnergyDomain | undefined {
  for (const domain of domains) if (domain.isNode === true) return domain;
  return undefined;
}

/**
 * What a node draws beside its counted domains (board, fans, disks, network, power supply), where a source tells the whole:
 * a domain of class `other`, divided like the CPU. null where nothing tells, or a source reads what is other itself.
 */
export function otherDomain(domains: readonly EnergyDomain[]): DividedDomain | null {
  const node = nodeOf(domains);
  if (node === undefined || domains.some((domain) => domain.class === 'other')) return null;
  const counted = domains.filter(isDivided);
  const classes = [...new Set(counted.map((domain) => domain.class))];
  return {
    name: 'other',
    class: 'other',
    quality: counted.every(({ quality }) => quality === 'measured') ? 'measured' : 'modelled',
    source: `${node.source} less ${classes.join(', ')}`.slice(0, 64),
    maxPowerW: node.maxPowerW,
  };
}

/** The most that the node may be behind its parts (µJ): 10 kW more, of which it tells 10 s later. */
const LARGEST_DEBT_UJ = 100_000_000_000;

/**
 * Growth of the node less that of its counted domains, µJ. The node is read less often than they, so it can seem to draw
 * less than its parts for a while: that is carried until it evens out, also over time in which one of them is missing. A
 * node that shows less for good is not believed: there is no `other` until it has caught up with all that it is behind, also
 * in ticks in which it shows more than its parts.
 */
export function otherGrowth(
  state: HostState,
  growth: ReadonlyMap<EnergyDomain, Growth>,
  active: readonly ActiveRun[],
): Growth {
  const node = nodeOf([...growth.keys()]);
  const nodeUj = node === undefined ? undefined : growth.get(node);
  if (typeof nodeUj !== 'number') return nodeUj;
  let countedUj = 0;
  let hasGpu = false;
  for (const [domain, ownUj] of growth) {
    if (!isDivided(domain)) continue;
    if (typeof ownUj !== 'number') return { missing: `${domain.name}, which the node holds, is missing` };
    countedUj += ownUj;
    hasGpu ||= domain.class === 'gpu';
  }
  if (!hasGpu && active.some(({ run }) => (run.identity.gpus ?? 0) > 0)) {
    return { missing: 'the node holds GPUs that are not read' };
  }
  const otherUj = nodeUj - countedUj - state.otherDebtUj;
  state.otherDebtUj = Math.min(Math.max(0, -otherUj), LARGEST_DEBT_UJ);
  if (-otherUj >= LARGEST_DEBT_UJ) state.isNodeDoubted = true;
  else if (state.otherDebtUj === 0) state.isNodeDoubted = false;
  if (state.isNodeDoubted === true) {
    return { missing: `${node?.source ?? 'the node'} shows less than the domains that the node holds` };
  }
  return Math.max(0, otherUj);
}
