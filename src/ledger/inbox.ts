import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { EitRecord } from '../generated/record';
import validateRecord from '../generated/record-validator';
import { SequenceSet } from './sequence-set';

/** Newest `schema` that this program reads. */
const SCHEMA_VERSION = 1;

/** No record is nearly as long; a longer line is damage. */
const LONGEST_LINE_BYTES = 1 << 20;

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;
const DAY_MS = 86_400_000;
const DAY_FOLDER = /^\d{4}-\d\d-\d\d$/;

/** Why a line or a file was not read, in the words of a report's footer. */
export type SkipReason =
  | 'empty line'
  | 'not JSON'
  | 'half line at the end'
  | 'line over 1 MB'
  | 'newer schema'
  | 'refused by the schema'
  | 'symbolic link'
  | 'not a plain file'
  | 'file not readable';

/** Counts what a reader passed over. */
export class Skipped {
  readonly #counts = new Map<SkipReason, number>();

  count(reason: SkipReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Reasons with their counts, the most frequent first. */
  get byReason(): [SkipReason, number][] {
    return [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  }
}

export interface InboxQuery {
  /** Names of the clusters to read; absent: all. */
  readonly clusters?: readonly string[] | undefined;
  /** Records whose time lies in [fromMs, toMs) are among those read, along with others of the days around. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Takes the count of what could not be read as a record. */
  readonly skipped: Skipped;
  /** Told before each file, and once at the end with `done` = `files`. */
  readonly onProgress?: ((done: number, files: number) => void) | undefined;
}

/**
 * Reads the inbox, `<ledger>/<cluster>/inbox/<YYYY-MM-DD>/<host>.ndjson`, in which a record lies in the folder of the UTC
 * day of its `to`. Each record comes once, however often its line was shipped; what is no record of a version that
 * this program knows is counted in `query.skipped` and never an exception. No symbolic link is followed within an inbox.
 * Memory does not grow with the files' size.
 * @throws EitError EIT_LEDGER_UNREADABLE where the ledger is missing or may not be read
 */
export async function* readInbox(
  ledger: string,
  query: InboxQuery,
): AsyncGenerator<EitRecord, void, undefined> {
  const { skipped } = query;
  const files = await inboxFiles(ledger, query);
  const seen = new Map<string, SequenceSet>();
  let refused: unknown;
  let readable = 0;

  for (const [done, path] of files.entries()) {
    query.onProgress?.(done, files.length);
    const file = await openPlain(path);
    if (typeof file === 'string') {
      skipped.count(file);
      continue;
    }
    if (file instanceof Error) {
      skipped.count('file not readable');
      refused = file;
      continue;
    }
    readable++;
    try {
      for await (const lines of linesOf(file, skipped)) {
        for (const line of lines) {
          const record = parseRecord(line, skipped);
          if (record !== null && isFirst(record, seen)) yield record;
        }
      }
    } catch (error) {
      // A damaged disk or a file system gone away: the other files still count.
      if (!isErrno(error, 'EIO', 'ESTALE', 'EREMOTEIO', 'ENODATA')) throw error;
      skipped.count('file not readable');
    } finally {
      await file.close();
    }
  }
  if (readable === 0 && refused !== undefined) throw unreadable(ledger, refused);
  query.onProgress?.(files.length, files.length);
}

/**
 * The clusters that the ledger has a folder of, in alphabetical order.
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function ledgerClusters(ledger: string): Promise<string[]> {
  const names = await list(ledger, ledger);
  const folders = await Promise.all(
    names.map(async ({ name }) => ((await isFolder(join(ledger, name, 'inbox'))) ? [name] : [])),
  );
  return folders.flat().sort();
}

async function inboxFiles(ledger: string, query: InboxQuery): Promise<string[]> {
  const { clusters, skipped } = query;
  const first = utcDay(query.fromMs - DAY_MS);
  const last = utcDay(query.toMs + DAY_MS);
  const files: string[] = [];
  for (const cluster of await ledgerClusters(ledger)) {
    if (clusters !== undefined && !clusters.includes(cluster)) continue;
    const inbox = join(ledger, cluster, 'inbox');
    const days = (await list(ledger, inbox)).filter(
      ({ name }) => DAY_FOLDER.test(name) && name >= first && name <= last,
    );
    for (const day of days) {
      if (day.isSymbolicLink()) skipped.count('symbolic link');
      if (!day.isDirectory()) continue;
      const folder = join(inbox, day.name);
      for (const file of await list(ledger, folder)) {
        if (file.name.endsWith('.ndjson')) files.push(join(folder, file.name));
      }
    }
  }
  return files;
}

/** Entries in the order of their names. */
async function list(ledger: string, folder: string) {
  try {
    return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    // Compaction takes days away while we read.
    if (folder !== ledger && isErrno(error, 'ENOENT')) return [];
    throw unreadable(folder, error);
  }
}

/** What the admin links below the ledger itself (a cluster on another disk) is followed. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): EitError {
  const mend = isErrno(cause, 'ENOENT')
    ? 'It does not exist on this machine: is the shared storage mounted, and does `ledger` in eit.yaml (EIT_CONFIG, --config) name the right folder? That of a new installation is yet to be made: README.md, "Install".'
    : isErrno(cause, 'EACCES', 'EPERM')
      ? 'You may not read it: the ledger belongs to its own user, ask an admin to run the report or to let you read the folder.'
      : 'Check the storage and `ledger` in eit.yaml.';
  return new EitError('EIT_LEDGER_UNREADABLE', `cannot read the ledger at ${path}. ${mend}`, { cause });
}

/** Opens a file of an inbox without following a link and without waiting on a pipe. */
async function openPlain(path: string): Promise<FileHandle | SkipReason | Error> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return 'not a plain file';
  } catch (error) {
    if (isErrno(error, 'ELOOP')) return 'symbolic link';
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Lines without their newline, as they come from the disk; one that is too long is passed over. */
async function* linesOf(file: FileHandle, skipped: Skipped): AsyncGenerator<Line[], void, undefined> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    const lines: Line[] = [];
    let from = 0;
    for (let to; (to = chunk.indexOf(NEWLINE, from)) !== -1; from = to + 1) {
      const bytes =
        rest.length > 0 ? Buffer.concat([rest, chunk.subarray(from, to)]) : chunk.subarray(from, to);
      if (isTooLong || bytes.length > LONGEST_LINE_BYTES) skipped.count('line over 1 MB');
      else lines.push({ text: bytes.toString('utf8'), isWhole: true });
      rest = Buffer.alloc(0);
      isTooLong = false;
    }
    if (!isTooLong) rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > LONGEST_LINE_BYTES) {
      rest = Buffer.alloc(0);
      isTooLong = true;
    }
    yield lines;
  }
  if (isTooLong) skipped.count('line over 1 MB');
  else if (rest.length > 0) yield [{ text: rest.toString('utf8'), isWhole: false }];
}

