import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { loadConfig } from '../config/config';
import { EitError } from '../errors';
import { visible } from '../report/printable';
import { counted } from '../report/units';
import { KEPT_REASONS, type KeptReason, mergeComment } from '../slurm/admin-comment';
import {
  COMMENTED_FIELDS,
  type CommentedField,
  type CommentedRow,
  hasEndedSince,
  newestRows,
  parseCommentedRow,
} from '../slurm/commented-row';
import { isClusterName } from '../slurm/run-identity';
import { readSacctRows } from '../slurm/sacct-run';
import { setAdminComment } from '../slurm/sacctmgr';
import { readSlurmConf } from '../slurm/slurm-conf';
import { parseSlurmTime } from '../slurm/time-form';
import { TIME_FORMS } from '../slurm/time-forms';
import type { CommandModule, Surroundings } from './command';
import { readCommentTokens } from './comment-tokens';
import { CONFIG_OPTION } from './given';
import { jsonText } from './plain-text';

const SACCT_TIMEOUT_MS = 600_000;
/** One change takes slurmdbd some milliseconds; locks of a purge can take longer. */
const SACCTMGR_TIMEOUT_MS = 60_000;
const DEFAULT_LIMIT = 500;
const MOST_LIMIT = 10_000;
const HOUR_S = 3600;

export const options: Readonly<Record<string, Options>> = {
  since: {
    alias: 'S',
    type: 'string',
    requiresArg: true,
    default: 'now-1days',
    describe: 'jobs that ended at this time or later',
  },
  limit: {
    type: 'string',
    requiresArg: true,
    default: String(DEFAULT_LIMIT),
    describe: `write at most so many comments (up to ${MOST_LIMIT})`,
  },
  'dry-run': { type: 'boolean', describe: 'show what would be written, and write nothing' },
  sacct: { type: 'string', requiresArg: true, default: 'sacct', describe: 'the program' },
  sacctmgr: { type: 'string', requiresArg: true, default: 'sacctmgr', describe: 'the program' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['--dry-run', "what would be written at yesterday's jobs and today's"],
  ['--limit 2000', 'from a timer, once an hour, on a site of many jobs'],
];

export const epilogue =
  `Times (local): ${TIME_FORMS}.\n\n` +
  'Writes energy (kWh, with PUE), CO2e (kg) and coverage of each run into its AdminComment, as eit:kwh=1.24;co2e_kg=0.41;cov=1.00, for ' +
  '`sacct -o JobID,AdminComment`. It does so where eit.yaml has `slurm: { sacct_comment: true }`, for runs of which the ledger has the end on ' +
  'all nodes. What others wrote stays before it; a comment that another program reads (JSON, JS1:...) or that sacctmgr would change ' +
  '(capitals, quotes) is let be and counted. One sacctmgr after the other; a user with the right to change jobs (Operator) may run it.';

/** What becomes of the jobs that ended. */
interface Outcome {
  readonly ended: number;
  right: number;
  /** The ledger lacks a node's end, or all of them. */
  incomplete: number;
  readonly kept: Record<KeptReason, number>;
  /** Somebody changed them between our reading and writing. */
  changedMeanwhile: number;
  /** sacctmgr changed nothing. */
  readonly refused: string[];
  readonly written: { readonly row: CommentedRow; readonly text: string }[];
  /** Beyond the limit. */
  left: number;
}

/** Writes what the ledger knows of runs into slurmdbd. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output, uid }: Surroundings,
): Promise<number> {
  const last = (name: string): string | undefined =>
    [argv[name]].flat().findLast((value) => typeof value === 'string');
  const limit = limitOf(last('limit') ?? '');
  const now = DateTime.local();
  const sinceS = Math.floor(parseSlurmTime(last('since') ?? 'now-1days', { now }).toSeconds());
  const path = last('config');
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const isDry = argv['dry-run'] === true;
  if (!isDry && !loaded.config.slurm.sacct_comment)
    throw new EitError(
      'EIT_USAGE',
      'nothing is written into AdminComment unless eit.yaml says so, as other programs may keep something there: look with --dry-run, ' +
        'then set `slurm: { sacct_comment: true }`',
    );
  const cluster = loaded.config.cluster ?? readSlurmConf(env)?.clusterName;
  if (!isClusterName(cluster))
    throw new EitError(
      'EIT_USAGE',
      'the name of the cluster is not known here: set `cluster` in eit.yaml, or run it where slurm.conf is',
    );

  const sacct = { program: last('sacct') ?? 'sacct', env, timeoutMs: SACCT_TIMEOUT_MS };
  const sacctmgr = { program: last('sacctmgr') ?? 'sacctmgr', env, timeoutMs: SACCTMGR_TIMEOUT_MS };
  const ask = async (jobs?: readonly string[]): Promise<CommentedRow[]> => {
    const untilS = Math.floor(Date.now() / 1000) + HOUR_S;
    const query = { sinceS, untilS, cluster: null, ...(jobs === undefined ? {} : { jobs }) };
    const { rows, unreadable } = await readSacctRows<CommentedField, CommentedRow>(
      sacct,
      COMMENTED_FIELDS,
      query,
      parseCommentedRow,
    );
    if (unreadable > 0) output.note(`${counted(unreadable, 'row')} of sacct left out, as not readable`);
    return newestRows(rows);
  };
  const ended = (await ask()).filter((row) => hasEndedSince(row, sinceS));
  ended.sort((a, b) => (a.endS ?? 0) - (b.endS ?? 0) || a.rawId - b.rawId);
  const tokens = await readCommentTokens(loaded, cluster, ended, { output, uid });

  const outcome = outcomeOf(ended.length);
  const progress = output.progress('writing comments, job');
  try {
    for (const [at, row] of ended.entries()) {
      progress.update(at, ended.length);
      const token = tokens.get(row);
      if (token === undefined) {
        outcome.incomplete++;
        continue;
      }
      const merged = mergeComment(row.comment, token);
      if (merged.kind === 'right') outcome.right++;
      else if (merged.kind === 'kept') outcome.kept[merged.reason]++;
      else if (outcome.written.length + outcome.refused.length >= limit) outcome.left++;
      else if (isDry) outcome.written.push({ row, text: merged.text });
      // Read once more: between the first reading and now others may have written.
      else if (
        !isSame(
          row,
          (await ask([row.id])).find(({ rawId }) => rawId === row.rawId),
        )
      )
        outcome.changedMeanwhile++;
      else if (await setAdminComment(sacctmgr, row, merged.text))
        outcome.written.push({ row, text: merged.text });
      else outcome.refused.push(row.id);
    }
  } finally {
    progress.done();
    // Also where sacctmgr fails half-way: what is written is written.
    await output.write(
      argv['json'] === true
        ? [jsonText(toJson(cluster, sinceS, isDry, outcome))]
        : toText(cluster, isDry, outcome),
    );
  }
  if (outcome.refused.length === 0) return 0;
  output.note(
    `sacctmgr changed nothing at ${counted(outcome.refused.length, 'job')} (${outcome.refused.slice(0, 5).join(', ')}): slurmdbd does not have ` +
      'them any more, or this user may not change them (sacctmgr show user)',
  );
  return 1;
}

/** @throws EitError EIT_USAGE */
function limitOf(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST_LIMIT) return limit;
  throw new EitError('EIT_USAGE', `--limit: ${JSON.stringify(text)} is no number from 1 to ${MOST_LIMIT}`);
}

