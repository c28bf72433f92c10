import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { HostReader } from './host-reader';
import type { Log } from './log';

/** Where `eit gpu release` says until when the GPUs are to be let go (Unix ms), and where the agent says that they are. */
export function gpuReleasePaths(stateDir: string): { readonly wish: string; readonly done: string } {
  return { wish: join(stateDir, 'gpu-release'), done: join(stateDir, 'gpu-released') };
}

/** Until when, by the text of either file; null where it says nothing. */
export function parseGpuRelease(text: string): number | null {
  const untilMs = /^(\d{1,15})\n?$/.exec(text)?.[1];
  return untilMs === undefined ? null : Number(untilMs);
}

/** Lets go of the GPUs while `eit gpu release` asks for it. A wish that is over is taken away. */
export class GpuRelease {
  readonly #paths: ReturnType<typeof gpuReleasePaths>;
  readonly #reader: Pick<HostReader, 'releaseGpus'>;
  readonly #log: Log;
  /** Until when they are let go (Unix ms); null: they are not. */
  #untilMs: number | null = null;

  constructor(stateDir: string, reader: Pick<HostReader, 'releaseGpus'>, log: Log) {
    this.#paths = gpuReleasePaths(stateDir);
    this.#reader = reader;
    this.#log = log;
  }

  /** @param nowMs Unix time: a wish outlives the agent */
  look(nowMs: number): void {
    const wishMs = this.#readWish();
    const untilMs = wishMs !== null && wishMs > nowMs ? wishMs : null;
    if (untilMs === this.#untilMs) return;
    this.#untilMs = untilMs;
    if (untilMs === null) {
      rmSync(this.#paths.wish, { force: true });
      rmSync(this.#paths.done, { force: true });
      void this.#reader.releaseGpus(false);
      this.#log('info', 'GPUs are read again');
      return;
    }
    this.#log('info', `GPUs are let go until ${new Date(untilMs).toISOString()} (eit gpu release)`);
    void this.#release(untilMs);
  }

  async #release(untilMs: number): Promise<void> {
    await this.#reader.releaseGpus(true);
    try {
      if (this.#untilMs === untilMs) writeFileSync(this.#paths.done, `${untilMs}\n`);
    } catch (error) {
      this.#log('warn', `it cannot be said that the GPUs are let go: ${String(error)}`);
    }
  }

  #readWish(): number | null {
    const { wish } = this.#paths;
    // Mostly there is none, and this is cheaper than an error.
    if (statSync(wish, { throwIfNoEntry: false }) === undefined) return null;
    try {
      return parseGpuRelease(readFileSync(wish, 'utf8'));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
  }
}
