import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const PATH = '/usr/bin:/bin:/usr/sbin:/sbin';
const PATIENCE_MS = 10_000;
const AGAIN_MS = 600_000;

/** The uids of the config's `admins`, looked up while somebody looks; a directory service that does not answer is not waited for. */
export class AdminUids {
  readonly #names: readonly string[];
  #uids: ReadonlySet<number> = new Set();
  #lookedAtMs = -Infinity;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /**
   * Those that are known; others may be at the next call.
   * @param nowMs monotonic
   */
  current(nowMs: number): ReadonlySet<number> {
    if (nowMs - this.#lookedAtMs > AGAIN_MS) {
      this.#lookedAtMs = nowMs;
      void this.#look();
    }
    return this.#uids;
  }

  async #look(): Promise<void> {
    const uids = new Set<number>();
    for (const name of this.#names) {
      if (/^\d{1,10}$/.test(name)) uids.add(Number(name));
      if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/.test(name)) continue;
      try {
        const options = { timeout: PATIENCE_MS, env: { PATH, LC_ALL: 'C' } };
        const { stdout } = await execute('id', ['-u', '--', name], options);
        if (/^\d{1,10}\n$/.test(stdout)) uids.add(Number(stdout));
      } catch {
        // No user of this host: nobody to tell.
      }
    }
    this.#uids = uids;
  }
}
