import type { Group } from '../report/aggregate';
import { figures, type SiteFactors } from '../report/report';

const HOUR_MS = 3_600_000;

/** Energy (with PUE) and CO2eq of an hour. */
export interface HourFigures {
  kwh: number;
  co2eKg: number;
}

/** The carbon intensity of a cluster's grid over a time, gCO2eq/kWh. */
export type GridIntensity = (fromMs: number, toMs: number) => number;

/** Energy by the hour in which it was used, cluster by cluster. */
export class HourSums {
  /** By cluster, then by hour as `hour` of a report names it. */
  readonly clusters = new Map<string, Map<string, HourFigures>>();

  /** @param group of a report by hour and cluster, and perhaps more */
  add({ fields, sums }: Pick<Group, 'fields' | 'sums'>, factorsOf: (cluster: string) => SiteFactors): void {
    const told = figures(sums, factorsOf, false);
    this.addHour(fields.cluster ?? '', fields.hour ?? '', told.energy_kwh.total, told.co2e_kg);
  }

  addHour(cluster: string, hour: string, kwh: number, co2eKg: number): void {
    let hours = this.clusters.get(cluster);
    if (hours === undefined) this.clusters.set(cluster, (hours = new Map()));
    const known = hours.get(hour);
    if (known === undefined) hours.set(hour, { kwh, co2eKg });
    else {
      known.kwh += kwh;
      known.co2eKg += co2eKg;
    }
  }
}

/** A cell of the picture of clean and dirty hours. */
export interface HourCell {
  /** A day, or a month where the time is long. */
  readonly row: string;
  /** 0 to 23, local time. */
  readonly hour: number;
  /** In the mean of the days of the row. */
  readonly kwh: number;
  /** Of the grid; null: nobody knows. */
  readonly gPerKwh: number | null;
}

export interface CleanHours {
  readonly cells: readonly HourCell[];
  /** Whether rows are months. */
  readonly byMonth: boolean;
  /** Of the energy, the part used in the cleanest and in the dirtiest third of all hours; null: the intensity is the same at all hours. */
  readonly cleanShare: number | null;
  readonly dirtyShare: number | null;
}

export interface CleanHoursOptions {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** By cluster; null: the same at all times. */
  readonly gridOf: (cluster: string) => GridIntensity | null;
  /** The hour, local with its offset, in which a moment lies. */
  readonly hourOf: (ms: number) => string;
  /** With more days, rows are months. */
  readonly mostDays: number;
}

/**
 * Which hours of the grid the energy was used in. The thirds are of all hours of the time asked for, whether something ran in them or not: who takes power
 * at any time has a third of it in each.
 */
export function cleanHours(sums: HourSums, options: CleanHoursOptions): CleanHours {
  const { sinceMs, untilMs, gridOf, hourOf, mostDays } = options;
  const hours: { readonly fromMs: number; readonly name: string }[] = [];
  for (let ms = Math.floor(sinceMs / HOUR_MS) * HOUR_MS; ms < untilMs; ms += HOUR_MS)
    hours.push({ fromMs: ms, name: hourOf(ms) });
  const byMonth = new Set(hours.map(({ name }) => name.slice(0, 10))).size > mostDays;

  let [all, clean, dirty, isKnown] = [0, 0, 0, false];
  const kwhOf = new Map<string, number>();
  for (const [cluster, used] of sums.clusters) {
    for (const [hour, { kwh }] of used) {
      kwhOf.set(hour, (kwhOf.get(hour) ?? 0) + kwh);
      all += kwh;
    }
    const grid = gridOf(cluster);
    if (grid === null) continue;
    const sorted = hours
      .map(({ fromMs, name }) => ({ name, g: grid(fromMs, fromMs + HOUR_MS) }))
      .sort((a, b) => a.g - b.g);
    // Other factors may change with time where the intensity does not.
    if (sorted[0]?.g === sorted.at(-1)?.g) continue;
    isKnown = true;
    const third = Math.floor(sorted.length / 3);
    const sumOf = (some: readonly { readonly name: string }[]): number =>
      some.reduce((sum, { name }) => sum + (used.get(name)?.kwh ?? 0), 0);
    clean += sumOf(sorted.slice(0, third));
    dirty += sumOf(sorted.slice(sorted.length - third));
  }

  const main = [...sums.clusters].sort((a, b) => totalOf(b[1]) - totalOf(a[1]))[0]?.[0];
  const mainGrid = main === undefined || !isKnown ? null : gridOf(main);
  const cells = new Map<string, { row: string; hour: number; kwh: number; g: number; count: number }>();
  for (const { fromMs, name } of hours) {
    const row = name.slice(0, byMonth ? 7 : 10);
    const hour = Number(name.slice(11, 13));
    const key = `${row} ${hour}`;
    const cell = cells.get(key) ?? { row, hour, kwh: 0, g: 0, count: 0 };
    cell.kwh += kwhOf.get(name) ?? 0;
    cell.g += mainGrid === null ? 0 : mainGrid(fromMs, fromMs + HOUR_MS);
    cell.count++;
    cells.set(key, cell);
  }
  return {
    cells: [...cells.values()].map(({ row, hour, kwh, g, count }) => ({
      row,
      hour,
      kwh: byMonth ? kwh / count : kwh,
      gPerKwh: mainGrid === null ? null : g / count,
    })),
    byMonth,
    cleanShare: isKnown && all > 0 ? clean / all : null,
    dirtyShare: isKnown && all > 0 ? dirty / all : null,
  };
}

function totalOf(hours: ReadonlyMap<string, HourFigures>): number {
  return [...hours.values()].reduce((sum, { kwh }) => sum + kwh, 0);
}
