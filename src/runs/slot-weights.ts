/**
 * What a joule counts for, at the time when it was used. In this order: all of the building's energy (PUE), gCO2eq per kWh of that, money per
 * kWh of that; and of the building's energy the parts whose intensity is an estimate, is filled from a neighbour, from the same hour of the
 * week, by the yearly average, or is on another basis than the site's.
 */
export const WEIGHTS = [
  'total',
  'co2e',
  'cost',
  'estimated',
  'neighbour',
  'same_hour',
  'yearly',
  'other_basis',
] as const;

export type Weight = (typeof WEIGHTS)[number];

/** Weights are whole numbers of this, so that sums are exact and in any order the same. */
export const WEIGHT_UNIT = 1_000_000;

/** Weights by time, in millionths, at the places of {@link WEIGHTS}. Time outside of what was asked for has the nearest's. */
export interface WeightCurve {
  /** Weights of energy that was used evenly over [fromMs, toMs); of the moment `fromMs` where that is nothing. */
  over(fromMs: number, toMs: number): readonly bigint[];
  /** Whether no weight changes within a slot of that length: then a slot's energy needs no times of its own. */
  isBySlot(slotMs: number): boolean;
}

/** What a report weighs energies by. */
export interface Weighing {
  /** The curve of a cluster; null: its factors are the same at all times. */
  readonly curveOf: (cluster: string) => WeightCurve | null;
  /** Length of the slots that a cluster's archive has, or would have. */
  readonly slotMsOf: (cluster: string) => number;
}

/** Energy of one fragment in one slot, under one policy. */
export interface SlotEnergy {
  readonly slotMs: number;
  /** Times of its lines; can reach over the slot's ends. */
  fromMs: number;
  toMs: number;
  /** Measured and modelled, µJ. */
  recordedUj: number;
  measuredUj: number;
}

/** Sums of energies, each times its weights. */
export class WeightedSums {
  /** What was weighed: measured and modelled energy, the part that `site.node_overhead` is applied to, and what was extrapolated of both. */
  recordedUj = 0n;
  overheadBaseUj = 0n;
  extrapolatedUj = 0n;
  extrapolatedBaseUj = 0n;
  /** µJ times millionths, at the places of {@link WEIGHTS}. */
  readonly recorded = zeros();
  readonly overheadBase = zeros();
  readonly extrapolated = zeros();
  readonly extrapolatedBase = zeros();

  add(recordedUj: bigint, overheadBaseUj: bigint, weights: readonly bigint[]): void {
    this.recordedUj += recordedUj;
    this.overheadBaseUj += overheadBaseUj;
    weights.forEach((weight, i) => {
      if (weight === 0n) return;
      this.recorded[i]! += recordedUj * weight;
      if (overheadBaseUj > 0n) this.overheadBase[i]! += overheadBaseUj * weight;
    });
  }

  /** Adds energy that nobody observed, at the mean weights of what was observed of the same run. */
  addExtrapolated(uj: bigint, baseUj: bigint, observed: WeightedSums): void {
    if (observed.recordedUj === 0n) return;
    this.extrapolatedUj += uj;
    this.extrapolatedBaseUj += baseUj;
    observed.recorded.forEach((sum, i) => {
      this.extrapolated[i]! += (uj * sum) / observed.recordedUj;
      this.extrapolatedBase[i]! += (baseUj * sum) / observed.recordedUj;
    });
  }

  addSums(other: WeightedSums): void {
    this.recordedUj += other.recordedUj;
    this.overheadBaseUj += other.overheadBaseUj;
    this.extrapolatedUj += other.extrapolatedUj;
    this.extrapolatedBaseUj += other.extrapolatedBaseUj;
    addEach(this.recorded, other.recorded);
    addEach(this.overheadBase, other.overheadBase);
    addEach(this.extrapolated, other.extrapolated);
    addEach(this.extrapolatedBase, other.extrapolatedBase);
  }
}

/** Weighs what a fragment used in a slot, by the time of its lines in it. */
export function slotWeights(
  curve: WeightCurve,
  { slotMs: beginMs, fromMs, toMs }: Pick<SlotEnergy, 'slotMs' | 'fromMs' | 'toMs'>,
  lengthMs: number,
): readonly bigint[] {
  const [from, to] = [Math.max(fromMs, beginMs), Math.min(toMs, beginMs + lengthMs)];
  return from < to ? curve.over(from, to) : curve.over(beginMs, beginMs + lengthMs);
}

function zeros(): bigint[] {
  return WEIGHTS.map(() => 0n);
}

function addEach(sums: bigint[], amounts: readonly bigint[]): void {
  amounts.forEach((amount, i) => {
    sums[i]! += amount;
  });
}
