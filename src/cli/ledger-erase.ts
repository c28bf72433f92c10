import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Options } from 'yargs';
import { countErasable, erase, type Erased, type EraseOptions } from '../archive/erase';
import { becomeOwner } from '../archive/ledger-owner';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { ledgerClusters } from '../ledger/inbox-files';
import { removeUserState } from '../quota/user-state';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { privacyOf } from './ledger-privacy';
import type { Output } from './output';
import { jsonText } from './plain-text';
import { findUids } from './user-ids';
import { localTimeZone } from './time-zone';

/** Hosts write each few minutes, for seconds. */
const AGAIN_MS = 30_000;

export const options: Readonly<Record<string, Options>> = {
  user: { type: 'string', requiresArg: true, describe: 'the user: a name, or a uid' },
  yes: { type: 'boolean', describe: 'erase; without it, it is only said what there is' },
  'wait-inbox': {
    type: 'boolean',
    describe: 'try again each half minute until no inbox file holds a line of the user',
  },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['--user alice', 'what an erasure of alice would take away'],
  ['--user alice --yes', 'takes her name, uid, job names, node lists and curves out of the ledger'],
];

export const epilogue =
  "erase: for the ledger's owner and root. The energy stays in the sums, as (erased). Exit status 1 where inbox files still hold lines of the user, " +
  'since a host writes them at the moment: run it again, or use --wait-inbox. It can be killed at any point and run again. What it does not reach: docs/retention.md.';

/** `eit ledger erase`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const last = (name: string) => [argv[name]].flat().findLast((value) => typeof value === 'string');
  const path = last('config');
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const ledger = typeof argv['folder'] === 'string' ? resolve(argv['folder']) : config.ledger;
  const asked = userGiven(last('user'), 'erase');
  const privacy = privacyOf(config, env, (message) => output.note(message));
  becomeOwner(ledger, 'eit ledger erase', process);
  const isReal = argv['yes'] === true;
  const systemUid = findUids([asked]).get(asked) ?? null;
  const done: Erased[] = [];
  for (const cluster of await ledgerClusters(ledger)) {
    const given: EraseOptions = {
      ...{ ledger, cluster, asked, systemUid, nowMs: Date.now(), timeZone: localTimeZone() },
      privacy,
      warn: (message) => output.note(message),
    };
    const erased = isReal
      ? await eraseAll(given, argv['wait-inbox'] === true, output)
      : await countErasable(given);
    done.push(erased);
  }
  const uids = [...new Set(done.flatMap((each) => each.uids))];
  await output.write(
    argv['json'] === true ? [jsonText(done)] : done.map((erased) => summary(erased, isReal)),
  );
  if (isReal) removeUserState(config.quota_dir, { names: [asked], uids });
  else output.note('nothing was erased: --yes does it');
  return done.some(({ inboxLeft }) => inboxLeft.length > 0) ? 1 : 0;
}

/** Once, or until nothing is left. */
async function eraseAll(given: EraseOptions, isWaiting: boolean, output: Output): Promise<Erased> {
  let erased = await erase(given);
  if (!isWaiting) return erased;
  while (erased.inboxLeft.length > 0) {
    output.note(
      `${erased.inboxLeft.length} inbox files of ${given.cluster} still hold lines of the user; waiting`,
    );
    await wait(AGAIN_MS);
    erased = added(erased, await erase({ ...given, nowMs: Date.now() }));
  }
  return erased;
}

/** @throws EitError EIT_USAGE */
export function userGiven(user: string | undefined, action: string): string {
  if (user !== undefined && user !== '' && user !== '(erased)' && user !== '(unknown)') return user;
  throw new EitError('EIT_USAGE', `eit ledger ${action} wants --user: a name, or a uid`);
}

/** What several tries have done. */
function added(a: Erased, b: Erased): Erased {
  return {
    ...b,
    uids: [...new Set([...a.uids, ...b.uids])],
    slices: a.slices + b.slices,
    months: a.months + b.months,
    series: a.series + b.series,
    jobs: a.jobs + b.jobs,
    aside: a.aside + b.aside,
    inboxFiles: a.inboxFiles + b.inboxFiles,
  };
}

function summary(erased: Erased, isReal: boolean): string {
  const { cluster, slices, series, jobs, aside, inboxFiles, inboxLeft } = erased;
  const verb = isReal ? 'erased' : 'there are';
  return [
    `${cluster}: ${verb} ${slices} rows of energy, ${series} curves, ${jobs} jobs as sacct told, ${aside} refused lines, ${inboxFiles} inbox files.\n`,
    ...inboxLeft.map((path) => `  still holds lines of the user: ${visible(path)}\n`),
  ].join('');
}
