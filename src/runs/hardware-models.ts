import type { HostRecord } from '../generated/record';

/** What a host's line tells of its hardware. */
export type HardwareTold = Pick<HostRecord, 'cluster' | 'host' | 'from' | 'hardware'>;

/** Models of CPUs and GPUs, by host, as the hosts' records tell them. */
export class HardwareModels {
  /** By what is asked for: each model with the time at which it was told first, Unix ms. */
  readonly #firstMs = new Map<string, Map<string, number>>();

  add({ cluster, host, from, hardware }: HardwareTold): void {
    if (hardware === undefined) return;
    const atMs = Date.parse(from);
    if (hardware.cpu !== undefined) this.#tell(cpuKey(cluster, host), hardware.cpu, atMs);
    this.#tell(threadsKey(cluster, host), String(hardware.threads), atMs);
    for (const [domain, { model }] of Object.entries(hardware.gpus ?? {})) {
      this.#tell(gpuKey(cluster, host, domain), model, atMs);
    }
  }

  /** @param atMs time for which it is asked, Unix ms; null: not told */
  cpu(cluster: string, host: string, atMs: number): string | null {
    return this.#at(cpuKey(cluster, host), atMs);
  }

  /** CPUs online as the kernel counts them; null: not told. */
  threads(cluster: string, host: string, atMs: number): number | null {
    const threads = this.#at(threadsKey(cluster, host), atMs);
    return threads === null ? null : Number(threads);
  }

  /** @param domain name of the GPU's domain */
  gpu(cluster: string, host: string, domain: string, atMs: number): string | null {
    return this.#at(gpuKey(cluster, host, domain), atMs);
  }

  #tell(key: string, model: string, atMs: number): void {
    let models = this.#firstMs.get(key);
    if (models === undefined) this.#firstMs.set(key, (models = new Map()));
    models.set(model, Math.min(models.get(model) ?? Infinity, atMs));
  }

  /** What came last before that time; what was told only later has most likely been there. */
  #at(key: string, atMs: number): string | null {
    const models = [...(this.#firstMs.get(key) ?? [])].sort(
      ([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1),
    );
    return (models.findLast(([, firstMs]) => firstMs <= atMs) ?? models[0])?.[0] ?? null;
  }
}

function cpuKey(cluster: string, host: string): string {
  return `${cluster}\0${host}`;
}

function threadsKey(cluster: string, host: string): string {
  return `${cluster}\0${host}\0\0`;
}

function gpuKey(cluster: string, host: string, domain: string): string {
  return `${cluster}\0${host}\0${domain}`;
}
