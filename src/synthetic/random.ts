const WARM_UP_ROUNDS = 16;
const TWO_32 = 2 ** 32;

/**
 * Numbers that look random and are the same for the same seed and purpose: Marsaglia's xorshift of 128 bits (Journal of
 * Statistical Software 8(14), 2003). A purpose has a row of its own, so that more draws for one change no other.
 */
export class Random {
  #x: number;
  #y: number;
  #z: number;
  #w: number;

  constructor(seed: number, purpose: string) {
    const words = [1, 2, 3, 4].map((word) => scramble(`${seed} ${word} ${purpose}`));
    this.#x = words[0]!;
    this.#y = words[1]!;
    this.#z = words[2]!;
    // All zero would stay zero.
    this.#w = words[3]! | 1;
    for (let i = 0; i < WARM_UP_ROUNDS; i++) this.next();
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    const t = this.#x ^ (this.#x << 11);
    this.#x = this.#y;
    this.#y = this.#z;
    this.#z = this.#w;
    this.#w = this.#w ^ (this.#w >>> 19) ^ t ^ (t >>> 8);
    return (this.#w >>> 0) / TWO_32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number, both ends included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  isOne(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** How many events there are where `mean` are expected. */
  poisson(mean: number): number {
    if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.next(); product > limit; product *= this.next()) count++;
    return count;
  }

  /** Hex digits in small letters. */
  hex(digits: number): string {
    let text = '';
    for (let i = 0; i < digits; i++) text += this.whole(0, 15).toString(16);
    return text;
  }
}

/** 32 bits that depend on every character. */
function scramble(text: string): number {
  let hash = 0x5bd1e995;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}
