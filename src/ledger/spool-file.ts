import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';

/** What lies in a file of the spool: runs' and hosts' lines; those whose context had to go; runs' series. */
export type SpoolFileKind = 'energy' | 'bare' | 'series';

/** `<cluster>/<YYYY-MM-DD>[.bare|.series][.<token>].ndjson` below the spool's folder. */
export interface SpoolFile {
  readonly cluster: string;
  readonly name: string;
  /** Relative to the spool's folder: what a file is known by, since no name comes twice. */
  readonly path: string;
  readonly day: string;
  readonly kind: SpoolFileKind;
}

export interface SizedSpoolFile extends SpoolFile {
  readonly bytes: number;
}

/** The shipper's own folder in the spool, the only one that it may write to. No cluster's name begins with a dot. */
export const SHIPPER_DIR = '.shipper';
export const REFUSED_FILE = 'refused.ndjson';

const NAME = /^(?<day>\d{4}-\d\d-\d\d)(?:\.(?<kind>bare|series))?(?:\.[0-9a-z]{1,40})?\.ndjson$/;

/** Files of records, those of the oldest day first, of a day the oldest. */
export function listSpool(spoolDir: string): SpoolFile[] {
  return spoolClusters(spoolDir)
    .flatMap((cluster) =>
      entriesOf(join(spoolDir, cluster)).flatMap(({ name }) => spoolFile(cluster, name) ?? []),
    )
    .sort((a, b) => compare(a.name, b.name) || compare(a.cluster, b.cluster));
}

/** The same with their sizes; without those that are gone by now. @throws the system's error */
export function sizedSpool(spoolDir: string): SizedSpoolFile[] {
  return listSpool(spoolDir).flatMap((file) => {
    const stats = statSync(join(spoolDir, file.path), { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ ...file, bytes: stats.size }];
  });
}

/** The clusters with a folder in the spool. */
export function spoolClusters(spoolDir: string): string[] {
  return entriesOf(spoolDir)
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

/** What a file's name says; null: no records' file. */
export function spoolFile(cluster: string, name: string): SpoolFile | null {
  const { day, kind = 'energy' } = NAME.exec(name)?.groups ?? {};
  if (day === undefined) return null;
  return { cluster, name, path: join(cluster, name), day, kind: kind as SpoolFileKind };
}

/**
 * A name that no file has had: the shipper knows by it how far a file has been carried, and of a second one under the same name it
 * would leave out the beginning.
 * @param nowMs and `randomToken` (letters and digits) make it: names sort by time
 */
export function newSpoolName(day: string, kind: SpoolFileKind, nowMs: number, randomToken: string): string {
  const token = `${Math.max(0, Math.floor(nowMs)).toString(36).padStart(9, '0')}${randomToken}`;
  return [day, ...(kind === 'energy' ? [] : [kind]), token, 'ndjson'].join('.');
}

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    // Not there yet, or gone since it was listed.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
