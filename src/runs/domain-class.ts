import type { DomainClass } from '../generated/record';

/** The classes, in the order in which reports name them. */
export const DOMAIN_CLASSES = ['cpu', 'dram', 'gpu', 'other'] as const satisfies readonly DomainClass[];

const CLASS_OF_PREFIX: readonly (readonly [RegExp, DomainClass])[] = [
  [/^(package|cpu|sysio)/, 'cpu'],
  [/^(dram|memory)/, 'dram'],
  [/^gpu/, 'gpu'],
];

/**
 * The class of a domain, by its name: `package-1`, `sysio-1` cpu, `dram-0` dram, `gpu-...` gpu, anything else (`module`, `node`)
 * other. Records of runs name domains without their class, to be short.
 */
export function classOfDomain(name: string): DomainClass {
  return CLASS_OF_PREFIX.find(([prefix]) => prefix.test(name))?.[1] ?? 'other';
}
