import { randomBytes } from 'node:crypto';
import { statSync, unlinkSync } from 'node:fs';
import { rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError, isErrno } from '../errors';
import { fileLines } from '../ledger/file-lines';
import { withHostLock } from '../ledger/host-lock';
import { inboxFiles, openPlain, type InboxFile } from '../ledger/inbox-files';
import { parseRecordLine } from '../ledger/record-line';
import { type Archive, commit } from './commit';
import { mustBeAsWritten } from './damage';
import { exactSums, mustAgree, sumsOfParts } from './month-sums';
import { fileKey, type TakenFile, takenOf } from './taken-state';
import { recordUj } from './record-energy';

const DAY_MS = 86_400_000;

export interface ConsumedOptions {
  readonly ledger: string;
  readonly cluster: string;
  readonly nowMs: number;
  /** How long an inbox file stays after its day. */
  readonly inboxDays: number;
  /** Which files may go; absent: all. */
  readonly isAsked?: (file: InboxFile) => boolean;
  readonly warn: (message: string) => void;
}

/**
 * Removes inbox files that were wholly taken, whose day is long enough over, and that hold what was taken: each is read again, and so are
 * the parts of its month, and compared to the µJ. What differs stays, with a warning.
 * @returns how many were removed
 * @throws EitError EIT_LEDGER_LOCKED; EIT_ARCHIVE where parts do not hold what was taken in
 */
export async function removeConsumed(
  connection: DuckDBConnection,
  archive: Archive,
  options: ConsumedOptions,
  isStillOurs: () => boolean,
): Promise<number> {
  const { ledger, cluster, nowMs, inboxDays, isAsked, warn } = options;
  const lastDay = new Date(nowMs - (inboxDays + 1) * DAY_MS).toISOString().slice(0, 10);
  const old = await inboxFiles(ledger, cluster, { lastDay });
  const consumed: { readonly file: InboxFile; readonly taken: TakenFile; readonly mtimeMs: number }[] = [];
  for (const file of old) {
    if (isAsked?.(file) === false) continue;
    const now = await statOf(file.path);
    const taken = now === null ? undefined : takenOf(archive.state, file, now);
    if (now === null || taken?.bytes !== now.size) continue;
    if (taken.lines < (taken.mostLines ?? 0) || !(await isAsTaken(file, taken)))
      warn(`${file.path} does not hold any more what was taken from it, and stays: compare it with a backup`);
    else if (taken.untoldLines !== undefined)
      warn(
        `${file.path} stays: ${taken.untoldLines} of its lines are too old to tell whether they were counted (docs/scale.md), and are nowhere else`,
      );
    else consumed.push({ file, taken, mtimeMs: now.mtimeMs });
  }
  const gone = await goneFiles(archive, ledger, cluster);
  if (consumed.length === 0) {
    if (gone.length > 0) await commit(archive, { gone }, nowMs, isStillOurs);
    return 0;
  }
  await mustHoldMonths(
    connection,
    archive,
    consumed.map(({ file }) => file.day),
  );

  // Said first: a host that comes back makes a new file of the same name, of which nothing was taken.
  const leaving = consumed.map(
    ({ file, taken, mtimeMs }) => [fileKey(file), { ...taken, leavingMs: mtimeMs }] as const,
  );
  await commit(archive, { leaving: new Map(leaving), gone }, nowMs, isStillOurs);
  let removed = 0;
  for (const { file, taken } of consumed)
    removed += (await removeFile(ledger, file, taken.bytes, warn)) ? 1 : 0;
  return removed;
}

/** Keys of files that were about to go and are not there any more. */
async function goneFiles({ state }: Archive, ledger: string, cluster: string): Promise<string[]> {
  const leaving = [...state.files].flatMap(([key, { leavingMs }]) => (leavingMs === undefined ? [] : [key]));
  if (leaving.length === 0) return [];
  const there = new Set((await inboxFiles(ledger, cluster, {})).map(fileKey));
  return leaving.filter((key) => !there.has(key));
}

/** Whether a file's records come to what they came to when they were taken. */
async function isAsTaken({ path }: InboxFile, taken: TakenFile): Promise<boolean> {
  const file = await openPlain(path);
  if (typeof file === 'string' || file instanceof Error) return false;
  try {
    let [lines, uj] = [0, 0n];
    for await (const batch of fileLines(file, 0, taken.bytes)) {
      for (const line of batch.lines) {
        const parsed = line === null ? null : parseRecordLine(line);
        if (parsed === null || 'reason' in parsed) continue;
        lines++;
        uj += BigInt(recordUj(parsed.record));
      }
    }
    return lines === taken.lines && uj === taken.uj;
  } finally {
    await file.close();
  }
}

/** A line of a day may belong to the month before it. @throws EitError EIT_ARCHIVE */
async function mustHoldMonths(
  connection: DuckDBConnection,
  { dir, manifest }: Archive,
  days: readonly string[],
): Promise<void> {
  const months = new Set(
    days.flatMap((day) => [day.slice(0, 7), new Date(Date.parse(day) - DAY_MS).toISOString().slice(0, 7)]),
  );
  const expected = new Map(
    Object.entries(manifest.sums).flatMap(([month, sums]) =>
      months.has(month) ? [[month, exactSums(sums)] as const] : [],
    ),
  );
  const parts = manifest.parts.filter(({ month }) => months.has(month));
  await mustBeAsWritten(dir, parts);
  mustAgree('the archive', expected, await sumsOfParts(connection, dir, parts));
}

/** Not while its host's shipper writes, and not if it has written meanwhile. */
async function removeFile(
  ledger: string,
  { host, path }: InboxFile,
  bytes: number,
  warn: (message: string) => void,
): Promise<boolean> {
  const holder = `compact-${randomBytes(8).toString('hex')}`;
  try {
    const isRemoved = withHostLock(
      { ledger, host, holder },
      () => {
        if (statSync(path).size !== bytes) return false;
        unlinkSync(path);
        return true;
      },
      warn,
    );
    if (isRemoved) await rmdir(dirname(path)).catch(() => undefined);
    return isRemoved;
  } catch (error) {
    if (error instanceof EitError && error.code === 'EIT_LEDGER_LOCKED') return false;
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

async function statOf(path: string): Promise<{ size: number; mtimeMs: number } | null> {
  return stat(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
}
