import { spawn } from 'node:child_process';
import { EitError } from '../errors';

/** How Slurm's commands are started. */
export interface SlurmCommandParts {
  readonly env: NodeJS.ProcessEnv;
  /** How long one call may take (ms). */
  readonly timeoutMs: number;
}

const JOB_ID = /^(\d{1,10})(;[^\n]*)?$/;

/** As much of what a command says is kept. */
const MOST_CHARS = 4096;

/**
 * Submits a batch job, its script from stdin: no shell sees anything but the script itself. The job gets the variables of `variables` and
 * those of `parts.env`, without what a person sets for his own jobs.
 * @param args options of sbatch(1)
 * @returns the job's id; of an array, the array's
 * @throws EitError EIT_SBATCH with sbatch's own words
 */
export async function submitJob(
  { env, timeoutMs }: SlurmCommandParts,
  args: readonly string[],
  script: string,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const parts = { env: { ...withoutOptions(env), ...variables }, timeoutMs };
  const { status, stdout, stderr } = await runSlurm(parts, 'sbatch', ['--parsable', ...args], script);
  const id = JOB_ID.exec(stdout.trim())?.[1];
  if (status === 0 && id !== undefined) return id;
  throw new EitError(
    'EIT_SBATCH',
    `sbatch ${args.join(' ')} took no job: ${lastWords(stderr) || stdout.trim() || 'it said nothing'}. See slurm.compact in eit.yaml`,
  );
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

/** Takes a job back, as well as that can be done. @throws EitError EIT_SBATCH */
export async function cancelJob(parts: SlurmCommandParts, jobId: string): Promise<void> {
  await runSlurm(parts, 'scancel', [jobId], '');
}

function runSlurm(
  { env, timeoutMs }: SlurmCommandParts,
  program: string,
  args: readonly string[],
  input: string,
): Promise<{ status: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: '/', env: withoutOptions(env), stdio: 'pipe' });
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
    child.on('close', (status, signal) => {
      clearTimeout(watch);
      resolve({ status: signal ?? status ?? 1, stdout, stderr });
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

function lastWords(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-3).join('; ');
}
