import { statSync } from 'node:fs';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { type JobSyncResult, syncJobs } from '../archive/job-sync';
import { loadConfig } from '../config/config';
import { EitError } from '../errors';
import { counted } from '../report/units';
import { isClusterName } from '../slurm/run-identity';
import { readSlurmConf } from '../slurm/slurm-conf';
import { parseSlurmTime } from '../slurm/time-form';
import { TIME_FORMS } from '../slurm/time-forms';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { privacyOf } from './ledger-privacy';
import { jsonText } from './plain-text';
import { TerminalLine } from './terminal-line';

/** Of one call for a day: a large site's database takes a minute or two. */
const TIMEOUT_MS = 600_000;

export const options: Readonly<Record<string, Options>> = {
  since: {
    type: 'string',
    requiresArg: true,
    describe: 'ask again for everything from this time on; default: since the last time',
  },
  clusters: {
    alias: ['M', 'cluster'],
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'clusters of this slurmdbd; default: the one of eit.yaml or slurm.conf',
  },
  sacct: { type: 'string', requiresArg: true, default: 'sacct', describe: 'the program' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'what is new since the last time; from a timer, once an hour'],
  ['--since 2026-01-01', 'this year again, after sacctmgr has changed old jobs'],
];

export const epilogue =
  `Times (local): ${TIME_FORMS}.\n\n` +
  'Job names, array ids, QOS, states, what was asked for and when: hooks are not told, sacct is. It is asked a day at a time, each run of a ' +
  "requeued job by itself, and the answer kept in the ledger (CLUSTER/jobs), where reports find it. Run it as the ledger's user, on one " +
  'machine, never on compute nodes. Exit status 1 where sacct, the ledger or another eit sacct-sync stands in the way: the next one goes on.';

/** Brings what sacct tells into the ledger. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output, uid }: Surroundings,
): Promise<number> {
  const last = (name: string): string | undefined =>
    [argv[name]].flat().findLast((value) => typeof value === 'string');
  const path = last('config');
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const now = DateTime.local();
  const since = last('since');
  const sinceS =
    since === undefined ? null : Math.max(1, Math.floor(parseSlurmTime(since, { now }).toSeconds()));
  const nowS = Math.floor(now.toSeconds());
  if (sinceS !== null && sinceS > nowS)
    throw new EitError('EIT_USAGE', `--since ${JSON.stringify(since)} lies ahead: give a time that is past`);
  const clusters = clustersOf(argv['clusters'], config.cluster ?? readSlurmConf(env)?.clusterName ?? null);
  checkUser(config.ledger, uid);
  const privacy = privacyOf(config, env, (message) => output.note(message));

  const line = new TerminalLine(output);
  const results: (JobSyncResult & { cluster: string })[] = [];
  try {
    for (const { cluster, slurmCluster } of clusters) {
      const result = await syncJobs({
        ledger: config.ledger,
        cluster,
        slurmCluster,
        sinceS,
        nowS,
        privacy,
        warn: (message) => output.note(message),
        sacct: { program: last('sacct') ?? 'sacct', env, timeoutMs: TIMEOUT_MS },
        onProgress: (fromS, jobs) =>
          line.show(`${cluster}: jobs of ${DateTime.fromSeconds(fromS).toISODate()}, ${jobs} so far`),
      });
      results.push({ cluster, ...result });
    }
  } finally {
    line.clear();
  }
  await output.write(argv['json'] === true ? [jsonText(results.map(toJson))] : results.map(toText));
  for (const { cluster, unreadable } of results) {
    if (unreadable > 0)
      output.note(`${cluster}: ${counted(unreadable, 'row')} of sacct left out, as not readable`);
  }
  return 0;
}

/** Names are folders of the ledger, and what sacct is asked for. */
function clustersOf(
  value: unknown,
  own: string | null,
): { readonly cluster: string; readonly slurmCluster: string | null }[] {
  const names = [value]
    .flat()
    .flatMap((item) => (typeof item === 'string' ? item.split(',') : []))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0 && own === null)
    throw new EitError(
      'EIT_USAGE',
      'the name of the cluster is not known here: set `cluster` in eit.yaml, or name it with --clusters',
    );
  for (const name of names.length === 0 ? [own] : names) {
    if (!isClusterName(name))
      throw new EitError('EIT_USAGE', `--clusters: ${JSON.stringify(name)} cannot be the name of a cluster`);
  }
  if (names.length === 0) return [{ cluster: own ?? '', slurmCluster: null }];
  return [...new Set(names)].map((name) => ({ cluster: name, slurmCluster: name }));
}

/** Files of root in a ledger of another user are in that user's way. */
function checkUser(ledger: string, uid: number): void {
  const owner = statSync(ledger, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === 0 || uid !== 0) return;
  throw new EitError(
    'EIT_USAGE',
    `the ledger ${ledger} belongs to uid ${owner}, and root's files would be in the way there: run it as that user, such as ` +
      `setpriv --reuid ${owner} --init-groups eit sacct-sync`,
  );
}

function toText({
  cluster,
  sinceS,
  untilS,
  jobs,
  notStarted,
  files,
}: JobSyncResult & { cluster: string }): string {
  const time = (seconds: number): string => DateTime.fromSeconds(seconds).toFormat('yyyy-MM-dd HH:mm');
  const waiting = notStarted === 0 ? '' : `, of these ${notStarted} not begun`;
  const changed = files.length === 0 ? 'nothing new' : `${counted(files.length, 'file')} changed`;
  return `${cluster}: ${counted(jobs, 'row')} from ${time(sinceS)} to ${time(untilS)}${waiting}; ${changed}\n`;
}

function toJson({
  cluster,
  sinceS,
  untilS,
  jobs,
  notStarted,
  unreadable,
  files,
}: JobSyncResult & { cluster: string }) {
  const utc = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return {
    cluster,
    since: utc(sinceS),
    until: utc(untilS),
    rows: jobs,
    not_started: notStarted,
    unreadable,
    files,
  };
}
