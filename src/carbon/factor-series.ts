import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { DateTime } from 'luxon';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { type CsvRecord, parseCsv } from './csv';

/** A factor that holds for a stretch of time; pieces of a window leave nothing out and do not overlap. */
export interface FactorPiece {
  /** Unix ms, the end not in it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: number;
  /** Whether the file says nothing of this time, and the value is that of the time nearest to it. */
  readonly isAssumed: boolean;
}

/** A line of a series: what a factor is from one time up to another, which is not in it. */
export interface FactorRow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: number;
  readonly line: number;
}

/** A factor over time as a site's file tells it. */
export interface FactorSeries {
  readonly file: string;
  /** By time, none over another; at least one. */
  readonly rows: readonly FactorRow[];
}

/** Which numbers a series may hold, and in which zone its times are that name none. */
export interface FactorSeriesOptions {
  /** What the values are, for messages: `PUE`. */
  readonly what: string;
  readonly least: number;
  readonly most: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** Ten years of quarter hours have 350,000 lines of some 40 bytes. */
const LONGEST_BYTES = 32 * 1024 * 1024;

const COLUMNS: readonly string[] = ['from', 'to', 'value', 'source', 'note'];

const SHAPE = 'expected the header from,value or from,to,value and lines such as 2026-01,1.25';

const TIME_FORMS = '2026, 2026-01, 2026-01-31, 2026-01-31T18:00 or 2026-01-31T18:00+01:00';

/**
 * Reads a factor over time from a site's CSV file.
 * @throws EitError EIT_FACTOR_FILE where it cannot be read, and as {@link parseFactorSeries}
 */
export function readFactorSeries(path: string, options: FactorSeriesOptions): FactorSeries {
  const unreadable = (what: string, cause?: unknown): EitError =>
    new EitError('EIT_FACTOR_FILE', `cannot read ${visible(path)} (${options.what}): ${what}`, { cause });
  let fd: number;
  try {
    // Not to wait for the writer of a named pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(`${codeOf(error)}; everyone who makes reports has to be able to read it`, error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw unreadable('it is not a file; name a file');
    if (stat.size > LONGEST_BYTES)
      throw unreadable(`it has ${stat.size} bytes, and a series at most ${LONGEST_BYTES}`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(fd));
    return parseFactorSeries(text, path, options);
  } catch (error) {
    if (error instanceof EitError) throw error;
    throw unreadable(`${codeOf(error)}; save it as UTF-8 text`, error);
  } finally {
    closeSync(fd);
  }
}

/**
 * A factor over time from CSV (RFC 4180) with the columns `from`, `value` and, where wanted, `to`, `source` and `note`. A time is a
 * year, month, day or time, local where it has no offset. A line holds from `from` up to `to`, which is not in it; without
 * `to` up to the next line, and the last one as long as the line before it, or for good where it is the only one; a last month
 * or year ends with itself.
 * @param file named in errors
 * @throws EitError EIT_FACTOR_FILE with the line, for what is no time or number, twice or one over another
 */
export function parseFactorSeries(text: string, file: string, options: FactorSeriesOptions): FactorSeries {
  const fail = (line: number, what: string): never => {
    throw new EitError('EIT_FACTOR_FILE', `${visible(file)}:${line}: ${what}`);
  };
  const [header, ...records] = recordsOf(text, file);
  const names = header?.fields.map((name) => name.trim().toLowerCase()) ?? [];
  const unknown = names.find((name) => !COLUMNS.includes(name));
  if (unknown !== undefined || new Set(names).size < names.length)
    fail(header?.line ?? 1, `the columns are ${visible(names.join(','), 80)}; ${SHAPE}`);
  const [fromAt, toAt, valueAt] = [names.indexOf('from'), names.indexOf('to'), names.indexOf('value')];
  if (fromAt < 0 || valueAt < 0 || records.length === 0)
    fail(header?.line ?? 1, `there is nothing to read; ${SHAPE}`);

  const told = records.map(({ line, fields }) => {
    if (fields.length !== names.length)
      fail(line, `${fields.length} fields under ${names.length} columns; ${SHAPE}`);
    const time = (field: string): ToldTime => {
      const found = toldTime(field.trim(), options.timeZone);
      return typeof found === 'string' ? fail(line, `"${visible(field, 40)}" ${found}`) : found;
    };
    const from = time(fields[fromAt] ?? '');
    const to = (toAt < 0 ? '' : (fields[toAt] ?? '')).trim();
    const end = to === '' ? null : time(to);
    if (end !== null && end.ms <= from.ms) fail(line, `to (${visible(to, 40)}) is not after from`);
    return { line, from, toMs: end?.ms ?? null, value: valueOf(fields[valueAt] ?? '', line, options, fail) };
  });
  told.sort((a, b) => a.from.ms - b.from.ms);

  const rows = told.map(({ line, from, toMs, value }, i): FactorRow => {
    const next = told[i + 1];
    if (next !== undefined && (next.from.ms === from.ms || (toMs ?? -Infinity) > next.from.ms)) {
      fail(
        Math.max(line, next.line),
        `the time is told by line ${Math.min(line, next.line)} already; expected each time once` +
          ' (where clocks are set back an hour comes twice: write 2026-10-25T02:00+02:00 and 2026-10-25T02:00+01:00)',
      );
    }
    const before = told[i - 1];
    const likeBefore = before === undefined ? Infinity : from.ms + (from.ms - before.from.ms);
    return { line, value, fromMs: from.ms, toMs: toMs ?? next?.from.ms ?? from.endMs ?? likeBefore };
  });
  return { file, rows };
}

/** The stretches between the first and the last time of a series of which it says nothing; Unix ms. */
export function seriesGaps({ rows }: FactorSeries): { fromMs: number; toMs: number; line: number }[] {
  return rows.flatMap(({ toMs, line }, i) => {
    const next = rows[i + 1];
    return next === undefined || next.fromMs <= toMs ? [] : [{ fromMs: toMs, toMs: next.fromMs, line }];
  });
}

/**
 * What a factor is at each time of a window: of times that the series does not tell the value nearest in time, marked.
 * @returns pieces by time, from the window's first ms to its last; none for a window of no length
 */
export function factorPieces({ rows }: FactorSeries, fromMs: number, toMs: number): FactorPiece[] {
  const pieces: FactorPiece[] = [];
  const add = (begin: number, end: number, value: number, isAssumed: boolean): void => {
    const piece = { fromMs: Math.max(begin, fromMs), toMs: Math.min(end, toMs), value, isAssumed };
    if (piece.fromMs >= piece.toMs) return;
    const last = pieces.at(-1);
    if (last?.value === value && last.isAssumed === isAssumed)
      pieces[pieces.length - 1] = { ...last, toMs: piece.toMs };
    else pieces.push(piece);
  };
  const start = Math.max(0, firstAfter(rows, fromMs) - 1);
  if (start === 0) add(-Infinity, rows[0]?.fromMs ?? Infinity, rows[0]?.value ?? 0, true);
  for (let i = start; i < rows.length && (i === start || rows[i]!.fromMs < toMs); i++) {
    const row = rows[i]!;
    const next = rows[i + 1];
    add(row.fromMs, row.toMs, row.value, false);
    if (next === undefined) add(row.toMs, Infinity, row.value, true);
    else if (next.fromMs > row.toMs) {
      const middleMs = Math.ceil((row.toMs + next.fromMs) / 2);
      add(row.toMs, middleMs, row.value, true);
      add(middleMs, next.fromMs, next.value, true);
    }
  }
  return pieces;
}

/** Stretches of which a series said nothing, neighbours as one. */
export function assumedStretches(pieces: readonly FactorPiece[]): { fromMs: number; toMs: number }[] {
  const stretches: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs, isAssumed } of pieces) {
    if (!isAssumed) continue;
    const last = stretches.at(-1);
    if (last?.toMs === fromMs) last.toMs = toMs;
    else stretches.push({ fromMs, toMs });
  }
  return stretches;
}

