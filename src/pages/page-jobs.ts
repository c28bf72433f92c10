/** A job as a page lists it. Energy with PUE. Times are Unix seconds, fractions parts of 1; null: not known. */
export interface PageJob {
  readonly id: string;
  readonly user: string;
  readonly account: string;
  readonly partition: string;
  readonly name: string | null;
  readonly state: string | null;
  readonly startS: number;
  /** Days, local, on which it ran in the time of the page. */
  readonly firstDay: string;
  readonly lastDay: string;
  readonly elapsedS: number;
  readonly kwh: number;
  readonly co2eKg: number;
  readonly cpuEfficiency: number | null;
  readonly memoryEfficiency: number | null;
  readonly gpuUtilization: number | null;
  readonly coverage: number | null;
}

/** Jobs by column: the same texts once, numbers to six digits. src/pages/browser reads it. */
export interface JobColumns {
  readonly count: number;
  /** Texts that the columns of numbers below name by their place. */
  readonly texts: readonly string[];
  readonly id: readonly string[];
  readonly user: readonly number[];
  readonly account: readonly number[];
  readonly partition: readonly number[];
  /** -1: not told. */
  readonly name: readonly number[];
  readonly state: readonly number[];
  /** Each as the difference from the one before it. */
  readonly start: readonly number[];
  readonly firstDay: readonly number[];
  readonly lastDay: readonly number[];
  readonly elapsed: readonly number[];
  readonly kwh: readonly number[];
  readonly co2e: readonly number[];
  readonly cpu: readonly (number | null)[];
  readonly memory: readonly (number | null)[];
  readonly gpu: readonly (number | null)[];
  readonly coverage: readonly (number | null)[];
}

/** Jobs in the form in which a page holds them. */
export function jobColumns(jobs: readonly PageJob[]): JobColumns {
  const places = new Map<string, number>();
  const place = (text: string | null): number => {
    if (text === null) return -1;
    let at = places.get(text);
    if (at === undefined) places.set(text, (at = places.size));
    return at;
  };
  const column = <T>(of: (job: PageJob) => T): T[] => jobs.map(of);
  let before = 0;
  const columns = {
    count: jobs.length,
    id: column(({ id }) => id),
    user: column(({ user }) => place(user)),
    account: column(({ account }) => place(account)),
    partition: column(({ partition }) => place(partition)),
    name: column(({ name }) => place(name)),
    state: column(({ state }) => place(state)),
    start: column(({ startS }) => {
      const difference = startS - before;
      before = startS;
      return difference;
    }),
    firstDay: column(({ firstDay }) => place(firstDay)),
    lastDay: column(({ lastDay }) => place(lastDay)),
    elapsed: column(({ elapsedS }) => digits(elapsedS)),
    kwh: column(({ kwh }) => digits(kwh)),
    co2e: column(({ co2eKg }) => digits(co2eKg)),
    cpu: column(({ cpuEfficiency }) => fraction(cpuEfficiency)),
    memory: column(({ memoryEfficiency }) => fraction(memoryEfficiency)),
    gpu: column(({ gpuUtilization }) => fraction(gpuUtilization)),
    coverage: column(({ coverage }) => fraction(coverage)),
  };
  return { ...columns, texts: [...places.keys()] };
}

function digits(value: number): number {
  return Number(value.toPrecision(6));
}

function fraction(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e4) / 1e4;
}
