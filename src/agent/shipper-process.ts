import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { trustedUids } from '../config/trust';
import { EitError, describeError } from '../errors';
import { type Account, commandAs, findAccount } from '../ledger/ledger-user';
import type { Spool } from '../ledger/spool';
import { SHIPPER_DIR } from '../ledger/spool-file';
import { shareSpool } from '../ledger/spool-share';
import type { Log } from './log';

const RESTART_PAUSE_MS = 10_000;
const PREPARE_PAUSE_MS = 60_000;

export interface ShipperParts {
  /** dist/eit-shipper.js */
  readonly program: string;
  readonly spoolDir: string;
  readonly spool: Pick<Spool, 'shareWith'>;
  /** Whom it runs as, a name or a uid; undefined: as the agent. */
  readonly user: string | undefined;
  /** `unit`: systemd starts it, and all that is left to do here is that it may read the spool. */
  readonly startedBy: 'agent' | 'unit';
  readonly log: Log;
}

/**
 * The shipper as a child process: it alone touches the shared file system, so a hung one hangs nobody else. There is
 * never a second: it runs under a kernel lock, and while one of an earlier agent holds it, a new one leaves at once and
 * is tried again.
 */
export class ShipperProcess {
  readonly #parts: ShipperParts;
  #child: ChildProcess | null = null;
  #startedAtMs = -Infinity;
  /** As whom to start it; undefined: not known yet. */
  #account: Account | null | undefined;
  #preparing: Promise<void> | null = null;
  #preparedAtMs = -Infinity;
  #trouble = '';

  constructor(parts: ShipperParts) {
    this.#parts = parts;
  }

  /** Lets the shipper's user read the spool; where that fails it is tried again when the spool has grown. */
  prepare(): Promise<void> {
    const nowMs = performance.now();
    if (this.#account !== undefined || nowMs - this.#preparedAtMs < PREPARE_PAUSE_MS) {
      return this.#preparing ?? Promise.resolve();
    }
    this.#preparedAtMs = nowMs;
    this.#preparing = this.#prepareNow().finally(() => (this.#preparing = null));
    return this.#preparing;
  }

  /** Says that the spool has grown. */
  poke(): void {
    if (this.#parts.startedBy === 'unit') void this.prepare();
    else if (this.#child === null) void this.#start();
    // One that hangs has not read what it was told before, and one word is enough.
    else if (this.#child.stdin?.writableNeedDrain === false) this.#child.stdin.write('\n');
  }

  /** Says that no more will come: the shipper carries what there is, and ends. Nothing here waits for it: it may hang. */
  end(): void {
    if (this.#parts.startedBy === 'unit') return;
    void this.#endNow();
  }

  async #endNow(): Promise<void> {
    if (this.#child === null) await this.#start(true);
    const child = this.#child;
    child?.stdin?.end();
    child?.unref();
    for (const pipe of [child?.stdin, child?.stderr]) if (pipe instanceof Socket) pipe.unref();
  }

  async #prepareNow(): Promise<void> {
    const { user, spoolDir, spool, log } = this.#parts;
    try {
      const account = user === undefined ? null : await findAccount(user);
      const own = process.geteuid?.();
      if (account !== null && account.uid !== own && trustedUids().includes(account.uid)) {
        const text = `ledger_user ${user}: the hooks trust this user like root; mend: one of its own, such as eit-ledger`;
        throw new EitError('EIT_LEDGER_USER', text);
      }
      shareSpool(spoolDir, account);
      if (account !== null) spool.shareWith(account.gid);
      this.#account = account;
      if (this.#trouble !== '') log('info', 'the shipper can be started again');
      this.#trouble = '';
    } catch (error) {
      const text = describeError(error);
      if (text !== this.#trouble) log('error', `no shipper, records wait in the spool: ${text}`);
      this.#trouble = text;
    }
  }

  async #start(isLast = false): Promise<void> {
    const nowMs = performance.now();
    if (!isLast && nowMs - this.#startedAtMs < RESTART_PAUSE_MS) return;
    this.#startedAtMs = nowMs;
    await this.prepare();
    if (this.#account === undefined || this.#child !== null) return;
    const { program, spoolDir, log } = this.#parts;
    const node = [process.execPath, '--max-old-space-size=64', '--max-semi-space-size=1', program];
    const [command = '', ...args] = [
      ...commandAs(this.#account),
      ...['flock', '-n', join(spoolDir, SHIPPER_DIR, 'lock'), ...node],
    ];
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
    child.on('error', (error) => {
      log('error', `the shipper cannot be started: ${String(error)}`);
      this.#child = null;
    });
    child.on('exit', () => {
      this.#child = null;
    });
    // Out of descriptors or processes: there is no pipe, and the error above says why.
    if (child.stdin === null || child.stderr === null) return;
    // It may leave while something is being written to it.
    child.stdin.on('error', (error) => log('info', `the shipper has left: ${String(error)}`));
    createInterface({ input: child.stderr }).on('line', (line) => log('warn', line));
    this.#child = child;
  }
}
