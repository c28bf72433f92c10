import type { ProviderQuestion } from '../../../../src/carbon/providers/provider';
import { eia } from '../../../../src/carbon/providers/eia';
import { electricitymaps } from '../../../../src/carbon/providers/electricitymaps';
import { neso } from '../../../../src/carbon/providers/neso';
import { hasAverage, watttime } from '../../../../src/carbon/providers/watttime';
import { ProviderServer, body, json, patientClient, refusal } from './provider-server';

const T0 = Date.parse('2026-03-02T00:00:00Z');
const HOUR_MS = 3_600_000;
let server: ProviderServer;
beforeAll(async () => {
  server = await new ProviderServer().start();
});
afterAll(() => server.stop());

const context = (...token: string[]) => ({
  http: patientClient({ pausesMs: [] }).http,
  baseUrl: server.url,
  token,
});
const question = (providerZone: string, changes: Partial<ProviderQuestion> = {}): ProviderQuestion => ({
  zone: 'DE',
  providerZone,
  basis: 'average-lifecycle',
  fromMs: T0,
  toMs: T0 + 2 * HOUR_MS,
  nowMs: T0 + 4 * HOUR_MS,
  ...changes,
});
const query = (i = 0) => Object.fromEntries(server.requests[i]?.query ?? []);

describe('Electricity Maps', () => {
  const entry = (hour: number, carbonIntensity: unknown, changes: object = {}) => ({
    zone: 'DE',
    carbonIntensity,
    datetime: new Date(T0 + hour * HOUR_MS).toISOString(),
    updatedAt: '2026-03-02T15:32:21.002Z',
    createdAt: '2026-03-01T15:32:21.002Z',
    emissionFactorType: 'lifecycle',
    isEstimated: false,
    estimationMethod: null,
    ...changes,
  });
  const ask = (changes: Partial<ProviderQuestion> = {}) =>
    electricitymaps.fetch(question('DE', changes), context('secret'));

  test('gives hours, estimates marked; the token is in a header', async () => {
    server.answer(
      json({
        zone: 'DE',
        data: [
          entry(0, 302),
          entry(1, 310.5, { isEstimated: true, estimationMethod: 'TIME_SLICER_AVERAGE' }),
        ],
      }),
    );
    expect(await ask()).toEqual({
      values: [
        { startMs: T0, endMs: T0 + HOUR_MS, gPerKwh: 302, estimated: false },
        { startMs: T0 + HOUR_MS, endMs: T0 + 2 * HOUR_MS, gPerKwh: 310.5, estimated: true },
      ],
      refused: {},
    });
    expect(server.requests[0]).toMatchObject({
      path: '/v3/carbon-intensity/past-range',
      headers: { 'auth-token': 'secret' },
    });
    expect(query()).toMatchObject({
      zone: 'DE',
      start: '2026-03-02T00:00:00.000Z',
      end: '2026-03-02T02:00:00.000Z',
      emissionFactorType: 'lifecycle',
      temporalGranularity: 'hourly',
      shouldUseFallbackCallerLookup: 'false',
    });
  });

  test('a zone or a basis that was not asked for is not taken', async () => {
    server.answer(json({ zone: 'FR', data: [] }));
    expect(await refusal(ask())).toContain('the zone "FR"');
    server.answer(
      json({
        zone: 'DE',
        data: [
          entry(0, 1, { zone: 'FR' }),
          entry(0, 2, { emissionFactorType: 'direct' }),
          entry(0, null),
          entry(0, 5, { temporalGranularity: 'daily' }),
        ],
      }),
    );
    expect(await ask()).toEqual({
      values: [],
      refused: { 'of another zone': 1, 'of another basis': 1, 'no value yet': 1, 'not hourly': 1 },
    });
  });

  test('a token with the last 24 hours alone gets these, and it is said', async () => {
    server.answer(json({ error: 'not in your plan' }, 403), json({ zone: 'DE', history: [entry(0, 302)] }));
    const { values, notes } = await ask();
    expect(values).toHaveLength(1);
    expect(notes).toEqual([expect.stringContaining('the last 24 hours only')]);
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/v3/carbon-intensity/past-range',
      '/v3/carbon-intensity/history',
    ]);
    server.answer(json({ error: 'Invalid token secret' }, 401));
    const long = await refusal(ask({ nowMs: T0 + 100 * HOUR_MS }));
    expect(long).toContain('answers 401 ({"error":"Invalid token ***"}); is the token right');
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['{"zone":"DE"}'],
    ['[]'],
    ['null'],
    ['{"zone":"DE","data":{"__proto__":[]}}'],
    ['<xml/>'],
    [''],
  ])('what is something else is refused: %s', async (text) => {
    server.answer(body(text));
    expect(await refusal(ask())).toMatch(
      /^Electricity Maps answers with (no JSON|no list "data"), which is not what/,
    );
  });
});

