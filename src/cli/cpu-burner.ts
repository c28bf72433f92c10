import { Worker } from 'node:worker_threads';
import { EitError } from '../errors';
import type { Burner } from './calibrate-measure';

/** On Linux this is the nice value of the calling thread alone: whatever else wants the CPU comes first. */
const BURN = "require('node:os').setPriority(0, 19); for (;;);";
const LIMITS = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/** Keeps CPUs busy with threads of this process: whatever ends the process ends them. */
export class CpuBurner implements Burner {
  #workers: Worker[] = [];
  #failure: Error | null = null;

  /** @throws EitError EIT_CALIBRATION where a thread could not be started */
  burn(cpus: number): void {
    while (this.#workers.length < cpus) {
      const worker = new Worker(BURN, { eval: true, resourceLimits: LIMITS, env: {}, execArgv: [] });
      worker.on('error', (error) => (this.#failure ??= error));
      this.#workers.push(worker);
    }
    if (this.#failure !== null) {
      const cause = this.#failure;
      throw new EitError('EIT_CALIBRATION', `no load: a thread ended (${cause.message})`, { cause });
    }
  }

  async stop(): Promise<void> {
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
