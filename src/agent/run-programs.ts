import type { TopProcess } from '../generated/record';
import type { ProgramTime } from '../sources/job-programs';

const US_PER_TICK = 10_000;
/** A job can give its processes any number of names. */
const MOST_NAMES = 64;

/** CPU time of a run's programs, as far as it was looked at: plain data. */
export interface RunPrograms {
  /** By process, what it had used at the last look (ticks). */
  readonly seenTicks: Readonly<Record<string, number>>;
  /** By name, most first. No object: a name can be `__proto__`. */
  readonly ticks: readonly (readonly [name: string, ticks: number])[];
}

/**
 * Takes up a look at a run's processes. A process that was not there at the last one has used all its time for this run.
 * Beyond 64 names those that used least are forgotten.
 */
export function takeUpPrograms(
  before: RunPrograms | undefined,
  programs: readonly ProgramTime[],
): RunPrograms {
  const ticks = new Map(before?.ticks);
  for (const { key, name, ticks: now } of programs) {
    const grown = now - (before?.seenTicks[key] ?? 0);
    if (grown > 0) ticks.set(name, (ticks.get(name) ?? 0) + grown);
  }
  return {
    seenTicks: Object.fromEntries(programs.map(({ key, ticks: now }) => [key, now])),
    ticks: [...ticks].toSorted(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1)).slice(0, MOST_NAMES),
  };
}

/** The `most` programs that used most CPU time. */
export function topProcesses({ ticks }: RunPrograms, most: number): TopProcess[] {
  return ticks.slice(0, most).map(([name, used]) => ({ name, cpu_us: used * US_PER_TICK }));
}
