import { caiso, parseCaisoDay } from '../../../../src/carbon/providers/caiso';
import { type Answer, ProviderServer, body, patientClient, refusal } from './provider-server';

const CO2 = 'Time,Biogas CO2,Biomass CO2,Natural Gas CO2,Coal CO2,Imports CO2,Geothermal CO2';
const SUPPLY =
  'Time,Solar,Wind,Geothermal,Biomass,Biogas,Small hydro,Coal,Nuclear,Natural Gas,Large Hydro,Batteries,Imports,Other';

const rows = (header: string, times: readonly string[], row: string): string =>
  [header, ...times.map((time) => `${time},${row}`), ''].join('\n');
const clock = (from: number, to: number): string[] =>
  Array.from({ length: (to - from) / 5 }, (_, i) => {
    const minutes = from + i * 5;
    return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  });
const co2 = (times: readonly string[], row = '10,20,3000,0,1500,70'): string => rows(CO2, times, row);
const supply = (
  times: readonly string[],
  row = '5000,3000,900,300,200,300,0,2200,6000,2000,-500,3600,0',
): string => rows(SUPPLY, times, row);

test('grams per kWh are tons an hour by megawatts, imports in both', () => {
  const { values, refused } = parseCaisoDay(
    '2026-06-01',
    co2(['00:00', '00:05']),
    supply(['00:00', '00:05']),
  );
  // 4600 t/h by 23000 MW.
  expect(values).toEqual([
    {
      startMs: Date.parse('2026-06-01T00:00-07:00'),
      endMs: Date.parse('2026-06-01T00:05-07:00'),
      gPerKwh: 200,
      estimated: false,
    },
    {
      startMs: Date.parse('2026-06-01T00:05-07:00'),
      endMs: Date.parse('2026-06-01T00:10-07:00'),
      gPerKwh: 200,
      estimated: false,
    },
  ]);
  expect(refused).toEqual({});
});

test('when more is exported than emitted the value is negative, for the check to refuse', () => {
  const { values } = parseCaisoDay('2026-06-01', co2(['12:00'], '10,20,500,0,-900,70'), supply(['12:00']));
  expect(values[0]?.gPerKwh).toBeLessThan(0);
});

test('the day on which summer time begins has no 02:00', () => {
  const times = clock(0, 1440);
  const { values, refused } = parseCaisoDay('2026-03-08', co2(times), supply(times));
  expect(values).toHaveLength(276);
  expect(refused).toEqual({ 'row that is none': 24 });
  for (const [i, { startMs }] of values.entries())
    expect(startMs).toBe(Date.parse('2026-03-08T00:00-08:00') + i * 300_000);
});

test('on the day on which it ends 01:00 stands twice and is two hours', () => {
  const times = [...clock(0, 120), ...clock(60, 1440)];
  const { values, refused } = parseCaisoDay('2026-11-01', co2(times), supply(times));
  expect(values).toHaveLength(300);
  expect(refused).toEqual({});
  for (const [i, { startMs }] of values.entries())
    expect(startMs).toBe(Date.parse('2026-11-01T00:00-07:00') + i * 300_000);
});

test("rows to come, the next day's first and damaged ones are left out", () => {
  const text = `${CO2}\n00:00,1,1,1,1,1,1\n00:05,1,1,x,1,1,1\n00:10,1,1\n00:00,9,9,9,9,9,9\n00:15,,,,,,\n25:00,1,1,1,1,1,1\n00:20,1,1,1,1,1,1\n00:20,2,2,2,2,2,2\n00:25,1,1,1,1,1,1\n`;
  const { values, refused } = parseCaisoDay('2026-06-01', text, supply(['00:00', '00:20']));
  expect(values).toHaveLength(2);
  expect(refused).toEqual({ 'row that is none': 3, duplicate: 1, 'nothing supplied': 1 });
});

describe('over HTTP', () => {
  let server: ProviderServer;
  beforeAll(async () => {
    server = await new ProviderServer().start();
  });
  afterAll(() => server.stop());
  const ask = (fromMs: number, toMs: number, nowMs: number) => {
    const { http } = patientClient({ pausesMs: [] });
    const question = {
      zone: 'US-CAL-CISO',
      providerZone: 'CISO',
      basis: 'average-direct',
      fromMs,
      toMs,
      nowMs,
    } as const;
    return caiso.fetch(question, { http, baseUrl: server.url, token: [] });
  };
  const day: Answer = (request, response) => {
    const times = clock(0, 1440);
    response.writeHead(200, { 'content-type': 'text/csv' });
    response.end(request.url?.includes('co2') === true ? co2(times) : supply(times));
  };

  test('asks for the local days that the time touches, and for today elsewhere', async () => {
    server.answer(day);
    const { values } = await ask(
      Date.parse('2026-06-01T05:00Z'),
      Date.parse('2026-06-02T16:00Z'),
      Date.parse('2026-06-02T16:00Z'),
    );
    expect(server.requests.map(({ path }) => path)).toEqual(
      ['history/20260531', 'history/20260601', 'current'].flatMap((folder) => [
        `/outlook/${folder}/co2.csv`,
        `/outlook/${folder}/fuelsource.csv`,
      ]),
    );
    expect(values).toHaveLength(3 * 288);
  });

  test('a day without files is counted, and the others come', async () => {
    server.answer(body('', 'text/plain', 404), day);
    const { values, refused } = await ask(
      Date.parse('2026-06-01T05:00Z'),
      Date.parse('2026-06-01T16:00Z'),
      Date.parse('2026-07-01T00:00Z'),
    );
    expect(values).toHaveLength(288);
    expect(refused).toEqual({ 'day without files': 1 });
  });

  test('a web page and another table are refused', async () => {
    const asked = () =>
      ask(Date.parse('2026-06-01T15:00Z'), Date.parse('2026-06-01T16:00Z'), Date.parse('2026-07-01T00:00Z'));
    server.answer(body('<html><body>Access denied</body></html>', 'text/html'));
    expect(await refusal(asked())).toContain('answers with a web page in place of CSV');
    server.answer(body('Time,Price\n00:00,1\n', 'text/csv'));
    expect(await refusal(asked())).toContain('no columns "Time" and "Imports CO2"');
    server.answer(body('Time,"Imports CO2\n', 'text/csv'));
    expect(await refusal(asked())).toContain('no CSV');
  });
});
