import type { DomainClass } from '../generated/record';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import type { ClusterEnergy } from '../runs/group-sums';

const WHOLE_NODE = 'the whole node but its GPUs, at the wall';

const CLASS_IN_WORDS: Readonly<Record<DomainClass, string>> = {
  cpu: 'CPU packages',
  dram: 'memory',
  gpu: 'GPUs',
  other: 'the rest of the node',
};

/**
 * What `it` counts and what it does not. The power model's watts are at the wall: where it serves, memory, board, fans and
 * power supplies are in them.
 */
export function itScope(energies: readonly ClusterEnergy[], hasOverhead: boolean): string {
  const has = (quality: 'measuredUj' | 'modelledUj', name: DomainClass) =>
    energies.some((energy) => energy[quality].has(name));
  const counted = DOMAIN_CLASSES.filter((name) => has('measuredUj', name) || has('modelledUj', name));
  if (counted.length === 0) return "nothing: no run's energy was recorded";

  const isModelled = has('modelledUj', 'cpu');
  const isMixed = isModelled && has('measuredUj', 'cpu');
  const cpu = isMixed
    ? `${CLASS_IN_WORDS.cpu} (where modelled: ${WHOLE_NODE})`
    : isModelled
      ? `${WHOLE_NODE}, by a model`
      : CLASS_IN_WORDS.cpu;
  const names = counted.map((name) => (name === 'cpu' ? cpu : CLASS_IN_WORDS[name]));
  const overhead = hasOverhead ? ['the rest of the node by a factor'] : [];

  // In words: what the model holds is lacking only where counters serve.
  const lacking = (isThere: boolean, words: string): string[] =>
    isThere || (isModelled && !isMixed) ? [] : [isMixed ? `${words} (where measured)` : words];
  const left = [
    ...lacking(counted.includes('dram'), CLASS_IN_WORDS.dram),
    ...(counted.includes('gpu') ? [] : [CLASS_IN_WORDS.gpu]),
    ...lacking(hasOverhead || counted.includes('other'), 'board, fans and power supplies'),
    'network',
    'shared storage',
  ];
  return `${[...names, ...overhead].join(', ')}; not counted: ${left.join(', ')}`;
}
