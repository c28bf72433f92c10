import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError } from '../errors';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { calendar } from '../runs/calendar';
import { version } from '../version';
import { readManifest, writeManifest } from './manifest';
import { addSums, type ExactMonthSums, exactSums, noSums, storedSums, takeSums } from './month-sums';
import type { FileModes } from './part';
import {
  addState,
  copyOfState,
  emptyState,
  readState,
  type TakenFile,
  type TakenState,
  type Unpublished,
  withoutOldWriters,
  writeState,
} from './taken-state';
import type { Taking } from './taking';
import type { ToldStamps } from './told-stamps';

/** Replaced files are removed a day after; then their names need not be kept. */
const FORGOTTEN_MS = 3 * 86_400_000;

/** What only the writer reads is the writer's. */
export const OWN_FOLDER = 0o700;
export const OWN_FILE = 0o600;

/** A cluster's archive as one writer has it in hand: what is committed, and what was taken from the inbox for it. */
export interface Archive {
  /** The cluster's folder. */
  readonly dir: string;
  readonly modes: FileModes;
  manifest: ArchiveManifest;
  state: TakenState;
}

/** @throws EitError EIT_ARCHIVE, EIT_LEDGER_UNREADABLE */
export async function openArchive(
  dir: string,
  modes: FileModes,
  made: { readonly slotMs: number; readonly timeZone: string },
): Promise<Archive> {
  const manifest = (await readManifest(dir)) ?? emptyManifest(made);
  const state = manifest.generation === 0 ? emptyState() : await readState(join(dir, manifest.state));
  return { dir, modes, manifest, state };
}

function emptyManifest({ slotMs, timeZone }: { slotMs: number; timeZone: string }): ArchiveManifest {
  return {
    schema: 1,
    tool: version,
    generation: 0,
    committed_at: new Date(0).toISOString(),
    slot_ms: slotMs,
    time_zone: timeZone,
    data_until: null,
    state: 'none',
    parts: [],
    replaced: [],
    sums: {},
    refused: {},
  };
}

/** What a commit changes. */
export interface Change {
  readonly added?: readonly ArchivePart[];
  /** Paths of parts that are replaced by those added. */
  readonly replaced?: readonly string[];
  /** By path, parts that stay as they are and count as merged. */
  readonly levels?: ReadonlyMap<string, ArchivePart['level']>;
  /** Inbox files that are about to go, by their keys. */
  readonly leaving?: ReadonlyMap<string, TakenFile>;
  /** Keys of those that are gone. */
  readonly gone?: readonly string[];
  /** What is still to be published for users, where that has changed. */
  readonly unpublished?: Unpublished;
  /** With which files of what sacct told totals by day were compared, all of them. */
  readonly told?: ToldStamps;
  readonly taking?: Taking;
  /** Until when data go (Unix ms; null: there are none), where what the manifest says is wrong; absent: it is not. */
  readonly dataUntilMs?: number | null;
  /** By month, what parts hold no more, and what others hold instead. */
  readonly moved?: {
    readonly from: ReadonlyMap<string, ExactMonthSums>;
    readonly to: ReadonlyMap<string, ExactMonthSums>;
  };
}

/**
 * Makes a change what readers see: new state, then the manifest. Before it is made, a crash leaves nothing but files that nobody names.
 * @param isStillOurs whether the lock is held: asked at the last moment
 * @throws EitError EIT_LEDGER_LOCKED where another writer was there meanwhile
 */
