import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * Writes a file so that whoever reads it has the old one or the new one, also after a power cut.
 * @param beforeNamed what is done with the new file before it takes the place of the old one
 * @throws the system's error; the old file is then as it was
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  mode: number,
  beforeNamed?: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      // Whatever the umask.
      await file.chmod(mode);
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await beforeNamed?.(temporary);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Waits until a file that somebody else wrote is on disk, then gives it its name.
 * @param mode null: it has what it should have
 */
export async function publish(temporary: string, path: string, mode: number | null): Promise<void> {
  const file = await open(temporary, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    if (mode !== null) await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** SHA-256 of a file, in hex. @throws the system's error */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
