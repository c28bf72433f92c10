import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EitRecord, HostRecord, RunRecord } from '../../src/generated/record';
import { until } from '../cluster/until';

const TOP = join(__dirname, '..', '..');
const WIDTH = 18;

/** What slurmd puts into a hook's environment for a one-node job of one CPU. */
const JOB = {
  SLURM_CLUSTER_NAME: 'lab',
  SLURMD_NODENAME: 'n1',
  SLURM_JOB_UID: '1000',
  SLURM_JOB_USER: 'ada',
  SLURM_JOB_ACCOUNT: 'phys',
  SLURM_JOB_PARTITION: 'batch',
  SLURM_JOB_RESTART_COUNT: '0',
  SLURM_JOB_NUM_NODES: '1',
  SLURM_JOB_NODELIST: 'n1',
  SLURM_JOB_CPUS_PER_NODE: '1',
};

/**
 * The built agent with the real hooks on trees whose content the test decides: a powercap package, /proc/stat of two CPUs,
 * and Slurm's cgroup tree.
 */
export class AgentHome {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-agent-')));
  readonly config = join(this.dir, 'eit.yaml');
  readonly stateDir = join(this.dir, 'state');
  readonly varDir = join(this.dir, 'var');
  readonly spoolDir = join(this.dir, 'spool');
  readonly ledger = join(this.varDir, 'ledger');
  readonly scope = join(this.dir, 'cgroup/system.slice/slurmstepd.scope');
  /** The counters, as the kernel would have them. */
  energyUj = 1_000_000;
  busyTicks = 1000;
  readonly #fds = new Map<string, number>();
  #agents: ChildProcess[] = [];
  stderr = '';

  constructor(more: readonly string[] = []) {
    mkdirSync(this.scope, { recursive: true });
    mkdirSync(join(this.dir, 'proc'));
    writeFileSync(join(this.dir, 'cgroup/cgroup.controllers'), 'cpu memory\n');
    const zone = join(this.dir, 'sys/class/powercap/intel-rapl:0');
    mkdirSync(zone, { recursive: true });
    writeFileSync(join(zone, 'name'), 'package-0\n');
    writeFileSync(join(zone, 'max_energy_range_uj'), '262143328850\n');
    // Away from the program: the test says when an agent starts, not the hooks.
    for (const hook of ['prolog', 'epilog']) copyFileSync(join(TOP, hook), join(this.dir, hook));
    this.write(join(this.scope, 'cpu.stat'), cpuStat(0));
    this.writeHost();
    this.configure(more);
  }

  configure(more: readonly string[]): void {
    const lines = [
      `state_dir: ${this.stateDir}`,
      `var_dir: ${this.varDir}`,
      `spool_dir: ${this.spoolDir}`,
      ...(more.some((line) => line.startsWith('ledger:')) ? [] : [`ledger: ${this.ledger}`]),
      ...(more.some((line) => line.startsWith('agent:'))
        ? []
        : ['agent: { interval_seconds: 0.2, record_seconds: 1, linger_seconds: 60 }']),
      `roots: { sys: ${this.dir}/sys, proc: ${this.dir}/proc, cgroup: ${this.dir}/cgroup }`,
      ...more,
    ];
    writeFileSync(this.config, `${lines.join('\n')}\n`);
  }

  /** Lets the host use energy (J) and CPU time (s). */
  spend(energyJ: number, busyS: number): void {
    this.energyUj += energyJ * 1e6;
    this.busyTicks += busyS * 100;
    this.writeHost();
  }

  /** Sets a job's CPU time (s); its directory is `job_<id>` or what `name` says. The scope's is the sum that the test gives. */
  setCpu(job: number | string, cpuS: number, scopeS = cpuS): void {
    const dir = join(this.scope, typeof job === 'number' ? `job_${job}` : job);
    mkdirSync(dir, { recursive: true });
    this.write(join(this.scope, 'cpu.stat'), cpuStat(scopeS));
    this.write(join(dir, 'cpu.stat'), cpuStat(cpuS));
  }

  removeCgroup(job: number | string): void {
    rmSync(join(this.scope, typeof job === 'number' ? `job_${job}` : job), { recursive: true });
  }

