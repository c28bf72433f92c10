import { entsoe, parseEntsoe } from '../../../../src/carbon/providers/entsoe';
import { ENTSOE_AREAS } from '../../../../src/carbon/providers/entsoe-areas';
import { ProviderServer, body, patientClient, refusal } from './provider-server';

const AREA = '10Y1001A1001A83F';
const T0 = Date.parse('2026-03-02T00:00Z');
const QUARTER_MS = 900_000;
const HOUR = { fromMs: T0, toMs: T0 + 4 * QUARTER_MS };

interface Series {
  readonly type: string;
  readonly points: readonly (readonly [position: number, quantity: string])[];
  readonly end?: string;
  readonly start?: string;
  readonly resolution?: string;
  readonly curve?: string;
  readonly domain?: 'in' | 'out';
  readonly area?: string;
}

/** A document as the platform gives it (the parts of it that say something). */
function documentOf(all: readonly Series[]): string {
  const series = all.map(
    ({
      type,
      points,
      start = '2026-03-02T00:00Z',
      end = '2026-03-02T01:00Z',
      resolution = 'PT15M',
      curve = 'A01',
      domain = 'in',
      area = AREA,
    }) => `
  <TimeSeries>
    <mRID>1</mRID><businessType>A01</businessType><objectAggregation>A08</objectAggregation>
    <${domain}BiddingZone_Domain.mRID codingScheme="A01">${area}</${domain}BiddingZone_Domain.mRID>
    <quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name>
    <curveType>${curve}</curveType>
    <MktPSRType><psrType>${type}</psrType></MktPSRType>
    <Period>
      <timeInterval><start>${start}</start><end>${end}</end></timeInterval>
      <resolution>${resolution}</resolution>
      ${points.map(([position, quantity]) => `<Point><position>${position}</position><quantity>${quantity}</quantity></Point>`).join('')}
    </Period>
  </TimeSeries>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<GL_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0">
  <mRID>a</mRID><revisionNumber>1</revisionNumber><type>A75</type><process.processType>A16</process.processType>
  <createdDateTime>2026-03-02T03:00:00Z</createdDateTime>
  <time_Period.timeInterval><start>2026-03-02T00:00Z</start><end>2026-03-02T01:00Z</end></time_Period.timeInterval>${series.join('')}
</GL_MarketDocument>`;
}

const acknowledgement = (text: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<Acknowledgement_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:7:0">
  <mRID>b</mRID><createdDateTime>2026-03-02T03:00:00Z</createdDateTime>
  <Reason><code>999</code><text>${text}</text></Reason>
</Acknowledgement_MarketDocument>`;

const four = (...quantities: number[]) => quantities.map((quantity, i) => [i + 1, String(quantity)] as const);

let server: ProviderServer;
beforeAll(async () => {
  server = await new ProviderServer().start();
});
afterAll(() => server.stop());
const ask = () => {
  const { http } = patientClient({ pausesMs: [] });
  const question = {
    zone: 'DE',
    providerZone: AREA,
    basis: 'average-lifecycle',
    fromMs: T0,
    toMs: T0 + 4 * QUARTER_MS,
    nowMs: T0 + 1e7,
  } as const;
  return entsoe.fetch(question, { http, baseUrl: server.url, token: ['a-token'] });
};

test('generation by type times factors, quarter by quarter; what is hourly holds in each', async () => {
  server.answer(
    body(
      documentOf([
        { type: 'B04', points: four(600, 700, 800, 900) },
        { type: 'B14', points: [[1, '400']], resolution: 'PT60M' },
        { type: 'B10', points: four(50, 50, 50, 50) },
        { type: 'B10', points: four(999, 999, 999, 999), domain: 'out' },
      ]),
      'application/xml',
    ),
  );
  const { values, refused } = await ask();
  expect(refused).toEqual({});
  expect(values.map(({ startMs }) => (startMs - T0) / QUARTER_MS)).toEqual([0, 1, 2, 3]);
  const expected = [600, 700, 800, 900].map((gas) => (gas * 490 + 400 * 12) / (gas + 400));
  for (const [i, value] of expected.entries()) expect(values[i]?.gPerKwh).toBeCloseTo(value, 9);
  expect(server.requests[0]?.path).toBe('/api');
  expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({
    securityToken: 'a-token',
    documentType: 'A75',
    processType: 'A16',
    in_Domain: AREA,
    periodStart: '202603020000',
    periodEnd: '202603020100',
  });
});

test('with curve A03 a position that is left out has the value before it, with A01 it is missing', () => {
  const points = [
    [1, '10'],
    [3, '30'],
  ] as const;
  const powers = (curve: string): number[] =>
    parseEntsoe(documentOf([{ type: 'B04', points, curve }]), AREA, HOUR).generation.map(
      ({ powerMw }) => powerMw,
    );
  expect(powers('A03')).toEqual([10, 10, 30, 30]);
  expect(powers('A01')).toEqual([10, 30]);
});

const longSeries = (points: Series['points']): Series => ({
  type: 'B04',
  start: '2025-06-01T00:00Z',
  end: '2026-07-01T00:00Z',
  curve: 'A03',
  points,
});

test('a document that stands for more than a year is filled for the time asked for only, with the value before it', () => {
  // The 26,305th quarter begins at T0.
  const points = [
    [1, '10'],
    [26_304, '20'],
    [26_307, '30'],
    [30_000, '40'],
  ] as const;
  const { generation, refused } = parseEntsoe(documentOf([longSeries(points)]), AREA, HOUR);
  expect(generation.map(({ startMs, powerMw }) => [(startMs - T0) / QUARTER_MS, powerMw])).toEqual([
    [0, 20],
    [1, 20],
    [2, 30],
    [3, 30],
  ]);
  expect(refused).toEqual({});
});

test('a document of more points than there can be is refused', () => {
  const month = { fromMs: T0, toMs: T0 + 31 * 96 * QUARTER_MS };
  const text = documentOf(Array.from({ length: 68 }, () => longSeries([[1, '10']])));
  expect(() => parseEntsoe(text, AREA, month)).toThrow(
    'ENTSO-E answers with more than 200000 points for the time asked for',
  );
});

test('days on which summer time begins and ends have 23 and 25 hours', () => {
  const hours = (start: string, end: string, count: number): number =>
    parseEntsoe(
      documentOf([
        {
          type: 'B04',
          start,
          end,
          resolution: 'PT60M',
          points: Array.from({ length: count }, (_, i) => [i + 1, '5'] as const),
        },
      ]),
      AREA,
      { fromMs: Date.parse(start), toMs: Date.parse(end) },
    ).generation.length;
  expect(hours('2026-03-28T23:00Z', '2026-03-29T22:00Z', 23)).toBe(23);
  expect(hours('2026-10-24T22:00Z', '2026-10-25T23:00Z', 25)).toBe(25);
});

test('a quarter in which a large plant has not told yet is left out', async () => {
  server.answer(
    body(
      documentOf([
        { type: 'B04', points: four(600, 700, 800, 900) },
        { type: 'B19', points: four(400, 400) },
      ]),
      'text/xml',
    ),
  );
  const { values, refused } = await ask();
  expect(values).toHaveLength(2);
  expect(refused).toEqual({ 'incomplete: a way of generating is missing': 2 });
});

test('points and series that are none are counted', () => {
  const points = [
    [0, '1'],
    [1, '-'],
    [2, '5'],
    [2, '6'],
    [99, '1'],
    [3, '1e9'],
  ] as const;
  const text = documentOf([
    { type: 'B04', points },
    { type: 'B04', points: four(1), area: '10YFR-RTE------C' },
    { type: 'B04', points: four(1), resolution: 'P1Y' },
    { type: 'B04', points: four(1), start: 'yesterday' },
  ]);
  expect(parseEntsoe(text, AREA, HOUR)).toMatchObject({
    generation: [{ startMs: T0 + QUARTER_MS, powerMw: 5 }],
    refused: {
      'point that is none': 4,
      duplicate: 1,
      'series of another area, unit or without a type': 1,
      'period without times': 2,
    },
  });
});

test.each([200, 400])('no data is no error, with status %d', async (status) => {
  const text = acknowledgement(
    'No matching data found for Data item Aggregated Generation per Type [16.1.B&amp;C]',
  );
  server.answer(body(text, 'application/xml', status));
  expect(await ask()).toEqual({ values: [], refused: {} });
});

test('other acknowledgements say what they are, and never the token', async () => {
  server.answer(
    body(acknowledgement('The amount of requested data exceeds allowed limit'), 'application/xml', 400),
  );
  expect(await refusal(ask())).toContain('a refusal: The amount of requested data exceeds allowed limit');
  server.answer(body('<html><body>Unauthorized: a-token</body></html>', 'text/html', 401));
  expect(await refusal(ask())).toContain('/api answers 401 (Unauthorized: ***); is the token right');
});

test.each([
  ['a web page', '<!doctype html><html><body><p>Maintenance<br></body></html>'],
  ['JSON', '{"error": 1}'],
  ['nothing', ''],
  ['half a document', documentOf([{ type: 'B04', points: four(1) }]).slice(0, 900)],
  ['another document', '<Publication_MarketDocument/>'],
])('%s is refused', async (_, text) => {
  server.answer(body(text, 'application/xml'));
  expect(await refusal(ask())).toMatch(
    /^ENTSO-E answers with (no XML|no GL_MarketDocument) \(status 200\), which is not what/,
  );
});

test('entities are not replaced: a document cannot grow by them', async () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><GL_MarketDocument><TimeSeries>&b;</TimeSeries></GL_MarketDocument>`;
  server.answer(body(bomb, 'application/xml'));
  expect(await refusal(ask())).not.toContain('aaaa');
});

test('every area has a code of its own', () => {
  const codes = Object.values(ENTSOE_AREAS);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect(code).toMatch(/^10Y[A-Z0-9-]{13}$/);
});
