import { splitByPlace, type SplitTime } from '../attribution/package-split';
import type { CpuPlace } from '../sources/source';
import { isMissing } from '../sources/source';
import type { ActiveRun } from './cpu-time';
import type { HostState } from './host-state';
import type { HostReading } from './reading';

/** CPU time of one place in one tick. */
export interface PlaceTime {
  readonly cpus: ReadonlySet<number>;
  /** By run, in the order of the active ones. */
  readonly runs: readonly (SplitTime & { readonly cpuNs: number })[];
  /** Of work outside the runs, ns. */
  readonly systemNs: number;
}

/** A place's name among the state's: `0`, or `0.1` for die 1 of package 0. */
export function placeName(place: CpuPlace): string {
  return place.die === undefined ? String(place.package) : `${place.package}.${place.die}`;
}

/**
 * The runs' CPU time by place, on hosts where domains are of a part of the host. What is left of the place's busy time
 * is the system's; what the runs are ahead of it (exact counters, ticks of 10 ms) is carried.
 * @param mostDebtNs by how much they can be ahead, ns a CPU
 * @returns by the name of the place; changes the state's debts
 */
export function tickPlaceTime(
  state: HostState,
  reading: HostReading,
  active: readonly ActiveRun[],
  mostDebtNs: number,
): Map<string, PlaceTime> {
  const times = new Map<string, PlaceTime>();
  if (reading.places.length === 0) return times;
  const busyNs = busyGrowth(state, reading);
  const split = splitByPlace(
    reading.places.map((place) => place.cpus),
    busyNs,
    active.map(({ run, time }) => {
      const cpus = run.holding?.cpus ?? null;
      return {
        cpuNs: time?.ns ?? 0,
        placeNs: time?.placeNs ?? null,
        cpus: cpus === null ? null : new Set(cpus),
      };
    }),
  );
  const debts: Record<string, number> = {};
  reading.places.forEach(({ place, cpus }, i) => {
    const name = placeName(place);
    let ofRunsNs = 0;
    for (const run of split) ofRunsNs += run.placeNs[i] ?? 0;
    let placeBusyNs = 0;
    for (const each of cpus) placeBusyNs += busyNs.get(each) ?? 0;
    const systemNs = placeBusyNs - ofRunsNs - (state.placeDebtNs[name] ?? 0);
    debts[name] = Math.min(Math.max(0, -systemNs), cpus.size * mostDebtNs);
    const runs = split.map((run) => ({ ...run, cpuNs: run.placeNs[i] ?? 0 }));
    times.set(name, { cpus, runs, systemNs: Math.max(0, systemNs) });
  });
  state.placeDebtNs = debts;
  return times;
}

/** What each CPU was busy since the state's reading (ns); a CPU that was offline then has no earlier value. */
function busyGrowth(state: HostState, { cpu }: HostReading): Map<number, number> {
  const growth = new Map<number, number>();
  if (isMissing(cpu) || cpu.byCpu === null) return growth;
  for (const [number, busyNs] of cpu.byCpu) {
    const before = state.cpuBusyNs[String(number)];
    if (before !== undefined && busyNs > before) growth.set(number, Number(busyNs - before));
  }
  return growth;
}
