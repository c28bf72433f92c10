import type { GpuHardware, HostRecord } from '../generated/record';
import type { HostHardware } from '../sources/host-hardware';
import type { EnergyDomain } from '../sources/source';

/** The schema's bounds. */
const LONGEST_MODEL = 256;
const LONGEST_UUID = 96;
const LONGEST_DRIVER = 64;

/** What the host is made of, for its first line, the first one of each day (UTC), and where a GPU comes or is replaced. */
export class DailyHardware {
  readonly #hardware: HostHardware;
  #writtenDay = '';
  #writtenGpus = '';

  constructor(hardware: HostHardware) {
    this.#hardware = hardware;
  }

  /** For a line that ends at `wallMs`: nothing where the day has it already. */
  due(
    wallMs: number,
    domains: readonly EnergyDomain[],
  ): { readonly hardware?: NonNullable<HostRecord['hardware']> } {
    const gpus = gpuHardware(domains);
    const isWritten =
      this.#writtenDay === dayOf(new Date(wallMs).toISOString()) &&
      this.#writtenGpus === JSON.stringify(gpus);
    if (isWritten) return {};
    return { hardware: { ...this.#hardware, ...(gpus === undefined ? {} : { gpus }) } };
  }

  /** Notes a line that was taken. */
  note({ hardware, to }: HostRecord): void {
    if (hardware === undefined) return;
    this.#writtenDay = dayOf(to);
    this.#writtenGpus = JSON.stringify(hardware.gpus);
  }
}

function gpuHardware(domains: readonly EnergyDomain[]): Record<string, GpuHardware> | undefined {
  const gpus = domains.flatMap(({ name, gpu }) => {
    if (gpu === undefined) return [];
    const { model, uuid, driver } = gpu;
    const hardware: GpuHardware = {
      model: model.slice(0, LONGEST_MODEL),
      ...(uuid === null ? {} : { uuid: uuid.slice(0, LONGEST_UUID) }),
      ...(driver === undefined ? {} : { driver: driver.slice(0, LONGEST_DRIVER) }),
    };
    return [[name, hardware] as const];
  });
  return gpus.length === 0 ? undefined : Object.fromEntries(gpus);
}

function dayOf(utc: string): string {
  return utc.slice(0, 10);
}
