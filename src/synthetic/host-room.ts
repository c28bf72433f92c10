import { CPUS_PER_PACKAGE, HOST_CPUS, HOST_MEMORY_GIB, PACKAGES } from './hardware';
import type { JobShape } from './job-mix';

const NO_GPUS: readonly number[] = [];

/** What a job has of a host. */
export interface Place {
  /** CPUs on each package. */
  readonly cpusAt: readonly [number, number];
  /** Numbers of its GPUs in the host. */
  readonly gpus: readonly number[];
  readonly memoryGib: number;
}

/** What is free on a host. */
export class HostRoom {
  readonly #cpus: [number, number] = [CPUS_PER_PACKAGE, CPUS_PER_PACKAGE];
  readonly #gpus: number[];
  #gib = HOST_MEMORY_GIB;

  constructor(gpus: number) {
    this.#gpus = Array.from({ length: gpus }, (_, i) => i);
  }

  get hasCpus(): boolean {
    return this.#cpus[0] + this.#cpus[1] > 0;
  }

  /** Whether a job's part for one host fits in. */
  has({ cpus, gpus, memoryGib }: JobShape): boolean {
    return this.#cpus[0] + this.#cpus[1] >= cpus && this.#gib >= memoryGib && this.#gpus.length >= gpus;
  }

  /** For a job that fits in. */
  take({ cpus, gpus, memoryGib }: JobShape): Place {
    const cpusAt = placeCpus(cpus, this.#cpus);
    for (let i = 0; i < PACKAGES; i++) this.#cpus[i]! -= cpusAt[i]!;
    this.#gib -= memoryGib;
    return { cpusAt, gpus: gpus > 0 ? this.#gpus.splice(0, gpus) : NO_GPUS, memoryGib };
  }

  giveBack({ cpusAt, gpus, memoryGib }: Place): void {
    for (let i = 0; i < PACKAGES; i++) this.#cpus[i]! += cpusAt[i]!;
    this.#gib += memoryGib;
    if (gpus.length === 0) return;
    this.#gpus.push(...gpus);
    this.#gpus.sort((a, b) => a - b);
  }
}

/** CPUs of a job on each package of a host: all on one where that has room. */
export function placeCpus(cpus: number, free: readonly [number, number]): [number, number] {
  const [first, second] = free;
  if (cpus === HOST_CPUS) return [CPUS_PER_PACKAGE, CPUS_PER_PACKAGE];
  // The fuller one, so that whole packages stay free.
  const [fits0, fits1] = [first >= cpus, second >= cpus];
  if (fits0 && (!fits1 || first <= second)) return [cpus, 0];
  if (fits1) return [0, cpus];
  const onFirst = Math.min(first, cpus);
  return [onFirst, cpus - onFirst];
}
