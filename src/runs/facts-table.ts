import type { FactsKey, FactsLookup, JobFacts } from './job-facts';

/** Where nothing tells Slurm's start, the prolog comes this close to it. */
const CLOSE_S = 300;

const FIRST_ROWS = 1024;

const NUMBERS = [
  'submitS',
  'startS',
  'endS',
  'arrayJobId',
  'arrayTaskId',
  'hetJobId',
  'hetOffset',
  'allocCpus',
  'reqMemoryBytes',
  'timeLimitS',
  'slurmEnergyJ',
] as const satisfies readonly (keyof JobFacts)[];
const TEXTS = ['state', 'qos', 'sluid', 'name'] as const satisfies readonly (keyof JobFacts)[];
const SUBMIT = NUMBERS.indexOf('submitS');
const START = NUMBERS.indexOf('startS');
const SLUID = TEXTS.indexOf('sluid');

/**
 * A lookup in memory: a month of a large site is a million rows, so they lie in arrays of numbers, some 130 bytes a row, each text
 * once.
 */
export class FactsTable implements FactsLookup {
  readonly untilMs: number | null;
  #rows = 0;
  #capacity = FIRST_ROWS;
  /** NaN: not told. */
  #numbers = NUMBERS.map(() => new Float64Array(FIRST_ROWS));
  /** Indices of #known; 0: not told. */
  #texts = TEXTS.map(() => new Uint32Array(FIRST_ROWS));
  #jobs = new Float64Array(FIRST_ROWS);
  #clusters = new Uint32Array(FIRST_ROWS);
  /** By the remainder of the job id: the last row of that, and for each row the one before it; plus 1, 0 is none. */
  #last = new Uint32Array(FIRST_ROWS);
  #before = new Uint32Array(FIRST_ROWS);
  readonly #known: (string | null)[] = [null];
  readonly #indices = new Map<string, number>();

  constructor(untilMs: number | null) {
    this.untilMs = untilMs;
  }

  add(cluster: string, jobId: number, facts: JobFacts): void {
    if (this.#rows === this.#capacity) this.#grow();
    const row = this.#rows++;
    NUMBERS.forEach((name, i) => (this.#numbers[i]![row] = facts[name] ?? NaN));
    TEXTS.forEach((name, i) => (this.#texts[i]![row] = this.#index(facts[name])));
    this.#jobs[row] = jobId;
    this.#clusters[row] = this.#index(cluster);
    this.#chain(row);
  }

  get jobIds(): Iterable<number> {
    return new Set(this.#jobs.subarray(0, this.#rows));
  }

  /**
   * A SLUID names a run, and so do job id and Slurm's start. Without these it is the row of the job id whose start is closest,
   * within 5 minutes: job ids come back, and a requeued job begins anew.
   */
  of({ cluster, jobId, sluid, slurmStartS, startedMs }: FactsKey): JobFacts | null {
    const rows = this.#rowsOf(cluster, jobId);
    if (sluid !== null) {
      const index = this.#indices.get(sluid);
      const named = index === undefined ? [] : rows.filter((row) => this.#texts[SLUID]![row] === index);
      if (named.length > 0) return this.#newest(named);
    }
    const start = this.#numbers[START]!;
    if (slurmStartS !== null) return this.#newest(rows.filter((row) => start[row] === slurmStartS));
    const distanceS = (row: number): number => Math.abs(start[row]! - startedMs / 1000);
    const closeS = Math.min(...rows.map(distanceS));
    return closeS > CLOSE_S ? null : this.#newest(rows.filter((row) => distanceS(row) === closeS));
  }

  #rowsOf(cluster: string, jobId: number): number[] {
    const index = this.#indices.get(cluster);
    const rows: number[] = [];
    for (let at = this.#last[jobId % this.#capacity]!; at !== 0; at = this.#before[at - 1]!) {
      if (this.#jobs[at - 1] === jobId && this.#clusters[at - 1] === index) rows.push(at - 1);
    }
    return rows;
  }

  /** Of rows with one start (an id that came back, a resized job) that which was submitted last. */
  #newest(rows: readonly number[]): JobFacts | null {
    const submitS = (row: number): number => this.#numbers[SUBMIT]![row] || 0;
    const [first, ...more] = rows;
    if (first === undefined) return null;
    return this.#factsIn(more.reduce((best, row) => (submitS(row) > submitS(best) ? row : best), first));
  }

  #factsIn(row: number): JobFacts {
    const number = (name: (typeof NUMBERS)[number]): number | null => {
      const value = this.#numbers[NUMBERS.indexOf(name)]![row]!;
      return Number.isNaN(value) ? null : value;
    };
    const text = (name: (typeof TEXTS)[number]): string | null =>
      this.#known[this.#texts[TEXTS.indexOf(name)]![row]!] ?? null;
    return {
      submitS: number('submitS'),
      startS: number('startS') ?? 0,
      endS: number('endS'),
      arrayJobId: number('arrayJobId'),
      arrayTaskId: number('arrayTaskId'),
      hetJobId: number('hetJobId'),
      hetOffset: number('hetOffset'),
      state: text('state') ?? 'UNKNOWN',
      qos: text('qos'),
      allocCpus: number('allocCpus'),
      reqMemoryBytes: number('reqMemoryBytes'),
      timeLimitS: number('timeLimitS'),
      slurmEnergyJ: number('slurmEnergyJ'),
      sluid: text('sluid'),
      name: text('name') ?? '',
    };
  }

  #index(text: string | null): number {
    if (text === null) return 0;
    let index = this.#indices.get(text);
    if (index === undefined) {
      index = this.#known.push(text) - 1;
      this.#indices.set(text, index);
    }
    return index;
  }

  #chain(row: number): void {
    const place = this.#jobs[row]! % this.#capacity;
    this.#before[row] = this.#last[place]!;
    this.#last[place] = row + 1;
  }

  #grow(): void {
    this.#capacity *= 2;
    const grown = <T extends Float64Array | Uint32Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.#numbers = this.#numbers.map((old) => grown(old, new Float64Array(this.#capacity)));
    this.#texts = this.#texts.map((old) => grown(old, new Uint32Array(this.#capacity)));
    this.#jobs = grown(this.#jobs, new Float64Array(this.#capacity));
    this.#clusters = grown(this.#clusters, new Uint32Array(this.#capacity));
    this.#last = new Uint32Array(this.#capacity);
    this.#before = new Uint32Array(this.#capacity);
    for (let row = 0; row < this.#rows; row++) this.#chain(row);
  }
}
