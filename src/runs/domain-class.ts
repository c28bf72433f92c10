import type { DomainClass } from '../generated/record';

/** The classes, in the order in which reports name them. */
export const DOMAIN_CLASSES = ['cpu', 'dram', 'gpu', 'other'] as const satisfies readonly DomainClass[];

/** The most frequent first. */
const CLASS_OF_PREFIX: readonly (readonly [string, DomainClass])[] = [
  ['package', 'cpu'],
  ['dram', 'dram'],
  ['gpu', 'gpu'],
  ['cpu', 'cpu'],
  ['sysio', 'cpu'],
  ['memory', 'dram'],
];

/**
 * The class of a domain, by its name: `package-1`, `sysio-1` cpu, `dram-0` dram, `gpu-...` gpu, anything else (`module`, `node`)
 * other. Records of runs name domains without their class, to be short.
 */
export function classOfDomain(name: string): DomainClass {
  for (const [prefix, of] of CLASS_OF_PREFIX) if (name.startsWith(prefix)) return of;
  return 'other';
}
