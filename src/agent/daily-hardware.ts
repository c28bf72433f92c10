import type { HostRecord } from '../generated/record';
import type { HostHardware } from '../sources/host-hardware';

/** What the host is made of, for its first line and for the first one of each day (UTC). */
export class DailyHardware {
  readonly #hardware: HostHardware;
  #writtenDay = '';

  constructor(hardware: HostHardware) {
    this.#hardware = hardware;
  }

  /** For a line that ends at `wallMs`: nothing where the day has it already. */
  due(wallMs: number): { readonly hardware?: HostHardware } {
    return this.#writtenDay === dayOf(new Date(wallMs).toISOString()) ? {} : { hardware: this.#hardware };
  }

  /** Notes a line that was taken. */
  note({ hardware, to }: HostRecord): void {
    if (hardware !== undefined) this.#writtenDay = dayOf(to);
  }
}

function dayOf(utc: string): string {
  return utc.slice(0, 10);
}
