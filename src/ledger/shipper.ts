import { closeSync, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { appendLines } from './append';
import { finishNow } from './durable';
import { Shipped, readShipped } from './shipped';
import { type SpoolFile, listSpool, sizedSpool } from './spool-file';

/** Where a shipper carries what. */
export interface ShipperPaths {
  readonly spoolDir: string;
  readonly ledger: string;
  /** Host-local folder below which the ledger itself may be made; a shared one has to be there. */
  readonly varDir: string;
  /** Name of this host: the inbox file's. */
  readonly host: string;
}

/** What a person used is personal data: what hosts have sent is the ledger's user's alone, whatever the ledger's folder is. */
const OWN_FOLDER = 0o700;
const OWN_FILE = 0o600;
/** Users' own files lie deeper: ledger and cluster may be gone through and not be listed. */
const PASSAGE = 0o711;
const CHUNK_BYTES = 4 << 20;
const NEWLINE = 0x0a;

/**
 * Carries whole lines from the spool to the inbox: `<ledger>/<cluster>/inbox/<day>/<host>.ndjson`. How far each spool
 * file has been carried is written down after each piece; a crash in between carries a piece twice, which readers see by
 * the lines' identity. The spool itself is only read.
 * @param progress of this process's shipper
 * @param now the time, Unix ms: when each file was last carried is written down too
 * @param beforeWrite called before each piece; where it throws, the rest stays
 * @returns bytes carried
 * @throws EitError EIT_LEDGER_UNWRITABLE; the rest stays in the spool. EIT_SPOOL where all is carried and that cannot be
 *   written down: it is kept in `progress`
 */
export function shipSpool(
  paths: ShipperPaths,
  progress: Shipped = new Shipped(paths.spoolDir),
  beforeWrite: () => void = () => undefined,
  now: () => number = Date.now,
): number {
  const { spoolDir } = paths;
  const shipped = progress.read();
  const nowMs = now();
  const files = listSpool(spoolDir);
  // Names never come twice: what is gone is gone.
  const present = new Set(files.map(({ path }) => path));
  for (const [path, { bytes: done, lastMs }] of shipped) {
    if (!present.has(path)) shipped.delete(path);
    // Where nobody wrote it down, or the clock was set back since: as if it was carried now, so that it stays as long as it must.
    else if (lastMs === null || lastMs > nowMs) shipped.set(path, { bytes: done, lastMs: nowMs });
  }
  let [bytes, unsaved]: [number, Error | null] = [0, null];
  for (const file of files) {
    for (;;) {
      const piece = readPiece(join(spoolDir, file.path), shipped.get(file.path)?.bytes ?? 0);
      if (piece === null) break;
      beforeWrite();
      appendToInbox(paths, file, piece.lines);
      shipped.set(file.path, { bytes: piece.end, lastMs: now() });
      unsaved = progress.keep(shipped);
      bytes += piece.lines.length;
    }
  }
  if (bytes === 0) unsaved = progress.keep(shipped);
  if (unsaved !== null) {
    const text = `cannot write down in ${spoolDir} how far records are carried: ${unsaved.message}; a restart carries them again`;
    throw new EitError('EIT_SPOOL', text, { cause: unsaved });
  }
  return bytes;
}

/** Whether a file of the spool has more, or less, than was carried of it. */
export function isAnythingWaiting(spoolDir: string): boolean {
  const shipped = readShipped(spoolDir);
  return sizedSpool(spoolDir).some(({ path, bytes }) => bytes !== (shipped.get(path)?.bytes ?? 0));
}

function appendToInbox(paths: ShipperPaths, { cluster, day }: SpoolFile, lines: Uint8Array): void {
  const inbox = join(paths.ledger, cluster, 'inbox', day, `${paths.host}.ndjson`);
  try {
    mustHaveLedger(paths);
    mkdirSync(join(paths.ledger, cluster), { recursive: true, mode: PASSAGE });
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

/**
 * Whole lines from `offset` on; null where there are none. Where no line ends at the offset, the file is not the one that
 * was carried so far, and is carried from its beginning.
 */
function readPiece(path: string, offset: number): { lines: Uint8Array; end: number } | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    // The agent has removed it since.
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const begin = offset <= size && endsLine(fd, offset) ? offset : 0;
    const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, size - begin));
    const length = readSync(fd, bytes, 0, bytes.length, begin);
    const whole = bytes.subarray(0, length).lastIndexOf(NEWLINE) + 1;
    return whole === 0 ? null : { lines: bytes.subarray(0, whole), end: begin + whole };
  } finally {
    closeSync(fd);
  }
}

function endsLine(fd: number, offset: number): boolean {
  const last = Buffer.alloc(1);
  return offset === 0 || (readSync(fd, last, 0, 1, offset - 1) === 1 && last[0] === NEWLINE);
}
