import { spawn } from 'node:child_process';
import { EitError } from '../errors';

/** What squeue tells of one job that waits or runs. */
export interface QueuedJob {
  /** As Slurm's commands print it: `12`, `12_3`, `12+1`, of waiting tasks `12_[4-9]`. */
  readonly shown: string;
  readonly job: number;
  readonly state: string;
  readonly nodes: number;
  readonly uid: number;
  /** Of the group that it runs as. */
  readonly gid: number;
  /** How long it has run, as Slurm prints it. */
  readonly elapsed: string;
  /** Why it waits; of one that runs nothing. */
  readonly reason: string;
}

/** How squeue is started. */
export interface SqueueParts {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

/** No field of it is the user's text; see https://slurm.schedmd.com/squeue.html#OPT_format. */
const FORMAT = '%i|%A|%T|%D|%U|%G|%M|%r';
const LARGEST_ANSWER = 8 << 20;
const CHOICES = /^(?:SQUEUE_|SLURM_CLUSTERS$|SLURM_JSON$|SLURM_YAML$)/;

/**
 * Asks squeue for a job, an array's tasks or a heterogeneous job's parts.
 * @param id as Slurm's commands take it
 * @returns those that wait or run; none where Slurm knows of none any more
 * @throws EitError EIT_LIVE where squeue is not there or gets no answer
 */
export async function readQueue({ program, env, timeoutMs }: SqueueParts, id: string): Promise<QueuedJob[]> {
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !CHOICES.test(name)));
  const args = ['--noheader', '--states=all', '--array', `--jobs=${id}`, `--format=${FORMAT}`];
  const { status, stdout, stderr } = await answerOf(program, args, { ...own, LC_ALL: 'C' }, timeoutMs);
  if (status === 0) return parseQueue(stdout);
  // A job that has ended is forgotten after MinJobAge.
  if (/Invalid job id/i.test(stderr)) return [];
  throw new EitError('EIT_LIVE', `${program} ended with status ${status}: ${lastWords(stderr)}`);
}

/** Lines that are none of FORMAT are passed over. */
export function parseQueue(text: string): QueuedJob[] {
  return text.split('\n').flatMap((line) => {
    const [, shown = '', job, state = '', nodes, uid, gid, elapsed = '', reason = ''] =
      /^ *([\d_+[\],%:-]+)\|(\d+)\|([A-Z_]+)\|(\d+)\|(\d+)\|(\d+)\|([^|]*)\|(.*)$/.exec(line) ?? [];
    if (job === undefined) return [];
    const isWaiting = state === 'PENDING';
    return [
      {
        shown,
        job: Number(job),
        state,
        nodes: Number(nodes),
        uid: Number(uid),
        gid: Number(gid),
        elapsed,
        reason: isWaiting ? reason : '',
      },
    ];
  });
}

function answerOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > LARGEST_ANSWER) child.kill();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4096)));
    child.on('error', (cause) =>
      reject(
        new EitError('EIT_LIVE', `${program} cannot be run (${String(cause)}): is Slurm's client here?`, {
          cause,
        }),
      ),
    );
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

function lastWords(text: string): string {
  return text.trim().split('\n').slice(-2).join('; ').slice(0, 400) || 'it said nothing';
}