/** Mean of a factor over the time of its pieces. */
export function meanOverTime(pieces: readonly FactorPiece[]): number {
  const [first] = pieces;
  // A constant is itself, to the last digit.
  if (pieces.every(({ value }) => value === first?.value)) return first?.value ?? NaN;
  const ms = pieces.reduce((sum, piece) => sum + piece.toMs - piece.fromMs, 0);
  return pieces.reduce((sum, piece) => sum + piece.value * (piece.toMs - piece.fromMs), 0) / ms;
}

/** How many rows begin at a time or before it. */
function firstAfter(rows: readonly FactorRow[], ms: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.fromMs <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

function recordsOf(text: string, file: string): CsvRecord[] {
  try {
    return parseCsv(text.replace(/^\uFEFF/, ''), visible(file));
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    throw new EitError('EIT_FACTOR_FILE', error.message, { cause: error });
  }
}

/** A time, and where a year or a month was written, its end. */
interface ToldTime {
  readonly ms: number;
  readonly endMs: number | null;
}

const TIME =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.0{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?$/;

const NO_TIME = `is no time that there was; expected one such as ${TIME_FORMS}`;

const SKIPPED =
  'was skipped: clocks were set forward over it; expected a time before or behind it, or one with an offset such as +01:00';

/** @returns a text: what is wrong with it */
function toldTime(text: string, timeZone: string): ToldTime | string {
  const parts = TIME.exec(text);
  if (parts === null) return NO_TIME;
  const [, year, month, day, hour, minute, second, offset] = parts;
  const fields = {
    year: Number(year),
    month: Number(month ?? 1),
    day: Number(day ?? 1),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
  };
  const zone =
    offset === undefined ? timeZone : offset === 'Z' ? 'utc' : `utc${offset.slice(0, 3)}:${offset.slice(-2)}`;
  const time = DateTime.fromObject(fields, { zone });
  if (!time.isValid) return NO_TIME;
  // An hour that clocks skip becomes another one. A day that begins with such an hour still has a begin.
  if (hour !== undefined && (time.hour !== fields.hour || time.minute !== fields.minute)) return SKIPPED;
  const unit = month === undefined ? 'year' : day === undefined ? 'month' : null;
  return { ms: time.toMillis(), endMs: unit === null ? null : time.plus({ [unit]: 1 }).toMillis() };
}

function valueOf(
  field: string,
  line: number,
  { what, least, most }: FactorSeriesOptions,
  fail: (line: number, what: string) => never,
): number {
  const text = field.trim();
  // Number('') is 0.
  const value = /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  return fail(
    line,
    `"${visible(field, 40)}" is no ${what}; expected a number from ${least} to ${most}, such as 1.25`,
  );
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error);
}
