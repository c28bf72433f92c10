import { XMLParser } from 'fast-xml-parser';
import { FACTORS_SOURCE, type Fuel } from '../fuel-factors';
import { type Generation, intensityOfMix } from '../generation-mix';
import { keyOf, numberAt, Refusals, unexpected } from './answer';
import { ENTSOE_AREAS } from './entsoe-areas';
import { DAY_MS, type Provider } from './provider';

const NAME = 'ENTSO-E';

/** Production types (PsrType of the API's guide); waste (B17), other (B15, B20) and what stores return (B10, B25) have no factor. */
const FUEL_OF: Readonly<Record<string, Fuel>> = {
  B01: 'biomass',
  B02: 'lignite',
  B03: 'coal',
  B04: 'gas',
  B05: 'coal',
  B06: 'oil',
  B07: 'lignite',
  B08: 'lignite',
  B09: 'geothermal',
  B11: 'hydro',
  B12: 'hydro',
  B13: 'ocean',
  B14: 'nuclear',
  B16: 'solar',
  B18: 'offshore wind',
  B19: 'wind',
};

const MS_OF_RESOLUTION: Readonly<Record<string, number>> = {
  PT15M: 900_000,
  PT30M: 1_800_000,
  PT60M: 3_600_000,
};

/** Of a document: a week of 25 types by the quarter of an hour has 17,000. */
const MOST_POINTS = 200_000;

/** The code of "no matching data found" in an acknowledgement. */
const NO_DATA = '999';

/**
 * ENTSO-E's transparency platform (https://transparencyplatform.zendesk.com, "web API guide"), actual generation per production type (16.1.B&C: A75,
 * A16), times life-cycle factors: of what is generated, imports not in. Usually an hour or two after its time, later corrected.
 */
