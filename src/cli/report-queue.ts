import { visible } from '../config/visible';
import { queuedTasks, type SlurmCommandParts } from '../slurm/sbatch';
import type { Output } from './output';

/** slurmctld may be busy, or be started anew, for some minutes. */
const MOST_UNANSWERED = 30;

/** What Slurm says of the tasks of an array that somebody waits for. */
export class TaskQueue {
  readonly #slurm: SlurmCommandParts;
  readonly #job: string;
  readonly #output: Output;
  /** Of tasks that Slurm has no longer, for how long. */
  readonly #goneMs = new Map<number, number>();
  readonly #reasons = new Set<string>();
  #unanswered = 0;

  constructor(slurm: SlurmCommandParts, job: string, output: Output) {
    this.#slurm = slurm;
    this.#job = job;
    this.#output = output;
  }

  get hasGone(): boolean {
    return this.#goneMs.size > 0;
  }

  /** 0: it is not known to be over. */
  goneMs(task: number): number {
    return this.#goneMs.get(task) ?? 0;
  }

  passed(ms: number): void {
    for (const [task, goneMs] of this.#goneMs) this.#goneMs.set(task, goneMs + ms);
  }

  /**
   * @param missing tasks whose results are not there
   * @param turnMs for how long one is gone that was not before
   * @throws EitError EIT_SBATCH where Slurm has not answered for long
   */
  async ask(missing: readonly number[], turnMs: number): Promise<void> {
    const queued = await queuedTasks(this.#slurm, this.#job).catch((error: unknown) => {
      if (++this.#unanswered > MOST_UNANSWERED) throw error;
      return null;
    });
    if (queued === null) return;
    this.#unanswered = 0;
    const waiting = new Map(queued.map(({ task, reason }) => [task, reason]));
    for (const task of missing) {
      const reason = waiting.get(task);
      // One that is requeued is there again.
      if (reason === undefined) this.#goneMs.set(task, this.goneMs(task) || turnMs);
      else this.#goneMs.delete(task);
      if (reason !== undefined) this.#tell(task, reason);
    }
  }

  /** Whoever looks on is told once what does not pass by itself. */
  #tell(task: number, reason: string): void {
    if (!/held|Never|Invalid|Down|NotAvail/i.test(reason) || this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    this.#output.note(`task ${task} of Slurm job ${this.#job} waits: ${visible(reason, 80)}`);
  }
}
