import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AccessLists, grant, type Granted, wronglyGranted } from './access-list';
import { treeOf } from './ledger-tree';

/** What a compaction has not published yet lies in a folder of this name: its owner's alone. */
export const STAGING = '.new-';

/**
 * Looks at the lists of all that was published below a folder. Those that are not what they should be are set anew; what a compaction that
 * was ended left is taken away.
 * @param readersOf who may read a folder in it and all below, by its name
 * @param warn told what was wrong
 * @throws EitError EIT_PRIVACY where they cannot be set
 */
export async function mendLists(
  top: string,
  lists: AccessLists,
  readersOf: (folder: string) => readonly number[],
  warn: (message: string) => void,
): Promise<void> {
  const wanted: Granted[] = [];
  for (const entry of await readdir(top, { withFileTypes: true })) {
    const { name } = entry;
    if (name.startsWith(STAGING)) await rm(join(top, name), { recursive: true, force: true });
    else if (entry.isDirectory()) {
      const uids = readersOf(name);
      wanted.push(...(await treeOf(top, name)).map((found): Granted => ({ ...found, uids })));
    }
  }
  if (wanted.length === 0) return;
  const wrong = await wronglyGranted(lists, top, wanted);
  const [first] = wrong;
  if (first === undefined) return;
  const more = wrong.length > 1 ? ` and ${wrong.length - 1} more` : '';
  warn(
    `${top}/${first.granted.path}${more}: readers were not as they should be (${first.fault}) and are set anew`,
  );
  await grant(
    lists,
    top,
    wrong.map(({ granted }) => granted),
  );
}