export async function commit(
  archive: Archive,
  change: Change,
  nowMs: number,
  isStillOurs: () => boolean,
): Promise<void> {
  const { dir, modes, manifest: before } = archive;
  const { added = [], replaced = [], leaving, gone: goneFiles = [], taking } = change;
  const state =
    taking === undefined &&
    leaving === undefined &&
    goneFiles.length === 0 &&
    change.unpublished === undefined &&
    change.told === undefined
      ? null
      : stateAfter(archive.state, change, nowMs);
  let statePath = before.state;
  if (state !== null) {
    statePath = `state/${randomBytes(8).toString('hex')}.json.gz`;
    await mkdir(join(dir, 'state'), { recursive: true, mode: OWN_FOLDER });
    await writeState(join(dir, statePath), state, OWN_FILE);
  }
  const gone = new Set(replaced);
  const stale = new Set([...(taking?.slots ?? [])].map(calendar('day', before.time_zone)));
  const kept = before.parts
    .flatMap((part) => (gone.has(part.path) ? [] : withoutStaleDays(part, stale)))
    .map((part) => ({ ...part, level: change.levels?.get(part.path) ?? part.level }));
  const names = new Set(kept.map(({ path }) => path));
  const dropped = [
    ...before.parts.flatMap(({ path }) => (names.has(path) ? [] : [path])),
    ...(state !== null && before.generation > 0 ? [before.state] : []),
  ];
  const manifest: ArchiveManifest = {
    ...before,
    tool: version,
    generation: before.generation + 1,
    committed_at: new Date(nowMs).toISOString(),
    data_until:
      change.dataUntilMs === undefined
        ? later(before.data_until, taking?.dataUntilMs ?? null)
        : later(null, change.dataUntilMs),
    state: statePath,
    parts: [...kept, ...(taking?.parts ?? []), ...added],
    replaced: [
      ...before.replaced.filter(({ at_ms: atMs }) => atMs > nowMs - FORGOTTEN_MS),
      ...dropped.map((path) => ({ path, at_ms: nowMs })),
    ],
    sums: movedSums(sumsAfter(before.sums, taking), change.moved),
    refused: refusedAfter(before.refused, taking),
  };
  const onDisk = (await readManifest(dir))?.generation ?? 0;
  if (!isStillOurs() || onDisk !== before.generation) {
    throw new EitError(
      'EIT_LEDGER_LOCKED',
      `another process has compacted ${dir} meanwhile: nothing was committed, and nothing is lost; run it again`,
    );
  }
  await writeManifest(dir, manifest, modes);
  archive.manifest = manifest;
  if (state !== null) archive.state = state;
}

/** Totals of days that new slices belong to are not what they should be any more. */
function withoutStaleDays(part: ArchivePart, stale: ReadonlySet<string>): ArchivePart[] {
  const { days } = part;
  if (days === undefined) return [part];
  const fresh = days.filter((day) => !stale.has(day));
  // Sums of several days have nothing that can be taken out of them.
  if (part.of !== undefined && fresh.length < days.length) return [];
  return fresh.length === 0 ? [] : [{ ...part, days: fresh }];
}

function stateAfter(before: TakenState, change: Change, nowMs: number): TakenState {
  const { taking, leaving, gone = [] } = change;
  const after = copyOfState(before);
  if (taking !== undefined) addState(after, taking);
  for (const [key, file] of leaving ?? []) after.files.set(key, file);
  for (const key of gone) after.files.delete(key);
  return {
    ...withoutOldWriters(after, nowMs),
    unpublished: change.unpublished ?? unpublishedAfter(before.unpublished, taking),
    told: change.told ?? before.told,
  };
}

function unpublishedAfter(before: Unpublished, taking: Taking | undefined): Unpublished {
  if (before === 'all' || taking === undefined) return before;
  const after = new Map(before);
  for (const [month, uids] of taking.uids) after.set(month, new Set([...(after.get(month) ?? []), ...uids]));
  return after;
}

function sumsAfter(before: ArchiveManifest['sums'], taking: Taking | undefined): ArchiveManifest['sums'] {
  const sums = { ...before };
  for (const [month, more] of taking?.sums ?? []) {
    const known = sums[month];
    const total = known === undefined ? noSums() : exactSums(known);
    addSums(total, more);
    sums[month] = storedSums(total);
  }
  return sums;
}

function movedSums(sums: ArchiveManifest['sums'], moved: Change['moved']): ArchiveManifest['sums'] {
  if (moved === undefined) return sums;
  const after = { ...sums };
  for (const month of new Set([...moved.from.keys(), ...moved.to.keys()])) {
    const known = after[month];
    const total = known === undefined ? noSums() : exactSums(known);
    addSums(total, moved.to.get(month) ?? noSums());
    takeSums(total, moved.from.get(month) ?? noSums());
    after[month] = storedSums(total);
  }
  return after;
}

function refusedAfter(
  before: ArchiveManifest['refused'],
  taking: Taking | undefined,
): ArchiveManifest['refused'] {
  const refused = { ...before };
  for (const [day, reasons] of taking?.refused ?? []) {
    const counts: Record<string, number> = { ...refused[day] };
    for (const [reason, count] of reasons) counts[reason] = (counts[reason] ?? 0) + count;
    refused[day] = counts;
  }
  return refused;
}

function later(until: string | null, ms: number | null): string | null {
  if (ms === null) return until;
  return new Date(Math.max(ms, until === null ? 0 : Date.parse(until))).toISOString();
}
