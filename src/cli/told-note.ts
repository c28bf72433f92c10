import { dayNamed } from '../archive/days';
import type { ReadableArchive } from '../archive/read-archive';
import { readToldStamps, toldAnewFromMs, type ToldStamps } from '../archive/told-stamps';
import { EitError } from '../errors';

/**
 * What to say where a report takes days from totals that were made before sacct told what it tells now.
 * @param told files of what it told with which the totals were compared
 * @returns null: nothing
 */
export async function toldNote(
  ledger: string,
  { cluster, manifest }: ReadableArchive,
  told: ToldStamps,
  days: ReadonlySet<string>,
): Promise<string | null> {
  let fromMs: number | null;
  try {
    fromMs = toldAnewFromMs(told, await readToldStamps(ledger, cluster));
  } catch (error) {
    // Who may not look there is told nothing of it.
    if (error instanceof EitError) return null;
    throw error;
  }
  const sinceMs = fromMs;
  if (sinceMs === null) return null;
  const isOfOne = [...days].some((day) => dayNamed(day, manifest.time_zone).toMs > sinceMs);
  return isOfOne
    ? `${cluster}: sacct has told more since days were added up: states, QOS and names can be of before, until the next eit ledger compact`
    : null;
}
