import type { CurvePiece } from '../carbon/curve';
import { welchTest, type WelchTest } from './welch';
import { mean, type Sample, sum } from './sample';

/** A work that could run elsewhere or at another time. */
export interface Work {
  readonly name: string;
  /** Of each of its runs, PUE in it. */
  readonly energyKwh: Sample;
  /** Of each of its runs; 0: not known. */
  readonly elapsedMs: Sample;
}

/** What a work would have emitted somewhere. */
export interface Emission {
  readonly work: string;
  /** All its runs, times what was asked for. */
  readonly energyKwh: number;
  readonly co2eKg: number;
  /** Mean of a run. */
  readonly perRunKg: number;
}

export interface ZoneOutcome {
  readonly zone: string;
  readonly zoneName: string;
  /** Mean over the energy. */
  readonly gPerKwh: number;
  /** Whose figure it is, of which time. */
  readonly source: string;
  readonly emissions: readonly Emission[];
  /** Of two works: the second less the first, kg a run; null where it cannot be tested. */
  readonly difference: WelchTest | null;
}

/** Where and when: gives the mean intensity of a run that lasts so long. */
export interface Grid {
  readonly zone: string;
  readonly zoneName: string;
  readonly source: string;
  meanGPerKwh(elapsedMs: number): number;
}

/**
 * The same energy with another grid's intensity: kg = kWh × g/kWh / 1000 for each run, times `times`.
 * @param times how often all of it runs
 */
export function zoneOutcome(works: readonly Work[], grid: Grid, times: number): ZoneOutcome {
  const kgOfRuns = works.map(({ energyKwh, elapsedMs }) =>
    energyKwh.map((kwh, i) => (kwh * grid.meanGPerKwh(elapsedMs[i] ?? 0)) / 1000),
  );
  const emissions = works.map(({ name, energyKwh }, i): Emission => {
    const kg = kgOfRuns[i] ?? [];
    return { work: name, energyKwh: sum(energyKwh) * times, co2eKg: sum(kg) * times, perRunKg: mean(kg) };
  });
  const energyKwh = sum(emissions.map((one) => one.energyKwh));
  const { zone, zoneName, source } = grid;
  return {
    ...{ zone, zoneName, source, emissions },
    gPerKwh:
      energyKwh === 0 ? grid.meanGPerKwh(0) : (1000 * sum(emissions.map((one) => one.co2eKg))) / energyKwh,
    difference: works.length === 2 ? welchTest(kgOfRuns[0] ?? [], kgOfRuns[1] ?? []) : null,
  };
}

/**
 * The mean of a curve from a time on, for as long as a run takes: as if it drew the same power all the time.
 * @param pieces contiguous; what lies outside of them counts as their nearest end
 * @param elapsedMs 0: the value at that time
 */
export function meanIntensity(pieces: readonly CurvePiece[], fromMs: number, elapsedMs: number): number {
  const first = pieces[0];
  const last = pieces.at(-1);
  if (first === undefined || last === undefined) return NaN;
  const toMs = fromMs + Math.max(elapsedMs, 1);
  let gMs = 0;
  for (const piece of pieces) {
    const begin = piece === first ? -Infinity : piece.fromMs;
    const end = piece === last ? Infinity : piece.toMs;
    const ms = Math.min(toMs, end) - Math.max(fromMs, begin);
    if (ms > 0) gMs += piece.gPerKwh * ms;
  }
  return gMs / (toMs - fromMs);
}

export interface StartHour {
  readonly startMs: number;
  readonly gPerKwh: number;
}

/**
 * Full hours to begin at, the least carbon first; of equal ones the earlier.
 * @param sinceMs,untilMs the run lies wholly between them
 */
export function startHours(
  pieces: readonly CurvePiece[],
  {
    sinceMs,
    untilMs,
    elapsedMs,
  }: { readonly sinceMs: number; readonly untilMs: number; readonly elapsedMs: number },
): StartHour[] {
  const hour = 3_600_000;
  const found: StartHour[] = [];
  for (let startMs = Math.ceil(sinceMs / hour) * hour; startMs + elapsedMs <= untilMs; startMs += hour)
    found.push({ startMs, gPerKwh: meanIntensity(pieces, startMs, elapsedMs) });
  return found.sort((a, b) => a.gPerKwh - b.gPerKwh || a.startMs - b.startMs);
}
