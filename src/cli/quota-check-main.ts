import { writeSync } from 'node:fs';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { quotaCheck } from './quota-check';

const STDOUT = 1;
const STDERR = 2;

/** Runs `eit quota check` with the process's own streams; @returns its exit status. */
export function quotaCheckMain(args: readonly string[]): number {
  try {
    const uid = process.getuid?.() ?? 0;
    const { status, text } = quotaCheck(args, { env: process.env, uid, nowMs: Date.now() });
    say(STDOUT, text);
    return status;
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    say(STDERR, `eit quota check: ${error.code}: ${visible(error.message)}\n`);
    return error.exitStatus;
  }
}

/** Node's own streams take longer to load than all the rest of the check. */
function say(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (isErrno(error, 'EAGAIN')) {
        // A pipe that does not wait, and is full for the moment.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        continue;
      }
      // Who has asked has gone (`| grep -q`), or has no place for it: the exit status is the answer all the same.
      if (isErrno(error, 'EPIPE', 'EBADF', 'ENOSPC', 'EIO')) return;
      throw error;
    }
  }
}
