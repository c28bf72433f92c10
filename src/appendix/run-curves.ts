import type { SeriesRecord } from '../generated/record';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { energyIndex, type SliceRow } from '../runs/slice-row';

/** Steps of a run's pictures: more than a screen shows apart would only make pages long. */
const MOST_STEPS = 180;

/** A line of a picture: a value a step; null where nothing tells. */
export interface Curve {
  readonly key: string;
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** What a series record or the archive's row of one tells. */
export type PowerSeries = Pick<SeriesRecord, 'end_ms' | 'power_w' | 'cpus_busy'>;

/** What is summed up over time: value times milliseconds, and the milliseconds; both times a weight. */
class Integral {
  readonly sums: Float64Array;
  readonly ms: Float64Array;

  constructor(steps: number) {
    this.sums = new Float64Array(steps);
    this.ms = new Float64Array(steps);
  }
}

/** Names of integrals, by what they are of. */
type Quantity =
  | `power ${string}`
  | `class ${string}`
  | `p-state ${string}`
  | 'cpus series'
  | 'cpus lines'
  | 'memory'
  | 'gpu use'
  | 'gpu memory'
  | 'read'
  | 'written'
  | 'mhz min'
  | 'mhz mean'
  | 'mhz max';

/**
 * What a run did over time, on all its nodes together, in steps of equal length. All that is told of a stretch of time is taken as even over it;
 * what is held is as little as the pictures need, however long the run was.
 */
export class RunCurves {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly #policy: number;
  readonly #integrals = new Map<Quantity, Integral>();

  /** @param policy place in POLICIES, of energies that lines tell; series have the power of `usage` */
  constructor(fromMs: number, toMs: number, policy: number) {
    const lengthMs = Math.max(1, toMs - fromMs);
    this.fromMs = fromMs;
    this.steps = Math.max(1, Math.min(MOST_STEPS, Math.floor(lengthMs / 500)));
    this.stepMs = lengthMs / this.steps;
    this.#policy = policy;
  }

  get toMs(): number {
    return this.fromMs + this.steps * this.stepMs;
  }

