import type { JobShape } from './job-mix';
import { DAY_MS } from './plan';
import { Random } from './random';
import type { EndState } from './run';

/** Days between two failures of a host, in the mean, and how long it is away. */
const DAYS_UP = 50;
const DOWN_MEDIAN_MS = 2 * 3_600_000;
/** No run ends sooner. */
const SHORTEST_MS = 400;
/** How runs end that do not end as they should, and which part of them. */
const ENDINGS: readonly (readonly [EndState, number])[] = [
  ['FAILED', 0.08],
  ['CANCELLED', 0.03],
  ['TIMEOUT', 0.02],
  ['PREEMPTED', 0.008],
  ['OUT_OF_MEMORY', 0.006],
];

/** How a run ends, where its host does not fail, and after which time. */
export interface Fate {
  readonly end: EndState;
  readonly ms: number;
}

/** What becomes of runs and hosts. */
export class Fates {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed, 'fates');
  }

  ofRun({ lengthMs, limitMs }: JobShape): Fate {
    let point = this.#random.next();
    for (const [end, part] of ENDINGS) {
      if (point < part) {
        const ms = end === 'TIMEOUT' ? Math.min(limitMs, lengthMs * 2) : lengthMs * this.#random.next();
        return { end, ms: Math.max(SHORTEST_MS, Math.round(ms)) };
      }
      point -= part;
    }
    return { end: 'COMPLETED', ms: lengthMs };
  }

  /** How long a host works until it fails. */
  upMs(): number {
    return Math.ceil(this.#random.exponential(DAYS_UP) * DAY_MS);
  }

  /** How long it is away then. */
  downMs(): number {
    return Math.round(this.#random.logNormal(DOWN_MEDIAN_MS, 0.9));
  }
}
