import { keyOf, listAt, numberAt, parseAnswer, Refusals, timeAt, unexpected } from './answer';
import { DAY_MS, type Provider, type ProviderAnswer } from './provider';

const NAME = 'NESO Carbon Intensity API';
const REGIONS = /^([1-9]|1[0-7])$/;

/**
 * The national energy system operator of Great Britain (https://carbon-intensity.github.io/api-definitions/): half hours, of what is used with
 * imports and losses, by what leaves the chimneys: direct, not life-cycle. The nation has an outturn, its regions (1 to 17) the forecast alone.
 */
export const neso: Provider = {
  name: 'neso',
  source: NAME,
  url: 'https://api.carbonintensity.org.uk',
  tokenLines: 0,
  bases: ['average-direct'],
  flow: 'consumption',
  stepMinutes: 30,
  // Documented: 14 days.
  chunkMs: 7 * DAY_MS,
  settlesMs: 2 * DAY_MS,
  zoneName: (zone) => (zone === 'GB' ? 'GB' : null),

  async fetch({ providerZone, fromMs, toMs }, { http, baseUrl }) {
    const isRegion = REGIONS.test(providerZone);
    if (!isRegion && providerZone !== 'GB')
      throw unexpected(
        NAME,
        `no zone "${providerZone}": expected GB, or a region from 1 to 17 as provider_zone`,
      );
    const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;
    const range = `${minute(fromMs)}/${minute(toMs)}`;
    const path = isRegion ? `regional/intensity/${range}/regionid/${providerZone}` : `intensity/${range}`;
    const { text } = await http.get({ url: new URL(`${baseUrl}/${path}`), as: 'JSON' });
    return parseNeso(text, isRegion ? Number(providerZone) : null);
  },
};

/** @param region which one was asked for; null: the nation */
export function parseNeso(text: string, region: number | null): ProviderAnswer {
  const answer = parseAnswer(text, NAME);
  let list: readonly unknown[];
  if (region === null) list = listAt(answer, ['data'], NAME);
  else {
    const data = [keyOf(answer, 'data')].flat()[0];
    if (keyOf(data, 'regionid') !== region) throw unexpected(NAME, 'another region');
    list = listAt(data, ['data'], NAME);
  }
  const refused = new Refusals();
  const values = list.flatMap((item) => {
    const intensity = keyOf(item, 'intensity');
    const [actual, forecast] = [keyOf(intensity, 'actual'), keyOf(intensity, 'forecast')];
    const estimated = actual === null || actual === undefined;
    if (estimated && (forecast === null || forecast === undefined)) {
      refused.add('no value yet');
      return [];
    }
    const [startMs, endMs] = [timeAt(keyOf(item, 'from')), timeAt(keyOf(item, 'to'))];
    return [{ startMs, endMs, gPerKwh: numberAt(estimated ? forecast : actual), estimated }];
  });
  return { values, refused: refused.counts };
}
