/** What we use of jStat (https://jstat.github.io), which has no types of its own. */
declare module 'jstat' {
  export const jStat: {
    /** Regularized incomplete beta function I_x(a, b). */
    ibeta(x: number, a: number, b: number): number;
    gammaln(x: number): number;
    readonly studentt: { inv(p: number, df: number): number };
    readonly normal: {
      cdf(x: number, mean: number, sd: number): number;
      inv(p: number, mean: number, sd: number): number;
    };
  };
}
