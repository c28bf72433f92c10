import { basisNamed } from '../carbon/basis';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { isCountry } from '../carbon/country';
import { loadZones } from '../carbon/zone';
import { dataPath } from '../data-path';
import type { IntensityBasis } from '../carbon/intensity';
import { EitError } from '../errors';
import { parseSlurmTime } from '../slurm/time-form';
import { CONFIG_OPTION, lastGiven } from './given';

/** What more than one action of `eit intensity` takes. */
export const SHARED: Readonly<Record<'zone' | 'basis' | 'from' | 'to' | 'json' | 'config', Options>> = {
  zone: { type: 'string', requiresArg: true, describe: 'zone of the grid, such as DE or US-CAL-CISO' },
  basis: {
    type: 'string',
    requiresArg: true,
    describe: 'average-lifecycle or average-direct',
  },
  from: { type: 'string', requiresArg: true, describe: 'from this time on' },
  to: { type: 'string', requiresArg: true, describe: 'up to this time; default: now' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

/** @throws EitError EIT_USAGE where it is missing or cannot be a zone's key */
export function zoneOf(argv: Readonly<Record<string, unknown>>): string {
  const zone = lastGiven(argv['zone']);
  if (zone !== undefined && /^(?:[A-Z]{2}(-[A-Z0-9]+)*|WORLD)$/.test(zone) && zone.length <= 64) return zone;
  throw new EitError(
    'EIT_USAGE',
    zone === undefined
      ? '--zone is missing; expected a zone of the grid, such as DE or US-CAL-CISO'
      : `--zone ${JSON.stringify(zone)} is no zone's key; expected one such as DE or US-CAL-CISO${isCountry(zone) ? ', of two letters' : ''}`,
  );
}

/**
 * As {@link zoneOf}, of a zone that some table has: a series of another one would be in no report.
 * @throws EitError EIT_USAGE, EIT_ZONE_UNKNOWN with what may have been meant
 */
export function knownZoneOf(argv: Readonly<Record<string, unknown>>): string {
  const zone = zoneOf(argv);
  checkZones([zone]);
  return zone;
}

/** @throws EitError EIT_ZONE_UNKNOWN for the first that no table has, with what may have been meant */
export function checkZones(keys: readonly string[]): void {
  const zones = loadZones(dataPath());
  for (const key of keys) if (!zones.has(key)) zones.years(key);
}

/** @throws EitError EIT_USAGE */
export function basisOf(argv: Readonly<Record<string, unknown>>): IntensityBasis | undefined {
  const basis = lastGiven(argv['basis']);
  if (basis === undefined) return undefined;
  const found = basisNamed(basis);
  if (found !== undefined) return found;
  throw new EitError(
    'EIT_USAGE',
    `--basis ${JSON.stringify(basis)}; expected average-lifecycle or average-direct`,
  );
}

/** An option that is a time, in ms since 1970. @throws EitError EIT_TIME_FORM */
export function timeOf(
  argv: Readonly<Record<string, unknown>>,
  name: string,
  now: DateTime,
): number | undefined {
  const text = lastGiven(argv[name]);
  return text === undefined ? undefined : parseSlurmTime(text, { now }).toMillis();
}

/** Files of root in a folder of another user are in that user's way. @throws EitError EIT_USAGE */
export function checkOwner(dir: string, uid: number): void {
  let at = dir;
  while (statSync(at, { throwIfNoEntry: false }) === undefined && dirname(at) !== at) at = dirname(at);
  const owner = statSync(at, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === 0 || uid !== 0) return;
  throw new EitError(
    'EIT_USAGE',
    `${at} belongs to uid ${owner}, and root's files would be in the way there: run it as that user, such as ` +
      `setpriv --reuid ${owner} --init-groups eit intensity`,
  );
}
