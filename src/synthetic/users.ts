import type { Random } from './random';

/** A user under an account. */
export interface Owner {
  readonly account: string;
  /** As records have it, from the uid to the account, as text. */
  readonly text: string;
}

/** Somebody who submits jobs, and what kind of. */
export interface SyntheticUser {
  readonly name: string;
  readonly uid: number;
  /** The one under which he submits, and one under which he does so now and then. */
  readonly owners: readonly [Owner, Owner];
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
      ...identity(i, [random.of(accounts), random.of(accounts)]),
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

function identity(i: number, accounts: readonly [string, string]) {
  const name = `user${String(i + 1).padStart(4, '0')}`;
  const uid = FIRST_UID + i;
  const owner = (account: string): Owner => ({
    account,
    text: `,"uid":${uid},"user":"${name}","account":"${account}"`,
  });
  return { name, uid, owners: [owner(accounts[0]), owner(accounts[1])] as const };
}
