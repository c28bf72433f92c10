import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isNativeError } from 'node:util/types';
import { describeError, EitError } from '../errors';

/** How sacctmgr is started. */
export interface SacctmgrParts {
  /** A path, or a name that PATH finds. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** How long one call may take (ms). */
  readonly timeoutMs: number;
}

/** One row of slurmdbd. */
export interface CommentedJob {
  /** As sacct's JobID has it: an array's or a heterogeneous job's own number means all its tasks or parts. */
  readonly id: string;
  readonly rawId: number;
  /** As slurmdbd names it. */
  readonly cluster: string;
}

/** sacctmgr says so of a job that is not there, and newer versions of one that may not be changed too. */
const NOTHING = /Nothing modified|didn't affect anything/;
const NO_RIGHT = /^.*Your user doesn't have privilege.*$/m;
const MODIFIED = /^\s+(\d+)\S* submitted at /gm;

/**
 * Sets AdminComment of a job's newest row (https://slurm.schedmd.com/sacctmgr.html, "job"). Without a shell; what a value may hold is
 * the caller's to see to.
 * @returns false where sacctmgr changed nothing
 * @throws EitError EIT_SACCTMGR
 */
export async function setAdminComment(
  { program, env, timeoutMs }: SacctmgrParts,
  { id, rawId, cluster }: CommentedJob,
  comment: string,
): Promise<boolean> {
  const args = ['-i', 'modify', 'job', 'where', `jobid=${id}`, `cluster=${cluster}`];
  let told: string;
  try {
    const { stdout } = await promisify(execFile)(
      program,
      [...args, 'set', `AdminComment=${comment}`],
      // What it says is read, so it is to say it in the form that it has everywhere.
      { env: { ...env, LC_ALL: 'C.UTF-8' }, timeout: timeoutMs, killSignal: 'SIGKILL' },
    );
    told = stdout;
  } catch (error) {
    const said = saidBy(error);
    if (NOTHING.test(said) && !/^.*error: Your user/m.test(said)) return false;
    throw failed(
      program,
      NO_RIGHT.exec(said)?.[0].trim() ?? (said === '' ? describeError(error) : said),
      error,
    );
  }
  const changed = [...told.matchAll(MODIFIED)].map(([, job]) => Number(job));
  if (changed.length === 1 && changed[0] === rawId) return true;
  throw failed(
    program,
    `was asked to change job ${id} and says that it changed ${changed.length === 0 ? 'none' : changed.join(', ')}`,
  );
}

function saidBy(error: unknown): string {
  if (!isNativeError(error)) return '';
  const { stdout, stderr } = error as { stdout?: unknown; stderr?: unknown };
  return [stderr, stdout]
    .filter((text) => typeof text === 'string')
    .map((text) => text.trim().replaceAll(/\s*\n\s*/g, '; '))
    .filter((text) => text !== '')
    .join('; ')
    .slice(0, 1000);
}

function failed(program: string, what: string, cause?: unknown): EitError {
  return new EitError(
    'EIT_SACCTMGR',
    `${program}: ${what}. Is slurmdbd up, and may this user change jobs (sacctmgr show user: Admin is Operator or ` +
      'Administrator; or run it as SlurmUser or root)? What is written stays right: the next eit sacct-comment goes on.',
    { cause },
  );
}