describe('NESO', () => {
  const entry = (half: number, intensity: object) => ({
    from: new Date(T0 + half * 1_800_000).toISOString().replace(':00.000Z', 'Z'),
    to: new Date(T0 + (half + 1) * 1_800_000).toISOString().replace(':00.000Z', 'Z'),
    intensity,
  });

  test('gives the outturn of half hours, else the forecast as an estimate', async () => {
    server.answer(
      json({
        data: [
          entry(-1, { forecast: 250, actual: 240, index: 'high' }),
          entry(0, { forecast: 266, actual: 263, index: 'moderate' }),
          entry(1, { forecast: 270, actual: null, index: 'moderate' }),
          entry(2, { forecast: null, actual: null, index: 'moderate' }),
        ],
      }),
    );
    const { values, refused } = await neso.fetch(question('GB'), context());
    expect(
      values.map(({ startMs, gPerKwh, estimated }) => [(startMs - T0) / 60_000, gPerKwh, estimated]),
    ).toEqual([
      [-30, 240, false],
      [0, 263, false],
      [30, 270, true],
    ]);
    expect(refused).toEqual({ 'no value yet': 1 });
    expect(server.requests[0]?.path).toBe('/intensity/2026-03-02T00:00Z/2026-03-02T02:00Z');
  });

  test('of a region gives the forecast, which is all there is', async () => {
    const data = [
      { ...entry(0, { forecast: 91, index: 'low' }), generationmix: [{ fuel: 'gas', perc: 20 }] },
    ];
    server.answer(json({ data: { regionid: 13, dnoregion: 'UKPN London', shortname: 'London', data } }));
    const { values } = await neso.fetch(question('13'), context());
    expect(values).toEqual([{ startMs: T0, endMs: T0 + 1_800_000, gPerKwh: 91, estimated: true }]);
    expect(server.requests[0]?.path).toBe(
      '/regional/intensity/2026-03-02T00:00Z/2026-03-02T02:00Z/regionid/13',
    );
    server.answer(json({ data: { regionid: 12, data } }));
    expect(await refusal(neso.fetch(question('13'), context()))).toContain('another region');
    expect(await refusal(neso.fetch(question('18'), context()))).toContain(
      'expected GB, or a region from 1 to 17',
    );
  });

  test('a time without its zone is no time', async () => {
    server.answer(
      json({ data: [{ from: '2026-03-02T00:00', to: '2026-03-02T00:30', intensity: { actual: 1 } }] }),
    );
    const { values } = await neso.fetch(question('GB'), context());
    expect(values).toEqual([{ startMs: NaN, endMs: NaN, gPerKwh: 1, estimated: false }]);
  });
});

