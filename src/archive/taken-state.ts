import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { EitError, isErrno } from '../errors';
import { SequenceSet } from '../ledger/sequence-set';
import type { ToldStamps } from './told-stamps';
import { writeWhole } from './whole-file';

/** What was taken from one inbox file. */
export interface TakenFile {
  /** From its beginning, whole lines. */
  bytes: number;
  /** Records among them, those that came a second time too. */
  lines: number;
  /** Energy of those records, µJ of runs and hosts under all policies together: by which the file is compared before it goes. */
  uj: bigint;
  /** Most records that were taken from it, where it became shorter since. */
  mostLines?: number;
  /** Records among them of which nobody can tell whether they were counted: they are nowhere but in the file. Absent: none. */
  untoldLines?: number;
  /** When it was last changed, Unix ms, where it is about to go: if it is there later, and otherwise, it is another file of that name. */
  leavingMs?: number;
}

/** What one agent instance wrote and was taken. */
export interface TakenWriter {
  /** End of its newest line, Unix ms. */
  lastMs: number;
  /** When something of it was last taken, Unix ms: lines can be years old by then. */
  takenMs: number;
  readonly seen: SequenceSet;
  /** Of its lines that end by then (Unix ms) others may have been counted, before it was forgotten; absent: it never was. */
  readonly untoldMs?: number;
}

/** Writers are remembered so long after something of them was last taken. */
export const REMEMBERED_MS = 400 * 86_400_000;

/** What a cluster's archive has taken from the inbox: all that a line is judged by. */
export interface TakenState {
  /** By `DAY/HOST`. */
  readonly files: Map<string, TakenFile>;
  /** By host and instance: see {@link writerKey}. */
  readonly writers: Map<string, TakenWriter>;
  /** End of the newest line of all writers that are forgotten, Unix ms; absent: none was ever forgotten. */
  readonly forgottenMs?: number;
  readonly unpublished: Unpublished;
  /** Files of what sacct told with which totals by day were compared. */
  readonly told: ToldStamps;
}

/** By month, the users whose own files are not yet as the archive is; `all`: nobody's are. */
export type Unpublished = 'all' | ReadonlyMap<string, ReadonlySet<number>>;

/** What was taken, by file and by writer. */
export type TakenOfInbox = Pick<TakenState, 'files' | 'writers'>;

export function fileKey({ day, host }: { readonly day: string; readonly host: string }): string {
  return `${day}/${host}`;
}

/**
 * What was taken of a file as it is now.
 * @returns undefined where nothing was, or from another file of that name
 */
export function takenOf(
  { files }: TakenState,
  file: { readonly day: string; readonly host: string },
  { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number },
): TakenFile | undefined {
  const taken = files.get(fileKey(file));
  const { leavingMs, ...stays } = taken ?? {};
  if (taken === undefined || leavingMs === undefined) return taken;
  return leavingMs === mtimeMs && taken.bytes === size ? (stays as TakenFile) : undefined;
}

export function writerKey(host: string, instance: string): string {
  return `${host}\0${instance}`;
}

export function emptyState(): TakenState {
  return { files: new Map(), writers: new Map(), unpublished: new Map(), told: {} };
}

/** As it is in its file. */
export interface StoredState {
  readonly files: Record<
    string,
    readonly [bytes: number, lines: number, uj: string, more?: Pick<TakenFile, 'mostLines' | 'leavingMs'>]
  >;
  readonly writers: readonly (readonly [
    host: string,
    instance: string,
    lastMs: number,
    ranges: readonly (readonly [number, number])[],
    /** Absent: written before it was told; then as `lastMs`. */
    takenMs?: number,
    untoldMs?: number,
  ])[];
  /** Absent: no writer was forgotten. */
  readonly forgotten_ms?: number;
  /** Absent: written before there were users' files, or while the ledger was open. */
  readonly unpublished?: Readonly<Record<string, readonly number[]>>;
  /** Absent: none. */
  readonly told?: ToldStamps;
}