interface Line {
  readonly text: string;
  /** Whether a newline ended it. */
  readonly isWhole: boolean;
}

function parseRecord({ text, isWhole }: Line, skipped: Skipped): EitRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    skipped.count(text.trim() === '' ? 'empty line' : isWhole ? 'not JSON' : 'half line at the end');
    return null;
  }
  if (validateRecord(value) && haveTimes(value)) return value;
  skipped.count(isNewer(value) ? 'newer schema' : 'refused by the schema');
  return null;
}

/** The schema's pattern lets a 13th month through. */
function haveTimes(record: EitRecord): boolean {
  const times = [record.from, record.to, ...(record.kind === 'host' ? [] : [record.started])];
  return times.every((time) => !Number.isNaN(Date.parse(time)));
}

function isNewer(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'schema' in value &&
    Number.isInteger(value.schema) &&
    Number(value.schema) > SCHEMA_VERSION
  );
}

function isFirst(record: EitRecord, seen: Map<string, SequenceSet>): boolean {
  const writer = `${record.cluster}\0${record.host}\0${record.instance}`;
  let sequence = seen.get(writer);
  if (sequence === undefined) {
    sequence = new SequenceSet();
    seen.set(writer, sequence);
  }
  return sequence.add(record.seq);
}

const LAST_DAY_MS = Date.UTC(9999, 11, 31);

function utcDay(ms: number): string {
  return new Date(Math.max(0, Math.min(ms, LAST_DAY_MS))).toISOString().slice(0, 10);
}
