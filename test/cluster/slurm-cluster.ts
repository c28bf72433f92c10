import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import {
  cgroupMounts,
  claimNodes,
  isHybrid,
  makeSystemSlice,
  readHierarchies,
  slurmDirectories,
} from './cgroup-hierarchies';
import { ACCOUNT_LOCK, ACCOUNT_NOTES, makeOrdinaryUser } from './ordinary-user';
import { Daemon, type Environment, SYSTEM_PATH, run, succeed, tail } from './processes';
import { type Reaped, Reaper } from './reaper';
import { FINAL_STATES, parseRecords } from './scontrol';
import { SlurmCommands } from './slurm-commands';
import { makeAccounts, startAccounting, startMunged } from './services';
import { type CgroupKind, type ConfInput, FAKE_GPUS, cgroupConf, gresConf, slurmConf } from './slurm-conf';
import { freePorts, until } from './until';

export interface ClusterOptions {
  readonly cgroup: CgroupKind;
  /** Path of the script (or, without `hookEnvironment`, a glob) for Prolog= and Epilog=; absent: none. */
  readonly prolog?: string;
  readonly epilog?: string;
  /** Default `Alloc,Contain`; '' leaves the line out. */
  readonly prologFlags?: string;
  /** Seconds, default 30. */
  readonly prologEpilogTimeout?: number;
  /**
   * Variables for the hooks, which get none of slurmd's: set by a wrapper that then runs the hook in its place. Takes the
   * cluster's folder: what the hooks' programs write belongs there, and they end with the cluster where they name it.
   */
  readonly hookEnvironment?: (dir: string) => Environment;
  /** What Prolog= or Epilog= is to name in place of that wrapper, such as all scripts of a folder that is made here. */
  readonly hookPath?: (wrapper: string, name: 'prolog' | 'epilog') => string;
  /** How many nodes, all on this host; default 2. */
  readonly nodes?: number;
  /** Nodes are named by it and a number; another one lets a second cluster run on the same host. Default `n`. */
  readonly nodePrefix?: string;
  /** Default `eittest`; becomes SLURM_CLUSTER_NAME. */
  readonly clusterName?: string;
  readonly cpusPerNode?: number;
  /** Stand-ins for GPUs on the first node, at most 4. */
  readonly gpus?: number;
  /** slurmdbd on MariaDB, with the accounts `phys` (the default one) and `chem`; takes some seconds more. */
  readonly accounting?: boolean;
  /** Ordinary users that jobs run as, made where missing; default `eitann`. */
  readonly users?: readonly string[];
  readonly slurmConfExtra?: string;
  /** Path for MailProg=, from the cluster's folder; default: /bin/true. */
  readonly mailProg?: (dir: string) => string;
  /** Files beside slurm.conf that a plugin reads when a daemon starts, by name; takes the cluster's folder. */
  readonly confFiles?: (dir: string) => Readonly<Record<string, string>>;
}

export const ACCOUNTS = ['phys', 'chem'] as const;

/** Starts a Slurm cluster of its own on this host, as root. @throws Error with the logs' ends where it does not come up */
export async function startCluster(options: ClusterOptions): Promise<SlurmCluster> {
  const cluster = new SlurmCluster(options);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    const message = `the test cluster did not start: ${String(error)}\n${cluster.logs()}`;
    await cluster.stop();
    throw new Error(message, { cause: error });
  }
}

/** A running test cluster. Everything of it lies in one temporary folder and ends with `stop`. */
export class SlurmCluster extends SlurmCommands {
  /** The one folder; everyone may enter it. */
  readonly dir: string;
  readonly slurmConfPath: string;
  readonly workDir: string;
  readonly users: readonly string[];
  readonly nodes: readonly string[];
  readonly clusterName: string;
  readonly env: Environment;
  private readonly options: ClusterOptions;
  private readonly hierarchies = readHierarchies();
  private readonly reaper: Reaper;
  private readonly services: Daemon[] = [];
  private slurmctld: Daemon | undefined;
  private readonly slurmds = new Map<string, Daemon>();
  private readonly ports = new Map<string, number>();
  private stopped: Promise<Reaped> | undefined;

