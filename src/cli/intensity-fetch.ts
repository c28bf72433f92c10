import { setTimeout as sleep } from 'node:timers/promises';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { type FetchedSeries, type WantedSeries, fetchSeries, wantedSeries } from '../carbon/fetch-series';
import { HttpClient } from '../carbon/http-client';
import { intensityDir } from '../carbon/intensity-dir';
import { makeFolder, withSeriesLock } from '../carbon/intensity-store';
import { PROVIDERS } from '../carbon/providers';
import { loadConfig } from '../config/config';
import { EitError, describeError } from '../errors';
import type { EitConfig, IntensitySourceConfig } from '../generated/config';
import { counted } from '../report/units';
import { TIME_FORMS } from '../slurm/time-forms';
import type { CommandModule, Surroundings } from './command';
import { SHARED, checkOwner, checkZones, timeOf, zoneOf } from './intensity-options';
import { jsonText } from './plain-text';
import { TerminalLine } from './terminal-line';
import { lastGiven } from './given';

const NAMES = PROVIDERS.map(({ name }) => name).join(', ');

export const options: Readonly<Record<string, Options>> = {
  zone: SHARED.zone,
  provider: { type: 'string', requiresArg: true, describe: `only from this one: ${NAMES}` },
  from: SHARED.from,
  to: SHARED.to,
  json: SHARED.json,
  config: SHARED.config,
};

export const examples: CommandModule['examples'] = [
  ['', 'what is new of each series in eit.yaml (`intensity`); from a timer, once an hour'],
  ['--zone DE --from 2025-01-01', 'this zone from last year on'],
  ['--zone GB --provider neso', 'a series that needs no token, without eit.yaml knowing it'],
];

export const epilogue =
  `fetch: times (local): ${TIME_FORMS}.\n` +
  'The one command of EIT that asks the internet for data; run it on a node that may, as the user of the ledger. It goes on where a series ends, less what ' +
  'may still change; the first time a week back. Exit status 1 where a series could not be brought: what came is kept, and the next fetch goes on.';

/** `eit intensity fetch`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output, uid }: Surroundings,
): Promise<number> {
  const path = lastGiven(argv['config']);
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const wanted = wantedOf(
    config,
    lastGiven(argv['zone']) === undefined ? undefined : zoneOf(argv),
    lastGiven(argv['provider']),
  );
  checkZones(wanted.map((series) => series.zone));
  const now = DateTime.local();
  const [fromMs, toMs] = [timeOf(argv, 'from', now), timeOf(argv, 'to', now)];
  if (fromMs === undefined && toMs !== undefined)
    throw new EitError(
      'EIT_USAGE',
      '--to goes with --from: without it the fetch goes on where the series ends',
    );
  if (fromMs !== undefined && !(fromMs < Math.min(toMs ?? Infinity, now.toMillis())))
    throw new EitError('EIT_USAGE', '--from has to be before --to, and before now');
  const dir = intensityDir(config);
  checkOwner(dir, uid);
  makeFolder(dir);

  const line = new TerminalLine(output);
  const http = new HttpClient({ fetch, sleep, nowMs: Date.now, onWait: (text) => line.note(text) });
  const results = await withSeriesLock(dir, async (checkLock) => {
    const all: FetchedSeries[] = [];
    for (const series of wanted) {
      const { zone, provider } = series;
      const result = await fetchSeries(series, {
        dir,
        http,
        checkLock,
        nowMs: now.toMillis(),
        ...(fromMs === undefined ? {} : { fromMs }),
        ...(toMs === undefined ? {} : { toMs }),
        onProgress: (done, pieces) =>
          line.show(`${zone} from ${provider.name}: ${done} of ${counted(pieces, 'piece')}`),
      });
      all.push(result);
      for (const note of result.notes) line.note(note);
      if (result.error !== null) line.note(`${zone} from ${provider.name}: ${describeError(result.error)}`);
    }
    return all;
  }).finally(() => line.clear());
  const hint = http.unreachedHint;
  if (hint !== null) output.note(hint);
  await output.write([argv['json'] === true ? jsonText(results.map(toJson)) : results.map(toText).join('')]);
  return results.some(({ error }) => error !== null) ? 1 : 0;
}

/** @throws EitError EIT_USAGE where nothing is left to fetch */
function wantedOf(config: EitConfig, zone: string | undefined, provider: string | undefined): WantedSeries[] {
  if (provider !== undefined && !PROVIDERS.some(({ name }) => name === provider))
    throw new EitError('EIT_USAGE', `--provider ${JSON.stringify(provider)} is unknown; expected ${NAMES}`);
  const chosen = config.intensity
    .map((entry, i) => ({ entry, place: `intensity.${i}` }))
    .filter(({ entry }) => zone === undefined || entry.zone === zone)
    .filter(({ entry }) => provider === undefined || entry.provider === provider);
  if (chosen.length > 0) return chosen.map(({ entry, place }) => wantedSeries(entry, place));
  if (zone !== undefined && provider !== undefined)
    return [
      wantedSeries(
        { zone, provider: provider as IntensitySourceConfig['provider'] },
        '--zone and --provider',
      ),
    ];
  throw new EitError(
    'EIT_USAGE',
    config.intensity.length === 0
      ? 'eit.yaml names no series (`intensity`): expected a list such as [{ zone: GB, provider: neso }], or --zone and --provider'
      : 'no series of `intensity` in eit.yaml is of this zone and provider; with both --zone and --provider it need not be there',
  );
}

function toText({ zone, provider, fromMs, toMs, values, added, refused, error }: FetchedSeries): string {
  const time = (ms: number): string => DateTime.fromMillis(ms).toFormat('yyyy-MM-dd HH:mm');
  const reasons = Object.entries(refused).map(([reason, count]) => `${count} ${reason}`);
  const without = reasons.length === 0 ? '' : `; left out: ${reasons.join(', ')}`;
  const ended = error === null ? '' : '; not all came';
  return `${zone} from ${provider}: ${counted(values, 'value')} from ${time(fromMs)} to ${time(toMs)}, ${added} new or changed${without}${ended}\n`;
}

function toJson({ zone, provider, basis, flow, fromMs, toMs, values, added, refused, error }: FetchedSeries) {
  const utc = (ms: number): string => new Date(ms).toISOString();
  return {
    zone,
    provider,
    basis,
    flow,
    from: utc(fromMs),
    to: utc(toMs),
    values,
    added,
    refused,
    error: error === null ? null : { code: error.code, message: error.message },
  };
}