describe('US EIA', () => {
  const row = (hour: number, fueltype: string, value: unknown, changes: object = {}) => ({
    period: new Date(T0 + hour * HOUR_MS).toISOString().slice(0, 13),
    respondent: 'CISO',
    'respondent-name': 'California Independent System Operator',
    fueltype,
    'type-name': fueltype,
    value,
    'value-units': 'megawatthours',
    ...changes,
  });
  const page = (rows: unknown[], total = rows.length) =>
    json({
      response: { total: String(total), dateFormat: 'YYYY-MM-DD"T"HH24', frequency: 'hourly', data: rows },
      request: {},
      apiVersion: '2.1.8',
    });
  const ask = () => eia.fetch(question('CISO'), context('key'));

  test('gives generation by fuel times factors; an hour is named by its end', async () => {
    server.answer(
      page([
        row(1, 'NG', '600'),
        row(1, 'SUN', '400'),
        row(1, 'BAT', '-300'),
        row(2, 'NG', '1000'),
        row(2, 'SUN', '-5'),
        row(2, 'BAT', '200'),
      ]),
    );
    const { values, refused } = await ask();
    // (600 · 490 + 400 · 48) / 1000; at night gas alone, what the battery gives was generated before.
    expect(values).toEqual([
      { startMs: T0, endMs: T0 + HOUR_MS, gPerKwh: 313.2, estimated: false },
      { startMs: T0 + HOUR_MS, endMs: T0 + 2 * HOUR_MS, gPerKwh: 490, estimated: false },
    ]);
    expect(refused).toEqual({});
    expect(server.requests[0]?.path).toBe('/v2/electricity/rto/fuel-type-data/data/');
    expect(query()).toMatchObject({
      api_key: 'key',
      'facets[respondent][]': 'CISO',
      start: '2026-03-02T00',
      end: '2026-03-02T03',
      length: '5000',
      offset: '0',
    });
  });

  test('asks for further pages', async () => {
    server.answer(page([row(1, 'NG', '600')], 2), page([row(2, 'NG', '500')], 2));
    expect((await ask()).values).toHaveLength(2);
    expect(query(1)).toMatchObject({ offset: '5000' });
    server.answer(page([row(1, 'NG', '600')], 9), page([], 9));
    expect((await ask()).values).toHaveLength(1);
  });

  test('an hour of which a large part is not told yet is left out, and so is one of unknown fuels', async () => {
    server.answer(
      page([
        row(1, 'NG', '600'),
        row(1, 'SUN', '400'),
        row(2, 'NG', '1000'),
        row(3, 'NG', 400),
        row(3, 'SUN', 0),
        row(3, 'OTH', 600),
      ]),
    );
    const { values, refused } = await ask();
    expect(refused).toEqual({
      'incomplete: a way of generating is missing': 1,
      'too much of it has no factor': 1,
    });
    // What has no factor (OTH) need not be told of in the first hour.
    expect(values.map(({ startMs, gPerKwh }) => [startMs, gPerKwh])).toEqual([
      [T0, (600 * 490 + 400 * 48) / 1000],
    ]);
    server.answer(page([row(1, 'NG', 600), row(1, 'OTH', 400), row(2, 'NG', 800), row(2, 'OTH', 200)]));
    expect(await ask()).toEqual({
      values: [{ startMs: T0 + HOUR_MS, endMs: T0 + 2 * HOUR_MS, gPerKwh: 490, estimated: false }],
      refused: { 'too much of it has no factor': 1 },
    });
  });

  test('rows that are none are counted', async () => {
    server.answer(
      page([
        row(1, 'NG', null),
        row(1, 'NG', '1e99'),
        row(1, 'NG', '5', { respondent: 'PJM' }),
        row(1, 'NG', '5', { period: '2026-03-02' }),
        row(1, 'NG', '5', { 'value-units': 'kilowatthours' }),
        null,
      ]),
    );
    expect(await ask()).toEqual({
      values: [],
      refused: {
        'no value yet': 2,
        'of another balancing authority': 2,
        'no time or fuel': 1,
        'not in megawatt-hours': 1,
      },
    });
  });

  test('a key that is wrong is told without the key', async () => {
    server.answer(json({ error: { code: 'API_KEY_INVALID', message: 'key key is invalid' } }, 403));
    const message = await refusal(ask());
    expect(message).toContain('fuel-type-data/data/ answers 403');
    expect(message).toContain('"message":"*** *** is invalid"');
  });
});

