import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Options } from 'yargs';
import { POLICIES } from '../attribution/policy';
import { loadConfig, type LoadedConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { checkSets, parseRunSet, type RunSet, setWarnings } from '../science/run-set';
import type { Surroundings } from './command';
import { FACTS_NAME } from './facts-file';
import { readRunSets } from './run-sets';

/** Options of each command that works on chosen runs. */
export const RUN_OPTIONS: Readonly<Record<string, Options>> = {
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'NAME=FILTER, also several times: A=1234,1240_[1-5] or "B=name=train;state=CD"',
  },
  from: {
    type: 'string',
    requiresArg: true,
    describe: 'a folder that eit run or eit import wrote, in place of the ledger',
  },
  'allow-incomplete': { type: 'boolean', describe: 'take jobs that were observed in part too' },
  allusers: {
    alias: 'a',
    type: 'boolean',
    describe: 'runs of all users, as far as you may read their records',
  },
  policy: {
    type: 'string',
    requiresArg: true,
    describe: `how shared energy is divided: ${POLICIES.join(', ')}`,
  },
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml',
  },
};

export interface ChosenRuns {
  readonly loaded: LoadedConfig;
  /** At least one, each with at least one run. */
  readonly sets: readonly RunSet[];
  readonly warnings: readonly string[];
}

/**
 * The runs that a command was given: job ids as its operand `jobs`, sets by --set, or, of a folder of measurements, all that is in it.
 * @throws EitError EIT_USAGE, EIT_RUN_SET, EIT_COVERAGE; and what a report throws
 */
export async function chosenRuns(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<ChosenRuns> {
  const jobs = last(argv['jobs']);
  const named = strings(argv['set']);
  const from = last(argv['from']);
  if (jobs !== undefined && named.length > 0)
    throw new EitError('EIT_USAGE', 'name jobs (1234,1240_[1-5]) or sets (--set A=1234): one of the two');
  if (jobs === undefined && named.length === 0 && from === undefined)
    throw new EitError(
      'EIT_USAGE',
      'name runs: job ids (1234,1240_[1-5]), sets (--set A=1234), or a folder that eit run or eit import wrote (--from DIR)',
    );
  const filters =
    named.length > 0
      ? named.map(parseRunSet)
      : [{ name: 'runs', text: jobs ?? from ?? '', asked: jobs === undefined ? {} : { jobs: [jobs] } }];
  const path = last(argv['config']);
  const site = loadConfig({ ...(path === undefined ? {} : { path }), env: surroundings.env });
  const loaded = from === undefined ? site : ledgerIn(site, from);
  const sets = await readRunSets(filters, loaded, surroundings, {
    policy: last(argv['policy']),
    allUsers: argv['allusers'] === true || from !== undefined,
    ...(from === undefined ? {} : { facts: join(loaded.config.ledger, FACTS_NAME) }),
  });
  checkSets(sets, { allowIncomplete: argv['allow-incomplete'] === true });
  return { loaded, sets, warnings: setWarnings(sets) };
}

/**
 * The site's factors, and the records of a folder: what eit run writes is a ledger.
 * @throws EitError EIT_RUN_SET where there is no such folder
 */
export function ledgerIn(site: LoadedConfig, folder: string): LoadedConfig {
  const ledger = resolve(folder);
  let isFolder: boolean;
  try {
    isFolder = statSync(ledger).isDirectory();
  } catch (error) {
    throw notThere(folder, isErrno(error, 'ENOENT') ? 'there is no such folder' : String(error), error);
  }
  if (!isFolder) throw notThere(folder, 'it is no folder');
  return { ...site, config: { ...site.config, ledger } };
}

function notThere(folder: string, why: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_RUN_SET',
    `--from ${visible(folder, 200)}: ${visible(why, 300)}; give the folder that eit run or eit import wrote`,
    { cause },
  );
}

function last(value: unknown): string | undefined {
  return strings(value).at(-1);
}

function strings(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');
}
