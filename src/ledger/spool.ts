import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fchownSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import validateRecord from '../generated/record-validator';
import type { EitRecord } from '../generated/record';
import { appendLines, folderOnDisk } from './append';
import type { DurableWork } from './durable';
import { REFUSED_FILE, type SpoolFileKind, newSpoolName, spoolFile } from './spool-file';
import { type Pruning, pruneSpool, removeShipped } from './spool-prune';

/** A record that its own schema refuses, and why: a bug, kept aside so that nothing is lost. */
export interface RefusedRecord {
  readonly record: EitRecord;
  readonly reason: string;
}

export interface SpoolLimits {
  /** How large the spool may grow, in bytes. */
  readonly maxBytes: number;
  readonly now: () => number;
}

/** A spool of this many files can be pruned in small parts; a file is read whole for that. */
const FILES_OF_A_FULL_SPOOL = 16;
const LARGEST_FILE_BYTES = 4 << 20;
const TIDY_EVERY_MS = 60_000;

/**
 * The host-local folder in which records wait for the shared storage, in append-only files (see spool-file.ts); the day of a
 * file is the UTC day of its records' `to`. Only the agent writes to it.
 */
export class Spool {
  readonly #dir: string;
  readonly #limits: SpoolLimits;
  readonly #fileBytes: number;
  #group: number | null = null;
  #tidiedAtMs = -Infinity;
  #writtenBytes = 0;

  constructor(dir: string, limits: SpoolLimits = { maxBytes: 1 << 30, now: Date.now }) {
    this.#dir = dir;
    this.#limits = limits;
    this.#fileBytes = Math.min(LARGEST_FILE_BYTES, Math.floor(limits.maxBytes / FILES_OF_A_FULL_SPOOL));
  }

  /** Makes what is written from now on readable for a group. */
  shareWith(gid: number): void {
    this.#group = gid;
  }

  /**
   * Writes the records; ends when they are on disk. On a full disk what has been carried over goes first.
   * @returns those that the schema refuses; they are written to `refused.ndjson` beside the others
   * @throws EitError EIT_SPOOL where the disk is full or the folder cannot be written; records may then be on disk in part,
   *   and writing all of them again is safe
   */
  *write(records: readonly EitRecord[]): DurableWork<RefusedRecord[]> {
    const files = new Map<
      string,
      { cluster: string; day: string; kind: SpoolFileKind | null; lines: string[] }
    >();
    const refused: RefusedRecord[] = [];
    for (const record of records) {
      const valid = validateRecord(record);
      if (!valid) refused.push({ record, reason: describeErrors(validateRecord.errors) });
      const { cluster } = record;
      const kind = valid ? (record.kind === 'series' ? 'series' : 'energy') : null;
      const day = valid ? record.to.slice(0, 10) : '';
      const key = join(cluster, day, kind ?? '');
      const file = files.get(key) ?? { cluster, day, kind, lines: [] };
      file.lines.push(`${JSON.stringify(record)}\n`);
      files.set(key, file);
    }
    for (const { cluster, day, kind, lines } of files.values()) {
      const bytes = Buffer.from(lines.join(''));
      yield* this.#append(cluster, day, kind, bytes);
      this.#writtenBytes += bytes.length;
    }
    return refused;
  }

  /**
   * Removes what was carried over more than a week ago, and keeps the spool below its limit, about once a minute.
   * @returns what had to go; null where nothing was looked at
   * @throws the system's error
   */
  *tidy(): DurableWork<Pruning | null> {
    const { maxBytes, now } = this.#limits;
    const nowMs = now();
    // Also where the clock was set back.
    const isDue = Math.abs(nowMs - this.#tidiedAtMs) >= TIDY_EVERY_MS;
    if (!isDue && this.#writtenBytes < this.#fileBytes) return null;
    this.#tidiedAtMs = nowMs;
    this.#writtenBytes = 0;
    return yield* pruneSpool(this.#dir, { maxBytes, nowMs, makeFile: (path) => this.#make(path) });
  }

  *#append(cluster: string, day: string, kind: SpoolFileKind | null, lines: Uint8Array): DurableWork<void> {
    const folder = join(this.#dir, cluster);
    try {
      const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (made !== undefined) {
        this.#share(folder, 0o750);
        yield* folderOnDisk(join(made, '..'));
      }
      const path = join(folder, kind === null ? REFUSED_FILE : this.#fileFor(cluster, day, kind));
      for (let hasRoom = true; ;) {
        try {
          this.#make(path);
          yield* appendLines(path, lines, 0o600);
          return;
        } catch (error) {
          if (!isErrno(error, 'ENOSPC', 'EDQUOT') || !hasRoom) throw error;
          hasRoom = false;
          if (removeShipped(this.#dir) === 0) throw error;
        }
      }
    } catch (cause) {
      throw new EitError('EIT_SPOOL', `cannot write to ${folder}: ${String(cause)}`, { cause });
    }
  }

  /** A file of its day and kind that is small, else a new one. */
  #fileFor(cluster: string, day: string, kind: SpoolFileKind): string {
    const folder = join(this.#dir, cluster);
    const small = readdirSync(folder)
      .filter((name) => {
        const file = spoolFile(cluster, name);
        return file?.day === day && file.kind === kind && statSync(join(folder, name)).size < this.#fileBytes;
      })
      .sort()
      .at(-1);
    return small ?? newSpoolName(day, kind, this.#limits.now(), randomBytes(3).toString('hex'));
  }

  /** An empty file with its group, before there is anything in it that could not be read. */
  #make(path: string): void {
    try {
      closeSync(openSync(path, 'wx', 0o600));
    } catch (error) {
      if (isErrno(error, 'EEXIST')) return;
      throw error;
    }
    this.#share(path, 0o640);
  }

  #share(path: string, mode: number): void {
    if (this.#group === null) return;
    const fd = openSync(path, 'r');
    try {
      fchownSync(fd, -1, this.#group);
      fchmodSync(fd, mode);
    } finally {
      closeSync(fd);
    }
  }
}

function describeErrors(errors: typeof validateRecord.errors): string {
  return (errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`).join('; ');
}