  hook(kind: 'prolog' | 'epilog', jobId: number, variables: Readonly<Record<string, string>> = {}): void {
    const env = {
      ...JOB,
      SLURM_JOB_ID: String(jobId),
      EIT_CONFIG: this.config,
      EIT_HOME: '/nowhere',
      ...variables,
    };
    const { status, stderr, stdout } = spawnSync(join(this.dir, kind), [], { env, encoding: 'utf8' });
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: '' });
  }

  /** Starts the agent as a unit would, and waits until it measures. */
  async start(
    options: {
      readonly asUser?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly before?: readonly string[];
      readonly command?: readonly string[];
    } = {},
  ): Promise<ChildProcess> {
    const child = this.spawnAgent(options);
    await until(
      'the agent',
      30_000,
      () => (this.agentPid() !== null && child.exitCode === null) || undefined,
      () => `${this.stderr}\n${this.agentLog()}`,
    );
    return child;
  }

  spawnAgent(
    options: {
      readonly asUser?: string;
      readonly args?: readonly string[];
      readonly path?: string;
      readonly env?: Readonly<Record<string, string>>;
      /** What starts the agent, such as unshare(1). */ readonly before?: readonly string[];
      /** The agent, where it is not that of dist/. */
      readonly command?: readonly string[];
    } = {},
  ): ChildProcess {
    const command = [
      ...(options.before ?? []),
      ...(options.command ?? [process.execPath, join(TOP, 'dist/eit-agent.js')]),
      ...(options.args ?? []),
    ];
    const [program = '', ...args] =
      options.asUser === undefined ? command : ['runuser', '-u', options.asUser, '--', ...command];
    const child = spawn(program, args, {
      env: { PATH: options.path ?? process.env.PATH, EIT_CONFIG: this.config, ...options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
    });
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#agents.push(child);
    return child;
  }

  /** Process id of the agent itself (it runs below flock); null while there is none. */
  agentPid(): number | null {
    const file = join(this.stateDir, 'agent.pid');
    if (!existsSync(file)) return null;
    const pid = Number(readFileSync(file, 'utf8').split(' ')[0]);
    return existsSync(`/proc/${pid}`) ? pid : null;
  }

  /** Ends the agent and waits for its process. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = this.agentPid();
    if (pid !== null) process.kill(pid, signal);
    await until('the agent to end', 20_000, () => pid === null || !existsSync(`/proc/${pid}`) || undefined);
    await until('flock to end', 20_000, () => this.#agents.every(hasEnded) || undefined);
    this.#agents = [];
  }

  agentLog(): string {
    const file = join(this.stateDir, 'agent.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  events(): string[] {
    return readdirSync(join(this.stateDir, 'events'));
  }

  /** Every line in the ledger as it lies there, repetitions included. */
  lines(): EitRecord[] {
    return linesBelow(join(this.ledger, 'lab/inbox'));
  }

  spooled(): EitRecord[] {
    return linesBelow(join(this.spoolDir, 'lab'));
  }

  runs(jobId?: number): RunRecord[] {
    return unique(this.lines()).filter(
      (line): line is RunRecord => line.kind === 'run' && (jobId === undefined || line.job === jobId),
    );
  }

  hosts(): HostRecord[] {
    return unique(this.lines()).filter((line): line is HostRecord => line.kind === 'host');
  }

  /** Waits until the job's last record is in the ledger. */
  ended(jobId: number): Promise<RunRecord[]> {
    return until(
      `the end of job ${jobId} in the ledger`,
      20_000,
      () => (this.runs(jobId).some(({ end }) => end !== undefined) ? this.runs(jobId) : undefined),
      () => `${this.agentLog()}\n${JSON.stringify(this.spooled())}`,
    );
  }

  /** Waits until the agent has taken a reading after now. */
  async read(): Promise<void> {
    const from = new Date().toISOString();
    await until(
      'the next stretch',
      20_000,
      () => this.hosts().some((host) => host.from >= from) || undefined,
      () => this.agentLog(),
    );
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL');
    for (const child of this.#agents) child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  private writeHost(): void {
    const energy = join(this.dir, 'sys/class/powercap/intel-rapl:0/energy_uj');
    this.write(energy, `${String(Math.round(this.energyUj)).padStart(WIDTH, '0')}\n`);
    const busy = String(Math.round(this.busyTicks)).padStart(WIDTH, '0');
    const cpu = `${busy} 0 0 500 0 0 0 0 0 0`;
    this.write(join(this.dir, 'proc/stat'), `cpu  ${cpu}\ncpu0 ${cpu}\ncpu1 ${cpu}\n`);
  }

  /** In place and of fixed width, as the kernel's files are: an open descriptor reads the new content. */
  private write(path: string, text: string): void {
    if (!existsSync(path)) this.#fds.delete(path);
    let fd = this.#fds.get(path);
    if (fd === undefined) {
      mkdirSync(dirname(path), { recursive: true });
      fd = openSync(path, 'w+');
      this.#fds.set(path, fd);
    }
    writeSync(fd, text, 0);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function cpuStat(seconds: number): string {
  return `usage_usec ${String(Math.round(seconds * 1e6)).padStart(WIDTH, '0')}\n`;
}

function linesBelow(dir: string): EitRecord[] {
  if (!existsSync(dir)) return [];
  return (
    readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ndjson'))
      // Without what stands after the last line's end: a line that is being written.
      .flatMap((file) => readFileSync(join(dir, file), 'utf8').split('\n').slice(0, -1))
      .map((line) => JSON.parse(line) as EitRecord)
  );
}

function unique(records: readonly EitRecord[]): EitRecord[] {
  return [...new Map(records.map((record) => [`${record.instance}/${record.seq}`, record])).values()];
}
