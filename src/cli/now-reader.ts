import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowPaths } from '../agent/now-paths';
import { EitError, isErrno } from '../errors';
import type { NowSnapshot } from '../generated/now';
import validateNow from '../generated/now-validator';

/** How often a new answer is looked for. */
const LOOK_MS = 50;
/** An agent that is asked reads at once. */
const PATIENCE_MS = 5000;
/** The agent looks at what is asked twice a second, and has to make a user's folder: with a program, on a host that may be busy. */
const OWN_MS = 3000;
/** So often it is asked again: it answers for half a minute. */
const ASK_EVERY_MS = 10_000;

/**
 * Asks the agent of this host, by writing the uid into its FIFO (src/agent/now-requests.ts).
 * @throws EitError EIT_LIVE where nobody listens
 */
export function askAgent(stateDir: string, uid: number): void {
  const { ask } = nowPaths(stateDir);
  try {
    const fd = openSync(ask, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      writeSync(fd, `${uid}\n`);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    // Others ask so much that there is no room: it tells anyway.
    if (isErrno(cause, 'EAGAIN')) return;
    const isNone = isErrno(cause, 'ENXIO', 'ENOENT', 'ENOTDIR');
    const why = isNone
      ? `no agent of this host can be asked (${ask}): none runs, or agent.live_seconds is 0; eit status says more. From a login node: eit watch JOB`
      : `the agent of this host cannot be asked (${ask}): ${String(cause)}`;
    throw new EitError('EIT_LIVE', why, { cause });
  }
}

/**
 * The newest answer that this user may read, with the most runs in it; null where there is none yet.
 * @throws EitError EIT_LIVE where there is one that makes no sense
 */
export function readAnswer(stateDir: string, uid: number): NowSnapshot | null {
  const paths = nowPaths(stateDir);
  let best: NowSnapshot | null = null;
  // In the other order than they are written.
  for (const path of [paths.totals, paths.ofUser(uid), paths.all]) {
    const found = readSnapshot(path);
    // One with all runs may be of a time in which root looked.
    if (found !== null && (best === null || found.at >= best.at)) best = found;
  }
  return best;
}

function readSnapshot(path: string): NowSnapshot | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR', 'EPERM')) return null;
    throw new EitError('EIT_LIVE', `${path} cannot be read: ${String(error)}`, { cause: error });
  }
  return parseSnapshot(text, path);
}

/**
 * @param place for the message
 * @throws EitError EIT_LIVE where it is no snapshot as schemas/now.schema.json has it
 */
export function parseSnapshot(text: string, place: string): NowSnapshot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EitError('EIT_LIVE', `${place}: not JSON`, { cause });
  }
  if (validateNow(value)) return value;
  const [fault] = validateNow.errors ?? [];
  const where = fault === undefined ? '' : ` at ${fault.instancePath || '/'}: ${fault.message ?? ''}`;
  throw new EitError(
    'EIT_LIVE',
    `${place}: not what this version of EIT understands${where}; are agent and command of one version?`,
  );
}

/** Asks and reads as long as somebody looks. */
export class NowReader {
  readonly #stateDir: string;
  readonly #uid: number;
  #askedMs = -Infinity;
  #last: NowSnapshot | null = null;

  constructor(stateDir: string, uid: number) {
    this.#stateDir = stateDir;
    this.#uid = uid;
  }

  /** What is told now; the last one where there is nothing newer. @throws EitError EIT_LIVE */
  read(): NowSnapshot | null {
    const nowMs = performance.now();
    if (nowMs - this.#askedMs > ASK_EVERY_MS || this.#last === null) {
      askAgent(this.#stateDir, this.#uid);
      this.#askedMs = nowMs;
    }
    this.#last = readAnswer(this.#stateDir, this.#uid) ?? this.#last;
    return this.#last;
  }

  /**
   * Waits for an answer after now that tells powers: they are means between two readings.
   * @returns the last one where none comes
   * @throws EitError EIT_LIVE where none comes at all
   */
  async settled(intervalMs: number): Promise<NowSnapshot> {
    const fromMs = Date.now();
    const deadlineMs = performance.now() + intervalMs + PATIENCE_MS;
    const seen = new Set<string>();
    for (;;) {
      const snapshot = this.read();
      const isNew = snapshot !== null && Date.parse(snapshot.at) >= fromMs;
      if (isNew) seen.add(snapshot.at);
      // Whoever has jobs here is told more in this time.
      const isMore = snapshot?.scope !== 'none' || (seen.size > 1 && Date.now() - fromMs > OWN_MS);
      if (isNew && isMore && snapshot.totals.cpus_busy !== null) return snapshot;
      if (performance.now() > deadlineMs) {
        if (snapshot !== null) return snapshot;
        throw new EitError('EIT_LIVE', `the agent of this host does not answer in ${this.#stateDir}/now`);
      }
      await sleep(LOOK_MS);
    }
  }
}
