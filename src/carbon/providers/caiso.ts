import { DateTime } from 'luxon';
import { EitError } from '../../errors';
import { parseCsv } from '../csv';
import { type HttpClient, HttpRefusal } from '../http-client';
import { localTimes } from '../local-times';
import { numberAt, Refusals, unexpected } from './answer';
import { DAY_MS, type Provider, type ProviderAnswer } from './provider';

const NAME = 'CAISO';
const TIME_ZONE = 'America/Los_Angeles';
const STEP_MS = 300_000;

/**
 * California's system operator, Today's Outlook (https://www.caiso.com/todays-outlook): a file a day with what was emitted (co2.csv, metric tons an
 * hour, by fuel and for imports) and one with what was supplied (fuelsource.csv, MW), every five minutes. Grams per kWh are the one by the other,
 * imports in both: of what is used, by what leaves the chimneys. When California exports, imports are below 0 in both.
 */
export const caiso: Provider = {
  name: 'caiso',
  source: `${NAME} Today's Outlook`,
  url: 'https://www.caiso.com',
  tokenLines: 0,
  bases: ['average-direct'],
  flow: 'consumption',
  stepMinutes: 5,
  chunkMs: 7 * DAY_MS,
  settlesMs: 2 * DAY_MS,
  zoneName: (zone) => (zone === 'US-CAL-CISO' ? 'CISO' : null),

  async fetch({ fromMs, toMs, nowMs }, { http, baseUrl }) {
    const today = dayOf(nowMs);
    const values: ProviderAnswer['values'][number][] = [];
    const refused = new Refusals();
    for (const day of daysOf(fromMs, toMs)) {
      // Today's is elsewhere until the day is over.
      const folder = day === today ? 'current' : `history/${day.replaceAll('-', '')}`;
      const co2 = await tableOf(http, new URL(`${baseUrl}/outlook/${folder}/co2.csv`));
      const supply = co2 && (await tableOf(http, new URL(`${baseUrl}/outlook/${folder}/fuelsource.csv`)));
      if (co2 === null || supply === null) {
        refused.add('day without files');
        continue;
      }
      const answer = parseCaisoDay(day, co2, supply);
      values.push(...answer.values);
      for (const [reason, count] of Object.entries(answer.refused)) refused.add(reason, count);
    }
    return { values, refused: refused.counts };
  },
};

/** null where there is none. */
async function tableOf(http: HttpClient, url: URL): Promise<string | null> {
  try {
    return (await http.get({ url, as: 'CSV' })).text;
  } catch (error) {
    if (error instanceof HttpRefusal && error.status === 404) return null;
    throw error;
  }
}

/**
 * A day's intensity.
 * @param day its local date, such as 2026-03-08
 * @param co2 `Time,Biogas CO2,...,Imports CO2,...`, metric tons an hour
 * @param supply `Time,Solar,...,Imports,...`, MW
 * @throws EitError EIT_PROVIDER where a file is no such table
 */
export function parseCaisoDay(day: string, co2: string, supply: string): ProviderAnswer {
  const refused = new Refusals();
  const [tons, mw] = [rowSums(day, co2, 'Imports CO2', refused), rowSums(day, supply, 'Imports', refused)];
  const values = [...tons].flatMap(([startMs, tonsPerHour]) => {
    const powerMw = mw.get(startMs);
    if (powerMw === undefined || !(powerMw > 0)) {
      refused.add('nothing supplied');
      return [];
    }
    return [{ startMs, endMs: startMs + STEP_MS, gPerKwh: (tonsPerHour / powerMw) * 1000, estimated: false }];
  });
  return { values, refused: refused.counts };
}

/** The sum of each row's columns, by the time at which it begins. */
function rowSums(day: string, text: string, needed: string, refused: Refusals): Map<number, number> {
  let header;
  let rows;
  try {
    [header, ...rows] = parseCsv(text.replace(/^\uFEFF/, ''), NAME);
  } catch (cause) {
    if (!(cause instanceof EitError)) throw cause;
    throw unexpected(NAME, 'no CSV', cause);
  }
  const names = header?.fields.map((name) => name.trim()) ?? [];
  if (names[0] !== 'Time' || !names.includes(needed))
    throw unexpected(NAME, `no columns "Time" and "${needed}"`);
  const timeOf = localTimes(TIME_ZONE);
  const sums = new Map<number, number>();
  for (const [i, { fields }] of rows.entries()) {
    const [time = '', ...cells] = fields.map((field) => field.trim());
    // The last row is the next day's first.
    if (time === '00:00' && i > 0) continue;
    // What is still to come has no values.
    if (cells.every((cell) => cell === '')) continue;
    const startMs = /^\d\d:\d\d$/.test(time) ? timeOf(`${day}T${time}`) : NaN;
    const numbers = cells.map(numberAt);
    if (
      Number.isNaN(startMs) ||
      numbers.length !== names.length - 1 ||
      numbers.some((value) => !(Math.abs(value) < 1e6))
    )
      refused.add('row that is none');
    else if (sums.has(startMs)) refused.add('duplicate');
    else
      sums.set(
        startMs,
        numbers.reduce((sum, value) => sum + value, 0),
      );
  }
  return sums;
}

function dayOf(ms: number): string {
  return DateTime.fromMillis(ms, { zone: TIME_ZONE }).toISODate() ?? '';
}

/** The local days that a time touches. */
function daysOf(fromMs: number, toMs: number): string[] {
  const days = new Set<string>();
  for (let ms = fromMs; ms < toMs; ms += DAY_MS / 2) days.add(dayOf(ms));
  days.add(dayOf(toMs - 1));
  return [...days];
}
