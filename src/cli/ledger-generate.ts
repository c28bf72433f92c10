import { resolve } from 'node:path';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { EitError } from '../errors';
import { visible } from '../config/visible';
import { isClusterName } from '../slurm/run-identity';
import { parseSlurmTime } from '../slurm/time-form';
import type { Expected } from '../synthetic/expectation';
import { EXPECTED_FILE, generateLedger } from '../synthetic/generate';
import { DAY_MS, STRETCH_MS, type SyntheticPlan } from '../synthetic/plan';
import { version } from '../version';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { jsonText } from './plain-text';

const HOUR_MS = 3_600_000;

/** Not the present: the same command writes the same bytes on any day. */
const DEFAULT_SINCE = '2026-01-01';

const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

export const options: Readonly<Record<string, Options>> = {
  hosts: text('number of hosts; default: 16'),
  days: text('length in days; default: 7'),
  since: text(`first day or time, in UTC; default: ${DEFAULT_SINCE}`),
  until: text('end, instead of --days'),
  'jobs-per-day': text('in the mean over a week; default: 2000'),
  users: text('number of users; default: 40'),
  'record-seconds': text(
    'time that one record covers, a part of an hour (agent.record_seconds); default: 300',
  ),
  'gpus-per-node': text('GPUs of a GPU host, which every fourth is; default: 4'),
  seed: text('the same seed and options give the same bytes; default: 1'),
  cluster: text('name of the cluster; default: synthetic'),
  sacct: { type: 'boolean', describe: 'also sacct.txt: what sacct would print of the same jobs' },
  'duplicate-fraction': text('part of the lines that are there twice; default: 0'),
  'half-lines': text('part of the lines before which a half of them stands; default: 0'),
  'late-fraction': text("part of the lines that stand at the end of their day's file; default: 0"),
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['/tmp/made-up', 'a week of 16 hosts, to try reports on'],
  ['/tmp/made-up --hosts 500 --days 90 --jobs-per-day 50000', 'a ledger for benchmarks, some 100 GB'],
];

export const epilogue =
  'generate writes a made-up ledger into a folder of its own, and beside it expected.json with the exact sums that a report ' +
  'must find in it. docs/scale.md says what is in it.';