  /** Only makes the folder and the reaper; `startCluster` is what to call. */
  constructor(options: ClusterOptions) {
    super();
    this.options = options;
    this.users = options.users ?? ['eitann'];
    const prefix = options.nodePrefix ?? 'n';
    this.nodes = Array.from({ length: options.nodes ?? 2 }, (_, index) => `${prefix}${index + 1}`);
    this.clusterName = options.clusterName ?? 'eittest';
    // Before there is a reaper: what belongs to others must not be its business.
    claimNodes(this.hierarchies, this.nodes);
    this.dir = mkdtempSync('/tmp/eit-cluster-');
    chmodSync(this.dir, 0o755);
    this.slurmConfPath = join(this.dir, 'slurm.conf');
    this.workDir = join(this.dir, 'work');
    this.env = {
      PATH: SYSTEM_PATH,
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      SLURM_CONF: this.slurmConfPath,
      MUNGE_SOCKET: join(this.dir, 'munge/socket'),
    };
    const { v2 } = this.hierarchies;
    this.reaper = new Reaper(
      {
        dir: this.dir,
        cgroups: slurmDirectories(this.hierarchies, this.nodes),
        slices: v2 === undefined ? [] : [join(v2, 'system.slice')],
        users: this.users,
        notes: ACCOUNT_NOTES,
        lock: ACCOUNT_LOCK,
      },
      this.env,
    );
  }

