import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { visible } from '../config/visible';
import { EitError, isErrno, isSystemError } from '../errors';
import { LIMITS } from './submission-limits';

const NEWLINE = 0x0a;

/** An error of a submission's file. */
export function wrongFile(path: string, what: string, cause?: unknown): EitError {
  return new EitError('EIT_SUBMISSION', `${visible(path)}: ${what}`, { cause });
}

/**
 * The lines of a gzip'd file, each with its newline. It is read as it is unpacked: what unpacks to more than a submission may have is given up there,
 * and no more than one line and a block is in memory.
 * @throws EitError EIT_SUBMISSION where it is no plain file, is no gzip or is over the limits
 */
export async function* submissionLines(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = await openSubmission(path);
  try {
    const packed = file.createReadStream({ autoClose: false });
    const unpacked = createGunzip();
    // A stream that is piped does not hand its errors on.
    packed.on('error', (error) => unpacked.destroy(error));
    packed.pipe(unpacked);
    let held: Buffer[] = [];
    let heldBytes = 0;
    let bytes = 0;
    try {
      for await (const chunk of unpacked as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > LIMITS.textBytes)
          throw wrongFile(path, `unpacks to more than ${LIMITS.textBytes} bytes: it is no submission`);
        let begin = 0;
        for (let at; (at = chunk.indexOf(NEWLINE, begin)) !== -1; begin = at + 1) {
          yield Buffer.concat([...held, chunk.subarray(begin, at + 1)]);
          [held, heldBytes] = [[], 0];
        }
        held.push(chunk.subarray(begin));
        heldBytes += chunk.length - begin;
        if (heldBytes > LIMITS.longLineBytes)
          throw wrongFile(path, `has a line of more than ${LIMITS.longLineBytes} bytes: it is no submission`);
      }
    } finally {
      packed.destroy();
      unpacked.destroy();
    }
    if (heldBytes > 0) throw wrongFile(path, 'ends in the middle of a line: it was cut; get it again');
  } catch (error) {
    if (error instanceof EitError) throw error;
    if (isErrno(error, 'Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_NEED_DICT'))
      throw wrongFile(
        path,
        `is no whole gzip file (${error.message}): give what eit leaderboard submit wrote`,
        error,
      );
    if (isErrno(error, 'EIO', 'ESTALE', 'EISDIR'))
      throw wrongFile(path, `cannot be read: ${error.message}`, error);
    throw error;
  } finally {
    await file.close();
  }
}

/** Follows no link, and waits for no writer of a pipe. */
async function openSubmission(path: string) {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ELOOP')) throw wrongFile(path, 'is a link: give the file itself', error);
    if (!isSystemError(error)) throw error;
    throw wrongFile(path, `cannot be read: ${error.message}`, error);
  }
  const stat = await file.stat();
  const wrong = !stat.isFile()
    ? 'is no plain file: give what eit leaderboard submit wrote'
    : stat.size > LIMITS.fileBytes
      ? `has ${stat.size} bytes; a submission has at most ${LIMITS.fileBytes}`
      : null;
  if (wrong === null) return file;
  await file.close();
  throw wrongFile(path, wrong);
}
