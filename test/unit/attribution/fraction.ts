/** An exact rational number, never shortened; what it is divided by is positive. */
export interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

export const NOTHING: Fraction = { over: 0n, under: 1n };

export function plus(a: Fraction, b: Fraction): Fraction {
  if (a.under === b.under) return { over: a.over + b.over, under: a.under };
  return { over: a.over * b.under + b.over * a.under, under: a.under * b.under };
}

/** The exact part of `total` that falls to one of these weights: whole numbers, not all 0. */
export function partOf(total: number, weights: readonly number[], which: number): Fraction {
  let under = 0n;
  for (const weight of weights) under += BigInt(weight);
  return { over: BigInt(total) * BigInt(weights[which]!), under };
}

/** How far a whole number is from an exact one, to a billionth. */
export function distance(whole: number, { over, under }: Fraction): number {
  const apart = (BigInt(whole) * under - over) * 1_000_000_000n;
  return Math.abs(Number(apart / under) / 1e9);
}

/** The nearest double, for bounds. */
export function approximately({ over, under }: Fraction): number {
  return Number((over * 1_000_000n) / under) / 1e6;
}
