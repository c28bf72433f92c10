import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { checkedValues } from '../../../src/carbon/checked-values';
import { fetchSeries, seriesEndMs, wantedSeries } from '../../../src/carbon/fetch-series';
import { appendSeries, readSeries } from '../../../src/carbon/intensity-store';
import { PROVIDERS } from '../../../src/carbon/providers';
import { EitError } from '../../../src/errors';
import { readToken } from '../../../src/carbon/token-file';
import configSchema from '../../../schemas/config.schema.json';
import { type Answer, ProviderServer, json, patientClient, refusal } from './providers/provider-server';

const DAY_MS = 86_400_000;
const HALF_MS = 1_800_000;
const NOW_MS = Date.parse('2026-03-20T12:10:00Z');

let dir: string;
let server: ProviderServer;
beforeAll(async () => {
  server = await new ProviderServer().start();
});
afterAll(() => server.stop());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-fetch-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;

/** As NESO answers: each half hour of the time asked for, and the one before; the last three are forecasts. */
function halfHours(gramsOf: (ms: number) => unknown, nowMs = NOW_MS): Answer {
  return (request, response) => {
    const [, , from, to] = (request.url ?? '').split('/');
    const data = [];
    for (let ms = Date.parse(from ?? '') - HALF_MS; ms <= Date.parse(to ?? ''); ms += HALF_MS) {
      const grams = gramsOf(ms);
      const actual = ms + 3 * HALF_MS > nowMs ? null : grams;
      data.push({
        from: minute(ms),
        to: minute(ms + HALF_MS),
        intensity: { forecast: grams, actual, index: 'low' },
      });
    }
    json({ data })(request, response);
  };
}

const series = (url = server.url) => wantedSeries({ zone: 'GB', provider: 'neso', url }, 'intensity.0');
const fetchNow = (options: { nowMs?: number; fromMs?: number; toMs?: number } = {}) =>
  fetchSeries(series(), { dir, http: patientClient({ pausesMs: [] }).http, nowMs: NOW_MS, ...options });
const stored = () => readSeries(dir, 'GB', { fromMs: 0, toMs: NOW_MS + DAY_MS });
const stamp = {
  zone: 'GB',
  basis: 'average-direct',
  flow: 'consumption',
  source: 'NESO Carbon Intensity API',
} as const;

test('the first time a week comes, then what is new and what may have changed', async () => {
  server.answer(halfHours(() => 100));
  const first = await fetchNow();
  expect(first).toMatchObject({
    zone: 'GB',
    provider: 'neso',
    basis: 'average-direct',
    flow: 'consumption',
    error: null,
    refused: {},
  });
  expect(first.fromMs).toBe(Date.parse('2026-03-13T12:00Z'));
  // Whole half hours that are over: up to 12:00, of which the last three are estimates.
  expect(first.values).toBe(7 * 48);
  expect(first.added).toBe(first.values);
  expect(stored().filter(({ estimated }) => estimated)).toHaveLength(2);
  expect(seriesEndMs(dir, stamp)).toBe(Date.parse('2026-03-20T12:00Z'));

  const laterMs = NOW_MS + 3_600_000;
  server.answer(halfHours(() => 100, laterMs));
  const second = await fetchNow({ nowMs: laterMs });
  expect(second.fromMs).toBe(Date.parse('2026-03-18T12:00Z'));
  // Two new ones, and two whose estimates became final.
  expect(second.added).toBe(4);
  expect(stored()).toHaveLength(7 * 48 + 4);
  expect((await fetchNow({ nowMs: laterMs })).added).toBe(0);
});

