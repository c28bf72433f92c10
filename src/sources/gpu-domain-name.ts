/**
 * Name of the domain of a GPU, by where it is on the PCI bus: `gpu-3b:00.0`, where the PCI domain is not 0
 * `gpu-0001:3b:00.0`. It stays the same when another GPU drops out.
 * @param pciBusId as in `GpuIdentity`: lower case, domain:bus:device.function
 */
export function gpuDomainName(pciBusId: string): string {
  return `gpu-${pciBusId.replace(/^0+:(?=.*:)/, '')}`;
}
