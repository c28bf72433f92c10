import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { EitRecord } from '../generated/record';
import { folderOnDisk } from '../ledger/append';
import type { DurableWork } from '../ledger/durable';
import type { HostState } from './host-state';

/** All that a new agent needs to carry on where one was killed. */
export interface Checkpoint {
  /** Changes whenever older checkpoints can no longer be read. */
  readonly version: 2;
  readonly host: string;
  /** Kernel boot id: counters of another boot mean nothing now. */
  readonly boot: string;
  /** Energy domains with what their counters depend on: a changed power model makes another counter. */
  readonly sources: string;
  readonly state: HostState;
  /** Lines that were about to be written. Writing them again does no harm: a line's identity counts once. */
  readonly unwritten: readonly EitRecord[];
  /** Event files that may go once those lines are on disk. */
  readonly removableFiles: readonly string[];
}

const FILE = 'agent-checkpoint.json';

/**
 * Replaces the checkpoint in `dir`, atomically.
 * @param isSynced ends when it is on disk: before lines are written that it must not be older than, even after a power
 *   cut, since what it holds would be counted again
 */
export function* writeCheckpoint(dir: string, checkpoint: Checkpoint, isSynced: boolean): DurableWork<void> {
  const path = join(dir, FILE);
  const text = JSON.stringify(tagged(checkpoint));
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(fd, text);
    if (isSynced) yield { fd, of: 'file' };
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  if (isSynced) yield* folderOnDisk(dir);
}

/**
 * The checkpoint in `dir`; null where there is none.
 * @throws EitError EIT_CHECKPOINT where it cannot be read
 */
export function readCheckpoint(dir: string): Checkpoint | null {
  const path = join(dir, FILE);
  try {
    const value = JSON.parse(readFileSync(path, 'utf8'), (_key, part: unknown) => {
      return isBigintTag(part) ? BigInt(part.$bigint) : part;
    }) as Checkpoint;
    if (value.version !== 2) throw new Error(`has version ${String(value.version)}, expected 2`);
    return value;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw new EitError('EIT_CHECKPOINT', `${path} cannot be read: ${String(error)}; measuring starts anew`, {
      cause: error,
    });
  }
}

/** Puts a checkpoint aside that made no sense, for whoever wants to know why. */
export function setCheckpointAside(dir: string): void {
  renameSync(join(dir, FILE), join(dir, `${FILE}.refused`));
}

export function removeCheckpoint(dir: string): void {
  rmSync(join(dir, FILE), { force: true });
}

/**
 * The value with a tag for each bigint; what holds none is itself, not a copy. Takes a fraction of the time of a function that
 * JSON.stringify calls for each value.
 */
function tagged(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const parts = value.map(tagged);
    return parts.some((part, i) => part !== value[i]) ? parts : value;
  }
  let copy: Record<string, unknown> | null = null;
  const parts = value as Readonly<Record<string, unknown>>;
  for (const key in parts) {
    const part = tagged(parts[key]);
    // In the copy each name is its own already: `__proto__` is a name like others.
    if (part !== parts[key]) (copy ??= { ...parts })[key] = part;
  }
  return copy ?? value;
}

function isBigintTag(value: unknown): value is { $bigint: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === 1 &&
    '$bigint' in value &&
    typeof value.$bigint === 'string' &&
    /^-?\d+$/.test(value.$bigint)
  );
}
