import type { FileHandle } from 'node:fs/promises';

/** No record is nearly as long; a longer line is damage. */
const LONGEST_LINE_BYTES = 1 << 20;

/** Little enough to stay in a CPU's cache until its lines are read. */
const CHUNK_BYTES = 1 << 18;
const NEWLINE = 0x0a;

/** A line in memory, without its newline: there until the next lines are asked for. */
export interface LineBytes {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Lines of a file, in their order. */
export interface LineBatch {
  /** null: one that is over 1 MB. */
  readonly lines: readonly (LineBytes | null)[];
  /** Offset in the file at which each begins. */
  readonly begins: readonly number[];
  /** Offset in the file behind the newline of the last of them. */
  readonly end: number;
}

/** What stands behind the last newline. */
export interface HalfLine {
  /** null: over 1 MB. */
  readonly line: LineBytes | null;
}

export function textOf({ bytes, from, to }: LineBytes): string {
  return bytes.toString('utf8', from, to);
}

/**
 * Reads a file's lines from an offset on. Memory does not grow with the file.
 * @param until offset at which it stops, for a file that grows; absent: its end
 * @returns what stands behind the last newline read; null: nothing
 */
export async function* fileLines(
  file: FileHandle,
  from = 0,
  until = Infinity,
): AsyncGenerator<LineBatch, HalfLine | null, undefined> {
  let bytes = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  /** Bytes of a line that has begun, at the front. */
  let held = 0;
  let isTooLong = false;
  let at = from;
  let lineAt = from;
  for (;;) {
    if (bytes.length < held + CHUNK_BYTES) bytes = Buffer.concat([bytes], 2 * bytes.length);
    const { bytesRead } = await file.read(bytes, held, Math.min(CHUNK_BYTES, until - at), at);
    if (bytesRead === 0) break;
    const filled = bytes.subarray(0, held + bytesRead);
    const lines: (LineBytes | null)[] = [];
    const begins: number[] = [];
    let begin = 0;
    for (let to; (to = filled.indexOf(NEWLINE, Math.max(begin, held))) !== -1; begin = to + 1) {
      lines.push(isTooLong || to - begin > LONGEST_LINE_BYTES ? null : { bytes, from: begin, to });
      begins.push(lineAt);
      lineAt = at - held + to + 1;
      isTooLong = false;
    }
    if (lines.length > 0) yield { lines, begins, end: lineAt };
    at += bytesRead;
    isTooLong ||= filled.length - begin > LONGEST_LINE_BYTES;
    held = isTooLong ? 0 : filled.copy(bytes, 0, begin);
  }
  if (isTooLong) return { line: null };
  return held > 0 ? { line: { bytes, from: 0, to: held } } : null;
}
