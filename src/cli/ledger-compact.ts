import { resolve } from 'node:path';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { compact, type Compacted, type CompactStep } from '../archive/compact';
import { loadConfig } from '../config/config';
import { describeError, EitError } from '../errors';
import { ledgerClusters } from '../ledger/inbox-files';
import type { CommandModule, Surroundings } from './command';
import { privacyOf } from './ledger-privacy';
import type { Output } from './output';
import { bytesText, jsonText } from './plain-text';

const DEFAULT_INBOX_DAYS = 7;
const MOST_INBOX_DAYS = 3650;

export const options: Readonly<Record<string, Options>> = {
  clusters: {
    alias: ['M', 'cluster'],
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'these clusters; default: all in the ledger',
  },
  'inbox-days': {
    type: 'string',
    requiresArg: true,
    describe: `how long an inbox file stays after its day; default: ${DEFAULT_INBOX_DAYS}`,
  },
  json: { type: 'boolean', describe: 'print JSON' },
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml',
  },
};

export const examples: CommandModule['examples'] = [
  ['', 'takes what hosts have sent into the archive; for a timer, every 10 minutes'],
];

export const epilogue =
  "compact: run it as the ledger's user, on one machine at a time (a second one says so and leaves, exit status 1). It can be killed at any point: the next " +
  'one goes on where the last commit was. Inbox files are removed when they are a week old, were taken in whole, and both they and the archive, read again, ' +
  'hold what was taken, to the microjoule.';

/** `eit ledger compact`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const path = strings(argv['config']).at(-1);
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const ledger = typeof argv['folder'] === 'string' ? resolve(argv['folder']) : config.ledger;
  const inboxDays = daysGiven(strings(argv['inbox-days']).at(-1));
  const privacy = privacyOf(config, env, (message) => output.note(message));
  const nowMs = Date.now();
  const done: Compacted[] = [];
  let failed: EitError | null = null;
  for (const cluster of await clustersGiven(ledger, strings(argv['clusters']))) {
    const progress = stepsOf(cluster, output);
    try {
      const compacted = await compact({
        ledger,
        cluster,
        nowMs,
        timeZone: DateTime.local().zoneName,
        privacy,
        inboxDays,
        onProgress: progress.show,
        warn: (message) => output.note(message),
      });
      done.push(compacted);
      progress.end();
      if (argv['json'] !== true) await output.write([summary(compacted)]);
    } catch (error) {
      progress.end();
      // The other clusters' records need not wait for one that is damaged.
      if (!(error instanceof EitError)) throw error;
      if (failed !== null) output.note(describeError(error));
      failed ??= error;
    }
  }
  if (argv['json'] === true) await output.write([jsonText(done)]);
  if (failed !== null) throw failed;
  return 0;
}

function summary(done: Compacted): string {
  const beside = [
    ...(done.duplicates > 0 ? [`${done.duplicates} came twice`] : []),
    ...(done.refused > 0 ? [`${done.refused} refused (eit ledger check lists them)`] : []),
    ...(done.published > 0 ? [`${done.published} users' files written`] : []),
    ...(done.removedInboxFiles > 0 ? [`${done.removedInboxFiles} inbox files removed`] : []),
  ];
  const more = beside.length === 0 ? '' : `, ${beside.join(', ')}`;
  return (
    `${done.cluster}: ${done.records} records from ${bytesText(done.bytes)}${more}; ` +
    `${done.parts} parts, data until ${done.dataUntil ?? '-'}.\n`
  );
}

const STEPS = {
  inbox: 'taking the inbox in, MB',
  merge: 'merging parts',
  totals: 'adding up days',
  users: "writing users' own files",
} as const;

/** Lines of progress, one after the other. */
function stepsOf(cluster: string, output: Output): { show: (step: CompactStep) => void; end: () => void } {
  let at: CompactStep['at'] | null = null;
  let line: ReturnType<Output['progress']> | null = null;
  const end = (): void => line?.done();
  return {
    end,
    show: (step) => {
      if (step.at !== at) {
        end();
        at = step.at;
        line = output.progress(`${cluster}: ${STEPS[step.at]}`);
      }
      if (step.at === 'inbox') line?.update(megabytes(step.bytes), megabytes(step.allBytes));
      else if (step.at === 'merge') line?.update(step.done, step.tasks);
      else line?.update(step.done, step.at === 'totals' ? step.days : step.users);
    },
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

async function clustersGiven(ledger: string, given: readonly string[]): Promise<string[]> {
  const all = await ledgerClusters(ledger);
  const wanted = given.flatMap((names) => names.split(',')).filter((name) => name !== '' && name !== 'all');
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new EitError(
      'EIT_USAGE',
      `--clusters: the ledger ${ledger} has no cluster ${JSON.stringify(unknown)}; it has ${all.join(', ') || 'none'}`,
    );
  }
  return wanted.length > 0 ? wanted : all;
}

function daysGiven(text: string | undefined): number {
  if (text === undefined) return DEFAULT_INBOX_DAYS;
  const days = /^\d+$/.test(text) ? Number(text) : NaN;
  if (days >= 1 && days <= MOST_INBOX_DAYS) return days;
  throw new EitError(
    'EIT_USAGE',
    `--inbox-days takes a number of days from 1 to ${MOST_INBOX_DAYS}, not ${JSON.stringify(text)}`,
  );
}

function strings(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === 'string');
}