function isSame(row: CommentedRow, again: CommentedRow | undefined): boolean {
  return again !== undefined && again.submitS === row.submitS && again.comment === row.comment;
}

function outcomeOf(ended: number): Outcome {
  return {
    ended,
    right: 0,
    incomplete: 0,
    kept: { program: 0, letters: 0, long: 0 },
    changedMeanwhile: 0,
    refused: [],
    written: [],
    left: 0,
  };
}

const KEPT_TEXT: Readonly<Record<KeptReason, string>> = {
  program: 'a value that another program reads',
  letters: 'capitals, quotes or control characters, which sacctmgr would change',
  long: 'no room',
};

function toText(cluster: string, isDry: boolean, outcome: Outcome): string[] {
  const { ended, right, incomplete, kept, changedMeanwhile, written, left } = outcome;
  const lines = isDry ? written.map(({ row, text }) => `${row.id}: ${visible(text)}`) : [];
  const did = isDry ? 'would be written' : 'written';
  lines.push(
    `${cluster}: ${counted(ended, 'job')} ended; ${counted(written.length, 'comment')} ${did}, ${right} right`,
  );
  if (incomplete > 0) lines.push(`  ${incomplete} not yet: the ledger does not have the end on all nodes`);
  for (const reason of KEPT_REASONS)
    if (kept[reason] > 0) lines.push(`  ${kept[reason]} let be: ${KEPT_TEXT[reason]}`);
  if (changedMeanwhile > 0) lines.push(`  ${changedMeanwhile} changed meanwhile: next time`);
  if (left > 0) lines.push(`  ${left} left by --limit: run it again, or give a higher one`);
  return lines.map((line) => `${line}\n`);
}

function toJson(cluster: string, sinceS: number, isDry: boolean, outcome: Outcome) {
  const { ended, right, incomplete, kept, changedMeanwhile, refused, written, left } = outcome;
  return {
    cluster,
    since: new Date(sinceS * 1000).toISOString(),
    dry_run: isDry,
    ended,
    written: written.length,
    right,
    incomplete,
    kept,
    changed_meanwhile: changedMeanwhile,
    refused,
    left,
    comments: written.map(({ row, text }) => ({ job_id: row.rawId, job: row.id, comment: text })),
  };
}
