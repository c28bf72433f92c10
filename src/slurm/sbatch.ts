import { spawn, spawnSync } from 'node:child_process';
import { EitError } from '../errors';
import type { SbatchConfig } from '../generated/config';

/** How Slurm's commands are started. */
export interface SlurmCommandParts {
  readonly env: NodeJS.ProcessEnv;
  /** How long one call may take (ms). */
  readonly timeoutMs: number;
  /** Ends a call that is under way; absent: nothing does. */
  readonly signal?: AbortSignal;
}

const JOB_ID = /^(\d{1,10})(;[^\n]*)?$/;

/** A person who has pressed Ctrl-C waits for no longer. */
const LAST_CALL_MS = 10_000;

/** As much of what a command says is kept: a line for each of a thousand tasks. */
const MOST_CHARS = 200_000;

/**
 * Submits a batch job, its script from stdin: no shell sees anything but the script itself. The job gets the variables of `variables` and
 * those of `parts.env`, without what a person sets for his own jobs.
 * @param args options of sbatch(1)
 * @returns the job's id; of an array, the array's
 * @throws EitError EIT_SBATCH with sbatch's own words
 */
export async function submitJob(
  { env, timeoutMs, signal }: SlurmCommandParts,
  args: readonly string[],
  script: string,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const parts = {
    env: { ...withoutOptions(env), ...variables },
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  };
  const { status, stdout, stderr } = await runSlurm(parts, 'sbatch', ['--parsable', ...args], script);
  const id = JOB_ID.exec(stdout.trim())?.[1];
  if (status === 0 && id !== undefined) return id;
  throw new EitError(
    'EIT_SBATCH',
    `sbatch ${args.join(' ')} took no job: ${lastWords(stderr) || stdout.trim() || 'it said nothing'}. See slurm in eit.yaml; --tasks makes a smaller array`,
  );
}

/**
 * Options of jobs of one task each, whose script needs nothing of where it was submitted.
 * @param folder where what they print goes
 * @param output name in it, with Slurm's own signs: `%a.out`
 */
export function sbatchOptions(
  { partition, account, time, extra }: SbatchConfig,
  folder: string,
  output: string,
): string[] {
  return [
    '--chdir=/',
    '--export=ALL',
    '--ntasks=1',
    // Slurm has names of its own for parts of this path.
    `--output=${folder.replaceAll('%', '%%')}/${output}`,
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...extra,
  ];
}

/** Whether Slurm still has a job that is not over. @throws EitError EIT_SBATCH where squeue cannot be started or gives no answer */
export async function isQueued(parts: SlurmCommandParts, jobId: string): Promise<boolean> {
  const args = ['--noheader', '--format=%T', `--jobs=${jobId}`];
  const { status, stdout, stderr } = await runSlurm(parts, 'squeue', args, '');
  // A job that ended a while ago is unknown to slurmctld.
  if (status !== 0) {
    if (/invalid job id/i.test(stderr)) return false;
    throw new EitError('EIT_SBATCH', `squeue ended with ${status}: ${lastWords(stderr)}. Is slurmctld up?`);
  }
  return stdout.trim() !== '';
}

/** A task of an array that is not over. */
export interface QueuedTask {
  readonly task: number;
  /** Why it waits, in Slurm's word: `Priority`, `JobHeldUser`; `None`: it does not. */
  readonly reason: string;
}

/** Those tasks of an array that are not over. @throws EitError EIT_SBATCH where squeue cannot be started or gives no answer */
export async function queuedTasks(parts: SlurmCommandParts, jobId: string): Promise<QueuedTask[]> {
  const args = ['--noheader', '--array', '--format=%K %r', `--jobs=${jobId}`];
  const { status, stdout, stderr } = await runSlurm(parts, 'squeue', args, '');
  if (status !== 0) {
    if (/invalid job id/i.test(stderr)) return [];
    throw new EitError('EIT_SBATCH', `squeue ended with ${status}: ${lastWords(stderr)}. Is slurmctld up?`);
  }
  return stdout.split('\n').flatMap((line) => {
    const [, task, reason = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return task === undefined ? [] : [{ task: Number(task), reason: reason.trim() }];
  });
}

/** Takes a job back, as well as that can be done. @throws EitError EIT_SBATCH */
export async function cancelJob(parts: SlurmCommandParts, jobId: string): Promise<void> {
  await runSlurm(parts, 'scancel', [jobId], '');
}

/** The same before this process ends, by a name that no other job has. @returns whether Slurm has taken it */
export function cancelNamedNow({ env }: SlurmCommandParts, name: string): boolean {
  const { status } = spawnSync('scancel', [`--name=${name}`], {
    ...{ cwd: '/', env: withoutOptions(env), stdio: 'ignore' },
    timeout: LAST_CALL_MS,
  });
  return status === 0;
}

function runSlurm(
  { env, timeoutMs, signal }: SlurmCommandParts,
  program: string,
  args: readonly string[],
  input: string,
): Promise<{ status: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...{ cwd: '/', env: withoutOptions(env), stdio: 'pipe' },
      ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' }),
    });
    let [stdout, stderr] = ['', ''];
    const watch = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) => (stdout = (stdout + text).slice(0, MOST_CHARS)));
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (stderr = (stderr + text).slice(-MOST_CHARS)));
    // It may end without reading what it is given; its status says so.
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', (cause) => {
      clearTimeout(watch);
      reject(
        new EitError(
          'EIT_SBATCH',
          `${program} cannot be started: ${cause.message}. Run it on a machine that has Slurm's commands, or without --slurm`,
          { cause },
        ),
      );
    });
    child.on('close', (status, endedBy) => {
      clearTimeout(watch);
      resolve({ status: endedBy ?? status ?? 1, stdout, stderr });
    });
  });
}

/** A person's choices for his own jobs, and what of a job this may run in: all but where Slurm is. */
function withoutOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => name === 'SLURM_CONF' || !/^(SBATCH|SLURM|SLURMD|SQUEUE|SCANCEL)_/.test(name),
    ),
  );
}

/** Of what a program printed the last lines. */
export function lastWords(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-3).join('; ');
}
