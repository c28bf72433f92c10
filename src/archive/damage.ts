import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { archiveError } from './part';
import { sha256Of } from './whole-file';

/**
 * What is wrong with a part's file.
 * @returns null where it holds the bytes that were written; else words that follow its name
 * @throws the system's error where nobody can tell
 */
export async function damageOf(
  dir: string,
  { path, bytes, sha256 }: Pick<ArchivePart, 'path' | 'bytes' | 'sha256'>,
): Promise<string | null> {
  try {
    const { size } = await stat(join(dir, path));
    if (size !== bytes) return `is ${size} bytes long, not ${bytes}`;
    if (sha256 === undefined || (await sha256Of(join(dir, path))) === sha256) return null;
    return 'does not hold the bytes that were written';
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'is missing';
    if (isErrno(error, 'EIO', 'EACCES', 'EPERM')) return `cannot be read: ${error.message}`;
    throw error;
  }
}

/** Before something is made of parts, or kept in them alone. @throws EitError EIT_ARCHIVE with the file's name where one is damaged */
export async function mustBeAsWritten(dir: string, parts: readonly ArchivePart[]): Promise<void> {
  for (const part of parts) {
    const damage = await damageOf(dir, part);
    if (damage !== null) throw damaged(join(dir, part.path), damage);
  }
}

function damaged(path: string, damage: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_ARCHIVE',
    `${path} ${damage}. Restore it from a backup; \`eit ledger check\` lists all that is wrong`,
    { cause },
  );
}

/**
 * Does `work`, which reads parts of archives. Where it fails since one is damaged, which DuckDB says in many ways and mostly without a name,
 * all are compared with what was written, to say which.
 * @throws EitError EIT_ARCHIVE with the file's name; else what `work` throws
 */
export async function namingDamage<T>(
  archives: () => Iterable<{ readonly dir: string; readonly manifest: ArchiveManifest }>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof EitError && cause.code !== 'EIT_ARCHIVE') throw cause;
    for (const { dir, manifest } of archives()) {
      for (const part of manifest.parts) {
        const damage = await damageOf(dir, part).catch(() => null);
        if (damage === null) continue;
        throw damaged(join(dir, part.path), damage, cause);
      }
    }
    throw archiveError(cause);
  }
}
