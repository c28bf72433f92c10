import { jStat } from 'jstat';

/**
 * How likely Student's t is at least as far from 0 as this, on both sides.
 * Through the incomplete beta function, as P = I_{df/(df+t²)}(df/2, 1/2): 1 - cdf(t) would lose the digits of a small P.
 * @param df degrees of freedom, above 0; need not be whole
 */
export function twoSidedT(t: number, df: number): number {
  if (Number.isNaN(t)) return NaN;
  return Number.isFinite(t) ? jStat.ibeta(df / (df + t * t), df / 2, 0.5) : 0;
}

/** The t that is exceeded, on both sides together, with the given chance. */
export function tOfTwoSided(chance: number, df: number): number {
  return Math.abs(jStat.studentt.inv(chance / 2, df));
}

/** How likely a standard normal value is at least as far from 0 as this, on both sides. */
export function twoSidedZ(z: number): number {
  return 2 * normalCdf(-Math.abs(z));
}

/** The chance of a standard normal value of at most z. */
export function normalCdf(z: number): number {
  return jStat.normal.cdf(z, 0, 1);
}

/** The standard normal value that is not exceeded with the given chance. */
export function normalQuantile(chance: number): number {
  if (chance <= 0) return -Infinity;
  return chance >= 1 ? Infinity : jStat.normal.inv(chance, 0, 1);
}

/** ln Γ(x), x above 0. */
export function logGamma(x: number): number {
  return jStat.gammaln(x);
}
