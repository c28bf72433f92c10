import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';

/**
 * The zones that have a series, sorted.
 * @param dir the folder of the series (`intensity_dir`)
 * @throws EitError EIT_INTENSITY where it cannot be listed
 */
export function seriesZones(dir: string): string[] {
  return namesIn(dir)
    .filter((name) => /^(?:[A-Z]{2}(-[A-Z0-9]+)*|WORLD)$/.test(name))
    .sort();
}

/**
 * The UTC months of which a zone has lines (`2026-03`), the latest first.
 * @throws EitError EIT_INTENSITY where they cannot be listed
 */
export function seriesMonths(dir: string, zone: string): string[] {
  return namesIn(join(dir, zone))
    .flatMap((name) => /^(\d{4}-(?:0[1-9]|1[0-2]))\.ndjson$/.exec(name)?.[1] ?? [])
    .sort()
    .toReversed();
}

/** The time of a month, so that all lines of its file are in it. */
export function monthMs(month: string): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = Date.parse(`${month}-01T00:00:00.000Z`);
  return { fromMs, toMs: fromMs + 32 * 86_400_000 };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return [];
    throw new EitError(
      'EIT_INTENSITY',
      `cannot list ${visible(folder)}: ${visible(String(cause))}; run it as its owner`,
      { cause },
    );
  }
}
