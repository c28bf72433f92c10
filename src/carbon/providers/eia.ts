import { FACTORS_SOURCE, type Fuel } from '../fuel-factors';
import { type Generation, intensityOfMix } from '../generation-mix';
import { keyOf, listAt, numberAt, parseAnswer, Refusals, unexpected } from './answer';
import { DAY_MS, HOUR_MS, type Provider } from './provider';

const NAME = 'US EIA';

/** Documented: the most rows of one answer. */
const PAGE_ROWS = 5000;
const MOST_PAGES = 50;

/** Those that EIA-930 tells apart; the others (OTH, UNK, and stores: BAT, PS, UES, OES) have no factor. */
const FUEL_OF: Readonly<Record<string, Fuel>> = {
  COL: 'coal',
  NG: 'gas',
  OIL: 'oil',
  NUC: 'nuclear',
  WAT: 'hydro',
  SUN: 'solar',
  SNB: 'solar',
  WND: 'wind',
  WNB: 'wind',
  GEO: 'geothermal',
};

/**
 * The US Energy Information Administration, API v2 (https://www.eia.gov/opendata/documentation.php), electricity/rto/fuel-type-data: net generation of
 * a balancing authority by fuel and hour (EIA-930), times life-cycle factors. Hours are named by their end, in UTC.
 */
export const eia: Provider = {
  name: 'eia',
  source: `${NAME}, ${FACTORS_SOURCE}`,
  url: 'https://api.eia.gov',
  tokenLines: 1,
  bases: ['average-lifecycle'],
  flow: 'production',
  stepMinutes: 60,
  chunkMs: 10 * DAY_MS,
  settlesMs: 4 * DAY_MS,
  // US-CAL-CISO is the balancing authority CISO.
  zoneName: (zone) => /^US-[A-Z0-9]+-([A-Z0-9]+)$/.exec(zone)?.[1] ?? null,

  async fetch({ providerZone, fromMs, toMs }, { http, baseUrl, token }) {
    const key = token[0] ?? '';
    const hour = (ms: number): string => new Date(ms).toISOString().slice(0, 13);
    const rows: unknown[] = [];
    for (let page = 0; ; page++) {
      const url = new URL(`${baseUrl}/v2/electricity/rto/fuel-type-data/data/`);
      const parameters = {
        api_key: key,
        frequency: 'hourly',
        'data[0]': 'value',
        'facets[respondent][]': providerZone,
        start: hour(fromMs),
        end: hour(toMs + HOUR_MS),
        'sort[0][column]': 'period',
        'sort[0][direction]': 'asc',
        offset: String(page * PAGE_ROWS),
        length: String(PAGE_ROWS),
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      const { text } = await http.get({ url, as: 'JSON', secrets: [key] });
      const { data, total } = parsePage(text);
      rows.push(...data);
      if (data.length === 0 || rows.length >= total) break;
      if (page + 1 >= MOST_PAGES) throw unexpected(NAME, `more than ${MOST_PAGES * PAGE_ROWS} rows`);
    }
    const { generation, refused } = parseEiaRows(rows, providerZone);
    const mix = intensityOfMix(generation);
    return { values: mix.values, refused: { ...refused, ...mix.refused } };
  },
};

/** One answer: `{response: {total, data: [...]}}`, numbers as text since version 2.1.6. */
export function parsePage(text: string): { data: readonly unknown[]; total: number } {
  const answer = parseAnswer(text, NAME);
  const total = numberAt(keyOf(keyOf(answer, 'response'), 'total'));
  if (!(total >= 0)) throw unexpected(NAME, 'no total of rows');
  return { data: listAt(answer, ['response', 'data'], NAME), total };
}

/** Rows `{period: "2025-01-01T01", respondent, fueltype, value, "value-units": "megawatthours"}`. */
export function parseEiaRows(
  rows: readonly unknown[],
  respondent: string,
): { generation: Generation[]; refused: Record<string, number> } {
  const refused = new Refusals();
  const generation = rows.flatMap((row): Generation[] => {
    const [period, type] = [keyOf(row, 'period'), keyOf(row, 'fueltype')];
    const endMs =
      typeof period === 'string' && /^\d{4}-\d\d-\d\dT\d\d$/.test(period)
        ? Date.parse(`${period}:00:00Z`)
        : NaN;
    const powerMw = numberAt(keyOf(row, 'value'));
    const units = keyOf(row, 'value-units') ?? 'megawatthours';
    const wrong =
      keyOf(row, 'respondent') !== respondent
        ? 'of another balancing authority'
        : Number.isNaN(endMs) || typeof type !== 'string'
          ? 'no time or fuel'
          : units !== 'megawatthours'
            ? 'not in megawatt-hours'
            : !(Math.abs(powerMw) < 1e7)
              ? 'no value yet'
              : null;
    if (wrong !== null || typeof type !== 'string') {
      refused.add(wrong ?? 'no time or fuel');
      return [];
    }
    const fuel = Object.hasOwn(FUEL_OF, type) ? (FUEL_OF[type] ?? null) : null;
    return [{ startMs: endMs - HOUR_MS, endMs, type, fuel, powerMw }];
  });
  return { generation, refused: refused.counts };
}
