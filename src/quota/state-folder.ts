import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { KINDS } from './state-file';

/** What a person used is hers: the group is that of slurmctld, and others see nothing. */
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;

/** Of a temporary file: whoever was writing it that long ago is dead. */
const ABANDONED_MS = 3_600_000;

/**
 * Writes a state into a folder: each file is replaced as a whole, and those that are not part of it are taken away in
 * the end. Who reads meanwhile, and who is left with half of a refresh that was killed, sees whole files, old or new.
 * @param files texts by path below the folder
 * @param nowMs to know what an earlier refresh left behind
 * @throws EitError EIT_QUOTA_DIR
 */
export function writeState(dir: string, files: ReadonlyMap<string, string>, nowMs: number): void {
  try {
    for (const folder of [dir, ...KINDS.map((kind) => join(dir, kind))]) {
      mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    }
    for (const [path, text] of files) {
      const temporary = join(dir, `.${process.pid}.tmp`);
      rmSync(temporary, { force: true });
      writeFileSync(temporary, text, { mode: FILE_MODE, flag: 'wx' });
      renameSync(temporary, join(dir, path));
    }
    for (const kind of KINDS) removeOthers(dir, kind, files);
    removeAbandoned(dir, nowMs);
  } catch (cause) {
    if (!isNativeError(cause) || !('syscall' in cause)) throw cause;
    throw new EitError(
      'EIT_QUOTA_DIR',
      `cannot write the state of the quotas to ${visible(dir)}: ${visible(String(cause))}; ` +
        'make quota_dir of eit.yaml a folder of the user who runs eit quota refresh, with all in it (chown -R, as root)',
      { cause },
    );
  }
}

function removeOthers(dir: string, kind: string, files: ReadonlyMap<string, string>): void {
  for (const entry of readdirSync(join(dir, kind), { withFileTypes: true })) {
    if (!entry.isDirectory() && !files.has(`${kind}/${entry.name}`)) {
      rmSync(join(dir, kind, entry.name), { force: true });
    }
  }
}

function removeAbandoned(dir: string, nowMs: number): void {
  for (const name of readdirSync(dir)) {
    if (!/^\.\d+\.tmp$/.test(name)) continue;
    // Gone meanwhile: another refresh is at work.
    const { mtimeMs = nowMs } = statSync(join(dir, name), { throwIfNoEntry: false }) ?? {};
    if (mtimeMs < nowMs - ABANDONED_MS) rmSync(join(dir, name), { force: true });
  }
}

/**
 * The text of a file of the state.
 * @returns null where there is none
 * @throws the system's error where it cannot be read
 */
export function readStateText(dir: string, path: string): string | null {
  try {
    return readFileSync(join(dir, path), 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