describe('WattTime', () => {
  const access = (...signals: [string, string][]) =>
    json({
      signal_types: signals.map(([signal_type, region]) => ({
        signal_type,
        regions: [{ region, endpoints: [] }],
      })),
    });
  const answer = (
    meta: object = {},
    data: unknown[] = [{ point_time: '2026-03-02T00:00:00+00:00', value: 1000 }],
  ) =>
    json({
      data,
      meta: {
        region: 'CAISO',
        signal_type: 'co2_aoer',
        units: 'lbs_co2_per_mwh',
        model: { date: '2025-01-01' },
        data_point_period_seconds: 3600,
        ...meta,
      },
    });
  const ask = () => watttime.fetch(question('CAISO'), context('alice', 'pass word'));

  test('gives the average signal in grams, after a login', async () => {
    server.answer(json({ token: 'abc.def' }), access(['co2_moer', 'CAISO'], ['co2_aoer', 'CAISO']), answer());
    expect(await ask()).toEqual({
      values: [{ startMs: T0, endMs: T0 + HOUR_MS, gPerKwh: 453.592, estimated: false }],
      refused: {},
    });
    expect(server.requests.map(({ path }) => path)).toEqual(['/login', '/v3/my-access', '/v3/historical']);
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa('alice:pass word')}`);
    expect(server.requests[2]?.headers.authorization).toBe('Bearer abc.def');
    expect(query(2)).toMatchObject({
      region: 'CAISO',
      signal_type: 'co2_aoer',
      start: '2026-03-02T00:00:00.000Z',
    });
  });

  test('without an average signal nothing is fetched: the marginal one is another thing', async () => {
    server.answer(json({ token: 'abc' }), access(['co2_moer', 'CAISO'], ['co2_aoer', 'PJM']), answer());
    expect(await refusal(ask())).toContain(
      'has no average signal (co2_aoer) of CAISO for this account; its marginal one is not used',
    );
    expect(server.requests).toHaveLength(2);
    expect(hasAverage('{"signal_types":[]}', 'CAISO')).toBe(false);
  });

  test.each([
    ['the marginal signal', { signal_type: 'co2_moer' }, 'signal_type "co2_moer" (expected co2_aoer)'],
    ['other units', { units: 'kg_co2_per_mwh' }, 'units "kg_co2_per_mwh"'],
    ['another region', { region: 'PJM' }, 'region "PJM"'],
  ])('%s in the answer is refused', async (_, meta, said) => {
    server.answer(json({ token: 'abc' }), access(['co2_aoer', 'CAISO']), answer(meta));
    expect(await refusal(ask())).toContain(said);
  });

  test('where the period is not told it is the step between the points', async () => {
    const points = [0, 5, 10].map((minute) => ({
      point_time: new Date(T0 + minute * 60_000).toISOString(),
      value: 10,
    }));
    server.answer(
      json({ token: 'abc' }),
      access(['co2_aoer', 'CAISO']),
      answer({ data_point_period_seconds: null }, points),
    );
    expect((await ask()).values.map(({ startMs, endMs }) => endMs - startMs)).toEqual([
      300_000, 300_000, 300_000,
    ]);
  });

  test('neither the password nor the token is in a message', async () => {
    server.answer(json({ error: 'alice pass word bad' }, 401));
    expect(await refusal(ask())).toContain('({"error":"alice *** bad"})');
    server.answer(json({ token: 'abc' }), json({ error: 'abc expired' }, 401));
    expect(await refusal(ask())).toContain('*** expired');
    server.answer(json({ token: 'a\r\nb: c' }));
    expect(await refusal(ask())).toContain('no token');
  });
});