  /** A line of the run, or lines added up. */
  addRow(row: SliceRow): void {
    const { fromMs, toMs, gpu, io } = row;
    const lengthMs = Math.max(1, toMs - fromMs);
    const add = (quantity: Quantity, value: number, weight = 1): void =>
      this.#add(quantity, fromMs, toMs, value, weight);
    add('cpus lines', (row.cpuUs + row.overheadUs) / 1000 / lengthMs);
    if (row.memoryBytes !== undefined) add('memory', row.memoryBytes);
    if (io !== undefined) {
      add('read', io[0] / (lengthMs / 1000));
      add('written', io[1] / (lengthMs / 1000));
    }
    DOMAIN_CLASSES.forEach((name, i) => {
      const [measured, modelled] = [0, 1].map((kind) => row.uj[energyIndex(i, kind, this.#policy)]);
      if (measured === undefined && modelled === undefined) return;
      // µJ per ms are mW.
      add(`class ${name}`, ((measured ?? 0) + (modelled ?? 0)) / lengthMs / 1000);
    });
    if (gpu === undefined) return;
    // Of nodes with several GPUs and with one each GPU counts alike.
    if (gpu.busyMs !== undefined && gpu.toldMs > 0)
      add('gpu use', gpu.busyMs / gpu.toldMs, gpu.toldMs / lengthMs);
    if (gpu.memoryBytes !== undefined) add('gpu memory', gpu.memoryBytes);
    gpu.pStateMs.forEach((ms, state) => {
      if (ms !== undefined && ms > 0) add(`p-state P${state}`, ms / lengthMs);
    });
  }

  /** A series of the run on one node. @param fromMs its beginning */
  addSeries(fromMs: number, { end_ms: ends, power_w: powers, cpus_busy: busy }: PowerSeries): void {
    ends.forEach((endMs, i) => {
      const [begin, end] = [fromMs + (ends[i - 1] ?? 0), fromMs + endMs];
      for (const domain in powers) {
        const value = powers[domain]?.[i] ?? null;
        if (value !== null) this.#add(`power ${domain}`, begin, end, value);
      }
      const cpus = busy[i] ?? null;
      if (cpus !== null) this.#add('cpus series', begin, end, cpus);
    });
  }

  /** Frequency of a host's CPUs over a stretch. */
  addFrequency(fromMs: number, toMs: number, mhz: { min: number; mean: number; max: number }): void {
    for (const key of ['min', 'mean', 'max'] as const) this.#add(`mhz ${key}`, fromMs, toMs, mhz[key]);
  }

  /** Power by domain where series tell it, else by class of domains; watts. */
  power(): { readonly isBySeries: boolean; readonly curves: Curve[] } {
    const bySeries = this.#named('power ');
    if (bySeries.length > 0) return { isBySeries: true, curves: bySeries };
    return {
      isBySeries: false,
      curves: this.#named('class ').map((curve) => ({ ...curve, name: CLASS_NAMES[curve.key] ?? curve.key })),
    };
  }

  /** CPU seconds per second. */
  cpus(): Curve[] {
    const bySeries = this.#curve('cpus series', 'CPUs busy', 'sum');
    return bySeries.length > 0 ? bySeries : this.#curve('cpus lines', 'CPUs busy', 'sum');
  }

  /** Bytes held. */
  memory(): Curve[] {
    return this.#curve('memory', 'Memory held', 'sum');
  }

  /** Part of their time in which a kernel ran, all GPUs of the run together. */
  gpuUse(): Curve[] {
    return this.#curve('gpu use', 'GPUs busy', 'mean');
  }

  gpuMemory(): Curve[] {
    return this.#curve('gpu memory', 'GPU memory in use', 'sum');
  }

  /** Part of the GPU time in each state; a state that was never taken has no curve. */
  pStates(): Curve[] {
    const states = [...this.#integrals]
      .filter(([name]) => name.startsWith('p-state '))
      .map(([name, { sums }]) => ({ key: name.slice('p-state '.length), sums }))
      .toSorted((a, b) => Number(a.key.slice(1)) - Number(b.key.slice(1)));
    const all = Array.from({ length: this.steps }, (_, i) =>
      states.reduce((sum, { sums }) => sum + (sums[i] ?? 0), 0),
    );
    return states.map(({ key, sums }) => ({
      ...{ key, name: key },
      values: all.map((total, i) => (total === 0 ? null : (sums[i] ?? 0) / total)),
    }));
  }

  /** Bytes per second. */
  blockIo(): Curve[] {
    return [...this.#curve('read', 'Read', 'sum'), ...this.#curve('written', 'Written', 'sum')];
  }

  /** MHz; of several hosts their means. */
  frequency(): Curve[] {
    return (['max', 'mean', 'min'] as const).flatMap((key) =>
      this.#curve(`mhz ${key}`, { max: 'most', mean: 'mean', min: 'least' }[key], 'mean'),
    );
  }

  #named(prefix: 'power ' | 'class '): Curve[] {
    const names = [...this.#integrals.keys()].filter((name) => name.startsWith(prefix)).sort();
    return names.flatMap((name) => this.#curve(name, name.slice(prefix.length), 'sum'));
  }

  /** @param how over nodes that tell of the same time: their sum, or their mean */
  #curve(quantity: Quantity, name: string, how: 'sum' | 'mean'): Curve[] {
    const integral = this.#integrals.get(quantity);
    if (integral === undefined) return [];
    const values = Array.from(integral.sums, (sum, i) => {
      const ms = integral.ms[i] ?? 0;
      if (ms <= 0) return null;
      // A step that is told in part is taken as if the rest were alike.
      return how === 'mean' ? sum / ms : (sum / ms) * Math.max(1, Math.round(ms / this.stepMs));
    });
    return [{ key: quantity.slice(quantity.lastIndexOf(' ') + 1), name, values }];
  }

  #add(quantity: Quantity, fromMs: number, toMs: number, value: number, weight = 1): void {
    const [begin, end] = [(fromMs - this.fromMs) / this.stepMs, (toMs - this.fromMs) / this.stepMs];
    const [first, last] = [Math.max(0, Math.floor(begin)), Math.min(this.steps, Math.ceil(end))];
    if (!(first < last)) return;
    let integral = this.#integrals.get(quantity);
    if (integral === undefined) this.#integrals.set(quantity, (integral = new Integral(this.steps)));
    for (let i = first; i < last; i++) {
      const ms = (Math.min(end, i + 1) - Math.max(begin, i)) * this.stepMs * weight;
      if (ms <= 0) continue;
      integral.sums[i]! += value * ms;
      integral.ms[i]! += ms;
    }
  }
}

const CLASS_NAMES: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  dram: 'Memory',
  gpu: 'GPU',
  other: 'Rest of the nodes',
};
