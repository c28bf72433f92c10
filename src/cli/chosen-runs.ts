import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Options } from 'yargs';
import { POLICIES } from '../attribution/policy';
import { intensityDir } from '../carbon/intensity-dir';
import { loadConfig, type LoadedConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { checkSets, parseRunSet, type RunSet, type RunSetFilter, setWarnings } from '../science/run-set';
import type { Surroundings } from './command';
import { FACTS_NAME } from './facts-file';
import { allGiven, CONFIG_OPTION, lastGiven } from './given';
import { readRunSets, type WatchSets } from './run-sets';

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
  config: CONFIG_OPTION,
};

export interface ChosenRuns {
  readonly loaded: LoadedConfig;
  /** At least one, each with at least one run. */
  readonly sets: readonly RunSet[];
  readonly warnings: readonly string[];
}

/** What a command knows beside its options. */
export interface MoreOfRuns {
  /** Sets that a file of the command names; absent: the options do. */
  readonly filters?: readonly RunSetFilter[];
  /** Whether that file takes jobs that were observed in part; absent: not. */
  readonly allowIncomplete?: boolean;
  readonly watchRuns?: WatchSets;
  /** Whether what making the machines emitted is asked for; absent: not. */
  readonly embodied?: boolean;
}

/**
 * The runs that a command was given: job ids as its operand `jobs`, sets by --set, or, of a folder of measurements, all that is in it.
 * @throws EitError EIT_USAGE, EIT_RUN_SET, EIT_COVERAGE; and what a report throws
 */
export async function chosenRuns(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
  { filters: given, allowIncomplete, watchRuns, embodied }: MoreOfRuns = {},
): Promise<ChosenRuns> {
  const from = lastGiven(argv['from']);
  const filters = given ?? filtersOf(argv, from);
  const site = siteConfig(argv, surroundings);
  const loaded = from === undefined ? site : ledgerIn(site, from);
  const sets = await readRunSets(filters, loaded, surroundings, {
    policy: lastGiven(argv['policy']),
    allUsers: argv['allusers'] === true || from !== undefined,
    ...(from === undefined ? {} : { facts: join(loaded.config.ledger, FACTS_NAME) }),
    ...(watchRuns === undefined ? {} : { watchRuns }),
    ...(embodied === undefined ? {} : { embodied }),
  });
  checkSets(sets, { allowIncomplete: argv['allow-incomplete'] === true || allowIncomplete === true });
  return { loaded, sets, warnings: setWarnings(sets) };
}

/** The sets that options name. @throws EitError EIT_USAGE */
export function filtersOf(argv: Readonly<Record<string, unknown>>, from: string | undefined): RunSetFilter[] {
  const jobs = lastGiven(argv['jobs']);
  const named = allGiven(argv['set']);
  if (jobs !== undefined && named.length > 0)
    throw new EitError('EIT_USAGE', 'name jobs (1234,1240_[1-5]) or sets (--set A=1234): one of the two');
  if (jobs === undefined && named.length === 0 && from === undefined)
    throw new EitError(
      'EIT_USAGE',
      'name runs: job ids (1234,1240_[1-5]), sets (--set A=1234), or a folder that eit run or eit import wrote (--from DIR)',
    );
  if (named.length > 0) return named.map(parseRunSet);
  return [{ name: 'runs', text: jobs ?? from ?? '', asked: jobs === undefined ? {} : { jobs: [jobs] } }];
}

/** The site's config, or that of --config. */
export function siteConfig(
  argv: Readonly<Record<string, unknown>>,
  { env }: Pick<Surroundings, 'env'>,
): LoadedConfig {
  const path = lastGiven(argv['config']);
  return loadConfig({ ...(path === undefined ? {} : { path }), env });
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
  // The grid's series are the site's, wherever runs lie.
  return { ...site, config: { ...site.config, ledger, intensity_dir: intensityDir(site.config) } };
}

function notThere(folder: string, why: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_RUN_SET',
    `--from ${visible(folder, 200)}: ${visible(why, 300)}; give the folder that eit run or eit import wrote`,
    { cause },
  );
}
