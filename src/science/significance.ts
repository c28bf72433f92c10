/**
 * Holm's correction (S. Holm 1979) of P values for there being several.
 * @returns in the same order; none is below what was given, none above 1
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, at) => ({ p, at })).sort((x, y) => x.p - y.p);
  const corrected = ps.map(() => 1);
  let most = 0;
  order.forEach(({ p, at }, i) => {
    most = Math.max(most, Math.min(1, p * (ps.length - i)));
    corrected[at] = most;
  });
  return corrected;
}

/** As in figure 4 of Henderson et al. (2020): P of at most .05, .01, .001, .0001; ns: not significant. */
export function stars(p: number): 'ns' | '*' | '**' | '***' | '****' {
  if (p <= 0.0001) return '****';
  if (p <= 0.001) return '***';
  if (p <= 0.01) return '**';
  return p <= 0.05 ? '*' : 'ns';
}
