import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isErrno } from '../errors';

/** What a recipient got in the last hour, and since when more is held back. */
interface Received {
  sentMs: number[];
  heldSinceMs: number | null;
}

/**
 * How many mails a recipient gets: beyond `most` within `windowMs` they are held, and come as one after that time. What is held stays so
 * until then, even where there would be room: mails keep their order.
 */
export class Throttle {
  readonly #received: Map<string, Received>;
  readonly #most: number;
  readonly #windowMs: number;

  constructor(
    state: Readonly<Record<string, Received>>,
    { most, windowMs }: { most: number; windowMs: number },
  ) {
    this.#received = new Map(
      Object.entries(state).map(([recipient, { sentMs, heldSinceMs }]) => [
        recipient,
        { sentMs: [...sentMs], heldSinceMs },
      ]),
    );
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** Counts a mail that goes. @returns false where it is held */
  take(recipient: string, nowMs: number): boolean {
    const received = this.#received.get(recipient) ?? { sentMs: [], heldSinceMs: null };
    this.#received.set(recipient, received);
    received.sentMs = received.sentMs.filter((atMs) => atMs > nowMs - this.#windowMs && atMs <= nowMs);
    if (received.heldSinceMs === null && received.sentMs.length < this.#most) {
      received.sentMs.push(nowMs);
      return true;
    }
    received.heldSinceMs ??= nowMs;
    return false;
  }

  /** Whether what is held for the recipient is to go now. A clock that was put back holds nothing for longer. */
  isDue(recipient: string, nowMs: number): boolean {
    const since = this.#received.get(recipient)?.heldSinceMs ?? null;
    return since === null || nowMs - since >= this.#windowMs || nowMs < since;
  }

  /** What was held has gone, as one mail. */
  release(recipient: string): void {
    const received = this.#received.get(recipient);
    if (received !== undefined) received.heldSinceMs = null;
  }

  /** What a later process needs to go on. */
  state(nowMs: number): Record<string, Received> {
    const recent = [...this.#received].filter(
      ([, { sentMs, heldSinceMs }]) =>
        heldSinceMs !== null || sentMs.some((atMs) => atMs > nowMs - this.#windowMs),
    );
    return Object.fromEntries(recent);
  }
}

/** @returns nothing where there is no file, or one that is damaged: then everybody begins anew */
export function readThrottleState(path: string): Record<string, Received> {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return {};
    throw error;
  }
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, Received] => isReceived(entry[1])),
  );
}

function isReceived(value: unknown): value is Received {
  if (typeof value !== 'object' || value === null) return false;
  const { sentMs, heldSinceMs } = value as Partial<Received>;
  return (
    Array.isArray(sentMs) &&
    sentMs.every((atMs) => typeof atMs === 'number') &&
    (heldSinceMs === null || typeof heldSinceMs === 'number')
  );
}

export function writeThrottleState(path: string, state: Readonly<Record<string, Received>>): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
