/** Measured values, one a job or run. */
export type Sample = readonly number[];

export function sum(sample: Sample): number {
  // Neumaier's: energies of a set can differ by many powers of ten.
  let [total, lost] = [0, 0];
  for (const value of sample) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}

/** Of no values Infinity. Not Math.min(...sample): a ledger has more jobs than a call takes arguments. */
export function smallest(sample: Sample): number {
  return sample.reduce((a, b) => Math.min(a, b), Infinity);
}

/** Of no values -Infinity. */
export function largest(sample: Sample): number {
  return sample.reduce((a, b) => Math.max(a, b), -Infinity);
}

/** Of no values NaN. */
export function mean(sample: Sample): number {
  return sum(sample) / sample.length;
}

/** Of the population that the sample is from (n - 1); of one value NaN. */
export function variance(sample: Sample): number {
  if (sample.length < 2) return NaN;
  const middle = mean(sample);
  return sum(sample.map((value) => (value - middle) ** 2)) / (sample.length - 1);
}

/** s / √n; of one value NaN: one run tells nothing of how much runs differ. */
export function standardError(sample: Sample): number {
  return Math.sqrt(variance(sample) / sample.length);
}

/**
 * Between two values by straight line, as R's type 7.
 * @param sorted ascending, at least one value
 * @param part from 0 to 1
 */
export function quantile(sorted: Sample, part: number): number {
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Ascending. */
export function ascending(sample: Sample): number[] {
  return sample.toSorted((a, b) => a - b);
}

/** Ranks from 1 on; equal values share the mean of theirs. */
export function ranks(sample: Sample): number[] {
  const order = sample.map((value, at) => ({ value, at })).sort((a, b) => a.value - b.value);
  const found = sample.map(() => 0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && order[to]?.value === order[from]?.value) to++;
    for (let i = from; i < to; i++) found[order[i]!.at] = (from + to + 1) / 2;
    from = to;
  }
  return found;
}
