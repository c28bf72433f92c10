import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Options } from 'yargs';
import { parseIntensityCsv } from '../carbon/intensity-csv';
import { intensityDir } from '../carbon/intensity-dir';
import { appendSeries } from '../carbon/intensity-store';
import { isKnownTimeZone } from '../carbon/local-times';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { counted } from '../report/units';
import type { CommandModule, Surroundings } from './command';
import { SHARED, basisOf, checkOwner, lastOf, zoneOf } from './intensity-options';
import { jsonText } from './plain-text';

export const options: Readonly<Record<string, Options>> = {
  zone: SHARED.zone,
  basis: SHARED.basis,
  flow: { type: 'string', requiresArg: true, describe: 'consumption (default) or production' },
  source: { type: 'string', requiresArg: true, describe: "whose figures they are; default: the file's name" },
  'time-zone': {
    type: 'string',
    requiresArg: true,
    describe: 'of times without an offset, such as Europe/Berlin or UTC',
  },
  json: SHARED.json,
  config: SHARED.config,
};

export const examples: CommandModule['examples'] = [
  ['grid.csv --zone DE --basis average-lifecycle', "a site's own series: start,end,g_per_kwh"],
];

export const epilogue =
  'import: a CSV file with the columns start, end (may be absent: until the next row), g_per_kwh and estimated (may be absent). All of it is taken, or ' +
  'nothing: what is wrong is told with its line. What is imported later holds before what is there.';

/** `eit intensity import FILE`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output, uid }: Surroundings,
): Promise<number> {
  const file = lastOf(argv, 'file');
  if (file === undefined)
    throw new EitError(
      'EIT_USAGE',
      'which file? Expected eit intensity import FILE --zone ZONE --basis BASIS',
    );
  const zone = zoneOf(argv);
  const basis = basisOf(argv);
  if (basis === undefined)
    throw new EitError(
      'EIT_USAGE',
      '--basis is missing; expected average-lifecycle or average-direct: a file does not tell',
    );
  const flow = lastOf(argv, 'flow') ?? 'consumption';
  if (flow !== 'consumption' && flow !== 'production')
    throw new EitError('EIT_USAGE', `--flow ${JSON.stringify(flow)}; expected consumption or production`);
  const timeZone = lastOf(argv, 'time-zone') ?? null;
  if (timeZone !== null && !isKnownTimeZone(timeZone))
    throw new EitError(
      'EIT_USAGE',
      `--time-zone ${JSON.stringify(timeZone)} is unknown; expected one such as Europe/Berlin`,
    );
  const source = lastOf(argv, 'source') ?? visible(basename(file), 150);
  if (source.length > 200 || source.trim() === '' || visible(source) !== source)
    throw new EitError(
      'EIT_USAGE',
      '--source is empty, over 200 characters, or has some that cannot be seen',
    );
  const path = lastOf(argv, 'config');
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const dir = intensityDir(config);
  checkOwner(dir, uid);

  const stamp = { zone, basis, flow, source, fetched_at: new Date().toISOString() } as const;
  const lines = parseIntensityCsv(readText(file), stamp, { timeZone, file });
  const added = lines.length === 0 ? 0 : await appendSeries(dir, zone, lines);
  const [first, last] = [lines[0]?.start ?? null, lines.at(-1)?.end ?? null];
  const text =
    first === null
      ? `${zone}: no rows\n`
      : `${zone}: ${counted(lines.length, 'value')} from ${first} to ${last}, ${added} new or changed\n`;
  await output.write([
    argv['json'] === true
      ? jsonText({ zone, basis, flow, source, from: first, to: last, values: lines.length, added })
      : text,
  ]);
  return 0;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new EitError('EIT_DATA_FILE', `cannot read ${visible(file)}: ${String(cause)}`, { cause });
  }
}
