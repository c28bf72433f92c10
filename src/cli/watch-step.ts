import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { EitError } from '../errors';
import type { NowSnapshot } from '../generated/now';
import { parseSnapshot } from './now-reader';

/** A line of one node; the job's own user decides what comes. */
const LONGEST_LINE = 4 << 20;
const LONGEST_COMPLAINT = 4096;

/**
 * Where EIT and Node.js are on the node: as the hooks look for them (prolog), and where they are here.
 */
const FIND_AND_RUN = `home_here=$1 node_here=$2; shift 2
for home in "\${EIT_HOME:-/opt/eit}" "$home_here" /opt/eit /usr/lib/eit /usr/local/lib/node_modules/slurm-eit; do
  [ -r "$home/dist/eit.js" ] && break
done
for node in "\${EIT_NODE:-$home/node/bin/node}" "$home/node/bin/node" "$(command -v node)" "$node_here"; do
  [ -x "$node" ] && exec "$node" "$home/dist/eit.js" "$@"
done
echo "eit watch: no EIT or Node.js on this node: set EIT_HOME and EIT_NODE" >&2; exit 127`;

export interface WatchStepParts {
  readonly srun: string;
  readonly env: NodeJS.ProcessEnv;
  /** The job's own id, and how many nodes it has. */
  readonly job: number;
  readonly nodes: number;
  readonly intervalS: number;
  readonly config: string | undefined;
  /** Slurm lets nobody but the job's user start a step in it, root neither: root starts it as that user. Else null. */
  readonly asUser: { readonly uid: number; readonly gid: number } | null;
}

/** A step in the job with a task on each of its nodes, which prints what that node's agent tells. */
export class WatchStep {
  readonly #child: ChildProcess;
  /** The newest of each host. */
  readonly snapshots = new Map<string, NowSnapshot>();
  #rest = '';
  #complaint = '';
  #failure: EitError | null = null;
  #hasEnded = false;
  readonly ended: Promise<void>;

  constructor({ srun, env, job, nodes, intervalS, config, asUser }: WatchStepParts) {
    const program = process.argv[1] ?? '';
    const top = ['top', '--stream', '--json', '--interval', String(intervalS)];
    const args = [
      `--jobid=${job}`,
      '--overlap',
      `--nodes=${nodes}`,
      `--ntasks=${nodes}`,
      '--ntasks-per-node=1',
      '--cpus-per-task=1',
      '--mem=0',
      '--gres=none',
      '--input=none',
      '--unbuffered',
      '--quiet',
      '--job-name=eit-watch',
      '--chdir=/',
      'sh',
      '-c',
      FIND_AND_RUN,
      'eit-watch',
      dirname(dirname(program)),
      process.execPath,
      ...top,
      ...(config === undefined ? [] : ['--config', config]),
    ];
    this.#child = spawn(srun, args, {
      env: withoutChoices(env),
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...asUser,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-LONGEST_COMPLAINT);
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (cause) => {
        this.#hasEnded = true;
        this.#failure ??= new EitError('EIT_LIVE', `${srun} cannot be run: ${String(cause)}`, { cause });
        resolve();
      });
      this.#child.on('close', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Why nothing came. */
  get complaint(): string {
    const said = this.#complaint
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-2)
      .join('; ');
    return this.#failure?.message ?? (said === '' ? 'srun ended without a word' : said);
  }

  stop(): void {
    if (!this.#hasEnded) this.#child.kill('SIGTERM');
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) this.#rest = '';
    for (const line of lines) {
      try {
        const snapshot = parseSnapshot(line, `job's node`);
        this.snapshots.set(snapshot.host, snapshot);
      } catch (error) {
        // What else the job's user makes his node print.
        if (!(error instanceof EitError)) throw error;
        this.#failure ??= error;
      }
    }
  }
}

/** What holds for steps of the caller's own job, were this run in one. */
function withoutChoices(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:SLURM_|SRUN_|SBATCH_)/.test(name) || name === 'SLURM_CONF'),
  );
}
