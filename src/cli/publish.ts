import { existsSync, lchownSync, lstatSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { findAccessLists } from '../archive/find-access-lists';
import { becomeOwner, mustBeOwner } from '../archive/ledger-owner';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { counted } from '../report/units';
import { TIME_FORMS } from '../slurm/time-forms';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { privacyOf } from './ledger-privacy';
import { jsonText } from './plain-text';
import { publishPages } from './publish-pages';
import { PublishTree } from './publish-tree';

const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

/** Months before this one that a page begins with. */
const MONTHS_BEFORE = 2;

export const options: Readonly<Record<string, Options>> = {
  dir: text('folder of the pages; default: publish_dir of eit.yaml'),
  starttime: { alias: 'S', ...text('from this time on; default: the first of the month before last') },
  endtime: { alias: 'E', ...text('up to this time; default: now') },
  json: { type: 'boolean', describe: 'print JSON' },
  config: text('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['', 'writes the pages of all users, accounts and the site into publish_dir; for a timer, each night'],
  ['--dir /srv/eit-pages -S 2026-01-01', 'the pages of this year, into another folder'],
];

export const epilogue =
  `Times (local): ${TIME_FORMS}.\n\n` +
  "publish: run it as the ledger's owner or as root. users/<uid>/index.html is for that user alone (an access list, as for his records), accounts/<account>/ for " +
  'its coordinators, without jobs and hours, and site/ for the admins; with `privacy: open` everybody may read all. A page takes the place of the one before ' +
  'it in one step; pages of users without runs in this time are removed. docs/pages.md has a link for Open OnDemand.';

/** `eit publish`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output } = surroundings;
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const { config } = loaded;
  const named = lastGiven(argv['dir']) ?? config.publish_dir;
  if (named === undefined) {
    throw new EitError('EIT_USAGE', 'eit publish needs a folder: set publish_dir in eit.yaml, or give --dir');
  }
  const dir = resolve(named);
  const owner = mustBeOwner(config.ledger, 'eit publish', process);
  if (process.geteuid?.() === 0) makeFolder(dir, owner);
  const privacy = privacyOf(config, env, (message) => output.note(message));
  becomeOwner(config.ledger, 'eit publish', process);

  const tree = await PublishTree.open(dir, owner.uid, privacy.mode === 'open' ? null : findAccessLists);
  const now = DateTime.local();
  const result = await publishPages(tree, {
    loaded,
    privacy,
    output,
    now,
    uid: owner.uid,
    starttime:
      lastGiven(argv['starttime']) ??
      now.startOf('month').minus({ months: MONTHS_BEFORE }).toFormat('yyyy-MM-dd'),
    endtime: lastGiven(argv['endtime']),
  });
  const { users, accounts, partitions, removed } = result;
  await output.write([
    argv['json'] === true
      ? jsonText({ dir, ...result })
      : `${visible(dir)}: pages of ${counted(users, 'user')}, ${counted(accounts, 'account')}, ${counted(partitions, 'partition')} and the site` +
        `${removed === 0 ? '' : `; ${removed} removed`}\n`,
  ]);
  return 0;
}

/** What root makes is the owner's. @throws EitError EIT_PAGES */
function makeFolder(dir: string, { uid, gid }: { uid: number; gid: number }): void {
  if (existsSync(dir)) return;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o711 });
    // Not through a link that somebody puts in its place.
    if (lstatSync(dir).uid !== uid) lchownSync(dir, uid, gid);
  } catch (cause) {
    throw new EitError('EIT_PAGES', `${visible(dir)} cannot be made: ${visible(String(cause))}`, { cause });
  }
}
