/** Nothing is kept in them from one division to the next. Typed arrays of this length lie outside the heap, and a tick has a dozen divisions. */
let owed = new Float64Array(256);
let ranked = new Float64Array(256);

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
  const n = weights.length;
  // As many as there are weights; each is replaced.
  const shares = weights.slice();
  // What is owed stays owed: it is less than a unit, or just one that would be taken back.
  if (totalUj === 0) return shares.fill(0);
  if (owed.length < n) [owed, ranked] = [new Float64Array(2 * n), new Float64Array(2 * n)];
  let sum = 0;
  let takers = 0;
  for (const weight of weights) {
    sum += weight;
    if (weight > 0) takers += 1;
  }
  const perWeight = totalUj / sum;
  let left = totalUj;
  for (let i = 0; i < n; i++) {
    const weight = weights[i]!;
    const exact = weight === 0 ? 0 : perWeight * weight + (carry[i] ?? 0);
    const share = Math.max(0, Math.floor(exact));
    shares[i] = share;
    owed[i] = exact - share;
    left -= share;
  }

  // Whole units that flooring left over (or, rarely, gave too much) go where the rounding error is largest.
  while (left > 0) left -= give(left, shares, weights, takers);
  while (left < 0) left += take(-left, shares, weights, takers);

  for (let i = 0; i < n; i++) {
    if (weights[i]! > 0) carry[i] = Math.max(-1, Math.min(1, owed[i]!));
  }
  return shares;
}

/**
 * Gives some of what is left over, the same to each: more than one unit only where floating point lost as much, which takes a
 * total above 2^52 µJ (4.5 GJ).
 * @returns how much
 */
function give(left: number, shares: number[], weights: readonly number[], takers: number): number {
  const units = Math.max(1, Math.floor(left / takers));
  const receivers = Math.min(takers, Math.floor(left / units));
  let count = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i]! > 0) ranked[count++] = owed[i]!;
  ranked.subarray(0, takers).sort();
  // Who is owed more than this has one; of those who are owed just as much the first have.
  const limit = ranked[takers - receivers]!;
  let atLimit = receivers;
  for (let i = takers - 1; i >= 0 && ranked[i]! > limit; i--) atLimit -= 1;
  for (let i = 0; i < shares.length; i++) {
    const own = owed[i]!;
    if (!(weights[i]! > 0) || own < limit || (own === limit && atLimit-- <= 0)) continue;
    shares[i]! += units;
    owed[i] = own - units;
  }
  return receivers * units;
}

/** Takes back some of what was given too much, from who is owed least. @returns how much */
function take(excess: number, shares: number[], weights: readonly number[], takers: number): number {
  let giver = -1;
  for (let i = 0; i < shares.length; i++) {
    if (!(weights[i]! > 0 && shares[i]! > 0)) continue;
    if (giver < 0 || owed[i]! < owed[giver]!) giver = i;
  }
  const units = Math.min(shares[giver]!, Math.max(1, Math.floor(excess / takers)));
  shares[giver]! -= units;
  owed[giver]! += units;
  return units;
}
