import { type EnergyDomain, type Missing, isMissing } from '../sources/source';
import { differenceCounter } from './counter';

/** Over less time a counter's steps and a passing timer are a visible part of the mean. */
export const SHORTEST_WINDOW_S = 10;
/** Nothing of a host is idle for ever: the low end of what was seen, without the one lowest window. */
export const IDLE_PERCENTILE = 10;

/** Mean power over a window of time. */
export interface PowerSample {
  readonly powerW: number;
  readonly seconds: number;
}

/** What a domain draws when nothing runs. */
export interface IdleEstimate {
  readonly idleW: number;
  /** Time and number of the windows that it is from. */
  readonly seconds: number;
  readonly samples: number;
  readonly percentile: number;
}

/**
 * A low percentile of the mean powers of windows in which no run was on the host, linear between neighbours: what else
 * the system did now and then (a backup, a cron job) only makes windows that are higher.
 * @param samples windows of less than 10 s are left out
 * @returns why not, where no window is left or the counter stood still
 */
export function idlePower(
  samples: readonly PowerSample[],
  percentile = IDLE_PERCENTILE,
): IdleEstimate | Missing {
  const usable = samples.filter(
    ({ powerW, seconds }) => seconds >= SHORTEST_WINDOW_S && Number.isFinite(powerW) && powerW >= 0,
  );
  if (usable.length === 0) return { missing: `no idle time of ${SHORTEST_WINDOW_S} s at a stretch was read` };
  const sorted = usable.map(({ powerW }) => powerW).sort((a, b) => a - b);
  if (sorted.at(-1) === 0) return { missing: 'the counter stands still' };
  const position = (Math.min(100, Math.max(0, percentile)) / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  return {
    idleW: below + (above - below) * (position - Math.floor(position)),
    seconds: sum(usable.map(({ seconds }) => seconds)),
    samples: usable.length,
    percentile,
  };
}

/** Mean power at one load: of all counted domains together, and of the whole node. */
export interface WallPoint {
  readonly countedW: number;
  readonly wallW: number;
}

/** wall = slope × counted + offset, and how much of the wall's variance that explains. */
export interface WallFit {
  readonly slope: number;
  readonly offsetW: number;
  readonly points: number;
  readonly r2: number;
}

const FEWEST_POINTS = 3;
/** Loads closer together than this part of the largest tell the sensors' noise and no slope. */
const NARROWEST_SPAN = 0.05;

/**
 * The straight line from counted power to the node's, by least squares.
 * @returns why not, where the points are too few, lie too close together, or the node's power does not rise with the counted
 */
export function fitWall(points: readonly WallPoint[]): WallFit | Missing {
  if (points.length < FEWEST_POINTS)
    return { missing: `${points.length} loads were measured, a line needs ${FEWEST_POINTS}` };
  const counted = points.map(({ countedW }) => countedW);
  const wall = points.map(({ wallW }) => wallW);
  if (![...counted, ...wall].every((powerW) => Number.isFinite(powerW) && powerW >= 0))
    return { missing: 'a power is no number of watts' };
  const highest = Math.max(...counted);
  if (highest - Math.min(...counted) <= NARROWEST_SPAN * highest)
    return { missing: 'the counted power hardly changed with the load' };

  const [meanX, meanY] = [mean(counted), mean(wall)];
  const xx = sum(points.map(({ countedW }) => (countedW - meanX) ** 2));
  const xy = sum(points.map(({ countedW, wallW }) => (countedW - meanX) * (wallW - meanY)));
  const yy = sum(wall.map((wallW) => (wallW - meanY) ** 2));
  const slope = xy / xx;
  if (!(slope > 0)) return { missing: "the node's power does not rise with the counted power" };
  const offsetW = meanY - slope * meanX;
  const residual = sum(points.map(({ countedW, wallW }) => (wallW - slope * countedW - offsetW) ** 2));
  return { slope, offsetW, points: points.length, r2: 1 - residual / yy };
}

/** Mean power of each domain over one window of consecutive readings. */
export class PowerWindow {
  readonly #domains: readonly EnergyDomain[];
  readonly #energyUj: number[];
  readonly #missing: (Missing | null)[];
  #first: bigint | null = null;
  #last: { readonly monoNs: bigint; readonly values: readonly (bigint | Missing)[] } | null = null;

  constructor(domains: readonly EnergyDomain[]) {
    this.#domains = domains;
    this.#energyUj = domains.map(() => 0);
    this.#missing = domains.map(() => null);
  }

  /** @param values a counter (µJ) for each domain, or why it could not be read: then the domain has no power in this window */
  add(monoNs: bigint, values: readonly (bigint | Missing)[]): void {
    this.#domains.forEach((domain, i) => {
      const grown = this.#growthUj(domain, i, monoNs, values[i] ?? { missing: 'not read' });
      if (isMissing(grown)) this.#missing[i] ??= grown;
      else this.#energyUj[i] = (this.#energyUj[i] ?? 0) + grown;
    });
    this.#first ??= monoNs;
    this.#last = { monoNs, values };
  }

  get seconds(): number {
    return this.#first === null || this.#last === null ? 0 : Number(this.#last.monoNs - this.#first) / 1e9;
  }

  /** Mean power (W) by domain, in the order of the domains. */
  powersW(): (number | Missing)[] {
    const { seconds } = this;
    return this.#energyUj.map(
      (uj, i) => this.#missing[i] ?? (seconds > 0 ? uj / 1e6 / seconds : { missing: 'read only once' }),
    );
  }

  #growthUj(domain: EnergyDomain, i: number, monoNs: bigint, value: bigint | Missing): number | Missing {
    if (isMissing(value)) return value;
    const before = this.#last?.values[i];
    if (this.#last === null || before === undefined) return 0;
    if (isMissing(before)) return before;
    const difference = differenceCounter(
      domain,
      { energyUj: before, monoNs: this.#last.monoNs },
      { energyUj: value, monoNs },
    );
    if (difference.kind === 'growth') return difference.energyUj;
    return { missing: difference.kind === 'reset' ? 'the counter was reset' : 'the counter wrapped unseen' };
  }
}

/** Power of all counted domains and of the node that holds them, of one window. */
export interface NodePower {
  readonly countedW: number | Missing;
  readonly wallW: number | Missing;
}

/**
 * Adds up the counted domains (those that hold no others) and finds the node's own figure.
 * @param powersW in the order of `domains`
 */
export function nodePower(
  domains: readonly EnergyDomain[],
  powersW: readonly (number | Missing)[],
): NodePower {
  let countedW: number | Missing = 0;
  let wallW: number | Missing = { missing: 'no source tells the power of the whole node' };
  domains.forEach((domain, i) => {
    const powerW = powersW[i] ?? { missing: 'not read' };
    if (domain.isNode === true) wallW = powerW;
    if (domain.class === 'whole' || isMissing(countedW)) return;
    countedW = isMissing(powerW) ? powerW : countedW + powerW;
  });
  return { countedW, wallW };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
