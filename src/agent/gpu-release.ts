import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { HostReader } from './host-reader';
import type { Log } from './log';

/** Where `eit gpu release` says until when the GPUs are to be let go, and where the agent says whether they are. */
export function gpuReleasePaths(stateDir: string): { readonly wish: string; readonly done: string } {
  return { wish: join(stateDir, 'gpu-release'), done: join(stateDir, 'gpu-released') };
}

/** What either file says. */
export interface GpuReleaseNote {
  /** Unix ms. */
  readonly untilMs: number;
  /** A process of ours still holds the devices: it does not end. */
  readonly isHeld: boolean;
}

/** @returns null where the text says nothing */
export function parseGpuRelease(text: string): GpuReleaseNote | null {
  const [, untilMs, held] = /^(\d{1,15})( held)?\n?$/.exec(text) ?? [];
  return untilMs === undefined ? null : { untilMs: Number(untilMs), isHeld: held !== undefined };
}

/**
 * What the agent has done: until when it keeps off the GPUs.
 * @returns null where it does not, or this user may not see
 */
export function readGpuRelease(stateDir: string): GpuReleaseNote | null {
  try {
    return parseGpuRelease(readFileSync(gpuReleasePaths(stateDir).done, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return null;
    throw error;
  }
}

export function formatGpuRelease({ untilMs, isHeld }: GpuReleaseNote): string {
  return `${Math.ceil(untilMs)}${isHeld ? ' held' : ''}\n`;
}

/** A day, and a moment in which the command was on its way. */
const LONGEST_MS = 86_400_000 + 60_000;

/** Lets go of the GPUs while `eit gpu release` asks for it. A wish that is over is taken away. */
export class GpuRelease {
  readonly #paths: ReturnType<typeof gpuReleasePaths>;
  readonly #reader: Pick<HostReader, 'releaseGpus'>;
  readonly #log: Log;
  /** Until when they are let go (Unix ms); null: they are not; undefined: what an ended agent left was not looked at yet. */
  #untilMs: number | null | undefined;

  constructor(stateDir: string, reader: Pick<HostReader, 'releaseGpus'>, log: Log) {
    this.#paths = gpuReleasePaths(stateDir);
    this.#reader = reader;
    this.#log = log;
  }

  /**
   * @param nowMs Unix time: a wish outlives the agent
   * @throws the system's error where the wish cannot be read
   */
  look(nowMs: number): void {
    const wishMs = this.#readWish();
    // A longer one is none of the command's: a file that somebody has written, or a clock that was set.
    const isOpen = wishMs !== null && wishMs > nowMs && wishMs <= nowMs + LONGEST_MS;
    const untilMs = isOpen ? wishMs : null;
    if (untilMs === this.#untilMs) return;
    const wasLetGo = typeof this.#untilMs === 'number';
    this.#untilMs = untilMs;
    rmSync(this.#paths.done, { force: true });
    if (untilMs === null) {
      rmSync(this.#paths.wish, { force: true });
      void this.#reader.releaseGpus(false);
      if (wasLetGo) this.#log('info', 'GPUs are read again');
      return;
    }
    this.#log('info', `GPUs are let go until ${new Date(untilMs).toISOString()} (eit gpu release)`);
    void this.#release(untilMs);
  }

  async #release(untilMs: number): Promise<void> {
    const isDone = await this.#reader.releaseGpus(true);
    if (this.#untilMs !== untilMs) return;
    if (!isDone) this.#log('warn', 'GPUs are not let go: a process that reads them does not end');
    try {
      writeFileSync(this.#paths.done, formatGpuRelease({ untilMs, isHeld: !isDone }));
    } catch (error) {
      this.#log('warn', `it cannot be said that the GPUs are let go: ${String(error)}`);
    }
  }

  #readWish(): number | null {
    const { wish } = this.#paths;
    // Mostly there is none, and this is cheaper than an error.
    if (statSync(wish, { throwIfNoEntry: false }) === undefined) return null;
    try {
      return parseGpuRelease(readFileSync(wish, 'utf8'))?.untilMs ?? null;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
  }
}
