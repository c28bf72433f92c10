import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EitRecord, HostRecord, RunRecord } from '../../src/generated/record';
import type { EitReport } from '../../src/generated/report';
import validateReport from '../../src/generated/report-validator';
import { type PowercapLaw, startPowercapLaw } from './powercap-law';
import { type Finished, run } from './processes';
import { type ClusterOptions, type SlurmCluster, startCluster } from './slurm-cluster';
import { until } from './until';

export const top = join(__dirname, '../..');

/** Joules that the agent and the law may see differently at an instant: the law writes every 5 ms, on a busy machine 60, at up to 130 W. */
export const INSTANT_J = 8;

export interface MeasuredOptions extends ClusterOptions {
  /** More lines for eit.yaml. */
  readonly config?: string;
  /** Folder of the ledger; default a host-local one, which EIT may make. */
  readonly ledger?: (dir: string) => string;
}

/** A test cluster with EIT's own hooks and agent, whose energy counters follow a law that the tests know. */
export class MeasuredCluster {
  readonly slurm: SlurmCluster;
  readonly law: PowercapLaw;
  readonly configPath: string;
  readonly stateDir: string;
  readonly ledgerDir: string;

  constructor(slurm: SlurmCluster, law: PowercapLaw, ledgerDir: string) {
    this.slurm = slurm;
    this.law = law;
    this.ledgerDir = ledgerDir;
    this.configPath = configPathIn(slurm.dir);
    this.stateDir = join(slurm.dir, 'eit/state');
  }

  /** The agent's process id; null while none runs. */
  agentPid(): number | null {
    const file = join(this.stateDir, 'agent.pid');
    if (!existsSync(file)) return null;
    const pid = Number(readFileSync(file, 'utf8').split(' ')[0]);
    return existsSync(`/proc/${pid}`) ? pid : null;
  }

  agentLog(): string {
    const file = join(this.stateDir, 'agent.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '(no agent.log)';
  }

  /** Event files that still wait. */
  eventFiles(): string[] {
    const dir = join(this.stateDir, 'events');
    return existsSync(dir) ? readdirSync(dir) : [];
  }

  /** Every whole line of the ledger's inbox; the last of a file may just be being written. */
  inboxLines(): string[] {
    const inbox = join(this.ledgerDir, this.slurm.clusterName, 'inbox');
    if (!existsSync(inbox)) return [];
    return readdirSync(inbox)
      .flatMap((day) => readdirSync(join(inbox, day)).map((file) => join(inbox, day, file)))
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1));
  }

  /** Every record in the ledger's inbox, each identity once. */
  records(): EitRecord[] {
    const records = this.inboxLines().map((line) => JSON.parse(line) as EitRecord);
    return [
      ...new Map(
        records.map((record) => [`${record.host}/${record.instance}/${record.seq}`, record]),
      ).values(),
    ];
  }

  runRecords(jobId?: string): RunRecord[] {
    return this.records().filter(
      (record): record is RunRecord =>
        record.kind === 'run' && (jobId === undefined || record.job === Number(jobId)),
    );
  }

  hostRecords(): HostRecord[] {
    return this.records().filter((record): record is HostRecord => record.kind === 'host');
  }

  /** Waits until as many fragments of the job have their last record in the ledger. */
  async ended(jobId: string, fragments = 1): Promise<RunRecord[]> {
    return until(
      `${fragments} ended fragments of job ${jobId} in the ledger`,
      30_000,
      () => {
        const records = this.runRecords(jobId);
        return records.filter(({ end }) => end !== undefined).length >= fragments ? records : undefined;
      },
      () => `${JSON.stringify(this.runRecords(jobId))}\n${this.agentLog()}\n${this.slurm.logs()}`,
    );
  }

  /** Waits until a whole stretch after now is in the ledger, and with it everything that happened before. */
  async settled(): Promise<void> {
    const now = new Date().toISOString();
    await until(
      'the next stretch in the ledger',
      40_000,
      () => this.agentPid() === null || this.hostRecords().some(({ from }) => from >= now) || undefined,
      () => this.agentLog(),
    );
    if (this.agentPid() === null) await this.agentLeft();
  }

  /** Waits until the agent has nothing more to do and has left; its last records are in the ledger then. */
  async agentLeft(): Promise<void> {
    await until(
      'the agent to leave',
      45_000,
      () => this.agentPid() === null || undefined,
      () => this.agentLog(),
    );
    await until(
      'the shipper to carry everything over',
      20_000,
      () => this.spoolIsShipped() || undefined,
      () => this.agentLog(),
    );
  }

  /** `eit-report` as root, or as another user. */
  report(args: readonly string[], options: { readonly asUser?: string } = {}): Promise<Finished> {
    const command = [process.execPath, join(top, 'dist/eit-report.js'), '--config', this.configPath, ...args];
    const [program = '', ...rest] =
      options.asUser === undefined ? command : ['runuser', '-u', options.asUser, '--', ...command];
    return run(program, rest, { env: this.slurm.env, cwd: '/' });
  }

  /** What `eit-report --json` says of the last hour. */
  async jsonReport(args: readonly string[]): Promise<EitReport> {
    const { status, stdout, stderr } = await this.report(['-S', 'now-1hours', ...args, '--json']);
    if (status !== 0) throw new Error(`eit-report ended with ${status}: ${stderr}`);
    const report: unknown = JSON.parse(stdout);
    if (!validateReport(report)) throw new Error(JSON.stringify(validateReport.errors));
    return report;
  }

  async stop(): Promise<void> {
    await this.law.stop();
    await this.slurm.stop();
  }

  private spoolIsShipped(): boolean {
    const spool = join(this.slurm.dir, 'eit/spool');
    const offsets = existsSync(join(spool, '.shipper/shipped.json'))
      ? (JSON.parse(readFileSync(join(spool, '.shipper/shipped.json'), 'utf8')) as Record<string, number>)
      : {};
    const cluster = join(spool, this.slurm.clusterName);
    if (!existsSync(cluster)) return true;
    return readdirSync(cluster).every(
      (file) => readFileSync(join(cluster, file)).length === offsets[`${this.slurm.clusterName}/${file}`],
    );
  }
}

