import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { EitError } from '../errors';
import type { Account } from './ledger-user';
import { SHIPPER_DIR, spoolClusters } from './spool-file';

const FOLDER = constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Makes the spool one that only this process's user writes and only `reader`'s group reads, and in it the folder that is the
 * reader's own. Everything is changed by open files and no link is followed: where the reader may write, root
 * opens nothing for writing and makes nothing.
 * @param reader the user whom the shipper runs as; null: this process's
 * @throws EitError EIT_LEDGER_USER where the spool belongs to somebody else, or this process may not give the group its rights
 */
export function shareSpool(spoolDir: string, reader: Pick<Account, 'uid' | 'gid'> | null): void {
  const own = process.geteuid?.() ?? 0;
  const uid = reader?.uid ?? own;
  try {
    mkdirSync(join(spoolDir, SHIPPER_DIR), { recursive: true, mode: 0o700 });
    // The way to it is trusted, its links too.
    withOpen(spoolDir, constants.O_DIRECTORY, (fd, ownerUid) => {
      if (ownerUid !== own) {
        const text = `the spool ${spoolDir} belongs to uid ${ownerUid}, who could trick the agent (uid ${own})`;
        throw new EitError('EIT_LEDGER_USER', `${text}; mend: stop the agent, chown -R ${own} ${spoolDir}`);
      }
      if (reader === null) return fchmodSync(fd, 0o700);
      fchownSync(fd, -1, reader.gid);
      fchmodSync(fd, 0o750);
    });
    if (reader !== null)
      for (const cluster of spoolClusters(spoolDir)) shareFolder(join(spoolDir, cluster), own, reader.gid);
    giveShipperDir(join(spoolDir, SHIPPER_DIR), uid, reader?.gid ?? process.getegid?.() ?? 0);
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    const text = `cannot let uid ${uid} read the spool ${spoolDir}: ${String(cause)}; mend: run the agent as root, or take ledger_user out`;
    throw new EitError('EIT_LEDGER_USER', text, { cause });
  }
}

function shareFolder(folder: string, own: number, gid: number): void {
  withOpen(folder, FOLDER, (fd, ownerUid) => {
    // Somebody else's would be of an earlier set-up; what is in it could be anything.
    if (ownerUid !== own) return;
    fchownSync(fd, -1, gid);
    fchmodSync(fd, 0o750);
    for (const name of readdirSync(folder)) {
      withOpen(join(folder, name), constants.O_NOFOLLOW, (file, _, isFile) => {
        if (!isFile) return;
        fchownSync(file, -1, gid);
        fchmodSync(file, 0o640);
      });
    }
  });
}

/** What another user left in it goes: it could be a link. Without it everything is carried again, and counts once. */
function giveShipperDir(dir: string, uid: number, gid: number): void {
  const own = process.geteuid?.() ?? 0;
  withOpen(dir, FOLDER, (fd, ownerUid) => {
    if (ownerUid === uid) return;
    // First nobody else's, so that nothing is put there meanwhile.
    if (ownerUid !== own) fchownSync(fd, own, -1);
    fchmodSync(fd, 0o700);
    for (const name of readdirSync(dir)) unlinkSync(join(dir, name));
    fchownSync(fd, uid, gid);
  });
}

/** @param flags those of open(2) besides reading */
function withOpen(
  path: string,
  flags: number,
  work: (fd: number, ownerUid: number, isFile: boolean) => void,
): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  try {
    const stats = fstatSync(fd);
    work(fd, stats.uid, stats.isFile());
  } finally {
    closeSync(fd);
  }
}
