import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EitError } from '../errors';
import validateRecord from '../generated/record-validator';
import type { EitRecord } from '../generated/record';
import { appendLines, folderOnDisk } from './append';
import type { DurableWork } from './durable';

/** A record that its own schema refuses, and why: a bug, kept aside so that nothing is lost. */
export interface RefusedRecord {
  readonly record: EitRecord;
  readonly reason: string;
}

/**
 * The host-local, append-only folder in which records wait for the shared storage:
 * `<spool>/<cluster>/<YYYY-MM-DD>.ndjson`, the day being the UTC day of the records' `to`.
 */
export class Spool {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Writes the records; ends when they are on disk.
   * @returns those that the schema refuses; they are written to `refused.ndjson` beside the others
   * @throws EitError EIT_SPOOL where the disk is full or the folder cannot be written; records may then be on disk in part,
   *   and writing all of them again is safe
   */
  *write(records: readonly EitRecord[]): DurableWork<RefusedRecord[]> {
    const files = new Map<string, string[]>();
    const refused: RefusedRecord[] = [];
    for (const record of records) {
      const valid = validateRecord(record);
      if (!valid) refused.push({ record, reason: describeErrors(validateRecord.errors) });
      const file = join(record.cluster, valid ? `${record.to.slice(0, 10)}.ndjson` : 'refused.ndjson');
      const lines = files.get(file) ?? [];
      lines.push(`${JSON.stringify(record)}\n`);
      files.set(file, lines);
    }
    for (const [file, lines] of files) yield* this.#append(file, lines);
    return refused;
  }

  *#append(file: string, lines: readonly string[]): DurableWork<void> {
    const path = join(this.#dir, file);
    try {
      const made = mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
      if (made !== undefined) yield* folderOnDisk(join(made, '..'));
      yield* appendLines(path, Buffer.from(lines.join('')), 0o600);
    } catch (cause) {
      throw new EitError('EIT_SPOOL', `cannot write ${path}: ${String(cause)}`, { cause });
    }
  }
}

function describeErrors(errors: typeof validateRecord.errors): string {
  return (errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`).join('; ');
}