/** @throws Error with the logs where it does not come up */
export async function startMeasuredCluster(options: MeasuredOptions): Promise<MeasuredCluster> {
  const slurm = await startCluster({
    ...options,
    prolog: join(top, 'prolog'),
    epilog: join(top, 'epilog'),
    hookEnvironment: (dir) => ({ EIT_CONFIG: configPathIn(dir), EIT_HOME: top, EIT_NODE: process.execPath }),
  });
  const eit = join(slurm.dir, 'eit');
  mkdirSync(join(eit, 'law'), { recursive: true });
  // They wrap within the first seconds, and the range is large enough that no gap of some seconds could hide a second wrap.
  const law = await startPowercapLaw({
    dir: join(eit, 'law'),
    maxEnergyUj: 12_000_000_000,
    startUj: 11_900_000_000,
  });
  const ledger = options.ledger?.(slurm.dir) ?? join(eit, 'var/ledger');
  const config = [
    `state_dir: ${eit}/state`,
    `var_dir: ${eit}/var`,
    `spool_dir: ${eit}/spool`,
    `ledger: ${ledger}`,
    'agent: { interval_seconds: 1, record_seconds: 5, linger_seconds: 20 }',
    `roots: { sys: ${law.sysRoot} }`,
    'site: { zone: DE, pue: 1.2 }',
    options.config ?? '',
  ];
  writeFileSync(configPathIn(slurm.dir), `${config.join('\n')}\n`);
  return new MeasuredCluster(slurm, law, ledger);
}

function configPathIn(dir: string): string {
  return join(dir, 'eit.yaml');
}

/** Sum over records of a domain's µJ under a policy. */
export function sumUj(records: readonly RunRecord[], domain: string, policy: 0 | 1 | 2 = 0): number {
  return records.reduce((sum, record) => sum + (record.measured_uj[domain]?.[policy] ?? 0), 0);
}

export function cpuSeconds(records: readonly RunRecord[]): number {
  return records.reduce((sum, record) => sum + (record.cpu_us ?? 0), 0) / 1e6;
}

/** With what Slurm's own step processes used. */
export function allCpuSeconds(records: readonly RunRecord[]): number {
  return cpuSeconds(records) + records.reduce((sum, record) => sum + (record.overhead_us ?? 0), 0) / 1e6;
}
