import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { IntensityLine } from '../generated/intensity';
import { parseCsv } from './csv';
import { LONGEST_STRETCH_MS, MOST_G_PER_KWH } from './intensity-line';
import { localTimes } from './local-times';
import { rowLengths, type SeriesHole } from './row-lengths';

const COLUMNS = ['start', 'end', 'g_per_kwh', 'estimated'] as const;

/** A file of a site. */
export interface IntensityCsv {
  readonly lines: IntensityLine[];
  /** Of a file without ends: where a row lasts for the usual step and the next begins later. */
  readonly holes: readonly SeriesHole[];
  /** The usual step of a file without ends; null: each row has its end. */
  readonly stepMs: number | null;
}

/**
 * A site's own series: `start,end,g_per_kwh` with a header, `end` and `estimated` (true, false) may be absent; without an end a row lasts until the
 * next begins, but no longer than the file's usual step. Times are ISO 8601 with an offset, or local times of `timeZone`.
 * @param timeZone an IANA name; null: each time has to have its offset
 * @param file named in errors
 * @throws EitError EIT_DATA_FILE with the line and what was expected
 */
export function parseIntensityCsv(
  text: string,
  stamp: Pick<IntensityLine, 'zone' | 'basis' | 'flow' | 'source' | 'fetched_at'>,
  { timeZone, file }: { readonly timeZone: string | null; readonly file: string },
): IntensityCsv {
  const wrong = (line: number, what: string): EitError =>
    new EitError('EIT_DATA_FILE', `${visible(file)}:${line}: ${what}`);
  const [header, ...rows] = parseCsv(text.replace(/^\uFEFF/, ''), visible(file));
  const names = header?.fields.map((name) => name.trim()) ?? [];
  if (names.length === 1 && /[;\t]/.test(names[0] ?? ''))
    throw wrong(
      1,
      'the columns are not separated by commas; expected commas, and a point in numbers (350.5)',
    );
  const column = (name: (typeof COLUMNS)[number]): number => names.indexOf(name);
  for (const name of names)
    if (!(COLUMNS as readonly string[]).includes(name) || names.indexOf(name) !== names.lastIndexOf(name))
      throw wrong(
        1,
        `the column "${visible(name, 80)}" is unknown or stands twice; expected ${COLUMNS.join(', ')}`,
      );
  if (column('start') < 0 || column('g_per_kwh') < 0)
    throw wrong(1, 'the header lacks start or g_per_kwh; expected a first line such as start,end,g_per_kwh');

  const times = { start: localTimes(timeZone ?? 'utc'), end: localTimes(timeZone ?? 'utc') };
  const timeAt = (which: 'start' | 'end', cell: string, line: number): number => {
    if (which === 'end' && cell === '') throw wrong(line, 'an empty end: leave the column out or fill it');
    const ms = timeZone === null && !/[Zz]$|[+-]\d\d:?\d\d$/.test(cell.slice(10)) ? NaN : times[which](cell);
    if (!Number.isNaN(ms) && ms >= 0) return ms;
    const expected =
      timeZone === null
        ? '2026-03-01T00:00Z or 2026-03-01T00:00+01:00, or --time-zone'
        : 'such as 2026-03-01T00:00';
    throw wrong(line, `"${visible(cell, 80)}" is no time that there is; expected ${expected}`);
  };
  const stretches = rows.map(({ line, fields }) => {
    if (fields.length !== names.length)
      throw wrong(line, `${fields.length} columns; expected ${names.length} as in the header`);
    const cell = (name: (typeof COLUMNS)[number]): string => fields[column(name)]?.trim() ?? '';
    const grams = /^\d+(\.\d+)?$/.test(cell('g_per_kwh')) ? Number(cell('g_per_kwh')) : NaN;
    if (!(grams <= MOST_G_PER_KWH))
      throw wrong(
        line,
        `"${visible(cell('g_per_kwh'), 80)}" is no intensity; expected a number from 0 to ${MOST_G_PER_KWH}`,
      );
    const estimated = cell('estimated');
    if (!['', 'true', 'false'].includes(estimated))
      throw wrong(line, `estimated is "${visible(estimated, 80)}"; expected true, false or nothing`);
    return {
      line,
      startMs: timeAt('start', cell('start'), line),
      text: cell('start'),
      endMs: column('end') < 0 ? null : timeAt('end', cell('end'), line),
      grams,
      estimated: estimated === 'true',
    };
  });
  for (const [i, { line, startMs }] of stretches.entries()) {
    const before = stretches[i - 1];
    if (before !== undefined && startMs <= before.startMs)
      throw wrong(
        line,
        'the row does not begin after the one before; expected rows in the order of their time',
      );
    if (before !== undefined && (before.endMs ?? -Infinity) > startMs)
      throw wrong(
        line,
        `the row begins before that of line ${before.line} ends; expected rows that do not overlap`,
      );
  }
  const hasEnds = column('end') >= 0;
  const { endsMs, holes, stepMs } = rowLengths(hasEnds ? [] : stretches, timeZone);
  const lines = stretches.map(({ line, startMs, endMs, grams, estimated }, i) => {
    const untilMs = endMs ?? endsMs[i] ?? NaN;
    if (Number.isNaN(untilMs))
      throw wrong(line, 'one row alone does not tell how long it lasts; expected a column end');
    if (!(untilMs > startMs && untilMs - startMs <= LONGEST_STRETCH_MS))
      throw wrong(
        line,
        'the row lasts no time, or over 31 days; expected an end after the start, or rows that are nearer',
      );
    const [start, end] = [startMs, untilMs].map((ms) => new Date(ms).toISOString()) as [string, string];
    const { zone, basis, flow, source, fetched_at } = stamp;
    return { zone, start, end, g_per_kwh: grams, basis, flow, source, estimated, fetched_at };
  });
  return { lines, holes, stepMs: hasEnds ? null : stepMs };
}
