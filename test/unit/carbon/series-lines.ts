import type { IntensityLine } from '../../../src/generated/intensity';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const START_MS = Date.parse('2026-03-02T00:00:00.000Z');

/** A final line of life-cycle consumption in DE, one hour long, `hour` hours after the start of 2 March 2026. */
export function hourLine(hour: number, gPerKwh: number, changes: Partial<IntensityLine> = {}): IntensityLine {
  return {
    zone: 'DE',
    start: new Date(START_MS + hour * HOUR_MS).toISOString(),
    end: new Date(START_MS + (hour + 1) * HOUR_MS).toISOString(),
    g_per_kwh: gPerKwh,
    basis: 'average-lifecycle',
    flow: 'consumption',
    source: 'a grid',
    estimated: false,
    fetched_at: '2026-03-10T00:00:00.000Z',
    ...changes,
  };
}