export const entsoe: Provider = {
  name: 'entsoe',
  source: `${NAME}, ${FACTORS_SOURCE}`,
  url: 'https://web-api.tp.entsoe.eu',
  tokenLines: 1,
  bases: ['average-lifecycle'],
  flow: 'production',
  stepMinutes: 15,
  // Documented: a year. A week of Germany is some 5 MB.
  chunkMs: 7 * DAY_MS,
  settlesMs: 7 * DAY_MS,
  zoneName: (zone) => (Object.hasOwn(ENTSOE_AREAS, zone) ? (ENTSOE_AREAS[zone] ?? null) : null),

  async fetch({ providerZone, fromMs, toMs }, { http, baseUrl, token }) {
    const key = token[0] ?? '';
    const minute = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(0, 12);
    const url = new URL(`${baseUrl}/api`);
    const parameters = {
      securityToken: key,
      documentType: 'A75',
      processType: 'A16',
      in_Domain: providerZone,
      periodStart: minute(fromMs),
      periodEnd: minute(toMs),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    // "No matching data" comes with either status.
    const { text, status } = await http.get({ url, as: 'XML', secrets: [key], alsoStatuses: [400] });
    const { generation, refused } = parseEntsoe(text, providerZone, { status, fromMs, toMs });
    const mix = intensityOfMix(generation);
    return { values: mix.values, refused: { ...refused, ...mix.refused } };
  },
};

/** Values stay texts; entities are not replaced: nothing in these documents needs them, and a hostile one would grow by them. */
const parser = (): XMLParser =>
  new XMLParser({
    ignoreAttributes: true,
    parseTagValue: false,
    processEntities: false,
    removeNSPrefix: true,
    isArray: (name) => ['TimeSeries', 'Period', 'Point', 'Reason'].includes(name),
  });

/**
 * Parses a GL_MarketDocument: time series by production type, each of periods with points by position. With curve type A03 a position that is left
 * out has the value of the one before. Consumption of plants (outBiddingZone_Domain) is passed over.
 * @param area EIC code that was asked for
 * @param window what was asked for, Unix ms: points that lie outside are passed over; status: of HTTP, for the message
 * @throws EitError EIT_PROVIDER where it is something else, or has more points than there can be; no data is no error
 */
export function parseEntsoe(
  text: string,
  area: string,
  {
    fromMs,
    toMs,
    status = 200,
  }: { readonly fromMs: number; readonly toMs: number; readonly status?: number },
): { generation: Generation[]; refused: Record<string, number> } {
  let document: unknown;
  try {
    document = parser().parse(text, true) as unknown;
  } catch (cause) {
    throw unexpected(NAME, `no XML (status ${status})`, cause);
  }
  const reasons = listOf(keyOf(keyOf(document, 'Acknowledgement_MarketDocument'), 'Reason'));
  if (reasons.some((reason) => keyOf(reason, 'code') === NO_DATA)) {
    const first = keyOf(reasons[0], 'text');
    const said = typeof first === 'string' ? first : '';
    // The same code stands for every other complaint.
    if (said === '' || /no matching data/i.test(said)) return { generation: [], refused: {} };
    throw unexpected(NAME, `a refusal: ${said.slice(0, 150)}`);
  }
  const root = keyOf(document, 'GL_MarketDocument');
  if (typeof root !== 'object' || root === null)
    throw unexpected(NAME, `no GL_MarketDocument (status ${status})`);

  const refused = new Refusals();
  const generation: Generation[] = [];
  for (const series of listOf(keyOf(root, 'TimeSeries'))) {
    const type = keyOf(keyOf(series, 'MktPSRType'), 'psrType');
    const place = keyOf(series, 'inBiddingZone_Domain.mRID');
    if (place === undefined && keyOf(series, 'outBiddingZone_Domain.mRID') !== undefined) continue;
    const unit = keyOf(series, 'quantity_Measure_Unit.name') ?? 'MAW';
    if (typeof type !== 'string' || place !== area || unit !== 'MAW') {
      refused.add('series of another area, unit or without a type');
      continue;
    }
    const fuel = Object.hasOwn(FUEL_OF, type) ? (FUEL_OF[type] ?? null) : null;
    const isFilled = keyOf(series, 'curveType') === 'A03';
    for (const period of listOf(keyOf(series, 'Period')))
      for (const point of pointsOf(period, { isFilled, fromMs, toMs }, refused)) {
        if (generation.length >= MOST_POINTS)
          throw unexpected(NAME, `more than ${MOST_POINTS} points for the time asked for`);
        generation.push({ ...point, type, fuel });
      }
  }
  return { generation, refused: refused.counts };
}

function pointsOf(
  period: unknown,
  { isFilled, fromMs, toMs }: { readonly isFilled: boolean; readonly fromMs: number; readonly toMs: number },
  refused: Refusals,
): Pick<Generation, 'startMs' | 'endMs' | 'powerMw'>[] {
  const resolution = keyOf(period, 'resolution');
  const stepMs = typeof resolution === 'string' ? MS_OF_RESOLUTION[resolution] : undefined;
  const interval = keyOf(period, 'timeInterval');
  const [beginMs, endMs] = ['start', 'end'].map((key) => minuteAt(keyOf(interval, key)));
  if (
    stepMs === undefined ||
    beginMs === undefined ||
    endMs === undefined ||
    !(endMs - beginMs <= 400 * DAY_MS)
  ) {
    refused.add('period without times');
    return [];
  }
  const steps = Math.round((endMs - beginMs) / stepMs);
  const values = new Map<number, number>();
  for (const point of listOf(keyOf(period, 'Point'))) {
    const [position, powerMw] = [numberAt(keyOf(point, 'position')), numberAt(keyOf(point, 'quantity'))];
    if (!(position >= 1 && position <= steps && Number.isInteger(position) && Math.abs(powerMw) < 1e6))
      refused.add('point that is none');
    else if (values.has(position)) refused.add('duplicate');
    else values.set(position, powerMw);
  }
  const found: Pick<Generation, 'startMs' | 'endMs' | 'powerMw'>[] = [];
  // A small document can stand for years: only what reaches into the time asked for is filled.
  const first = Math.max(1, Math.floor((fromMs - beginMs) / stepMs) + 1);
  const end = Math.min(steps, Math.ceil((toMs - beginMs) / stepMs));
  let last = isFilled ? valueBefore(values, first) : undefined;
  for (let position = first; position <= end; position++) {
    const powerMw = values.get(position) ?? (isFilled ? last : undefined);
    last = powerMw;
    const startMs = beginMs + (position - 1) * stepMs;
    if (powerMw !== undefined) found.push({ startMs, endMs: startMs + stepMs, powerMw });
  }
  return found;
}

/** The value of the last position before one. */
function valueBefore(values: ReadonlyMap<number, number>, position: number): number | undefined {
  let nearest = 0;
  for (const each of values.keys()) if (each < position && each > nearest) nearest = each;
  return values.get(nearest);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** `2026-03-29T22:00Z`. */
function minuteAt(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(value)
    ? Date.parse(value)
    : undefined;
}
