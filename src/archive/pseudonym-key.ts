import { createHmac, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';

const FILE = 'pseudonym.key';
const KEY_BYTES = 32;

/** Where the key of a ledger's pseudonyms lies. */
export function pseudonymKeyPath(ledger: string): string {
  return join(ledger, FILE);
}

/**
 * The key of a ledger's pseudonyms.
 * @returns null where none was made yet, or it was taken away
 * @throws EitError EIT_PATH_UNTRUSTED where others may read it, EIT_LEDGER_UNREADABLE
 */
export function readPseudonymKey(ledger: string): Buffer | null {
  const path = pseudonymKeyPath(ledger);
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return null;
    throw new EitError('EIT_LEDGER_UNREADABLE', `cannot read ${path}: ${String(cause)}`, { cause });
  }
  try {
    if ((fstatSync(fd).mode & 0o077) !== 0) {
      throw new EitError(
        'EIT_PATH_UNTRUSTED',
        `${path} may be read or written by others than its owner: chmod 600 it, or remove it and have a new one made`,
      );
    }
    const text = readFileSync(fd, 'utf8');
    if (!/^[0-9a-f]{64}\n$/.test(text)) {
      throw new EitError(
        'EIT_LEDGER_UNREADABLE',
        `${path} holds no key: restore it, or remove it and have a new one made`,
      );
    }
    return Buffer.from(text, 'hex');
  } finally {
    closeSync(fd);
  }
}

/**
 * The key of a ledger's pseudonyms, made where there is none.
 * @throws EitError as {@link readPseudonymKey}; EIT_LEDGER_UNWRITABLE
 */
export function pseudonymKey(ledger: string): Buffer {
  const known = readPseudonymKey(ledger);
  if (known !== null) return known;
  const path = pseudonymKeyPath(ledger);
  const key = randomBytes(KEY_BYTES);
  try {
    const fd = openSync(path, 'wx', 0o600);
    try {
      fchmodSync(fd, 0o600);
      writeSync(fd, `${key.toString('hex')}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw new EitError('EIT_LEDGER_UNWRITABLE', `cannot make ${path}: ${String(cause)}`, { cause });
  }
  return key;
}

/** By what job ids are hashed: another secret, so that it can stand in SQL. */
export function jobSecret(key: Uint8Array, cluster: string): string {
  return createHmac('sha256', key).update(`jobs\0${cluster}`).digest('hex');
}