test('a time in the past comes in pieces, each kept before the next is asked for', async () => {
  let [pieces, keptBefore] = [0, 0];
  server.answer(
    (request, response) => halfHours(() => 50)(request, response),
    (request, response) => {
      keptBefore = stored().length;
      halfHours(() => 50)(request, response);
    },
    json({ error: 'tired' }, 503),
  );
  const fromMs = Date.parse('2026-01-25T00:00Z');
  const result = await fetchSeries(series(), {
    dir,
    http: patientClient({ pausesMs: [] }).http,
    nowMs: NOW_MS,
    fromMs,
    toMs: fromMs + 21 * DAY_MS,
    onProgress: () => pieces++,
  });
  expect(result).toMatchObject({ values: 14 * 48, added: 14 * 48, error: { code: 'EIT_PROVIDER' } });
  expect(result.error?.message).toContain('answers 503');
  expect(stored()).toHaveLength(14 * 48);
  expect(keptBefore).toBe(7 * 48);
  expect(pieces).toBe(4);
  expect(readFileSync(join(dir, 'GB/2026-01.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(7 * 48);
  // What failed comes with the next.
  server.answer(halfHours(() => 50));
  expect((await fetchNow({ fromMs, toMs: fromMs + 21 * DAY_MS })).added).toBe(7 * 48);
});

test('negative and absurd values, and what is no number, are left out and counted', async () => {
  const odd = new Map<number, unknown>([
    [Date.parse('2026-03-19T00:00Z'), -1],
    [Date.parse('2026-03-19T00:30Z'), 99_999],
    [Date.parse('2026-03-19T01:00Z'), 'much'],
  ]);
  server.answer(halfHours((ms) => odd.get(ms) ?? 10));
  const result = await fetchNow({ fromMs: Date.parse('2026-03-18T00:00Z') });
  expect(result.refused).toEqual({ negative: 1, 'absurd (above 5000 g/kWh)': 1, 'no number': 1 });
  expect(stored().map(({ start }) => start)).not.toContain('2026-03-19T00:00:00.000Z');
});

test('of what a provider says twice the first counts, and what is to come is not kept', () => {
  const value = (startMs: number, gPerKwh: number) => ({
    startMs,
    endMs: startMs + HALF_MS,
    gPerKwh,
    estimated: false,
  });
  const all = { ...stamp, fetched_at: '2026-03-20T12:10:00.000Z' };
  const { lines, refused } = checkedValues(
    [
      value(HALF_MS, 2),
      value(0, 1),
      value(0, 9),
      value(2 * HALF_MS, 3),
      { ...value(0, 1), endMs: 0 },
      value(NaN, 1),
      value(1e20, 1),
      value(-HALF_MS, 1),
    ],
    all,
    { fromMs: 0, toMs: 2 * HALF_MS, overMs: 2 * HALF_MS },
  );
  expect(lines.map(({ start, g_per_kwh }) => [Date.parse(start), g_per_kwh])).toEqual([
    [0, 1],
    [HALF_MS, 2],
  ]);
  expect(refused).toEqual({ duplicate: 1, 'no time': 4 });
});

describe('a token with the last 24 hours alone', () => {
  const HOUR_MS = 3_600_000;
  const firstMs = Date.parse('2026-03-19T12:00Z');
  const lastMs = Date.parse('2026-03-20T12:00Z');
  const own = {
    zone: 'FR',
    basis: 'average-lifecycle',
    flow: 'consumption',
    source: 'Electricity Maps',
  } as const;

  /** As Electricity Maps answers: 403 to past-range, 24 values to history. */
  const answer24 = (history: Answer = historyOf(lastMs)): void =>
    server.answer((request, response) => {
      const isPast = request.url?.includes('past-range') === true;
      (isPast ? json({ error: 'not in your plan' }, 403) : history)(request, response);
    });
  const historyOf = (endMs: number): Answer =>
    json({
      zone: 'FR',
      history: [...Array(24).keys()].map((i) => ({
        zone: 'FR',
        carbonIntensity: 50,
        datetime: new Date(endMs - (24 - i) * HOUR_MS).toISOString(),
        isEstimated: false,
      })),
    });
  const fetchFrance = (options: { nowMs?: number; fromMs?: number; toMs?: number } = {}) => {
    const token = join(dir, 'token');
    writeFileSync(token, 'secret', { mode: 0o600 });
    const entry = { zone: 'FR', provider: 'electricitymaps', token_file: token, url: server.url } as const;
    const wanted = wantedSeries(entry, 'intensity.0');
    return fetchSeries(wanted, {
      dir,
      http: patientClient({ pausesMs: [] }).http,
      nowMs: NOW_MS,
      ...options,
    });
  };
  /** Hours up to a time, as they were fetched before. */
  const known = (untilMs: number) =>
    appendSeries(
      dir,
      'FR',
      [...Array(30).keys()].map((i) => ({
        ...own,
        start: new Date(untilMs - (i + 1) * HOUR_MS).toISOString(),
        end: new Date(untilMs - i * HOUR_MS).toISOString(),
        g_per_kwh: 40,
        estimated: false,
        fetched_at: new Date(untilMs).toISOString(),
      })),
    );
  const asked = (): string[] => server.requests.map(({ path }) => path.split('/').at(-1) ?? '');
  const local = (ms: number): string => DateTime.fromMillis(ms).toFormat("yyyy-MM-dd'T'HH:mm");

  test('gives these at first, and it is said how far they reach', async () => {
    answer24();
    expect(await fetchFrance()).toMatchObject({
      values: 24,
      added: 24,
      fromMs: firstMs,
      toMs: lastMs,
      error: null,
    });
  });

  test.each([
    ['of 5 days, within a piece', 5, ['past-range', 'history']],
    ['of 7 days, over two', 7, ['past-range', 'past-range', 'history']],
    [
      'of 6 days and an hour: the last piece has an hour',
      145 / 24,
      ['past-range', 'history', 'past-range', 'history'],
    ],
    ['of 60 days: those in between are not asked for', 60, ['past-range', 'past-range', 'history']],
  ])('recovers from an outage %s; what is lost is told once', async (_, days, requests) => {
    const endMs = lastMs - days * DAY_MS;
    await known(endMs);
    answer24();
    const result = await fetchFrance();
    expect(asked()).toEqual(requests);
    expect(result).toMatchObject({ values: 24, added: 24, fromMs: firstMs, toMs: lastMs });
    expect(result.error?.code).toBe('EIT_PROVIDER');
    expect(result.error?.message).toBe(
      `nothing came of ${local(endMs)} to ${local(firstMs)}, which this token does not reach and no later fetch asks for again; what came is kept. ` +
        `With a token with past-range: eit intensity fetch --zone FR --provider electricitymaps --from ${local(endMs)} --to ${local(firstMs)}`,
    );
    answer24(historyOf(lastMs + HOUR_MS));
    expect(await fetchFrance({ nowMs: NOW_MS + HOUR_MS })).toMatchObject({ added: 1, error: null });
  });

  test('loses nothing where it is asked once a day', async () => {
    await known(firstMs);
    answer24();
    expect(await fetchFrance()).toMatchObject({ added: 24, error: null });
  });

  test('that is asked for more says what did not come', async () => {
    answer24();
    const fromMs = NOW_MS - 100 * DAY_MS;
    const { values, error } = await fetchFrance({ fromMs });
    expect(values).toBe(24);
    expect(error?.message).toContain(`nothing came of ${local(fromMs)} to ${local(firstMs)}, which`);
    answer24();
    const past = await fetchFrance({ fromMs, toMs: fromMs + 30 * DAY_MS });
    expect(past).toMatchObject({ values: 0, fromMs, toMs: fromMs + 30 * DAY_MS });
    expect(past.error?.message).toContain('answers 403');
    expect(asked()).toEqual(['past-range']);
  });

  test('that is wrong is told as that', async () => {
    await known(lastMs - 7 * DAY_MS);
    answer24(json({ error: 'Invalid token' }, 401));
    const { values, error } = await fetchFrance();
    expect(values).toBe(0);
    expect(error?.message).toContain('answers 401 ({"error":"Invalid token"}); is the token right');
  });
});

describe('what the config says', () => {
  const wrong = (entry: object): string => {
    try {
      wantedSeries({ zone: 'GB', provider: 'neso', ...entry }, 'intensity.3');
    } catch (error) {
      return (error as Error).message;
    }
    return 'right';
  };

  test.each<[string, object, string]>([
    [
      'a zone of which no name is known',
      { zone: 'FR' },
      'what the provider calls this zone is not known; expected provider_zone with it',
    ],
    [
      'WattTime without its region',
      { provider: 'watttime' },
      'what the provider calls this zone is not known',
    ],
    ['a basis that it has not', { basis: 'average-lifecycle' }, 'it has average-direct only'],
    ['no token', { zone: 'DE', provider: 'entsoe' }, 'it wants a token; expected token_file'],
    ['another provider', { provider: 'windy' }, 'no such provider; expected electricitymaps, neso, caiso'],
  ])('%s is told with its place', (_, entry, said) => {
    expect(wrong(entry)).toMatch(/^intensity\.3 \(\w+, \w+\): /);
    expect(wrong(entry)).toContain(said);
  });

  test('what a provider knows by itself need not be said', () => {
    expect(wantedSeries({ zone: 'DE', provider: 'entsoe', token_file: '/t' }, '')).toMatchObject({
      providerZone: '10Y1001A1001A83F',
      basis: 'average-lifecycle',
      baseUrl: 'https://web-api.tp.entsoe.eu',
    });
    expect(wantedSeries({ zone: 'US-TEX-ERCO', provider: 'eia', token_file: '/t' }, '').providerZone).toBe(
      'ERCO',
    );
    expect(
      wantedSeries({ zone: 'GB', provider: 'neso', provider_zone: '13', url: 'http://m/neso/' }, ''),
    ).toMatchObject({
      providerZone: '13',
      baseUrl: 'http://m/neso',
    });
  });

  test('the providers of the config are those that there are', () => {
    expect(configSchema.definitions.series.properties.provider.enum).toEqual(
      PROVIDERS.map(({ name }) => name),
    );
  });
});

describe('a token', () => {
  const write = (text: string, mode = 0o600): string => {
    const path = join(dir, 'token');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const said = (path: string, lines: 1 | 2 = 1): string => {
    try {
      return readToken(path, lines).join('|');
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`;
    }
  };

  test('is read from a file of one line, or of two', () => {
    expect(said(write(' abc \n\n'))).toBe('abc');
    expect(said(write('alice\npass word\n', 0o640), 2)).toBe('alice|pass word');
  });

  test.each([0o604, 0o620, 0o666, 0o644])('that others can read or change is refused (mode %o)', (mode) => {
    expect(said(write('abc', mode))).toMatch(
      /^EIT_TOKEN: .* can be read or changed by others \(mode 0\d+\); mend: chmod 600$/,
    );
  });

  test.each([
    ['nothing', ''],
    ['two lines', 'a\nb'],
    ['what would make another header', 'abc\x07def'],
    ['other letters', 'tökén'],
    ['too much', 'x'.repeat(9000)],
  ])('file with %s is refused, and not shown', (_, text) => {
    const message = said(write(text));
    expect(message).toMatch(/^EIT_TOKEN: /);
    if (text !== '') expect(message).not.toContain(text);
  });

  test('that is not there says so', () => {
    expect(said(join(dir, 'none'))).toMatch(/^EIT_TOKEN: cannot read the token in .*ENOENT/);
    expect(said(dir)).toMatch(/^EIT_TOKEN: .* is no file with a token/);
  });

  test('of one series ends that one only, before anything is asked', async () => {
    server.answer(json({}));
    const wanted = wantedSeries(
      { zone: 'DE', provider: 'entsoe', token_file: write('abc', 0o644), url: server.url },
      '',
    );
    const { http } = patientClient();
    expect(await fetchSeries(wanted, { dir, http, nowMs: NOW_MS })).toMatchObject({
      values: 0,
      error: { code: 'EIT_TOKEN' },
    });
    expect(server.requests).toEqual([]);
  });
});

test('nothing is written once the lock is lost', async () => {
  server.answer(halfHours(() => 1));
  const result = await fetchSeries(series(), {
    dir,
    http: patientClient({ pausesMs: [] }).http,
    nowMs: NOW_MS,
    checkLock: () => {
      throw new EitError('EIT_INTENSITY_LOCKED', 'lost');
    },
  });
  expect(result).toMatchObject({ added: 0, error: { code: 'EIT_INTENSITY_LOCKED' } });
  expect(stored()).toEqual([]);
});

test('a folder that cannot be listed is told without what a terminal obeys', () => {
  const folder = join(dir, 'a\u001b[2Jb');
  mkdirSync(folder);
  writeFileSync(join(folder, 'GB'), '');
  const list = (): unknown => seriesEndMs(folder, stamp);
  expect(list).toThrow('a\\u{1b}[2Jb/GB');
  expect(list).not.toThrow('\u001b');
});

test('a folder that cannot be written ends the fetch', async () => {
  server.answer(halfHours(() => 1));
  writeFileSync(join(dir, 'GB'), '');
  expect(await refusal(fetchNow())).toContain('GB');
});
