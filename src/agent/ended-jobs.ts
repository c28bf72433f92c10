import type { RunIdentity } from '../slurm/run-identity';

/** How long a repeated epilog is told from one whose prolog never ran. */
const REMEMBER_MS = 3_600_000;

/** The jobs of which a run ended here lately. */
export class EndedJobs {
  /** When (monotonic, ms) the last run of a node and job ended, the oldest first. */
  readonly #endedAtMs = new Map<string, number>();

  has(identity: RunIdentity): boolean {
    return this.#endedAtMs.has(jobKey(identity));
  }

  add(identity: RunIdentity, nowMs: number): void {
    const job = jobKey(identity);
    // Set anew, so that the order stays that of time.
    this.#endedAtMs.delete(job);
    this.#endedAtMs.set(job, nowMs);
    for (const [key, endedMs] of this.#endedAtMs) {
      if (nowMs - endedMs <= REMEMBER_MS) break;
      this.#endedAtMs.delete(key);
    }
  }
}

function jobKey({ cluster, node, job }: RunIdentity): string {
  return `${cluster}/${node}/${job}`;
}
