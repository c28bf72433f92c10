import { execFile } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { nowPaths } from './now-paths';

const execute = promisify(execFile);

const PATH = '/usr/bin:/bin:/usr/sbin:/sbin';
const PATIENCE_MS = 10_000;
/** However much is written, it is looked at once in this time. */
const PAUSE_MS = 500;

/**
 * The FIFO into which those who look write their uid. A pipe holds 64 KiB and no more, has no name to follow and nothing that
 * stays; what is written says only for whom to answer, never to whom: who may read an answer is the file system's to say.
 */
export class NowRequests {
  readonly #socket: Socket;
  #pause: NodeJS.Timeout | undefined;

  private constructor(fd: number, onAsk: (uids: ReadonlySet<number>) => void) {
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#socket.pause();
      this.#pause = setTimeout(() => this.#socket.resume(), PAUSE_MS);
      onAsk(parseRequests(chunk.toString('latin1')));
    });
    this.#socket.on('error', () => this.close());
  }

  /**
   * Makes the FIFO, where there is none of ours, and listens.
   * @param onAsk called with the uids that were written, at most twice a second
   * @throws the system's error where it cannot be made
   */
  static async open(stateDir: string, onAsk: (uids: ReadonlySet<number>) => void): Promise<NowRequests> {
    const { dir, ask } = nowPaths(stateDir);
    // As the hooks make it: nobody else could get to the folder in it. Any other mode is somebody's choice.
    if ((statSync(stateDir).mode & 0o777) === 0o700) chmodSync(stateDir, 0o711);
    mkdirSync(dir, { recursive: true, mode: 0o755 });
    if (lstatSync(ask, { throwIfNoEntry: false })?.isFIFO() !== true) {
      rmSync(ask, { force: true, recursive: true });
      await execute('mkfifo', ['-m', '0622', ask], { timeout: PATIENCE_MS, env: { PATH, LC_ALL: 'C' } });
    }
    // For writing too: else the pipe would be at its end whenever nobody asks.
    const fd = openSync(ask, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      fchmodSync(fd, 0o622);
      return new NowRequests(fd, onAsk);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  close(): void {
    clearTimeout(this.#pause);
    this.#socket.destroy();
  }
}

/** The uids among the lines of a text; what is no uid is passed over. Of a pipe's 64 KiB they are 32,768 at most. */
export function parseRequests(text: string): ReadonlySet<number> {
  const uids = new Set<number>();
  for (const line of text.split('\n')) {
    if (/^\d{1,10}$/.test(line) && Number(line) < 2 ** 32 - 1) uids.add(Number(line));
  }
  return uids;
}
