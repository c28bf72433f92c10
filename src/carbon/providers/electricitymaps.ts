import type { IntensityBasis } from '../intensity';
import { HttpRefusal } from '../http-client';
import { keyOf, listAt, numberAt, parseAnswer, Refusals, timeAt, unexpected } from './answer';
import {
  DAY_MS,
  HOUR_MS,
  OutOfReach,
  type Provider,
  type ProviderAnswer,
  type ProviderQuestion,
} from './provider';

const NAME = 'Electricity Maps';
const FACTOR_TYPE = { 'average-lifecycle': 'lifecycle', 'average-direct': 'direct' } as const;

/**
 * Electricity Maps, API v3 (https://app.electricitymaps.com/developer-hub/api/reference): hourly, consumption by flow tracing. A token with the
 * last 24 hours alone (`history`) is told by a refusal of `past-range`.
 */
export const electricitymaps: Provider = {
  name: 'electricitymaps',
  source: NAME,
  url: 'https://api.electricitymaps.com',
  tokenLines: 1,
  bases: ['average-lifecycle', 'average-direct'],
  flow: 'consumption',
  stepMinutes: 60,
  // Documented: 10 days of hours.
  chunkMs: 10 * DAY_MS,
  settlesMs: 4 * DAY_MS,
  zoneName: (zone) => zone,

  async fetch(question, { http, baseUrl, token }) {
    const secret = token[0] ?? '';
    const ask = async (endpoint: string, more: Record<string, string>): Promise<string> => {
      const url = new URL(`${baseUrl}/v3/carbon-intensity/${endpoint}`);
      const parameters = {
        zone: question.providerZone,
        ...more,
        emissionFactorType: FACTOR_TYPE[question.basis],
        // Else a zone that it does not know is answered with that of the asking machine.
        shouldUseFallbackCallerLookup: 'false',
        disableCallerLookup: 'true',
      };
      for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
      return (await http.get({ url, headers: { 'auth-token': secret }, as: 'JSON', secrets: [secret] })).text;
    };
    const iso = (ms: number): string => new Date(ms).toISOString();
    try {
      const range = { start: iso(question.fromMs), end: iso(question.toMs), temporalGranularity: 'hourly' };
      return parseElectricityMaps(await ask('past-range', range), 'data', question);
    } catch (error) {
      const isLimited = error instanceof HttpRefusal && [401, 403].includes(error.status);
      if (!isLimited) throw error;
      const reach = { sinceMs: question.nowMs - DAY_MS, wants: 'a token with past-range' };
      if (question.toMs < reach.sinceMs) throw new OutOfReach(error, reach);
      const answer = parseElectricityMaps(await ask('history', {}), 'history', question);
      const notes = [`${NAME}: this token has the last 24 hours only: fetch every few hours`];
      return { ...answer, notes, reach };
    }
  },
};

/** @param list where the values stand: `data` of past-range, `history` of history */
export function parseElectricityMaps(
  text: string,
  list: 'data' | 'history',
  { providerZone, basis }: Pick<ProviderQuestion, 'providerZone' | 'basis'>,
): ProviderAnswer {
  const answer = parseAnswer(text, NAME);
  const zone = keyOf(answer, 'zone');
  if (zone !== undefined && zone !== providerZone) throw unexpected(NAME, `the zone ${JSON.stringify(zone)}`);
  const refused = new Refusals();
  const values = listAt(answer, [list], NAME).flatMap((item) => {
    const wrong = whyNot(item, providerZone, basis);
    if (wrong !== null) {
      refused.add(wrong);
      return [];
    }
    const startMs = timeAt(keyOf(item, 'datetime'));
    return [
      {
        startMs,
        endMs: startMs + HOUR_MS,
        gPerKwh: numberAt(keyOf(item, 'carbonIntensity')),
        estimated: keyOf(item, 'isEstimated') === true,
      },
    ];
  });
  return { values, refused: refused.counts };
}

function whyNot(item: unknown, zone: string, basis: IntensityBasis): string | null {
  const has = (key: string, value: string): boolean =>
    [undefined, null, value].includes(keyOf(item, key) as string);
  if (keyOf(item, 'carbonIntensity') === null) return 'no value yet';
  if (!has('zone', zone)) return 'of another zone';
  if (!has('emissionFactorType', FACTOR_TYPE[basis])) return 'of another basis';
  return has('temporalGranularity', 'hourly') ? null : 'not hourly';
}
