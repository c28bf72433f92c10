import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '../../src/errors';
import { until } from '../cluster/until';

export { noOtherUser, testUnless } from '../test-unless';

export type Hook = 'prolog' | 'epilog';
export type Variables = Record<string, string>;

/** What the stand-in agent (test/fixtures/hooks/eit-agent.js) says of itself. */
export interface AgentReport {
  readonly pid: number;
  readonly session: number;
  readonly group: number;
  readonly nice: number;
  readonly oomScoreAdj: number;
  readonly cgroup: string;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  readonly env: Variables;
  readonly fds: Readonly<Record<string, string>>;
}

const ROOT = join(__dirname, '..', '..');

/** What a job's hook finds in its environment; the rest of it is empty, as it is below slurmd. */
export const JOB: Readonly<Variables> = {
  SLURM_JOB_ID: '4711',
  SLURM_JOB_UID: '1000',
  SLURM_JOB_USER: 'ada',
  SLURMD_NODENAME: 'n1',
};

const ANSWER_MS = 60_000;
const isRoot = process.getuid?.() === 0;

/** Why tests that mount something over the machine's own files, for themselves alone, do not run here. */
export const noMounts =
  isRoot && spawnSync('unshare', ['-m', 'true']).status === 0 ? undefined : 'needs root and mount namespaces';

/** The shells that may be /bin/sh somewhere and are here. */
export const SHELLS: ReadonlyArray<readonly [string, readonly string[]]> = (
  [
    ['sh', []],
    ['dash', []],
    ['bash', ['--posix']],
    ['busybox', ['sh']],
  ] as const
).flatMap(([name, args]) => {
  const path = (process.env.PATH ?? '').split(':').map((dir) => join(dir, name));
  const found = path.find((file) => existsSync(file));
  return found === undefined ? [] : [[found, args] as const];
});

/** A folder with the hooks and a stand-in agent as an installation has them, a config and a state folder. */
export class HookHome {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-hooks-')));
  readonly config = join(this.dir, 'eit.yaml');
  readonly program = join(this.dir, 'dist', 'eit-agent.js');
  readonly node = join(this.dir, 'node', 'bin', 'node');
  readonly logFile = join(this.dir, 'log');
  readonly stateDir: string;
  readonly eventsDir: string;

  /** @param stateDir where the state folder is to be, if not in the home itself */
  constructor(stateDir?: string) {
    this.stateDir = stateDir ?? join(this.dir, 'state');
    this.eventsDir = join(this.stateDir, 'events');
    chmodSync(this.dir, 0o755);
    for (const hook of ['prolog', 'epilog']) copyFileSync(join(ROOT, hook), join(this.dir, hook));
    mkdirSync(join(this.dir, 'dist'));
    copyFileSync(join(ROOT, 'test', 'fixtures', 'hooks', 'eit-agent.js'), this.program);
    mkdirSync(join(this.dir, 'node', 'bin'), { recursive: true });
    this.script(this.node, `exec '${process.execPath}' "$@"`);
    writeFileSync(this.config, `state_dir: ${this.stateDir}\n`);
    writeFileSync(this.logFile, '', { mode: 0o666 });
    chmodSync(this.logFile, 0o666);
  }

  /** Writes an executable sh script. */
  script(path: string, body: string): string {
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    chmodSync(path, 0o755);
    return path;
  }

  path(hook: Hook): string {
    return join(this.dir, hook);
  }

  /** The whole environment of a hook. */
  env(job: Variables = JOB): NodeJS.ProcessEnv {
    return { EIT_CONFIG: this.config, ...job };
  }

  run(hook: Hook, job: Variables = JOB): SpawnSyncReturns<string> {
    return this.exec([this.path(hook)], this.env(job));
  }

  /** Runs a command with nothing in its environment but `env`; ends it if it never answers. */
  exec(command: readonly string[], env: NodeJS.ProcessEnv = this.env()): SpawnSyncReturns<string> {
    const [file = '', ...args] = command;
    return spawnSync(file, args, { env, encoding: 'utf8', timeout: ANSWER_MS, cwd: '/' });
  }

  /**
   * Runs `command` (default: the prolog) after `setup` in a mount namespace of its own, where `logger` writes to the
   * log of this home.
   */
  execWithMounts(setup: string, env = this.env(), command = this.path('prolog')): SpawnSyncReturns<string> {
    const logger = this.script(join(this.dir, 'logger'), `printf '%s\\n' "$*" >>'${this.logFile}'`);
    const script = `set -e; PATH=/usr/sbin:/usr/bin:/sbin:/bin
      mount --bind '${logger}' "$(readlink -f "$(command -v logger)")"
      ${setup}
      unset PATH
      exec /bin/sh -c '${command}'`;
    return this.exec(['unshare', '-m', '--propagation', 'private', '/bin/sh', '-c', script], env);
  }

  /** What the hooks run by `execWithMounts` told the system's log, a line each. */
  log(): string[] {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(0, -1);
  }

  /** File names in the events folder, the unfinished ones too; none where the folder is not there. */
  eventNames(): string[] {
    return this.eventNamesIn(this.eventsDir);
  }

  eventNamesIn(dir: string): string[] {
    try {
      return readdirSync(dir).sort();
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  /** The fields of the one event that is there, byte by byte (latin1), without the empty ones. */
  fields(): string[] {
    const [name, ...more] = this.eventNames();
    if (name === undefined || more.length > 0)
      throw new Error(`not one event: ${this.eventNames().join(' ')}`);
    const text = readFileSync(join(this.eventsDir, name), 'latin1');
    if (!text.endsWith('\0')) throw new Error('the last field is not ended');
    return text.split('\0').filter((field) => field !== '');
  }

  /** Starts the stand-in agent as a service would, so that the hooks find it running. */
  async startAgent(): Promise<AgentReport> {
    mkdirSync(this.eventsDir, { recursive: true, mode: 0o700 });
    spawn(process.execPath, [this.program], { env: this.env({}), stdio: 'ignore', detached: true }).unref();
    return this.agent();
  }

  /** Waits until an agent has reported. */
  agent(): Promise<AgentReport> {
    const file = join(this.stateDir, 'agent.json');
    return until('the agent', ANSWER_MS, () =>
      existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as AgentReport) : undefined,
    );
  }

  /** Agents, what becomes one, and the `flock` that waits for the lock (by its fd): all that names this home. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) =>
        `${ofProcess(pid, 'cmdline', readFileSync)}\n${ofProcess(pid, 'fd/9', readlinkSync)}`.includes(
          this.dir,
        ),
      )
      .map(Number);
  }

  /** Ends what was started here, and removes the folder. */
  async remove(): Promise<void> {
    await until('the end of all processes', ANSWER_MS, () => {
      const pids = this.processes();
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch (error) {
          if (!isErrno(error, 'ESRCH')) throw error;
        }
      }
      return pids.length === 0 ? true : undefined;
    });
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What /proc says of a process; empty where it has ended meanwhile, has no such fd, or is another user's. */
function ofProcess(pid: string, entry: string, read: (path: string, encoding: 'utf8') => string): string {
  try {
    return read(`/proc/${pid}/${entry}`, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return '';
    throw error;
  }
}
