import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isErrno } from '../errors';
import type { Archive } from './commit';
import { partOfWeighed, WEIGHED } from './weighed-part';

/** Those who read by an older manifest have a day. */
export const KEPT_MS = 86_400_000;

/**
 * Removes files of the archive that no manifest has named for a day: replaced parts, and what a crash left. A file whose time says that it
 * is young stays.
 * @param keptMsOf how long a file stays after that, by its path
 */
export async function removeUnnamed(
  { dir, manifest }: Pick<Archive, 'dir' | 'manifest'>,
  nowMs: number,
  keptMsOf: (path: string) => number = () => KEPT_MS,
): Promise<number> {
  const named = new Set([manifest.state, ...manifest.parts.map(({ path }) => path)]);
  const replacedMs = new Map(manifest.replaced.map(({ path, at_ms: atMs }) => [path, atMs]));
  // What was weighed of a part goes with it.
  const byName = new Map([...replacedMs.keys(), ...named].map((path) => [basename(path, '.parquet'), path]));
  let removed = 0;
  for (const folder of ['parts', 'state']) {
    for (const path of await filesBelow(dir, folder)) {
      const of = path.startsWith(`${WEIGHED}/`) ? (byName.get(partOfWeighed(path)) ?? path) : path;
      if (named.has(of)) continue;
      const sinceMs = replacedMs.get(of) ?? (await stat(join(dir, path))).mtimeMs;
      if (nowMs - sinceMs < keptMsOf(of)) continue;
      await unlink(join(dir, path));
      removed++;
    }
  }
  return removed;
}

/** Paths of the plain files below a folder, from `dir` on. */
async function filesBelow(dir: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(dir, folder), { withFileTypes: true });
    const found = await Promise.all(
      entries.map(async (entry) => {
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory()) return filesBelow(dir, path);
        return entry.isFile() ? [path] : [];
      }),
    );
    return found.flat();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
