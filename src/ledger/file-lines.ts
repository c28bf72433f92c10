import type { FileHandle } from 'node:fs/promises';

/** No record is nearly as long; a longer line is damage. */
const LONGEST_LINE_BYTES = 1 << 20;

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** Lines of a file, in their order. */
export interface LineBatch {
  /** Without their newlines; null: one that is over 1 MB. */
  readonly lines: readonly (string | null)[];
  /** Offset at which each begins. */
  readonly begins: readonly number[];
  /** Offset behind the newline of the last of them. */
  readonly end: number;
}

/** What stands behind the last newline. */
export interface HalfLine {
  /** null: over 1 MB. */
  readonly text: string | null;
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
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  let at = from;
  let lineAt = from;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, until - at), at);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    const lines: (string | null)[] = [];
    const begins: number[] = [];
    let begin = 0;
    for (let to; (to = chunk.indexOf(NEWLINE, begin)) !== -1; begin = to + 1) {
      const bytes =
        rest.length > 0 ? Buffer.concat([rest, chunk.subarray(begin, to)]) : chunk.subarray(begin, to);
      lines.push(isTooLong || bytes.length > LONGEST_LINE_BYTES ? null : bytes.toString('utf8'));
      begins.push(lineAt);
      lineAt = at + to + 1;
      rest = Buffer.alloc(0);
      isTooLong = false;
    }
    if (!isTooLong) rest = Buffer.concat([rest, chunk.subarray(begin)]);
    if (rest.length > LONGEST_LINE_BYTES) {
      rest = Buffer.alloc(0);
      isTooLong = true;
    }
    if (lines.length > 0) yield { lines, begins, end: at + begin };
    at += bytesRead;
  }
  if (isTooLong) return { text: null };
  return rest.length > 0 ? { text: rest.toString('utf8') } : null;
}
