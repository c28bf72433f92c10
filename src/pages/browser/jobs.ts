import { JOB_HEADS, type JobKey } from '../job-heads';
import type { JobColumns } from '../page-jobs';

/** What is asked of the jobs of a page. */
export interface JobQuery {
  /** Words that must all be in a job's id, user, account, partition, name or state, in any case. */
  readonly words: readonly string[];
  readonly partition: string;
  readonly state: string;
  /** Days on which it ran; '': any. */
  readonly from: string;
  readonly to: string;
  readonly sortBy: JobKey;
  readonly descending: boolean;
}

/** A job as text. */
export type JobText = Readonly<Record<JobKey, string>>;

/** The jobs of a page, by their places in its columns. */
export class Jobs {
  readonly columns: JobColumns;
  readonly #start: Float64Array;
  #haystacks: string[] | null = null;
  #ranks: Float64Array | null = null;
  readonly #time: Intl.DateTimeFormat;

  constructor(columns: JobColumns, timeZone: string) {
    this.columns = columns;
    this.#start = new Float64Array(columns.count);
    let seconds = 0;
    columns.start.forEach((difference, i) => {
      seconds += difference;
      this.#start[i] = seconds;
    });
    const parts = {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    } as const;
    this.#time = new Intl.DateTimeFormat('sv-SE', { ...parts, timeZone });
  }

  text(at: number): string {
    return at < 0 ? '' : (this.columns.texts[at] ?? '');
  }

  /** Texts of a column, each once, in alphabetical order. */
  namesOf(key: 'partition' | 'state'): string[] {
    return [...new Set(this.columns[key])]
      .map((at) => this.text(at))
      .filter((name) => name !== '')
      .sort();
  }

  /** Start in the page's time zone, to the minute. */
  startText(job: number): string {
    return this.#time.format((this.#start[job] ?? 0) * 1000);
  }

  /** Places of the jobs that are asked for, in the order asked for. */
  select({ words, partition, state, from, to, sortBy, descending }: JobQuery): number[] {
    const { columns } = this;
    const found: number[] = [];
    const [ofPartition, ofState] = [partition, state].map((name) =>
      name === '' ? -2 : columns.texts.indexOf(name),
    );
    const haystacks = words.length === 0 ? [] : this.#searchable();
    for (let i = 0; i < columns.count; i++) {
      if (ofPartition !== -2 && columns.partition[i] !== ofPartition) continue;
      if (ofState !== -2 && columns.state[i] !== ofState) continue;
      if (from !== '' && this.text(columns.lastDay[i] ?? -1) < from) continue;
      if (to !== '' && this.text(columns.firstDay[i] ?? -1) > to) continue;
      if (words.length > 0 && !words.every((word) => haystacks[i]?.includes(word))) continue;
      found.push(i);
    }
    const keyOf = this.#sortKey(sortBy);
    const sign = descending ? -1 : 1;
    return found.sort((a, b) => {
      const [x, y] = [keyOf(a), keyOf(b)];
      // What is not known comes last, whichever way.
      if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
      return x === y ? a - b : x < y ? -sign : sign;
    });
  }

  /** Sum of a column of the jobs at some places. */
  sum(key: 'kwh' | 'co2e', jobs: readonly number[]): number {
    const column = this.columns[key];
    return jobs.reduce((sum, job) => sum + (column[job] ?? 0), 0);
  }

  #searchable(): readonly string[] {
    const { id, user, account, partition, name, state } = this.columns;
    this.#haystacks ??= id.map((text, i) =>
      [text, ...[user, account, partition, name, state].map((column) => this.text(column[i] ?? -1))]
        .join('\n')
        .toLowerCase(),
    );
    return this.#haystacks;
  }

  #sortKey(key: JobKey): (job: number) => number | null {
    const { columns } = this;
    if (key === 'start') return (job) => this.#start[job] ?? 0;
    if (key === 'id') {
      const order = alphabetical(columns.id);
      return (job) => order[job] ?? 0;
    }
    if (key === 'user' || key === 'account' || key === 'partition' || key === 'name' || key === 'state') {
      const column = columns[key];
      this.#ranks ??= alphabetical(columns.texts);
      const ranks = this.#ranks;
      return (job) => {
        const at = column[job] ?? -1;
        return at < 0 ? null : (ranks[at] ?? 0);
      };
    }
    const column: readonly (number | null)[] = columns[key];
    return (job) => column[job] ?? null;
  }
}

/** Of each text, its place in their order: numbers in them count as numbers. */
function alphabetical(texts: readonly string[]): Float64Array {
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  const order = texts.map((_, i) => i).sort((a, b) => compare(texts[a] ?? '', texts[b] ?? '') || a - b);
  const ranks = new Float64Array(texts.length);
  order.forEach((at, rank) => {
    ranks[at] = rank;
  });
  return ranks;
}

/** What spreadsheets take for a formula when a field begins with it. */
const FORMULA = /^[=+\-@\t\r]/;

/** The jobs at some places as RFC 4180 has them, as eit-report --csv writes names. */
export function csvOf(jobs: Jobs, places: readonly number[]): string {
  const { columns } = jobs;
  const field = (text: string): string => {
    const guarded = FORMULA.test(text) ? `'${text}` : text;
    return /[",'\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };
  const cell = (key: JobKey, job: number): string => {
    if (key === 'id') return field(columns.id[job] ?? '');
    if (key === 'start') return jobs.startText(job);
    if (key === 'user' || key === 'account' || key === 'partition' || key === 'name' || key === 'state')
      return field(jobs.text(columns[key][job] ?? -1));
    const value = columns[key][job] ?? null;
    return value === null ? '' : String(value);
  };
  const lines = [
    JOB_HEADS.map(({ csv }) => csv),
    ...places.map((job) => JOB_HEADS.map(({ key }) => cell(key, job))),
  ];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}
