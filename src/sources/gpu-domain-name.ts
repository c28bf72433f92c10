/**
 * The name of a GPU's domain in the records: `gpu-3b:00.0`; `gpu-0001:3b:00.0` where its PCI domain is not 0. It stays the
 * same over restarts and when other GPUs come and go.
 * @param pciBusId as in GpuIdentity
 */
export function gpuDomainName(pciBusId: string): string {
  return `gpu-${pciBusId.replace(/^0000:/, '')}`;
}
