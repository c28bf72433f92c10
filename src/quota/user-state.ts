import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { encodeName, USER_NAMES } from './state-file';
import { readStateText } from './state-folder';

/** A user whose state is asked for. */
export interface StateUser {
  readonly names: readonly string[];
  readonly uids: readonly number[];
}

/**
 * What the folder of the quotas' state says of a user.
 * @returns texts by path below the folder; none where there is no such folder
 * @throws EitError EIT_QUOTA_DIR
 */
export function readUserState(dir: string, user: StateUser): Map<string, string> {
  const found = new Map<string, string>();
  try {
    for (const uid of user.uids) {
      const text = readStateText(dir, `user/${uid}`);
      if (text !== null) found.set(`user/${uid}`, text);
    }
    const lines = (readStateText(dir, USER_NAMES) ?? '').split('\n').filter((line) => isOf(line, user));
    if (lines.length > 0) found.set(USER_NAMES, `${lines.join('\n')}\n`);
  } catch (cause) {
    throw unusable(dir, cause);
  }
  return found;
}

/**
 * Takes a user out of the state of the quotas; the next `eit quota refresh` finds nothing of her in the ledger.
 * @throws EitError EIT_QUOTA_DIR
 */
export function removeUserState(dir: string, user: StateUser): void {
  try {
    const names = readStateText(dir, USER_NAMES);
    const kept = names?.split('\n').filter((line) => !isOf(line, user)) ?? [];
    if (names !== null && kept.join('\n') !== names) {
      const temporary = join(dir, `.${process.pid}.tmp`);
      rmSync(temporary, { force: true });
      writeFileSync(temporary, kept.join('\n'), { mode: 0o640, flag: 'wx' });
      renameSync(temporary, join(dir, USER_NAMES));
    }
    const uids = new Set(user.uids.map(String));
    for (const name of readdirSync(join(dir, 'user'))) if (uids.has(name)) rmSync(join(dir, 'user', name));
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw unusable(dir, cause);
  }
}

function isOf(line: string, { names, uids }: StateUser): boolean {
  const [uid = '', name = ''] = line.split(' ');
  return names.some((each) => encodeName(each) === name) || (name !== '' && uids.includes(Number(uid)));
}

function unusable(dir: string, cause: unknown): EitError {
  return new EitError(
    'EIT_QUOTA_DIR',
    `cannot use the state of the quotas in ${dir}: ${String(cause)}; let the user who runs this read and write it`,
    { cause },
  );
}
