import { fdatasync, fdatasyncSync, fsync, fsyncSync } from 'node:fs';
import { promisify } from 'node:util';

/** What has to be on disk before the work goes on: a file's data, or all of a folder. */
export interface Barrier {
  readonly fd: number;
  readonly of: 'file' | 'folder';
}

/**
 * Work that writes files and yields where what it wrote has to be on disk before it does more. Waiting for a disk takes tens of
 * milliseconds on a busy host: who must not stand still that long waits without blocking.
 */
export type DurableWork<T> = Generator<Barrier, T, void>;

/** Does the work and waits for the disk. @throws what the work throws, and the system's error */
export function finishNow<T>(work: DurableWork<T>): T {
  let step = work.next();
  while (!step.done) {
    const { fd, of } = step.value;
    try {
      if (of === 'file') fdatasyncSync(fd);
      else fsyncSync(fd);
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next();
  }
  return step.value;
}

const fileOnDisk = promisify(fdatasync);
const folderOnDisk = promisify(fsync);

/**
 * As {@link finishNow}, without blocking while the disk is busy.
 * @param signal once it is aborted the work does no more than what it does in `finally`
 * @returns null where it was aborted
 */
export async function finish<T>(work: DurableWork<T>, signal: AbortSignal): Promise<T | null> {
  let step = work.next();
  while (!step.done) {
    const { fd, of } = step.value;
    let failure: { readonly error: unknown } | null = null;
    try {
      await (of === 'file' ? fileOnDisk(fd) : folderOnDisk(fd));
    } catch (error) {
      failure = { error };
    }
    if (signal.aborted) {
      // The generator's own type knows no end without a value.
      (work as Generator).return(null);
      return null;
    }
    step = failure === null ? work.next() : work.throw(failure.error);
  }
  return step.value;
}