/** `eit ledger generate FOLDER`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { output }: Surroundings,
): Promise<number> {
  const folder = argv['folder'];
  if (typeof folder !== 'string' || folder === '') {
    throw new EitError('EIT_USAGE', 'eit ledger generate needs the folder to write to');
  }
  const plan = planOf(argv);
  const progress = output.progress('writing the ledger, stretch');
  const startMs = performance.now();
  let expected: Expected;
  try {
    expected = generateLedger(resolve(folder), plan, {
      withSacct: argv['sacct'] === true,
      onProgress: (done, all) => progress.update(done, all),
    });
  } finally {
    progress.done();
  }
  const seconds = Math.round(performance.now() - startMs) / 1000;
  const { lines, bytes, fragments, total } = expected;
  const { jobs, runs } = total;
  const result = { folder: resolve(folder), jobs, runs, fragments, lines, bytes, seconds };
  await output.write([argv['json'] === true ? jsonText(result) : resultText(result, plan)]);
  return 0;
}

function resultText(
  {
    folder,
    jobs,
    runs,
    lines,
    bytes,
    seconds,
  }: { folder: string; seconds: number } & Pick<
    Expected & Expected['total'],
    'jobs' | 'runs' | 'lines' | 'bytes'
  >,
  { sinceMs, untilMs }: SyntheticPlan,
): string {
  const [since, until] = [sinceMs, untilMs].map((atMs) => `uts${atMs / 1000}`);
  return (
    `${jobs} jobs in ${runs} runs: ${lines.run + lines.host} lines, ${(bytes / 1e6).toFixed(1)} MB, in ${seconds.toFixed(1)} s.\n` +
    `${visible(folder)} is a ledger; what must be found in it is in its ${EXPECTED_FILE}. With \`ledger\` in an eit.yaml set to it:\n` +
    `  eit-report --config eit.yaml -a -S ${since} -E ${until}\n`
  );
}

function planOf(argv: Readonly<Record<string, unknown>>): SyntheticPlan {
  const cluster = lastGiven(argv['cluster']) ?? 'synthetic';
  if (!isClusterName(cluster)) {
    throw new EitError(
      'EIT_USAGE',
      `--cluster takes at most 64 letters, digits, dots, dashes and underscores, a letter or digit first, not ${JSON.stringify(cluster)}`,
    );
  }
  const stretchMs = number(argv, 'record-seconds', { by: STRETCH_MS / 1000, from: 1, to: 3600 }) * 1000;
  if (HOUR_MS % stretchMs !== 0) {
    throw new EitError(
      'EIT_USAGE',
      `--record-seconds takes what divides an hour, as 60, 300, 900 or 3600, not ${stretchMs / 1000}`,
    );
  }
  return {
    cluster,
    hosts: number(argv, 'hosts', { by: 16, from: 1, to: 20_000 }),
    gpusPerNode: number(argv, 'gpus-per-node', { by: 4, from: 0, to: 16 }),
    users: number(argv, 'users', { by: 40, from: 1, to: 100_000 }),
    jobsPerDay: number(argv, 'jobs-per-day', { by: 2000, from: 1, to: 10_000_000 }),
    ...timesOf(argv, stretchMs),
    stretchMs,
    seed: number(argv, 'seed', { by: 1, from: 0, to: Number.MAX_SAFE_INTEGER }),
    tool: version,
    damage: {
      duplicateFraction: fraction(argv, 'duplicate-fraction'),
      halfLineFraction: fraction(argv, 'half-lines'),
      lateFraction: fraction(argv, 'late-fraction'),
    },
  };
}

/** Whole stretches, as those of the agent. */
function timesOf(
  argv: Readonly<Record<string, unknown>>,
  stretchMs: number,
): Pick<SyntheticPlan, 'sinceMs' | 'untilMs'> {
  const [since, until, days] = ['since', 'until', 'days'].map((name) => lastGiven(argv[name]));
  if (since !== undefined && until !== undefined && days !== undefined) {
    throw new EitError('EIT_USAGE', 'of --since, --until and --days two are enough: leave one out');
  }
  const now = DateTime.utc();
  const at = (time: string): number =>
    Math.floor(parseSlurmTime(time, { now }).toMillis() / stretchMs) * stretchMs;
  const lengthMs = number(argv, 'days', { by: 7, from: 1, to: 3660 }) * DAY_MS;
  if (until !== undefined) {
    const untilMs = at(until);
    const sinceMs = since === undefined ? untilMs - lengthMs : at(since);
    if (sinceMs >= untilMs) throw new EitError('EIT_USAGE', '--until does not lie behind --since');
    return { sinceMs, untilMs };
  }
  const sinceMs = at(since ?? DEFAULT_SINCE);
  return { sinceMs, untilMs: sinceMs + lengthMs };
}

function number(
  argv: Readonly<Record<string, unknown>>,
  name: string,
  { by, from, to }: { by: number; from: number; to: number },
): number {
  const given = lastGiven(argv[name]);
  if (given === undefined) return by;
  const value = /^\d{1,16}$/.test(given) ? Number(given) : NaN;
  if (value >= from && value <= to) return value;
  throw new EitError(
    'EIT_USAGE',
    `--${name} takes a whole number from ${from} to ${to}, not ${JSON.stringify(given)}`,
  );
}

function fraction(argv: Readonly<Record<string, unknown>>, name: string): number {
  const given = lastGiven(argv[name]);
  if (given === undefined) return 0;
  const value = /^\d*\.?\d+$/.test(given) ? Number(given) : NaN;
  if (value <= 1) return value;
  throw new EitError('EIT_USAGE', `--${name} takes a number from 0 to 1, not ${JSON.stringify(given)}`);
}
