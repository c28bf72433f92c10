import type { EitRecord } from '../generated/record';
import validateRecord from '../generated/record-validator';
import { type LineBytes, textOf } from './file-lines';
import { utcMs } from './utc-time';

/** Newest `schema` that this program reads. */
const SCHEMA_VERSION = 1;

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
  | 'file not readable'
  | 'too old to tell whether it was counted';

/** Counts what a reader passed over. */
export class Skipped {
  readonly #counts = new Map<SkipReason, number>();

  count(reason: SkipReason, lines = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + lines);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Reasons with their counts, the most frequent first. */
  get byReason(): [SkipReason, number][] {
    return [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  }
}

/** A record, or why the line is none. */
export type ParsedLine = { readonly record: EitRecord } | { readonly reason: SkipReason };

/**
 * @param line without its newline
 * @param isWhole whether a newline ended it
 */
export function parseRecordLine(line: LineBytes | string, isWhole = true): ParsedLine {
  const text = typeof line === 'string' ? line : textOf(line);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { reason: text.trim() === '' ? 'empty line' : isWhole ? 'not JSON' : 'half line at the end' };
  }
  if (validateRecord(value) && haveTimes(value)) return { record: value };
  return { reason: isNewer(value) ? 'newer schema' : 'refused by the schema' };
}

/** The schema's pattern lets a 13th month through. */
function haveTimes(record: EitRecord): boolean {
  return isTime(record.from) && isTime(record.to) && (record.kind === 'host' || isTime(record.started));
}

function isTime(text: string): boolean {
  return !Number.isNaN(utcMs(text));
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
