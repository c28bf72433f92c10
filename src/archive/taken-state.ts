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
  /** When it was last changed, Unix ms, where it is about to go: if it is there later, and otherwise, it is another file of that name. */
  leavingMs?: number;
}

/** What one agent instance wrote and was taken. */
export interface TakenWriter {
  /** End of its newest line, Unix ms. */
  lastMs: number;
  readonly seen: SequenceSet;
}

/** What a cluster's archive has taken from the inbox: all that a line is judged by. */
export interface TakenState {
  /** By `DAY/HOST`. */
  readonly files: Map<string, TakenFile>;
  /** By host and instance: see {@link writerKey}. */
  readonly writers: Map<string, TakenWriter>;
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
  ])[];
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
    return { ...stateOf(stored), unpublished, told: stored.told ?? {} };
  } catch (cause) {
    const mend = isErrno(cause, 'ENOENT')
      ? 'The manifest names it: was the folder restored in part?'
      : 'Restore it from a backup, together with the manifest.';
    throw new EitError('EIT_ARCHIVE', `cannot read ${path}: ${String(cause)}. ${mend}`, { cause });
  }
}

export async function writeState(path: string, state: TakenState, mode: number): Promise<void> {
  const { unpublished, told } = state;
  const stored: StoredState = {
    ...storedState(state),
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
    writers: [...writers].map(([key, { lastMs, seen }]) => {
      const [host = '', instance = ''] = key.split('\0');
      return [host, instance, lastMs, seen.all];
    }),
  };
}

export function stateOf(stored: StoredState): TakenOfInbox {
  const files = Object.entries(stored.files).map(
    ([key, [bytes, lines, uj, more]]) => [key, { bytes, lines, uj: BigInt(uj), ...more }] as const,
  );
  const writers = stored.writers.map(
    ([host, instance, lastMs, ranges]) =>
      [writerKey(host, instance), { lastMs, seen: SequenceSet.of(ranges) }] as const,
  );
  return { files: new Map(files), writers: new Map(writers) };
}

/** Adds what was taken in the knowledge of `to`, or of other files. */
export function addState(to: TakenOfInbox, more: TakenOfInbox): void {
  for (const [key, file] of more.files) to.files.set(key, file);
  for (const [key, { lastMs, seen }] of more.writers) {
    const known = to.writers.get(key);
    if (known === undefined) to.writers.set(key, { lastMs, seen });
    else to.writers.set(key, { lastMs: Math.max(known.lastMs, lastMs), seen: known.seen.with(seen) });
  }
}

export function copyOfState({ files, writers, unpublished, told }: TakenState): TakenState {
  return { files: new Map(files), writers: new Map(writers), unpublished, told };
}
