import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { monthOfOwnFile, ownJobsFile, SYNC_FILE } from './job-files';
import { writeWhole } from './whole-file';

/** In `by-user`, the owner's alone: of what users' files of jobs were made. */
const STATE_FILE = '.jobs.json';
const OWN_FILE_MODE = 0o600;

/** A month of what sacct told, as it was when users' files were made of it. */
export interface PublishedMonth {
  /** What tells the month's file from one that took its place; empty: not known. */
  readonly stamp: string;
  /** By uid, what tells a user's rows from others; empty: not known. */
  readonly users: ReadonlyMap<number, string>;
}

interface Stored {
  readonly schema: 1;
  readonly months: Readonly<
    Record<string, { readonly stamp: string; readonly users: Record<string, string> }>
  >;
}

/**
 * What users' files of jobs were made of, by month. Where that is not known, all files that are there, so that they are made anew or taken away.
 * @param top the folder `by-user`
 */
export async function readPublishedFacts(top: string): Promise<Map<string, PublishedMonth>> {
  const text = await readFile(join(top, STATE_FILE), 'utf8').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  });
  try {
    const { months } = JSON.parse(text) as Stored;
    return new Map(
      Object.entries(months).map(([month, { stamp, users }]) => [
        month,
        { stamp, users: new Map(Object.entries(users).map(([uid, digest]) => [Number(uid), digest])) },
      ]),
    );
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return filesThere(top);
  }
}

export async function writePublishedFacts(
  top: string,
  published: ReadonlyMap<string, PublishedMonth>,
): Promise<void> {
  const stored: Stored = {
    schema: 1,
    months: Object.fromEntries(
      [...published].map(([month, { stamp, users }]) => [month, { stamp, users: Object.fromEntries(users) }]),
    ),
  };
  await writeWhole(join(top, STATE_FILE), JSON.stringify(stored), OWN_FILE_MODE);
}

/**
 * Takes away what was published of jobs, since it tells what is gone: the next compaction publishes what is left.
 * @param top the folder `by-user`
 */
export async function withdrawFacts(top: string): Promise<void> {
  // First what says that they are published.
  for (const name of [SYNC_FILE, STATE_FILE]) await rm(join(top, name), { force: true });
  for (const [month, { users }] of await filesThere(top)) {
    for (const uid of users.keys()) await rm(join(top, String(uid), ownJobsFile(month)), { force: true });
  }
}

async function filesThere(top: string): Promise<Map<string, PublishedMonth>> {
  const users = new Map<string, Map<number, string>>();
  const folders = await readdir(top, { withFileTypes: true }).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
  for (const folder of folders) {
    if (!folder.isDirectory() || !/^\d+$/.test(folder.name)) continue;
    for (const name of await readdir(join(top, folder.name))) {
      const month = monthOfOwnFile(name);
      if (month === null) continue;
      const ofMonth = users.get(month) ?? new Map<number, string>();
      users.set(month, ofMonth.set(Number(folder.name), ''));
    }
  }
  return new Map([...users].map(([month, of]) => [month, { stamp: '', users: of }]));
}