  async start(): Promise<void> {
    const { cgroup, accounting = false } = this.options;
    for (const name of ['log', 'state', 'hooks']) mkdirSync(join(this.dir, name));
    mkdirSync(this.workDir);
    chmodSync(this.workDir, 0o1777);
    for (const user of this.users) await makeOrdinaryUser(user, this.dir, this.env);
    const [slurmctldPort = 0, slurmdbdPort = 0, databasePort = 0, ...nodePorts] = await freePorts(
      3 + this.nodes.length,
    );
    this.nodes.forEach((node, index) => this.ports.set(node, nodePorts[index] ?? 0));
    const input = this.confInput(slurmctldPort, accounting ? slurmdbdPort : undefined);
    writeFileSync(this.slurmConfPath, slurmConf(input));
    writeFileSync(join(this.dir, 'cgroup.conf'), cgroupConf(cgroup, cgroupMounts(this.hierarchies)));
    writeFileSync(join(this.dir, 'gres.conf'), gresConf(input));
    for (const [name, text] of Object.entries(this.options.confFiles?.(this.dir) ?? {})) {
      writeFileSync(join(this.dir, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
    }
    if (this.needsShim()) {
      const source = join(__dirname, 'hide-v1.c');
      await succeed('cc', ['-shared', '-fPIC', '-o', this.shim, source, '-ldl'], { env: this.env });
      makeSystemSlice(this.hierarchies);
    }
    this.services.push(await startMunged(this.dir, this.env));
    if (accounting) {
      const ports = { database: databasePort, slurmdbd: slurmdbdPort };
      await startAccounting(this.dir, ports, this.env, (daemon) => this.services.push(daemon));
      await makeAccounts(this.clusterName, ACCOUNTS, this.users, this.env);
    }
    this.slurmctld = new Daemon(
      'slurmctld',
      'slurmctld',
      ['-D'],
      this.env,
      join(this.dir, 'log/slurmctld.out'),
    );
    await Promise.all(this.nodes.map((node) => this.startSlurmd(node)));
  }

  /** Starts a node's slurmd and waits until slurmctld has heard of it. */
  async startSlurmd(node: string): Promise<void> {
    // SlurmdStartTime is in whole seconds.
    const since = Math.floor(Date.now() / 1000) * 1000;
    const env = this.needsShim() ? { ...this.env, LD_PRELOAD: this.shim } : this.env;
    const slurmd = new Daemon(
      `slurmd ${node}`,
      'slurmd',
      ['-N', node, '-D'],
      env,
      join(this.dir, `log/slurmd-${node}.out`),
    );
    this.slurmds.set(node, slurmd);
    await until(
      `${node} to register with slurmctld`,
      60_000,
      async () => {
        for (const end of [slurmd.end, this.slurmctld?.end])
          if (end !== undefined) throw new Error(`${end}\n${this.logs()}`);
        const { status, stdout } = await run('scontrol', ['-o', 'show', 'node', node], { env: this.env });
        const started = Date.parse(`${parseRecords(stdout)[0]?.SlurmdStartTime}Z`);
        return (status === 0 && started >= since) || undefined;
      },
      () => this.logs(),
    );
  }

  /** SIGTERM by default, as `systemctl stop` does: running jobs go on. */
  async killSlurmd(node: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const slurmd = this.slurmds.get(node);
    if (slurmd === undefined) throw new Error(`${node} has no slurmd`);
    await slurmd.kill(signal);
    if (slurmd.running) throw new Error(`slurmd of ${node} outlives ${signal}`);
  }

  async restartSlurmd(node: string): Promise<void> {
    await this.killSlurmd(node, 'SIGTERM');
    await this.startSlurmd(node);
  }

  /** Process ids of the daemons, by name: `munged`, `slurmctld`, `slurmd n1`, ... */
  pids(): Record<string, number> {
    return Object.fromEntries(this.daemons().map((daemon) => [daemon.name, daemon.pid]));
  }

  /** The ends of the daemons' logs, for an error's text; `name` such as `slurmctld` or `slurmd-n1` for one alone. */
  logs(name?: string, lines = 25): string {
    const names = name === undefined ? ['slurmctld', ...this.nodes.map((node) => `slurmd-${node}`)] : [name];
    return names.map((each) => `--- ${each}\n${tail(join(this.dir, `log/${each}.log`), lines)}`).join('\n');
  }

  /**
   * Ends all jobs, then all daemons, and removes everything. A second call waits for the first.
   * @returns the command lines of processes that were still there after that and had to be killed
   * @throws Error that names what could not be ended or removed
   */
  stop(): Promise<Reaped> {
    this.stopped ??= this.shutDown();
    return this.stopped;
  }

  private async shutDown(): Promise<Reaped> {
    const failures: unknown[] = [];
    try {
      await this.endJobs();
      const daemons = [this.slurmctld, ...this.slurmds.values()].filter((daemon) => daemon !== undefined);
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      for (const service of this.services.toReversed()) await service.stop();
    } catch (error) {
      failures.push(error);
    }
    // Whatever has gone wrong: the rest goes now.
    const reaped = await this.reaper.reap();
    if (reaped.left.length > 0) failures.push(new Error(`there is left:\n${reaped.left.join('\n')}`));
    if (failures.length > 0)
      throw new AggregateError(failures, `the test cluster did not end: ${failures.join('\n')}`);
    return reaped;
  }

  /** Cancels every job and gives the epilogs some seconds; what does not end by then is killed with its slurmd. */
  private async endJobs(): Promise<void> {
    const alive = [this.slurmctld, ...this.slurmds.values()].every((daemon) => daemon?.running);
    if (!alive) return;
    const ids = (await run('squeue', ['-h', '-a', '-t', 'all', '-o', '%A %T'], { env: this.env })).stdout
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, state = '']) => state !== '' && !FINAL_STATES.includes(state))
      .map(([id = '']) => id);
    if (ids.length === 0) return;
    await run('scancel', ids, { env: this.env });
    try {
      await this.waitUntilQuiet(10_000);
    } catch (error) {
      process.stderr.write(`${String(error)}\n`);
    }
  }

  private daemons(): Daemon[] {
    return [
      ...this.services,
      ...(this.slurmctld === undefined ? [] : [this.slurmctld]),
      ...this.slurmds.values(),
    ];
  }

  private needsShim(): boolean {
    return this.options.cgroup === 'v2' && isHybrid(this.hierarchies);
  }

  private get shim(): string {
    return join(this.dir, 'hide-v1.so');
  }

  private confInput(slurmctldPort: number, slurmdbdPort: number | undefined): ConfInput {
    const { options } = this;
    return {
      dir: this.dir,
      clusterName: this.clusterName,
      hostname: hostname().split('.')[0] ?? 'localhost',
      cgroup: options.cgroup,
      slurmctldPort,
      ...(slurmdbdPort === undefined ? {} : { slurmdbdPort }),
      nodes: this.nodes.map((name) => ({ name, port: this.ports.get(name) ?? 0 })),
      cpusPerNode: options.cpusPerNode ?? 2,
      memoryMbPerNode: Math.min(8000, Math.floor(totalmem() / 2 ** 20 / 2)),
      gpus: FAKE_GPUS.slice(0, options.gpus ?? 0),
      ...this.hook('prolog'),
      ...this.hook('epilog'),
      prologFlags: options.prologFlags ?? 'Alloc,Contain',
      prologEpilogTimeoutS: options.prologEpilogTimeout ?? 30,
      mailProg: options.mailProg?.(this.dir) ?? '/bin/true',
      extra: options.slurmConfExtra ?? '',
    };
  }

  /** The path for slurm.conf: the script's own, or that of a wrapper which sets `hookEnvironment`. */
  private hook(name: 'prolog' | 'epilog'): { [key in 'prolog' | 'epilog']?: string } {
    const script = this.options[name];
    const environment = Object.entries(this.options.hookEnvironment?.(this.dir) ?? {});
    if (script === undefined) return {};
    if (environment.length === 0) return { [name]: script };
    const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
    const wrapper = join(this.dir, 'hooks', name);
    const exports = environment.map(([key, value]) => `export ${key}=${quote(value)}\n`).join('');
    writeFileSync(wrapper, `#!/bin/sh\n${exports}exec ${quote(resolve(script))} "$@"\n`, { mode: 0o755 });
    return { [name]: this.options.hookPath?.(wrapper, name) ?? wrapper };
  }
}
