/**
 * Divides a whole number of µJ among parties in proportion to their weights: whole numbers that sum to the total,
 * each within one of its exact share. What a party got too much or too little by is carried to its next division, so
 * rounding favours nobody over time.
 *
 * The caller passes the parties in a canonical order; that alone makes the result independent of how they were found.
 *
 * @param totalUj what is divided, a non-negative integer
 * @param weights non-negative, not all 0
 * @param carry each party's balance from earlier divisions (µJ, between -1 and 1); updated in place
 */
export function apportion(totalUj: number, weights: readonly number[], carry: number[]): number[] {
  let sum = 0;
  for (const weight of weights) sum += weight;

  const exact = weights.map((weight, i) => (weight === 0 ? 0 : (totalUj / sum) * weight + (carry[i] ?? 0)));
  const shares = exact.map((share) => Math.max(0, Math.floor(share)));
  let left = totalUj;
  for (const share of shares) left -= share;

  // Whole units that flooring left over (or, rarely, gave too much) go where the rounding error is largest.
  const takers = weights.flatMap((weight, i) => (weight > 0 ? [i] : []));
  const owed = (i: number) => exact[i]! - shares[i]!;
  while (left > 0) {
    // More than one unit each only where floating point lost as much, which takes a total above 2^52 µJ (4.5 GJ).
    const units = Math.max(1, Math.floor(left / takers.length));
    for (const taker of takers.toSorted((a, b) => owed(b) - owed(a) || a - b)) {
      if (left < units) break;
      shares[taker]! += units;
      left -= units;
    }
  }
  while (left < 0) {
    const giver = takers.filter((i) => shares[i]! > 0).reduce((best, i) => (owed(i) < owed(best) ? i : best));
    const units = Math.min(shares[giver]!, Math.max(1, Math.floor(-left / takers.length)));
    shares[giver]! -= units;
    left += units;
  }

  for (const i of takers) carry[i] = Math.max(-1, Math.min(1, owed(i)));
  return shares;
}
