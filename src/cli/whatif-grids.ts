import { type CurvePiece, readCurve } from '../carbon/curve';
import type { IntensityBasis } from '../carbon/intensity';
import { intensityDir } from '../carbon/intensity-dir';
import type { SkippedLines } from '../carbon/intensity-line';
import type { Zones } from '../carbon/zone';
import type { LoadedConfig } from '../config/config';
import { type Grid, meanIntensity, type StartHour, startHours } from '../science/what-if';

const WEEK_MS = 7 * 86_400_000;

/** What zones are looked at for. */
export interface AskedGrids {
  readonly loaded: LoadedConfig;
  readonly zones: Zones;
  readonly basis: IntensityBasis;
  /** Takes what of a series cannot be read. */
  readonly skipped: SkippedLines;
  /** Of the longest run. */
  readonly longestMs: number;
}

/** A grid, and on which bases its values are. */
export interface BasedGrid extends Grid {
  readonly bases: readonly IntensityBasis[];
}

/**
 * A zone's average of the year, or its series from a time on.
 * @param startMs null: the average
 */
export function gridOf(asked: AskedGrids, zone: string, startMs: number | null): BasedGrid {
  const { basis } = asked;
  const { gPerKwh, year, source, zoneName } = asked.zones.intensity(zone, { basis });
  const yearly = `average of ${year}, ${source} (${basis})`;
  const average = { zone, zoneName, bases: [basis], meanGPerKwh: () => gPerKwh };
  if (startMs === null) return { ...average, source: yearly };
  const curve = curveOf(asked, zone, startMs, startMs + Math.max(asked.longestMs, 1));
  if (curve === null)
    return {
      ...average,
      source: `${yearly}: there is no series of that time (eit intensity fetch)`,
    };
  return {
    ...{ zone, zoneName, source: seriesText(curve), bases: basesOf(curve) },
    meanGPerKwh: (elapsedMs) => meanIntensity(curve, startMs, elapsedMs),
  };
}

function curveOf(
  { loaded, zones, basis, skipped }: AskedGrids,
  zone: string,
  fromMs: number,
  toMs: number,
): CurvePiece[] | null {
  const { gPerKwh, source } = zones.intensity(zone, { basis });
  return readCurve(intensityDir(loaded.config), zone, {
    ...{ fromMs, toMs, basis, skipped },
    yearly: { gPerKwh, source },
  });
}

function basesOf(curve: readonly CurvePiece[]): IntensityBasis[] {
  return [...new Set(curve.map(({ basis }) => basis))].sort();
}

function seriesText(curve: readonly CurvePiece[]): string {
  const filled = curve.some(({ origin }) => origin !== 'series');
  const sources = [...new Set(curve.map(({ source }) => source))].sort();
  return `series of ${sources.join(', ')} (${basesOf(curve).join(', ')})${filled ? ', gaps filled as in reports' : ''}`;
}

/** When runs had better begun. */
export interface ZoneHours {
  readonly zone: string;
  /** null: there is no series of the last week. */
  readonly starts: readonly StartHour[] | null;
}

/** The hours of the last week to begin at. */
export function hoursOf(asked: AskedGrids, zone: string, nowMs: number): ZoneHours {
  const [sinceMs, untilMs, elapsedMs] = [nowMs - WEEK_MS, nowMs, asked.longestMs];
  const curve = curveOf(asked, zone, sinceMs, untilMs);
  return { zone, starts: curve === null ? null : startHours(curve, { sinceMs, untilMs, elapsedMs }) };
}
