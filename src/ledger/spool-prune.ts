import { readFileSync, readdirSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { HostRecord } from '../generated/record';
import { appendLines, folderOnDisk } from './append';
import type { DurableWork } from './durable';
import { type Pruning, addPruned, isAnythingLost, noPruning } from './pruned';
import { readShipped } from './shipped';
import { REFUSED_FILE, type SizedSpoolFile, newSpoolName, sizedSpool, spoolClusters } from './spool-file';

export type { Pruning } from './pruned';

/** Lines stay here this long after they were carried: whatever happens to the shared storage, a week can be had again. */
const KEPT_MS = 7 * 86_400_000;
/** Pruned to this part of the limit, so that not each write has to prune. */
const PRUNED_TO = 0.9;
const NEWLINE = 0x0a;
const TEMPORARY = '.tmp';

export interface PruneSettings {
  readonly maxBytes: number;
  readonly nowMs: number;
  /** Makes an empty file whose group is the spool's. */
  readonly makeFile: (path: string) => void;
}

/**
 * Removes files that were carried over whole, the last of it more than a week ago. Where the spool is larger than it may be, there
 * goes, the oldest first, until it is below: what has been carried over; series; the context in hosts' lines; lines
 * that the schema refused; and last the lines with energy.
 *
 * The shipper may be reading a file that goes: it has it open, and carries it or not. Lines whose context goes are
 * written to a file of a new name, and those of it that were carried meanwhile are carried twice and count once.
 * @returns what went before it was carried over; it is in `pruned.json` too
 * @throws the system's error
 */
export function* pruneSpool(spoolDir: string, settings: PruneSettings): DurableWork<Pruning> {
  const { maxBytes, nowMs } = settings;
  const shipped = readShipped(spoolDir);
  const isCarried = (file: { readonly path: string; readonly bytes: number }): boolean =>
    shipped.get(file.path)?.bytes === file.bytes;
  let files = sizedSpool(spoolDir).filter((file) => {
    const lastMs = shipped.get(file.path)?.lastMs ?? null;
    const isDone = isCarried(file) && lastMs !== null && lastMs < nowMs - KEPT_MS;
    if (isDone) unlinkSync(join(spoolDir, file.path));
    return !isDone;
  });
  removeHalfMade(spoolDir);
  const refused = refusedFiles(spoolDir);
  let bytes = [...files, ...refused].reduce((sum, file) => sum + file.bytes, 0);
  const gone = noPruning();
  if (bytes <= maxBytes) return gone;

  const isTooLarge = (): boolean => bytes > maxBytes * PRUNED_TO;
  const remove = (file: { readonly path: string; readonly bytes: number }): void => {
    unlinkSync(join(spoolDir, file.path));
    files = files.filter(({ path }) => path !== file.path);
    bytes -= file.bytes;
  };
  const waiting = (file: { readonly path: string }): Buffer =>
    waitingLines(join(spoolDir, file.path), shipped.get(file.path)?.bytes ?? 0);

  for (const file of files.filter(isCarried)) if (isTooLarge()) remove(file);
  for (const file of files.filter(({ kind }) => kind === 'series')) {
    if (!isTooLarge()) break;
    gone.seriesLines += countLines(waiting(file));
    remove(file);
  }
  for (const file of files.filter(({ kind }) => kind === 'energy')) {
    if (!isTooLarge()) break;
    const { lines, contexts } = withoutContext(waiting(file));
    const size = yield* replaceFile(spoolDir, file, lines, settings);
    gone.contexts += contexts;
    bytes += size - file.bytes;
  }
  for (const file of refused) {
    if (!isTooLarge()) break;
    gone.refusedLines += countLines(waiting(file));
    remove(file);
  }
  // Some were replaced by others.
  for (const file of isTooLarge() ? sizedSpool(spoolDir) : []) {
    if (!isTooLarge()) break;
    const lines = waiting(file);
    gone.energyLines += countLines(lines);
    gone.hostUj += hostEnergyUj(lines);
    remove(file);
  }
  if (isAnythingLost(gone)) addPruned(spoolDir, gone, nowMs);
  return gone;
}

/** Removes what has been carried over, of whatever day, where the disk is full. @returns how many files */
export function removeShipped(spoolDir: string): number {
  const shipped = readShipped(spoolDir);
  const done = sizedSpool(spoolDir).filter(
    ({ path, bytes }) => bytes > 0 && shipped.get(path)?.bytes === bytes,
  );
  for (const { path } of done) unlinkSync(join(spoolDir, path));
  return done.length;
}

/** What a crash left of a file that was to take another's place. */
function removeHalfMade(spoolDir: string): void {
  for (const cluster of spoolClusters(spoolDir)) {
    for (const name of readdirSync(join(spoolDir, cluster)))
      if (name.endsWith(TEMPORARY)) rmSync(join(spoolDir, cluster, name), { force: true });
  }
}

/** Puts `lines` in a file's place, under a name of its own. @returns its size */
function* replaceFile(
  spoolDir: string,
  file: SizedSpoolFile,
  lines: Buffer,
  { nowMs, makeFile }: PruneSettings,
): DurableWork<number> {
  const folder = join(spoolDir, file.cluster);
  if (lines.length > 0) {
    const name = newSpoolName(file.day, 'bare', nowMs, randomBytes(3).toString('hex'));
    const temporary = join(folder, `${name}${TEMPORARY}`);
    try {
      makeFile(temporary);
      yield* appendLines(temporary, lines, 0o600);
      renameSync(temporary, join(folder, name));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    yield* folderOnDisk(folder);
  }
  unlinkSync(join(spoolDir, file.path));
  return lines.length;
}

function refusedFiles(spoolDir: string): { readonly path: string; readonly bytes: number }[] {
  return spoolClusters(spoolDir).flatMap((cluster) => {
    const path = join(cluster, REFUSED_FILE);
    const stats = statSync(join(spoolDir, path), { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, bytes: stats.size }];
  });
}

/** What the shipper has not carried, to its last whole line. */
function waitingLines(path: string, shippedBytes: number): Buffer {
  const bytes = readFileSync(path);
  const rest = shippedBytes <= bytes.length ? bytes.subarray(shippedBytes) : bytes;
  return rest.subarray(0, rest.lastIndexOf(NEWLINE) + 1);
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** The lines without the context of hosts; what is no record stays as it is. */
export function withoutContext(lines: Buffer): { lines: Buffer; contexts: number } {
  let contexts = 0;
  const kept = lines
    .toString('utf8')
    .split('\n')
    .map((line) => {
      const record = line.includes('"context":') ? hostRecord(line) : null;
      if (record?.context === undefined) return line;
      contexts += 1;
      const { context: _, ...rest } = record;
      return JSON.stringify(rest);
    });
  return { lines: contexts === 0 ? lines : Buffer.from(kept.join('\n')), contexts };
}

/** Growth of all divided counters in the lines of hosts. */
function hostEnergyUj(lines: Buffer): number {
  let sumUj = 0;
  for (const line of lines.toString('utf8').split('\n')) {
    const record = line.includes('"kind":"host"') ? hostRecord(line) : null;
    for (const { counter_uj: uj } of Object.values(record?.domains ?? {})) sumUj += uj;
  }
  return sumUj;
}

/** These are the agent's own lines; only a crash leaves others. */
function hostRecord(line: string): HostRecord | null {
  try {
    const value = JSON.parse(line) as HostRecord | null;
    return value?.kind === 'host' ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
