import { basename } from 'node:path';
import { isErrno } from '../errors';
import { jobFactsFiles, jobsFileStamp } from './job-files';
import { firstDayOfMonthsFile } from './told-rows';

/** By name, size and time of the files in which sacct's word is kept: each is replaced as a whole. */
export type ToldStamps = Readonly<Record<string, string>>;

/** What the files are now; none where nothing was synced. @throws EitError EIT_LEDGER_UNREADABLE; the system's error */
export async function readToldStamps(ledger: string, cluster: string): Promise<ToldStamps> {
  const stamps: Record<string, string> = {};
  for (const path of await jobFactsFiles(ledger, cluster)) {
    try {
      stamps[basename(path, '.parquet')] = await jobsFileStamp(path);
    } catch (error) {
      // Moved away at this moment.
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
  return stamps;
}

/**
 * From when on totals can be of what files told that were others before.
 * @returns Unix ms; null: the files are the same
 */
export function toldAnewFromMs(before: ToldStamps, now: ToldStamps): number | null {
  const changed = Object.keys({ ...before, ...now }).filter((month) => before[month] !== now[month]);
  const [first] = changed.sort();
  return first === undefined ? null : firstDayOfMonthsFile(first);
}
