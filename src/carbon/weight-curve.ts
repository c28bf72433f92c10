import { WEIGHT_UNIT, type Weight, type WeightCurve, WEIGHTS } from '../runs/slot-weights';
import type { CurvePiece } from './curve';
import type { FactorPiece } from './factor-series';
import type { IntensityBasis } from './intensity';

/** The factors of a cluster over one window, each without gaps: at least one piece. */
export interface FactorCurves {
  readonly intensity: readonly Omit<CurvePiece, 'source'>[];
  readonly pue: readonly FactorPiece[];
  /** null: the site names no price. */
  readonly price: readonly FactorPiece[] | null;
  /** The site's; energy on another is told apart. */
  readonly basis: IntensityBasis;
}

/** A time in which no factor changes. */
interface Segment {
  readonly fromMs: number;
  readonly weights: readonly bigint[];
}

/**
 * What a joule counts for at each time: PUE, and PUE times intensity and price, in millionths. Of a time in which they change it is the mean by time,
 * since the energy of a record is taken to be used evenly over it.
 */
export function weightCurve(curves: FactorCurves): WeightCurve {
  const { intensity, pue, price } = curves;
  const startsMs = [...new Set([intensity, pue, price ?? []].flatMap(starts))].sort((a, b) => a - b);
  const [grams, building, money] = [cursor(intensity), cursor(pue), price === null ? null : cursor(price)];
  const segments: Segment[] = [];
  for (const fromMs of startsMs) {
    const weights = weightsOf(
      grams(fromMs),
      building(fromMs).value,
      money?.(fromMs).value ?? 0,
      curves.basis,
    );
    const last = segments.at(-1);
    if (last === undefined || weights.some((weight, i) => weight !== last.weights[i]))
      segments.push({ fromMs, weights });
  }
  return {
    over: (fromMs, toMs) => meanWeights(segments, fromMs, toMs),
    isBySlot: (slotMs) => segments.slice(1).every(({ fromMs }) => fromMs % slotMs === 0),
  };
}

function starts(pieces: readonly { readonly fromMs: number }[]): number[] {
  return pieces.map(({ fromMs }) => fromMs);
}

/** Gives the piece of a time; times must not go back. Before the first piece the first holds, behind the last the last. */
function cursor<P extends { readonly toMs: number }>(pieces: readonly P[]): (ms: number) => P {
  let at = 0;
  return (ms) => {
    while (at < pieces.length - 1 && pieces[at]!.toMs <= ms) at++;
    return pieces[at]!;
  };
}

function weightsOf(
  { gPerKwh, origin, isEstimate, basis: its }: Omit<CurvePiece, 'source'>,
  pue: number,
  price: number,
  basis: IntensityBasis,
): readonly bigint[] {
  const of: Record<Weight, number> = {
    total: pue,
    co2e: pue * gPerKwh,
    cost: pue * price,
    estimated: origin === 'series' && isEstimate ? pue : 0,
    neighbour: origin === 'neighbour' ? pue : 0,
    same_hour: origin === 'same-hour' ? pue : 0,
    yearly: origin === 'yearly' ? pue : 0,
    other_basis: its === basis ? 0 : pue,
  };
  return WEIGHTS.map((name) => BigInt(Math.round(of[name] * WEIGHT_UNIT)));
}

function meanWeights(segments: readonly Segment[], fromMs: number, toMs: number): readonly bigint[] {
  let i = segmentAt(segments, fromMs);
  const lastMs = segments[i + 1]?.fromMs ?? Infinity;
  if (toMs <= lastMs) return segments[i]!.weights;
  const sums = WEIGHTS.map(() => 0n);
  for (; i < segments.length; i++) {
    const [beginMs, endMs] = [Math.max(segments[i]!.fromMs, fromMs), segments[i + 1]?.fromMs ?? Infinity];
    if (beginMs >= toMs) break;
    // The first also holds for what is before it.
    const ms = BigInt(Math.min(endMs, toMs) - (i === 0 ? fromMs : beginMs));
    segments[i]!.weights.forEach((weight, k) => {
      sums[k]! += weight * ms;
    });
  }
  const allMs = BigInt(toMs - fromMs);
  return sums.map((sum) => rounded(sum, allMs));
}

/** A price can be below 0, and division of whole numbers cuts towards it. */
function rounded(sum: bigint, by: bigint): bigint {
  return sum < 0n ? -((-sum + by / 2n) / by) : (sum + by / 2n) / by;
}

/** The segment that holds at a time: the first also for what is before it. */
function segmentAt(segments: readonly Segment[], ms: number): number {
  let [low, high] = [0, segments.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (segments[middle]!.fromMs <= ms) low = middle;
    else high = middle - 1;
  }
  return low;
}
