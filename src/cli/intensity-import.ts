import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Options } from 'yargs';
import { parseIntensityCsv } from '../carbon/intensity-csv';
import { intensityDir } from '../carbon/intensity-dir';
import { appendSeries } from '../carbon/intensity-store';
import { isKnownTimeZone } from '../carbon/local-times';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { counted, durationText } from '../report/units';
import type { CommandModule, Surroundings } from './command';
import { SHARED, basisOf, checkOwner, knownZoneOf } from './intensity-options';
import { jsonText } from './plain-text';
import { lastGiven } from './given';

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
  'import: a CSV file with the columns start, end (may be absent: until the next row, but no longer than the usual step of the file), g_per_kwh and estimated (may be absent). All of it is taken, or ' +
  'nothing: what is wrong is told with its line. It is written month by month: where it was killed, run it again. What is imported later holds before what is there.';

/** `eit intensity import FILE`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output, uid }: Surroundings,
): Promise<number> {
  const file = lastGiven(argv['file']);
  if (file === undefined)
    throw new EitError(
      'EIT_USAGE',
      'which file? Expected eit intensity import FILE --zone ZONE --basis BASIS',
    );
  const zone = knownZoneOf(argv);
  const basis = basisOf(argv);
  if (basis === undefined)
    throw new EitError(
      'EIT_USAGE',
      '--basis is missing; expected average-lifecycle or average-direct: a file does not tell',
    );
  const flow = lastGiven(argv['flow']) ?? 'consumption';
  if (flow !== 'consumption' && flow !== 'production')
    throw new EitError('EIT_USAGE', `--flow ${JSON.stringify(flow)}; expected consumption or production`);
  const timeZone = lastGiven(argv['time-zone']) ?? null;
  if (timeZone !== null && !isKnownTimeZone(timeZone))
    throw new EitError(
      'EIT_USAGE',
      `--time-zone ${JSON.stringify(timeZone)} is unknown; expected one such as Europe/Berlin`,
    );
  const source = lastGiven(argv['source']) ?? visible(basename(file), 150);
  if (source.length > 200 || source.trim() === '' || visible(source) !== source)
    throw new EitError(
      'EIT_USAGE',
      '--source is empty, over 200 characters, or has some that cannot be seen',
    );
  const path = lastGiven(argv['config']);
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const dir = intensityDir(config);
  checkOwner(dir, uid);

  const stamp = { zone, basis, flow, source, fetched_at: new Date().toISOString() } as const;
  const { lines, holes, stepMs } = parseIntensityCsv(readText(file), stamp, { timeZone, file });
  if (lines.length === 0)
    throw new EitError(
      'EIT_DATA_FILE',
      `${visible(file)} has a header and no rows: nothing was imported; expected rows such as 2026-03-01T00:00Z,350`,
    );
  const added = await appendSeries(dir, zone, lines);
  const [first, last] = [lines[0]?.start ?? null, lines.at(-1)?.end ?? null];
  const [hole] = holes;
  const text = `${zone}: ${counted(lines.length, 'value')} from ${first} to ${last}, ${added} new or changed\n`;
  await output.write([
    argv['json'] === true
      ? jsonText({
          ...{ zone, basis, flow, source, from: first, to: last, values: lines.length, added },
          holes: holes.length,
          first_hole: hole === undefined ? null : { from: utc(hole.fromMs), to: utc(hole.toMs) },
        })
      : text,
  ]);
  if (hole !== undefined && stepMs !== null)
    output.note(
      `${counted(holes.length, 'hole')}, since without an end no row lasts longer than the usual step, ${durationText(stepMs / 1000)}: the first is from ` +
        `${utc(hole.fromMs)} to ${utc(hole.toMs)} (${durationText((hole.toMs - hole.fromMs) / 1000)}); reports fill them as they fill every gap (docs/intensity.md)`,
    );
  return 0;
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}

/** Ten years of five minutes are a million rows of some 50 bytes. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/** @throws EitError EIT_DATA_FILE */
function readText(file: string): string {
  const unreadable = (what: string, cause?: unknown): EitError =>
    new EitError('EIT_DATA_FILE', `cannot read ${visible(file)}: ${what}`, { cause });
  let fd: number;
  try {
    // Not to wait for the writer of a named pipe.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(visible(String(error)), error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile())
      throw unreadable('it is not a plain file; save what it gives to a file, and name that');
    if (stats.size > LARGEST_BYTES)
      throw unreadable(
        `it has ${stats.size} bytes, and a series at most ${LARGEST_BYTES}; import it in parts, such as a year each`,
      );
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(fd));
  } catch (error) {
    if (error instanceof EitError) throw error;
    throw unreadable(`${visible(String(error))}; save it as UTF-8 text`, error);
  } finally {
    closeSync(fd);
  }
}
