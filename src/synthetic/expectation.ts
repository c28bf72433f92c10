import type { SyntheticPlan } from './plan';
import { type EnergyTexts, MicroJoules } from './micro-joules';

/** What a report over the whole ledger must find, in days and months of UTC; sums of µJ are texts. */
export interface Expected {
  readonly plan: SyntheticPlan;
  readonly lines: { readonly run: number; readonly host: number };
  /** Written besides those, or in another place. */
  readonly damage: { readonly duplicates: number; readonly half_lines: number; readonly late: number };
  readonly bytes: number;
  readonly fragments: number;
  readonly idle_uj: EnergyTexts;
  readonly system_uj: EnergyTexts;
  readonly total: ExpectedSums;
  readonly by_user_partition: readonly (ExpectedSums & {
    readonly user: string;
    readonly partition: string;
  })[];
  readonly by_month: readonly (ExpectedSums & { readonly month: string })[];
  readonly by_month_user_partition: readonly (ExpectedSums & {
    readonly month: string;
    readonly user: string;
    readonly partition: string;
  })[];
}

/** Jobs and runs of which a line lies in the group. */
export interface ExpectedSums {
  readonly jobs: number;
  readonly runs: number;
  readonly cpu_us: string;
  readonly gpu_ms: string;
  readonly uj: EnergyTexts;
}

/** One group in the making. */
export class Sums {
  jobs = 0;
  runs = 0;
  readonly uj = new MicroJoules();
  #cpuS = 0;
  #cpuUs = 0;
  #gpuMs = 0;

  addTimes(cpuUs: number, gpuMs: number): void {
    const rest = this.#cpuUs + cpuUs;
    const whole = Math.floor(rest / 1e6);
    this.#cpuS += whole;
    this.#cpuUs = rest - whole * 1e6;
    this.#gpuMs += gpuMs;
  }

  /** All but jobs and runs, which may be in both. */
  addSums(other: Sums): void {
    this.uj.addSums(other.uj);
    this.addTimes(other.#cpuUs, other.#gpuMs);
    this.#cpuS += other.#cpuS;
  }

  get expected(): ExpectedSums {
    return {
      jobs: this.jobs,
      runs: this.runs,
      cpu_us: String(BigInt(this.#cpuS) * 1_000_000n + BigInt(this.#cpuUs)),
      gpu_ms: String(this.#gpuMs),
      uj: this.uj.texts,
    };
  }
}

/** A month's group, and that of all months. */
export interface MonthSums {
  readonly sums: Sums;
  readonly allMonths: Sums;
  readonly wholeMonth: Sums;
}

/** Which groups a job or a run has been counted in. */
export interface Counted {
  month: string;
}

/** Adds up, while the ledger is written, what must be found in it. */
export class Expectation {
  readonly #groups = new Map<string, MonthSums & { month: string; user: string; partition: string }>();
  readonly #allMonths = new Map<string, { user: string; partition: string; sums: Sums }>();
  readonly #months = new Map<string, Sums>();
  readonly #total = new Sums();
  readonly #idle = new MicroJoules();
  readonly #system = new MicroJoules();
  runLines = 0;
  hostLines = 0;
  fragments = 0;

  /** Where lines of a user and partition in a month are added. */
  group(month: string, user: string, partition: string): MonthSums {
    const key = `${month} ${user} ${partition}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const ofAll = `${user} ${partition}`;
    const allMonths = this.#allMonths.get(ofAll)?.sums ?? new Sums();
    const wholeMonth = this.#months.get(month) ?? new Sums();
    const group = { month, user, partition, sums: new Sums(), allMonths, wholeMonth };
    this.#allMonths.set(ofAll, { user, partition, sums: allMonths });
    this.#months.set(month, wholeMonth);
    this.#groups.set(key, group);
    return group;
  }

  /** Counts a job or a run once in each group in which it has a line. */
  count(what: 'jobs' | 'runs', counted: Counted, month: string, group: MonthSums): void {
    if (counted.month === month) return;
    if (counted.month === '') {
      this.#total[what]++;
      group.allMonths[what]++;
    }
    group.sums[what]++;
    group.wholeMonth[what]++;
    counted.month = month;
  }

  addHost(place: number, idleUj: [number, number, number], systemUj: [number, number, number]): void {
    this.#idle.add(place, idleUj);
    this.#system.add(place, systemUj);
  }

  finish(plan: SyntheticPlan, bytes: number, damage: Expected['damage']): Expected {
    for (const { sums, allMonths, wholeMonth } of this.#groups.values()) {
      for (const sum of [allMonths, wholeMonth, this.#total]) sum.addSums(sums);
    }
    const inOrder = <T>(groups: ReadonlyMap<string, T>): T[] =>
      [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
    return {
      plan,
      lines: { run: this.runLines, host: this.hostLines },
      damage,
      bytes,
      fragments: this.fragments,
      idle_uj: this.#idle.texts,
      system_uj: this.#system.texts,
      total: this.#total.expected,
      by_user_partition: inOrder(this.#allMonths).map(({ user, partition, sums }) => ({
        user,
        partition,
        ...sums.expected,
      })),
      by_month: [...this.#months]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([month, sums]) => ({ month, ...sums.expected })),
      by_month_user_partition: inOrder(this.#groups).map(({ month, user, partition, sums }) => ({
        month,
        user,
        partition,
        ...sums.expected,
      })),
    };
  }
}
