import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { EitError, isErrno } from '../errors';
import { SequenceSet } from '../ledger/sequence-set';
import { writeWhole } from './whole-file';

/** What was taken from one inbox file. */
export interface TakenFile {
  /** From its beginning, whole lines. */
  bytes: number;
  /** Records among them, those that came a second time too. */
  lines: number;
  /** Energy of those records, µJ of runs and hosts under all policies together: by which the file is compared before it goes. */
  uj: bigint;
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
}

export function fileKey({ day, host }: { readonly day: string; readonly host: string }): string {
  return `${day}/${host}`;
}

export function writerKey(host: string, instance: string): string {
  return `${host}\0${instance}`;
}

export function emptyState(): TakenState {
  return { files: new Map(), writers: new Map() };
}

/** As it is in its file. */
export interface StoredState {
  readonly files: Record<string, readonly [bytes: number, lines: number, uj: string]>;
  readonly writers: readonly (readonly [
    host: string,
    instance: string,
    lastMs: number,
    ranges: readonly (readonly [number, number])[],
  ])[];
}

/** @throws EitError EIT_ARCHIVE */
export async function readState(path: string): Promise<TakenState> {
  try {
    return stateOf(JSON.parse((await promisify(gunzip)(await readFile(path))).toString()) as StoredState);
  } catch (cause) {
    const mend = isErrno(cause, 'ENOENT')
      ? 'The manifest names it: was the folder restored in part?'
      : 'Restore it from a backup, together with the manifest.';
    throw new EitError('EIT_ARCHIVE', `cannot read ${path}: ${String(cause)}. ${mend}`, { cause });
  }
}

export async function writeState(path: string, state: TakenState, mode: number): Promise<void> {
  const stored = storedState(state);
  await writeWhole(path, await promisify(gzip)(JSON.stringify(stored), { level: 4 }), mode);
}

/** As JSON has it. */
export function storedState({ files, writers }: TakenState): StoredState {
  return {
    files: Object.fromEntries(
      [...files].map(([key, { bytes, lines, uj }]) => [key, [bytes, lines, String(uj)]]),
    ),
    writers: [...writers].map(([key, { lastMs, seen }]) => {
      const [host = '', instance = ''] = key.split('\0');
      return [host, instance, lastMs, seen.all];
    }),
  };
}

export function stateOf(stored: StoredState): TakenState {
  const files = Object.entries(stored.files).map(
    ([key, [bytes, lines, uj]]) => [key, { bytes, lines, uj: BigInt(uj) }] as const,
  );
  const writers = stored.writers.map(
    ([host, instance, lastMs, ranges]) =>
      [writerKey(host, instance), { lastMs, seen: SequenceSet.of(ranges) }] as const,
  );
  return { files: new Map(files), writers: new Map(writers) };
}

/** Adds what was taken in the knowledge of `to`, or of other files. */
export function addState(to: TakenState, more: TakenState): void {
  for (const [key, file] of more.files) to.files.set(key, file);
  for (const [key, { lastMs, seen }] of more.writers) {
    const known = to.writers.get(key);
    if (known === undefined) to.writers.set(key, { lastMs, seen });
    else to.writers.set(key, { lastMs: Math.max(known.lastMs, lastMs), seen: known.seen.with(seen) });
  }
}

export function copyOfState({ files, writers }: TakenState): TakenState {
  return { files: new Map(files), writers: new Map(writers) };
}
