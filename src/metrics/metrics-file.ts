import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Replaces a file that node_exporter reads (or another), at once as a whole: it never sees a half. The temporary one lies beside it, under
 * a name that its textfile collector passes over, and is made anew, so that a link put there leads nowhere.
 * @param file an absolute path
 * @throws the system's error; nothing is left then
 */
export async function writeMetricsFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    await rm(temporary, { force: true });
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await handle.writeFile(text);
      // Whatever the umask: who reads it is another user.
      await handle.chmod(0o644);
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** The agent's file in the folder of node_exporter's textfile collector. */
export function metricsPath(dir: string): string {
  return join(dir, 'eit.prom');
}

/** A file of metrics that one process keeps up to date, without ever waiting for it. */
export class MetricsFile {
  readonly path: string;
  readonly #everyMs: number;
  readonly #onTrouble: (trouble: string | null) => void;
  #atMs = -Infinity;
  #trouble: string | null = null;
  /** What is being written; null: nothing. */
  #writing: Promise<void> | null = null;

  /**
   * @param dir folder of node_exporter's textfile collector
   * @param everyMs it is written no more often than this
   * @param onTrouble told of what went wrong, once, and by null that it is over
   */
  constructor(dir: string, everyMs: number, onTrouble: (trouble: string | null) => void) {
    this.path = metricsPath(dir);
    this.#everyMs = everyMs;
    this.#onTrouble = onTrouble;
  }

  /** @param nowMs on the monotonic clock */
  isDue(nowMs: number): boolean {
    return this.#writing === null && nowMs - this.#atMs >= this.#everyMs;
  }

  /** Begins to write. Only where it {@link isDue}. */
  write(text: string, nowMs: number): void {
    this.#atMs = nowMs;
    this.#writing = writeMetricsFile(this.path, text)
      .then(() => this.#tell(null))
      .catch((error: unknown) => this.#tell(String(error)))
      .finally(() => (this.#writing = null));
  }

  /** Ends when nothing is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Takes the file away: what it tells would be taken for the present for ever. */
  async remove(): Promise<void> {
    await this.settled();
    await rm(this.path, { force: true }).catch((error: unknown) => this.#tell(String(error)));
  }

  #tell(trouble: string | null): void {
    if (trouble !== this.#trouble) this.#onTrouble(trouble);
    this.#trouble = trouble;
  }
}
