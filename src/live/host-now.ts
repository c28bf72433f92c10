import type { NowHostDomain, NowRun, NowSnapshot } from '../generated/now';
import type { DomainClass } from '../generated/record';
import { DOMAIN_CLASSES } from '../runs/domain-class';

/** Watts by class of domain; null: not known now, absent: there is no such domain. */
export type PowerByClass = Partial<Record<DomainClass, number | null>>;

/** A job's fragment, or what several of them add up to. */
export interface JobRow {
  readonly key: string;
  readonly job: number;
  readonly user: string;
  readonly account: string;
  readonly partition: string;
  readonly node: string;
  readonly powerW: PowerByClass;
  /** Of the classes that are known; null where none is. */
  readonly totalW: number | null;
  readonly energyJ: number;
  /** Part of its energy that no counter told. */
  readonly hasModelled: boolean;
  /** Some of its time is missing. */
  readonly hasMissing: boolean;
  readonly cpusBusy: number | null;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly gpuBusy: number | null;
  readonly gpus: number;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly domains: NowRun['domains'];
}

/** Sums where a part that is not known leaves the rest; null where nothing is known. */
export function sumKnown(values: Iterable<number | null | undefined>): number | null {
  let sum: number | null = null;
  for (const value of values) if (value !== null && value !== undefined) sum = (sum ?? 0) + value;
  return sum;
}

export function powerByClass(
  domains: readonly { readonly class: DomainClass; readonly power_w: number | null }[],
): PowerByClass {
  const power: PowerByClass = {};
  for (const { class: name, power_w: watts } of domains) {
    power[name] = name in power ? sumKnown([power[name], watts]) : watts;
  }
  return power;
}

export function jobRow(run: NowRun): JobRow {
  const powerW = powerByClass(run.domains);
  return {
    key: `${run.cluster}/${run.node}/${run.job}/${run.restart}/${run.started}`,
    job: run.job,
    user: run.user ?? (run.uid === undefined ? '?' : `uid:${run.uid}`),
    account: run.account ?? '',
    partition: run.partition ?? '',
    node: run.node,
    powerW,
    totalW: sumKnown(DOMAIN_CLASSES.map((name) => powerW[name])),
    energyJ: run.domains.reduce((sum, domain) => sum + domain.energy_j, 0),
    hasModelled: run.domains.some(({ quality }) => quality === 'modelled'),
    hasMissing: run.domains.some(({ missing_s: missingS }) => missingS > 0),
    cpusBusy: run.cpus_busy,
    cpus: run.cpus ?? null,
    memoryBytes: run.memory_bytes,
    memoryLimitBytes: run.memory_limit_bytes,
    gpuBusy: run.gpu_busy,
    gpus: run.gpus ?? 0,
    startedMs: Date.parse(run.started),
    endedMs: run.ended === null ? null : Date.parse(run.ended),
    domains: run.domains,
  };
}

/** The host's watts, and to whom they go. */
export interface HostPower {
  readonly byClass: PowerByClass;
  readonly totalW: number | null;
  readonly runsW: number | null;
  readonly idleW: number | null;
  readonly systemW: number | null;
  readonly energyJ: number;
}

export function hostPower({ totals: { domains } }: NowSnapshot): HostPower {
  const sum = (of: 'power_w' | 'runs_w' | 'idle_w' | 'system_w'): number | null =>
    sumKnown(domains.map((domain: NowHostDomain) => domain[of]));
  return {
    byClass: powerByClass(domains),
    totalW: sum('power_w'),
    runsW: sum('runs_w'),
    idleW: sum('idle_w'),
    systemW: sum('system_w'),
    energyJ: domains.reduce((all, { energy_j: energyJ }) => all + energyJ, 0),
  };
}

export const SORTS = ['watts', 'energy', 'cpu', 'job'] as const;
export type Sort = (typeof SORTS)[number];

/** The greatest first, jobs by their number; what is not known last. */
export function sortRows(rows: readonly JobRow[], by: Sort): JobRow[] {
  const value = ({ totalW, energyJ, cpusBusy, job }: JobRow): number => {
    if (by === 'watts') return totalW ?? -1;
    if (by === 'energy') return energyJ;
    return by === 'cpu' ? (cpusBusy ?? -1) : -job;
  };
  return rows.toSorted((a, b) => value(b) - value(a) || a.job - b.job || (a.key < b.key ? -1 : 1));
}

/** Jobs whose number, user, account, partition or node has the text in it; all where it is empty. */
export function filterRows(rows: readonly JobRow[], text: string): JobRow[] {
  const wanted = text.toLowerCase();
  return rows.filter((row) =>
    [String(row.job), row.user, row.account, row.partition, row.node].some((field) =>
      field.toLowerCase().includes(wanted),
    ),
  );
}
