import { GpuEnergy } from '../../src/sources/gpu-energy';
import type { GpuReading, GpuSnapshot } from '../../src/sources/gpu';
import { isMissing } from '../../src/sources/source';

/** An energy counter at some times (CLOCK_MONOTONIC, ns), from its own start (J). */
export interface Counter {
  readonly times: readonly bigint[];
  readonly energiesJ: readonly number[];
}

/** Longer than any period that is tried. */
const LONGEST_GAP_NS = 10_000_000_000n;

/** The driver's counter of the first GPU, or its power added up as EIT does. */
export function counterOf(snapshots: readonly GpuSnapshot[], what: 'counter' | 'power'): Counter {
  const energy = new GpuEnergy(LONGEST_GAP_NS);
  const energiesJ = snapshots.map(({ gpus, monoNs }) => {
    const reading = gpus[0];
    if (reading === undefined) throw new Error('the first GPU is not told of');
    energy.add(what === 'counter' ? reading : withoutCounter(reading), monoNs);
    const energyUj = energy.energyUjAt(monoNs);
    if (isMissing(energyUj)) throw new Error(energyUj.missing);
    return Number(energyUj) / 1e6;
  });
  return { times: snapshots.map(({ monoNs }) => monoNs), energiesJ };
}

function withoutCounter({ energyMillijoules: _, ...rest }: GpuReading): GpuReading {
  return rest;
}

/** What a counter grew by between two times (J), in straight lines between its readings. */
export function growthJ(counter: Counter, fromNs: bigint, toNs: bigint): number {
  return valueAt(counter, toNs) - valueAt(counter, fromNs);
}

function valueAt({ times, energiesJ }: Counter, ns: bigint): number {
  const next = times.findIndex((time) => time >= ns);
  if (next === -1) throw new Error('the counter was not read for so long');
  if (times[next] === ns) return energiesJ[next]!;
  if (next === 0) throw new Error('the counter was not read yet');
  const [fromNs, toNs] = [times[next - 1]!, times[next]!];
  const part = Number(ns - fromNs) / Number(toNs - fromNs);
  return energiesJ[next - 1]! + part * (energiesJ[next]! - energiesJ[next - 1]!);
}

/**
 * The most by which power that is added up in straight lines may be off for what it did between two readings (J): all of each rise
 * or fall could have come right after the one or right before the other.
 */
export function samplingJ(snapshots: readonly GpuSnapshot[]): number {
  return snapshots.slice(1).reduce((sum, { gpus, monoNs }, index) => {
    const before = snapshots[index]!;
    const change = Math.abs(powerOf(gpus[0]) - powerOf(before.gpus[0]));
    return sum + (change / 2) * (Number(monoNs - before.monoNs) / 1e9);
  }, 0);
}

function powerOf(reading: GpuReading | undefined): number {
  if (reading === undefined || isMissing(reading.power))
    throw new Error('the power of the first GPU is not told');
  return reading.power.powerW;
}

/** One line of the table. */
export interface Row {
  readonly way: string;
  readonly periodMs: number;
  readonly readings: number;
  /** What this way gives (J), and what the driver's counter grew by over the same time. */
  readonly energyJ: number;
  readonly counterJ: number;
  /** By how much the two may differ (J). */
  readonly allowedJ: number;
}

/** As Markdown. */
export function tableOf(caption: string, rows: readonly Row[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;
  return [
    caption,
    '',
    line(['way', 'period (ms)', 'readings', 'J', 'J by the counter', 'off by', 'allowed']),
    line(Array.from({ length: 7 }, () => '---')),
    ...rows.map(({ way, periodMs, readings, energyJ, counterJ, allowedJ }) =>
      line([
        way,
        periodMs,
        readings,
        energyJ.toFixed(1),
        counterJ.toFixed(1),
        percent(energyJ / counterJ - 1),
        percent(allowedJ / counterJ),
      ]),
    ),
    '',
  ].join('\n');
}
