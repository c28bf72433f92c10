import { EitError } from '../../errors';
import { keyOf, listAt, numberAt, parseAnswer, timeAt, unexpected } from './answer';
import { DAY_MS, HOUR_MS, type Provider, type ProviderAnswer, type ProviderContext } from './provider';

const NAME = 'WattTime';
const AVERAGE = 'co2_aoer';
const UNITS = 'lbs_co2_per_mwh';

/** Pounds per megawatt-hour to grams per kilowatt-hour. */
export const G_PER_KWH_OF_LBS_PER_MWH = 0.453592;

/**
 * WattTime, API v3 (https://docs.watttime.org): the average signal alone (`co2_aoer`): hourly, of what is
 * generated there, imports not in, within three days (https://watttime.org/data-science/data-signals/average-co2/). Its usual signal is the marginal one
 * (`co2_moer`), which is for shifting load, not for what was emitted: where an account has no average one there is nothing to fetch.
 */
export const watttime: Provider = {
  name: 'watttime',
  source: NAME,
  url: 'https://api.watttime.org',
  tokenLines: 2,
  bases: ['average-direct'],
  flow: 'production',
  stepMinutes: 60,
  // Documented: 32 days.
  chunkMs: 30 * DAY_MS,
  settlesMs: 5 * DAY_MS,
  zoneName: () => null,

  async fetch({ providerZone, fromMs, toMs }, context) {
    const { baseUrl, http } = context;
    const token = await login(context);
    const ask = async (url: URL): Promise<string> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await http.get({ url, headers, as: 'JSON', secrets: [token, ...context.token] })).text;
    };
    if (!hasAverage(await ask(new URL(`${baseUrl}/v3/my-access`)), providerZone))
      throw new EitError(
        'EIT_PROVIDER',
        `${NAME} has no average signal (${AVERAGE}) of ${providerZone} for this account; its marginal one is not used: choose another provider`,
      );
    const url = new URL(`${baseUrl}/v3/historical`);
    const iso = (ms: number): string => new Date(ms).toISOString();
    const parameters = { region: providerZone, signal_type: AVERAGE, start: iso(fromMs), end: iso(toMs) };
    for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
    return parseWattTime(await ask(url), providerZone);
  },
};

/** The token of a login is good for half an hour: each question takes a new one. */
async function login({ http, baseUrl, token }: ProviderContext): Promise<string> {
  const [user = '', password = ''] = token;
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  const { text } = await http.get({
    url: new URL(`${baseUrl}/login`),
    headers: { authorization: `Basic ${basic}` },
    as: 'JSON',
    secrets: [password, basic],
  });
  const given = keyOf(parseAnswer(text, NAME), 'token');
  if (typeof given !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(given)) throw unexpected(NAME, 'no token');
  return given;
}

/** Whether an account may read the average signal of a region: `{signal_types: [{signal_type, regions: [{region}]}]}`. */
export function hasAverage(text: string, region: string): boolean {
  return listAt(parseAnswer(text, NAME), ['signal_types'], NAME).some(
    (signal) =>
      keyOf(signal, 'signal_type') === AVERAGE &&
      listAt(signal, ['regions'], NAME).some((one) => keyOf(one, 'region') === region),
  );
}

export function parseWattTime(text: string, region: string): ProviderAnswer {
  const answer = parseAnswer(text, NAME);
  const meta = keyOf(answer, 'meta');
  for (const [key, expected] of [
    ['signal_type', AVERAGE],
    ['units', UNITS],
    ['region', region],
  ] as const) {
    const got = keyOf(meta, key);
    if (got !== expected)
      throw unexpected(NAME, `${key} ${JSON.stringify(got) ?? 'missing'} (expected ${expected})`);
  }
  const points = listAt(answer, ['data'], NAME).map((item) => ({
    startMs: timeAt(keyOf(item, 'point_time')),
    gPerKwh: numberAt(keyOf(item, 'value')) * G_PER_KWH_OF_LBS_PER_MWH,
    estimated: keyOf(item, 'imputed_data_used') === true,
  }));
  const said = keyOf(meta, 'data_point_period_seconds');
  const periodMs = typeof said === 'number' && said > 0 ? said * 1000 : shortestStep(points);
  const values = points.map((point) => ({ ...point, endMs: point.startMs + periodMs }));
  return { values, refused: {} };
}

/** Between two points; an hour where there are no two. */
function shortestStep(points: readonly { readonly startMs: number }[]): number {
  const starts = points.map(({ startMs }) => startMs).sort((a, b) => a - b);
  const steps = starts.map((ms, i) => ms - (starts[i - 1] ?? NaN)).filter((ms) => ms > 0);
  return steps.reduce((shortest, ms) => Math.min(shortest, ms), HOUR_MS);
}
