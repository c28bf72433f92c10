import { spawn, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describeError, EitError } from '../errors';
import { type SacctJob, SacctRows } from './sacct';
import { type SacctField, sacctFields } from './sacct-fields';
import { SacctTable } from './sacct-rows';

/** How sacct is started. */
export interface SacctParts {
  /** A path, or a name that PATH finds. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** How long one call may take (ms). */
  readonly timeoutMs: number;
  /** Ends a call that is under way; absent: none is ended. */
  readonly signal?: AbortSignal;
}

/** Which jobs to ask for: those that were queued, ran or ended in [sinceS, untilS], Unix seconds. */
export interface SacctQuery {
  readonly sinceS: number;
  readonly untilS: number;
  /** null: the one of slurm.conf. */
  readonly cluster: string | null;
  /** Only these, with all tasks or parts where an id is that of an array or a heterogeneous job; absent: all. */
  readonly jobs?: readonly number[];
}

/** As much of what sacct complains of is kept. */
const MOST_COMPLAINT_CHARS = 4096;

/** Complaints of a sacct that got nothing, or not all, from slurmdbd, whatever its exit status. */
const NO_DATABASE = /talking to the database|persist_conn|Connection refused|Unable to contact|DBD_/i;

/**
 * Asks sacct which fields it knows.
 * @throws EitError EIT_SACCT
 */
export async function readSacctFields(parts: SacctParts): Promise<SacctField[]> {
  let text = '';
  await runSacct(parts, ['--helpformat'], (piece) => (text += piece));
  return sacctFields(text);
}

/**
 * Asks sacct for jobs, each run of a requeued one by itself, and hands them on as they come.
 * @returns how many rows could not be read
 * @throws EitError EIT_SACCT where sacct is not there, ends with an error, gets nothing from slurmdbd or takes too long; what
 *   has been handed on by then is not all
 */
export async function readSacctJobs(
  parts: SacctParts,
  fields: readonly SacctField[],
  { sinceS, untilS, cluster, jobs }: SacctQuery,
  onJobs: (jobs: readonly SacctJob[]) => void,
): Promise<number> {
  const delimiter = freshDelimiter();
  const rows = new SacctRows(fields, delimiter);
  await runSacct(parts, rowArgs(fields, delimiter, { sinceS, untilS, cluster, jobs }), (piece) =>
    onJobs(rows.push(piece)),
  );
  onJobs(rows.end());
  return rows.unreadable;
}

/** Which rows to ask for; jobs in the form of sacct's JobID. */
export interface SacctRowQuery extends Omit<SacctQuery, 'jobs'> {
  readonly jobs?: readonly (number | string)[] | undefined;
}

/**
 * Asks sacct for fields that {@link SacctJob} does not have; else as {@link readSacctJobs}.
 * @param parse makes a row of its cells; null where they cannot be one
 * @throws EitError EIT_SACCT
 */
export async function readSacctRows<Field extends string, Row>(
  parts: SacctParts,
  fields: readonly ['JobIDRaw' & Field, ...Field[]],
  query: SacctRowQuery,
  parse: (value: (field: Field) => string) => Row | null,
): Promise<{ readonly rows: readonly Row[]; readonly unreadable: number }> {
  const delimiter = freshDelimiter();
  const table = new SacctTable<Field, Row>(fields, delimiter, parse);
  const rows: Row[] = [];
  await runSacct(parts, rowArgs(fields, delimiter, query), (piece) => {
    for (const row of table.push(piece)) rows.push(row);
  });
  rows.push(...table.end());
  return { rows, unreadable: table.unreadable };
}

/**
 * Made for one call, so that no name can hold it. One who saw it in the list of processes and renamed a job in that moment would spoil
 * his own row: a whole one has more characters of delimiters than slurmdbd keeps of a name (255).
 */
function freshDelimiter(): string {
  return `<eit:${randomBytes(16).toString('hex')}>`;
}

function rowArgs(
  fields: readonly string[],
  delimiter: string,
  { sinceS, untilS, cluster, jobs }: SacctRowQuery,
): string[] {
  return [
    ...['--parsable2', '--noheader', '--duplicates', '--allocations', '--allusers'],
    `--delimiter=${delimiter}`,
    `--format=${[...fields, 'JobIDRaw'].join(',')}`,
    // A form that every version takes; the zone is in TZ.
    `--starttime=${utcTime(sinceS)}`,
    `--endtime=${utcTime(untilS)}`,
    ...(cluster === null ? [] : [`--clusters=${cluster}`]),
    ...(jobs === undefined ? [] : [`--jobs=${jobs.join(',')}`]),
  ];
}

function runSacct(
  { program, env, timeoutMs, signal }: SacctParts,
  args: readonly string[],
  onText: (piece: string) => void,
): Promise<void> {
  const options = {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' }),
    env: { ...withoutChoices(env), SLURM_TIME_FORMAT: '%s', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  } as const satisfies SpawnOptions;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, options);
    let complaint = '';
    let failure: Error | null = null;
    const giveUp = (error: Error): void => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const watch = setTimeout(
      () => giveUp(failed(program, `gave no answer within ${timeoutMs / 1000} s and was killed`)),
      timeoutMs,
    );
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      if (failure !== null) return;
      try {
        onText(piece);
      } catch (error) {
        giveUp(error instanceof Error ? error : new Error(describeError(error)));
      }
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      complaint += piece.slice(0, MOST_COMPLAINT_CHARS - complaint.length);
    });
    child.on('error', (error) => giveUp(failed(program, `cannot be started: ${error.message}`, error)));
    child.on('close', (status, endedBy) => {
      clearTimeout(watch);
      if (failure === null && (status !== 0 || NO_DATABASE.test(complaint))) {
        failure = failed(program, `ended with ${endedBy ?? `status ${status}`}: ${lastWords(complaint)}`);
      }
      if (failure === null) resolve();
      else reject(failure);
    });
  });
}

function utcTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

/** What a person sets for his own calls of sacct. */
function withoutChoices(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const chosen = [
    'SACCT_FORMAT',
    'SACCT_FEDERATION',
    'SACCT_LOCAL',
    'SLURM_CLUSTERS',
    'SLURM_JSON',
    'SLURM_YAML',
  ];
  return Object.fromEntries(Object.entries(env).filter(([name]) => !chosen.includes(name)));
}

function lastWords(complaint: string): string {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? 'it said nothing' : lines.slice(-3).join('; ');
}

function failed(program: string, what: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_SACCT',
    `${program} ${what}. Is slurmdbd up, and may this user see all jobs (sacctmgr show user)? Nothing is lost: the next ` +
      'time it is asked for the same again.',
    { cause },
  );
}
