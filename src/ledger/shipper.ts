import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { appendLines } from './append';
import { finishNow } from './durable';

/** Where a shipper carries what. */
export interface ShipperPaths {
  readonly spoolDir: string;
  readonly ledger: string;
  /** Host-local folder below which the ledger itself may be made; a shared one has to be there. */
  readonly varDir: string;
  /** Name of this host: the inbox file's. */
  readonly host: string;
}

const DAY_FILE = /^\d{4}-\d\d-\d\d\.ndjson$/;
/** What a person used is personal data: what hosts have sent is the ledger's user's alone, whatever the ledger's folder is. */
const OWN_FOLDER = 0o700;
const OWN_FILE = 0o600;
/** Users' own files lie deeper: ledger and cluster may be gone through and not be listed. */
const PASSAGE = 0o711;
const CHUNK_BYTES = 4 << 20;
const NEWLINE = 0x0a;
/** Carried lines stay here this long: whatever happens to the shared storage, a week can be had again. */
const KEPT_MS = 7 * 86_400_000;
const OFFSETS_FILE = 'shipped.json';

/**
 * Carries whole lines from the spool to the inbox: `<ledger>/<cluster>/inbox/<day>/<host>.ndjson`. How far each spool
 * file has been carried is written down after each piece; a crash in between carries a piece twice, which readers see by
 * the lines' identity.
 * @returns bytes carried
 * @throws EitError EIT_LEDGER_UNWRITABLE; the rest stays in the spool
 */
export function shipSpool(paths: ShipperPaths, nowMs = Date.now()): number {
  const offsets = readOffsets(paths.spoolDir);
  let shipped = 0;
  for (const file of spoolFiles(paths.spoolDir)) {
    for (;;) {
      const piece = readPiece(join(paths.spoolDir, file), offsets[file] ?? 0);
      if (piece === null) break;
      appendToInbox(paths, file, piece.lines);
      offsets[file] = piece.end;
      writeOffsets(paths.spoolDir, offsets);
      shipped += piece.lines.length;
    }
  }
  removeOld(paths.spoolDir, offsets, nowMs);
  return shipped;
}

/** Removes spool files of days long past that have been carried over whole. */
function removeOld(spoolDir: string, offsets: Record<string, number>, nowMs: number): void {
  const oldest = new Date(nowMs - KEPT_MS).toISOString().slice(0, 10);
  for (const file of spoolFiles(spoolDir)) {
    const path = join(spoolDir, file);
    if (dayOf(file) >= oldest || statSync(path).size !== offsets[file]) continue;
    unlinkSync(path);
    delete offsets[file];
    writeOffsets(spoolDir, offsets);
  }
}

function dayOf(spoolFile: string): string {
  return spoolFile.slice(-'YYYY-MM-DD.ndjson'.length, -'.ndjson'.length);
}

function appendToInbox(paths: ShipperPaths, spoolFile: string, lines: Uint8Array): void {
  const inbox = join(paths.ledger, dirname(spoolFile), 'inbox', dayOf(spoolFile), `${paths.host}.ndjson`);
  try {
    mustHaveLedger(paths);
    mkdirSync(join(paths.ledger, dirname(spoolFile)), { recursive: true, mode: PASSAGE });
    mkdirSync(dirname(inbox), { recursive: true, mode: OWN_FOLDER });
    finishNow(appendLines(inbox, lines, OWN_FILE));
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    throw new EitError(
      'EIT_LEDGER_UNWRITABLE',
      `cannot write ${inbox}: ${String(cause)}; records wait in ${paths.spoolDir} and are carried over when it can be written`,
      { cause },
    );
  }
}

/**
 * An unmounted shared folder must not be taken for an empty one: a ledger is made only among the host's own files.
 * @throws EitError EIT_LEDGER_UNWRITABLE where it is not there
 */
export function mustHaveLedger({ ledger, varDir }: ShipperPaths): void {
  if (statSync(ledger, { throwIfNoEntry: false })?.isDirectory()) return;
  if (!ledger.startsWith(`${varDir}/`)) {
    throw new EitError(
      'EIT_LEDGER_UNWRITABLE',
      `the ledger folder ${ledger} does not exist: is it mounted? Only for a new ledger: install -d -m 0711 ${ledger}`,
    );
  }
  mkdirSync(ledger, { recursive: true, mode: PASSAGE });
}

/** Spool files as `<cluster>/<day>.ndjson`, oldest day first. */
function spoolFiles(spoolDir: string): string[] {
  return listDir(spoolDir)
    .flatMap((cluster) => listDir(join(spoolDir, cluster)).map((file) => ({ cluster, file })))
    .filter(({ file }) => DAY_FILE.test(file))
    .sort((a, b) => a.file.localeCompare(b.file) || a.cluster.localeCompare(b.cluster))
    .map(({ cluster, file }) => join(cluster, file));
}

function listDir(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

/** Whole lines from `offset` on; null where there are none. A file shorter than the offset was made anew. */
function readPiece(path: string, offset: number): { lines: Uint8Array; end: number } | null {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const begin = offset <= size ? offset : 0;
    const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, size - begin));
    const length = readSync(fd, bytes, 0, bytes.length, begin);
    const whole = bytes.subarray(0, length).lastIndexOf(NEWLINE) + 1;
    return whole === 0 ? null : { lines: bytes.subarray(0, whole), end: begin + whole };
  } finally {
    closeSync(fd);
  }
}

function readOffsets(spoolDir: string): Record<string, number> {
  try {
    const value: unknown = JSON.parse(readFileSync(join(spoolDir, OFFSETS_FILE), 'utf8'));
    return Object.fromEntries(
      Object.entries(value as object).filter((entry): entry is [string, number] =>
        Number.isSafeInteger(entry[1]),
      ),
    );
  } catch (error) {
    // Without offsets everything is carried again, which counts once.
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return {};
    throw error;
  }
}

function writeOffsets(spoolDir: string, offsets: Readonly<Record<string, number>>): void {
  const path = join(spoolDir, OFFSETS_FILE);
  writeFileSync(`${path}.tmp`, JSON.stringify(offsets), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
