import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Options } from 'yargs';
import { exportPerson, type Exported, type ExportFormat } from '../archive/export-person';
import { mustBeOwner } from '../archive/ledger-owner';
import { loadConfig } from '../config/config';
import { EitError, isErrno } from '../errors';
import { ledgerClusters } from '../ledger/inbox-files';
import { readUserState } from '../quota/user-state';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { userGiven } from './ledger-erase';
import { jsonText } from './plain-text';
import { findUids } from './user-ids';
import { localTimeZone } from './time-zone';

const FORMATS: readonly ExportFormat[] = ['json', 'csv'];

export const options: Readonly<Record<string, Options>> = {
  user: { type: 'string', requiresArg: true, describe: 'the user: a name, or a uid' },
  format: { type: 'string', requiresArg: true, describe: `${FORMATS.join(' or ')}; default: json` },
  to: { type: 'string', requiresArg: true, describe: 'new folder that takes the files' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['--user alice --to /root/alice', 'all that the ledger holds of alice, for her'],
];

export const epilogue =
  "export: for the ledger's owner and root. A folder a cluster: energy (by hour and fragment), days (by run), series, jobs (as sacct told), refused and " +
  'inbox lines; quota/ has the state of the quotas on this host.';

/** `eit ledger export`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const last = (name: string) => [argv[name]].flat().findLast((value) => typeof value === 'string');
  const path = last('config');
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const ledger = typeof argv['folder'] === 'string' ? resolve(argv['folder']) : config.ledger;
  const asked = userGiven(last('user'), 'export');
  const format = FORMATS.find((known) => known === (last('format') ?? 'json'));
  if (format === undefined) {
    throw new EitError(
      'EIT_USAGE',
      `--format takes ${FORMATS.join(' or ')}, not ${JSON.stringify(last('format'))}`,
    );
  }
  const to = last('to');
  if (to === undefined) throw new EitError('EIT_USAGE', 'eit ledger export wants --to: a new folder');
  mustBeOwner(ledger, 'eit ledger export', process);
  makeFolder(to);
  const systemUid = findUids([asked]).get(asked) ?? null;
  const done: Exported[] = [];
  for (const cluster of await ledgerClusters(ledger)) {
    done.push(
      await exportPerson({
        ...{ ledger, cluster, asked, systemUid, to, format, nowMs: Date.now() },
        timeZone: localTimeZone(),
        warn: (message) => output.note(message),
      }),
    );
  }
  const uids = [...new Set(done.flatMap((each) => each.uids))];
  for (const [name, text] of readUserState(config.quota_dir, { names: [asked], uids })) {
    const file = join(to, 'quota', name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  }
  await output.write([jsonText(done)]);
  return 0;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    const what = isErrno(cause, 'EEXIST') ? 'is there already' : `cannot be made (${String(cause)})`;
    throw new EitError('EIT_USAGE', `--to ${path} ${what}: name a new folder`, { cause });
  }
}
