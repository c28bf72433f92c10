import { DateTime } from 'luxon';
import type { ArchiveManifest } from '../generated/manifest';

/** Name of the table that holds totals of months. */
export const MONTHS_KIND = 'months';

/** Months of which nothing but their totals is kept, `2026-01`, of the archive's zone. */
export function monthsKept({ parts }: Pick<ArchiveManifest, 'parts'>): Set<string> {
  return new Set(parts.flatMap(({ kind, month }) => (kind === MONTHS_KIND ? [month] : [])));
}

/** Months of which nothing but totals is kept, of those that a window touches. */
export interface KeptMonths {
  /** Those that lie wholly in it. */
  readonly whole: readonly string[];
  readonly cut: readonly string[];
}

/** @returns months of the archive's zone */
export function keptMonthsIn(
  { manifest }: { readonly manifest: ArchiveManifest },
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
): KeptMonths {
  const [whole, cut]: [string[], string[]] = [[], []];
  for (const month of [...monthsKept(manifest)].sort()) {
    const { fromMs, toMs } = monthNamed(month, manifest.time_zone);
    if (toMs <= sinceMs || fromMs >= untilMs) continue;
    (fromMs >= sinceMs && toMs <= untilMs ? whole : cut).push(month);
  }
  return { whole, cut };
}

/** @param month `2026-01` */
export function monthNamed(month: string, zone: string): { fromMs: number; toMs: number } {
  const begin = DateTime.fromFormat(month, 'yyyy-MM', { zone });
  return { fromMs: begin.toMillis(), toMs: begin.plus({ months: 1 }).toMillis() };
}
