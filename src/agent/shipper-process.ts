import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Log } from './log';

const RESTART_PAUSE_MS = 10_000;

/**
 * The shipper as a child process: it alone touches the shared file system, so a hung one hangs nobody else. There is
 * never a second: it runs under a kernel lock, and while one of an earlier agent holds it, a new one leaves at once and
 * is tried again.
 */
export class ShipperProcess {
  readonly #program: string;
  readonly #lockPath: string;
  readonly #log: Log;
  #child: ChildProcess | null = null;
  #startedAtMs = -Infinity;

  constructor(program: string, lockPath: string, log: Log) {
    this.#program = program;
    this.#lockPath = lockPath;
    this.#log = log;
  }

  /** Says that the spool has grown. */
  poke(): void {
    if (this.#child === null) this.#start();
    // One that hangs has not read what it was told before, and one word is enough.
    if (this.#child?.stdin?.writableNeedDrain === false) this.#child.stdin.write('\n');
  }

  /** Says that no more will come: the shipper carries what there is, and ends. Nothing here waits for it: it may hang. */
  end(): void {
    if (this.#child === null) this.#start(true);
    const child = this.#child;
    child?.stdin?.end();
    child?.unref();
    for (const pipe of [child?.stdin, child?.stderr]) if (pipe instanceof Socket) pipe.unref();
  }

  #start(isLast = false): void {
    const nowMs = performance.now();
    if (!isLast && nowMs - this.#startedAtMs < RESTART_PAUSE_MS) return;
    this.#startedAtMs = nowMs;
    const node = [process.execPath, '--max-old-space-size=64', '--max-semi-space-size=1', this.#program];
    const child = spawn('flock', ['-n', this.#lockPath, ...node], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    child.on('error', (error) => {
      this.#log('error', `the shipper cannot be started: ${String(error)}`);
      this.#child = null;
    });
    child.on('exit', () => {
      this.#child = null;
    });
    // Out of descriptors or processes: there is no pipe, and the error above says why.
    if (child.stdin === null || child.stderr === null) return;
    // It may leave while something is being written to it.
    child.stdin.on('error', (error) => this.#log('info', `the shipper has left: ${String(error)}`));
    createInterface({ input: child.stderr }).on('line', (line) => this.#log('warn', line));
    this.#child = child;
  }
}