/** @throws EitError EIT_ARCHIVE */
export async function readState(path: string): Promise<TakenState> {
  try {
    const stored = JSON.parse((await promisify(gunzip)(await readFile(path))).toString()) as StoredState;
    const unpublished =
      stored.unpublished === undefined
        ? 'all'
        : new Map(Object.entries(stored.unpublished).map(([month, uids]) => [month, new Set(uids)] as const));
    const { forgotten_ms: forgottenMs, told = {} } = stored;
    return { ...stateOf(stored), unpublished, told, ...(forgottenMs === undefined ? {} : { forgottenMs }) };
  } catch (cause) {
    const mend = isErrno(cause, 'ENOENT')
      ? 'The manifest names it: was the folder restored in part?'
      : isErrno(cause, 'EACCES', 'EPERM')
        ? `It was written by another user, mostly by root: chown -R the ledger to its owner, as root.`
        : 'Restore it from a backup, together with the manifest.';
    throw new EitError('EIT_ARCHIVE', `cannot read ${path}: ${String(cause)}. ${mend}`, { cause });
  }
}

export async function writeState(path: string, state: TakenState, mode: number): Promise<void> {
  const { unpublished, forgottenMs, told } = state;
  const stored: StoredState = {
    ...storedState(state),
    ...(forgottenMs === undefined ? {} : { forgotten_ms: forgottenMs }),
    ...(unpublished === 'all'
      ? {}
      : {
          unpublished: Object.fromEntries(
            [...unpublished].map(([month, uids]) => [month, [...uids].sort((a, b) => a - b)]),
          ),
        }),
    ...(Object.keys(told).length === 0 ? {} : { told }),
  };
  await writeWhole(path, await promisify(gzip)(JSON.stringify(stored), { level: 4 }), mode);
}

/** As JSON has it. */
export function storedState({ files, writers }: TakenOfInbox): StoredState {
  return {
    files: Object.fromEntries(
      [...files].map(([key, { bytes, lines, uj, ...more }]) => [
        key,
        Object.keys(more).length === 0 ? [bytes, lines, String(uj)] : [bytes, lines, String(uj), more],
      ]),
    ),
    writers: [...writers].map(([key, { lastMs, takenMs, seen, untoldMs }]) => {
      const [host = '', instance = ''] = key.split('\0');
      const writer = [host, instance, lastMs, seen.all, takenMs] as const;
      return untoldMs === undefined ? writer : [...writer, untoldMs];
    }),
  };
}

export function stateOf(stored: StoredState): TakenOfInbox {
  const files = Object.entries(stored.files).map(
    ([key, [bytes, lines, uj, more]]) => [key, { bytes, lines, uj: BigInt(uj), ...more }] as const,
  );
  const writers = stored.writers.map(
    ([host, instance, lastMs, ranges, takenMs = lastMs, untoldMs]) =>
      [
        writerKey(host, instance),
        {
          ...{ lastMs, takenMs, seen: SequenceSet.of(ranges) },
          ...(untoldMs === undefined ? {} : { untoldMs }),
        },
      ] as const,
  );
  return { files: new Map(files), writers: new Map(writers) };
}

/** Adds what was taken in the knowledge of `to`, or of other files. */
export function addState(to: TakenOfInbox, more: TakenOfInbox): void {
  for (const [key, file] of more.files) to.files.set(key, file);
  for (const [key, writer] of more.writers) {
    const known = to.writers.get(key);
    if (known === undefined) to.writers.set(key, { ...writer });
    else
      to.writers.set(key, {
        ...known,
        lastMs: Math.max(known.lastMs, writer.lastMs),
        takenMs: Math.max(known.takenMs, writer.takenMs),
        seen: known.seen.with(writer.seen),
      });
  }
}

export function copyOfState(state: TakenState): TakenState {
  return { ...state, files: new Map(state.files), writers: new Map(state.writers) };
}

/**
 * Until when (Unix ms) a writer's lines end of which nobody can tell whether they were counted, but for those that are known to be: a
 * writer that is not known may have been, and be forgotten.
 * @returns -Infinity where each line can be told
 */
export function untoldUntilMs({ writers, forgottenMs }: TakenState, key: string): number {
  const writer = writers.get(key);
  return (writer === undefined ? forgottenMs : writer.untoldMs) ?? -Infinity;
}

/** Forgets writers of whom nothing was taken for long, and of no line of late: with a ledger of former years all are kept as long. */
export function withoutOldWriters(state: TakenState, nowMs: number): TakenState {
  const after = copyOfState(state);
  let forgottenMs = state.forgottenMs ?? -Infinity;
  for (const [key, { lastMs, takenMs }] of state.writers) {
    if (Math.max(lastMs, takenMs) >= nowMs - REMEMBERED_MS) continue;
    after.writers.delete(key);
    forgottenMs = Math.max(forgottenMs, lastMs);
  }
  return forgottenMs === -Infinity ? after : { ...after, forgottenMs };
}
