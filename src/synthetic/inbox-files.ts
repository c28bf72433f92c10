import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { LineBytes } from './line-bytes';
import { type Damage, DAY_MS } from './plan';
import { Random } from './random';

/** All hosts together hold about as much back before they write; each at least some lines. */
const HELD_BYTES = 64 << 20;
const MOST_HELD = 1 << 18;
const LEAST_HELD = 1 << 15;
const NEWLINE = 0x0a;
/** What a person used is personal data, also made-up: as the shipper does it. */
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;

/** One host's file of the day in hand. */
export interface HostFile {
  readonly host: string;
  readonly held: Buffer;
  length: number;
  /** What comes at the end of the day's file. */
  late: Buffer[];
  dayEndMs: number;
  path: string;
}

/** Writes lines into an inbox, `<inbox>/<YYYY-MM-DD>/<host>.ndjson`, by the day (UTC) in which they end. */
export class InboxFiles {
  readonly #inbox: string;
  readonly #damage: Damage;
  readonly #random: Random;
  readonly #files: HostFile[] = [];
  readonly #heldBytes: number;
  bytes = 0;
  readonly counts = { duplicates: 0, half_lines: 0, late: 0 };

  /** @param hosts how many there will be */
  constructor(inbox: string, hosts: number, damage: Damage, seed: number) {
    this.#inbox = inbox;
    this.#damage = damage;
    this.#random = new Random(seed, 'damage');
    this.#heldBytes = Math.max(LEAST_HELD, Math.min(MOST_HELD, Math.floor(HELD_BYTES / hosts)));
  }

  open(host: string): HostFile {
    const held = Buffer.alloc(this.#heldBytes);
    const file = { host, held, length: 0, late: [], dayEndMs: -Infinity, path: '' };
    this.#files.push(file);
    return file;
  }

  /**
   * Takes a line without its newline. A host's come in the order of their ends.
   * @param toMs its end, Unix ms
   * @throws the system's error
   */
  write(file: HostFile, line: LineBytes, toMs: number): void {
    if (toMs >= file.dayEndMs) this.#beginDay(file, toMs);
    const { duplicateFraction, halfLineFraction, lateFraction } = this.#damage;
    const random = this.#random;
    const { bytes, length } = line;
    if (lateFraction > 0 && random.isOne(lateFraction)) {
      this.counts.late++;
      file.late.push(Buffer.from(bytes.subarray(0, length)));
      return;
    }
    if (halfLineFraction > 0 && random.isOne(halfLineFraction)) {
      this.counts.half_lines++;
      this.#append(file, bytes, random.whole(1, length - 1));
    }
    this.#append(file, bytes, length);
    if (duplicateFraction > 0 && random.isOne(duplicateFraction)) {
      this.counts.duplicates++;
      this.#append(file, bytes, length);
    }
  }

  /** Writes what is held back. */
  close(): void {
    for (const file of this.#files) this.#endDay(file);
  }

  #beginDay(file: HostFile, atMs: number): void {
    this.#endDay(file);
    const day = Math.floor(atMs / DAY_MS);
    const folder = join(this.#inbox, new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length));
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    file.path = join(folder, `${file.host}.ndjson`);
    file.dayEndMs = (day + 1) * DAY_MS;
  }

  #endDay(file: HostFile): void {
    for (const line of file.late) this.#append(file, line, line.length);
    file.late = [];
    this.#flush(file);
  }

  /** @param length how much of the line */
  #append(file: HostFile, line: Buffer, length: number): void {
    if (file.length + length >= file.held.length) this.#flush(file);
    if (length >= file.held.length) {
      this.#writeOut(file, Buffer.concat([line.subarray(0, length), Buffer.from([NEWLINE])]));
      return;
    }
    file.length += line.copy(file.held, file.length, 0, length);
    file.held[file.length++] = NEWLINE;
  }

  #flush(file: HostFile): void {
    const { held, length } = file;
    file.length = 0;
    if (length > 0) this.#writeOut(file, held.subarray(0, length));
  }

  #writeOut({ path }: HostFile, bytes: Uint8Array): void {
    const fd = openSync(path, 'a', FILE_MODE);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
    this.bytes += bytes.length;
  }
}
