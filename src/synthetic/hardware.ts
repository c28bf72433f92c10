import type { DomainClass } from '../generated/record';

/** A domain that all runs of a host share; what it draws is `idleW + wattsPerUsed * used`. */
export interface SharedDomainModel {
  readonly name: string;
  readonly class: DomainClass;
  readonly idleW: number;
  /** Of each busy CPU, or each GiB held. */
  readonly wattsPerUsed: number;
  /** CPUs, or GiB. */
  readonly capacity: number;
}

export const PACKAGES = 2;
export const CPUS_PER_PACKAGE = 64;
export const HOST_CPUS = PACKAGES * CPUS_PER_PACKAGE;
export const HOST_MEMORY_GIB = 512;
export const GIB = 2 ** 30;

/** In the order in which records name them; the packages come first. */
export const SHARED_DOMAINS: readonly SharedDomainModel[] = [
  { name: 'package-0', class: 'cpu', idleW: 82, wattsPerUsed: 3.1, capacity: CPUS_PER_PACKAGE },
  { name: 'package-1', class: 'cpu', idleW: 79, wattsPerUsed: 3.1, capacity: CPUS_PER_PACKAGE },
  { name: 'dram-0', class: 'dram', idleW: 14, wattsPerUsed: 0.055, capacity: HOST_MEMORY_GIB },
  { name: 'dram-1', class: 'dram', idleW: 13, wattsPerUsed: 0.052, capacity: HOST_MEMORY_GIB },
];

export const GPU_IDLE_W = 58;
export const GPU_FULL_W = 480;
export const GPU_MEMORY_GIB = 80;
export const GPU_MODEL = 'Synthetic GPU 80GB';
export const CPU_MODEL = 'Synthetic CPU 64-Core Processor';

/** Domain of a GPU, named after its place on the PCI bus as the agent does. */
export function gpuDomain(index: number): string {
  return `gpu-${(0x17 + 0x10 * (index % 14)).toString(16).padStart(2, '0')}:00.${Math.floor(index / 14)}`;
}

/** As a further key of an object in a line. */
export function gpuKey(index: number): string {
  return `,"${gpuDomain(index)}":`;
}
