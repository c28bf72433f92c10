import type { IntensityLine } from '../generated/intensity';
import { LONGEST_STRETCH_MS, MOST_G_PER_KWH } from './intensity-line';
import type { ProviderValue } from './providers/provider';

/**
 * What of a provider's values can be: a number from 0 to 5000 g/kWh, over a stretch within the time asked for that is over. Of two for the same
 * stretch the first counts.
 * @param stamp what the lines have in common
 * @param window in which a stretch begins, and by when it is over
 * @returns sorted lines, and how many were refused, by reason; what lies outside of the time asked for is nobody's fault and not counted
 */
export function checkedValues(
  values: readonly ProviderValue[],
  stamp: Pick<IntensityLine, 'zone' | 'basis' | 'flow' | 'source' | 'fetched_at'>,
  { fromMs, toMs, overMs }: { readonly fromMs: number; readonly toMs: number; readonly overMs: number },
): { lines: IntensityLine[]; refused: Record<string, number> } {
  const byStretch = new Map<string, IntensityLine>();
  const refused: Record<string, number> = {};
  for (const { startMs, endMs, gPerKwh, estimated } of values) {
    const wrong = whyNot(startMs, endMs, gPerKwh);
    if (wrong === null && (startMs < fromMs || startMs >= toMs || endMs > overMs)) continue;
    const [start, end] = wrong === null ? [startMs, endMs].map((ms) => new Date(ms).toISOString()) : [];
    const reason = wrong ?? (byStretch.has(`${start} ${end}`) ? 'duplicate' : null);
    if (reason !== null || start === undefined || end === undefined) {
      refused[reason ?? 'no time'] = (refused[reason ?? 'no time'] ?? 0) + 1;
      continue;
    }
    const { zone, basis, flow, source, fetched_at } = stamp;
    const grams = Math.round(gPerKwh * 1000) / 1000;
    byStretch.set(`${start} ${end}`, {
      zone,
      start,
      end,
      g_per_kwh: grams,
      basis,
      flow,
      source,
      estimated,
      fetched_at,
    });
  }
  const lines = [...byStretch.values()].sort((a, b) => (a.start < b.start ? -1 : 1));
  return { lines, refused };
}

function whyNot(startMs: number, endMs: number, gPerKwh: number): string | null {
  const isStretch = endMs > startMs && endMs - startMs <= LONGEST_STRETCH_MS;
  // Years of four digits: what the schema's form has.
  if (!isStretch || startMs < 0 || endMs > 253_402_300_799_999) return 'no time';
  if (Number.isNaN(gPerKwh)) return 'no number';
  if (gPerKwh < 0) return 'negative';
  return gPerKwh > MOST_G_PER_KWH ? `absurd (above ${MOST_G_PER_KWH} g/kWh)` : null;
}
