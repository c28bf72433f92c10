import type { Random } from './random';

/** Somebody who submits jobs, and what kind of. */
export interface SyntheticUser {
  readonly name: string;
  readonly uid: number;
  readonly account: string;
  /** Under which he submits now and then. */
  readonly otherAccount: string;
  /** Part of his jobs that want GPUs. */
  readonly gpuPart: number;
  /** Part of the others that want whole nodes. */
  readonly wholeNodePart: number;
  /** What his jobs' lengths are multiplied by. */
  readonly patience: number;
  /** Part of their CPUs that his jobs keep busy. */
  readonly efficiency: number;
}

const FIRST_UID = 20_001;
const USERS_PER_ACCOUNT = 6;
/** How much less active a user is than the one before: the exponent of Zipf's law. */
const ZIPF = 1.1;

/** Users, the most active first, and who submits next. */
export class Population {
  readonly users: readonly SyntheticUser[];
  /** Up to each user, of all that is submitted. */
  readonly #shares: number[] = [];

  constructor(count: number, random: Random) {
    const accounts = Array.from(
      { length: Math.ceil(count / USERS_PER_ACCOUNT) },
      (_, i) => `proj${String(i + 1).padStart(3, '0')}`,
    );
    this.users = Array.from({ length: count }, (_, i) => ({
      name: `user${String(i + 1).padStart(4, '0')}`,
      uid: FIRST_UID + i,
      account: random.of(accounts),
      otherAccount: random.of(accounts),
      gpuPart: random.isOne(0.35) ? random.between(0.2, 0.9) : 0,
      wholeNodePart: random.isOne(0.3) ? random.between(0.1, 0.7) : 0.02,
      patience: random.logNormal(1, 0.7),
      efficiency: Math.min(1, 0.45 + 0.6 * random.next()),
    }));
    let sum = 0;
    for (let i = 0; i < count; i++) this.#shares.push((sum += (i + 1) ** -ZIPF));
  }

  next(random: Random): SyntheticUser {
    const point = random.next() * this.#shares.at(-1)!;
    let [low, high] = [0, this.#shares.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#shares[middle]! > point) high = middle;
      else low = middle + 1;
    }
    return this.users[low]!;
  }
}
