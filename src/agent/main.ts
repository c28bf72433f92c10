import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/config';
import { hostName } from '../config/host-name';
import { checkTrusted, trustedUids } from '../config/trust';
import { EitError, describeError, isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import { Spool } from '../ledger/spool';
import { isClusterName } from '../slurm/run-identity';
import { readSlurmConf } from '../slurm/slurm-conf';
import { readCpuTopology } from '../sources/cpu-topology';
import { readHostHardware } from '../sources/host-hardware';
import { chooseSources } from '../sources/index';
import type { Instant } from '../sources/source';
import { MetricsFile } from '../metrics/metrics-file';
import { version } from '../version';
import { Agent } from './agent';
import { KernelLock } from '../ledger/kernel-lock';
import { openContextReader } from './context-reader';
import { DailyHardware } from './daily-hardware';
import { EventFolder } from './event-folder';
import { modelledIdlePower, openIdlePower } from './host-idle-power';
import { HostReader } from './host-reader';
import { type Log, openLog } from './log';
import { Live, monoMsOf } from './live';
import { PidFile } from './pid-file';
import { putBeforeJobs } from './priority';
import { ShipperProcess } from './shipper-process';

const USAGE = `eit-agent [--linger]

Measures this host's Slurm jobs until it is told to end (SIGTERM). With --linger it leaves agent.linger_seconds after the last job.
What it does is in the config: $EIT_CONFIG, else /etc/eit/eit.yaml. What it did is in agent.log in state_dir.
`;

/**
 * `eit-agent [--linger]`: measures this host until it is told to end (SIGTERM, SIGINT) or, with --linger, until nothing
 * has run for agent.linger_seconds. What it does is in the config (EIT_CONFIG, else /etc/eit/eit.yaml).
 */
function main(): void {
  const [argument, ...more] = process.argv.slice(2);
  if (argument === '--help') {
    process.stdout.write(USAGE);
    return;
  }
  if ((argument !== undefined && argument !== '--linger') || more.length > 0) {
    throw new EitError(
      'EIT_USAGE',
      `eit-agent knows no ${argument === '--linger' ? more[0] : argument}: only --linger and --help`,
    );
  }
  closeInheritedSockets();
  // The hooks hand on theirs, under which nobody could even pass through var_dir to the ledger.
  process.umask(0o022);
  const { config, path: configPath } = loadConfig({ env: process.env });
  makeFolders(config);
  const program = process.argv[1] ?? '';
  checkTrusted(
    [
      ...(configPath === null ? [] : [configPath]),
      config.state_dir,
      config.var_dir,
      config.spool_dir,
      program,
      process.execPath,
    ],
    { trustedUids: trustedUids() },
  );
  const lockPath = join(config.state_dir, 'agent.lock');
  if (process.env['EIT_AGENT_LOCK_FD'] === undefined) runLocked(lockPath);
  else run(config, program, lockPath);
}

function run(config: EitConfig, program: string, lockPath: string): void {
  // The hooks know a trusted agent by its working directory.
  process.chdir(config.state_dir);
  const log = openLog(join(config.state_dir, 'agent.log'), Date.now);
  log('info', `agent ${version} begins (process ${process.pid})`);
  const hindrance = putBeforeJobs();
  if (hindrance !== null) log('info', `on busy CPUs the last moments of jobs may be missed: ${hindrance}`);
  let agent: Agent | null = null;
  const { meters, absent } = chooseSources(config.roots, {
    ...config,
    gpuProgram: join(program, '..', 'eit-gpu.js'),
    wake: () => agent?.wake(),
    warn: (text) => log('warn', `GPUs: ${text}`),
  });
  for (const [source, reason] of Object.entries(absent)) log('info', `source ${source}: ${reason}`);
  for (const meter of meters) {
    for (const domain of meter.domains) log('info', `${domain.name}: ${domain.source} (${domain.quality})`);
  }

  const slurmConf = readSlurmConf(process.env);
  const clusterName = slurmConf?.clusterName;
  const reader = new HostReader(config.roots, meters, {
    withPrograms: config.agent.top_processes > 0,
  });
  const idlePower = openIdlePower({
    varDir: config.var_dir,
    host: hostName(),
    modelled: modelledIdlePower(config.roots, meters, reader.places, cpus().length),
    log,
  });
  const spool = new Spool(config.spool_dir, { maxBytes: config.spool_max_mb * 1e6, now: Date.now });
  const shipper = new ShipperProcess({
    program: join(program, '..', 'eit-shipper.js'),
    spoolDir: config.spool_dir,
    spool,
    user: config.ledger_user,
    startedBy: config.shipper,
    log,
  });
  void shipper.prepare();
  const live = new Live({
    config,
    host: hostName(),
    tool: version,
    log,
    admins: config.admins ?? [slurmConf?.slurmUser ?? 'root'],
    uid: process.getuid?.() ?? 0,
    monoMs: monoMsOf(now),
  });
  const started = new Agent({
    config,
    host: hostName(),
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8),
    instance: randomBytes(6).toString('hex'),
    tool: version,
    cluster: isClusterName(clusterName) ? clusterName : null,
    pidFile: new PidFile(config.state_dir),
    lock: new KernelLock(lockPath),
    metrics: metricsFile(config, log),
    live,
    now,
    log,
    reader,
    context: openContextReader(config.roots),
    hardware: new DailyHardware(readHostHardware(config.roots, readCpuTopology(config.roots))),
    idlePower,
    meters,
    absentSources: absent,
    events: new EventFolder(config.state_dir),
    spool,
    shipper,
    lingerMs: process.argv.includes('--linger') ? config.agent.linger_seconds * 1000 : null,
    onLeft: () => {
      process.removeAllListeners('SIGTERM');
      process.removeAllListeners('SIGINT');
    },
  });
  agent = started;
  process.on('SIGTERM', () => void started.stop());
  process.on('SIGINT', () => void started.stop());
  started.start();
}

/** Written after checkpoints: each stretch has one, and each half minute. */
const METRICS_EVERY_MS = 30_000;

function metricsFile({ agent }: EitConfig, log: Log): MetricsFile | null {
  const { textfile_dir: dir, record_seconds: stretchS } = agent;
  if (dir === undefined) return null;
  return new MetricsFile(dir, Math.min(METRICS_EVERY_MS, stretchS * 1000) - 500, (trouble) => {
    if (trouble === null) log('info', 'metrics are written again');
    else log('warn', `no metrics in ${dir} (agent.textfile_dir): ${trouble}`);
  });
}

function now(): Instant {
  return { monoNs: process.hrtime.bigint(), wallMs: Date.now() };
}

/** Takes the lock on fd 9 and becomes this program again, so that signals and the lock are the agent's own. */
const LOCKED = 'exec 9>>"$1" || exit 1; shift; flock -n 9 || exit 75; exec "$@"';

/** Node.js has no flock: flock(1) takes the lock for a second start of this program. */
function runLocked(lockPath: string): void {
  closeSync(openLock(lockPath));
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('sh', ['-c', LOCKED, 'eit-agent', lockPath, ...again], {
    stdio: 'inherit',
    env: { ...process.env, EIT_AGENT_LOCK_FD: '9' },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error));
  child.on('exit', (status) => {
    if (status === 75) {
      fail(new EitError('EIT_AGENT_RUNNING', `another agent measures this host (${lockPath} is held)`));
    } else {
      process.exitCode = status ?? 1;
    }
  });
}

function openLock(lockPath: string): number {
  try {
    return openSync(lockPath, 'a', 0o644);
  } catch (cause) {
    const text = `the lock ${lockPath} cannot be written (${String(cause)}): start the agent as root, or as the user whom state_dir belongs to`;
    throw new EitError('EIT_PATH_UNTRUSTED', text, { cause });
  }
}

function makeFolders(config: EitConfig): void {
  mkdirSync(config.state_dir, { recursive: true, mode: 0o755 });
  mkdirSync(config.var_dir, { recursive: true, mode: 0o755 });
  mkdirSync(config.spool_dir, { recursive: true, mode: 0o700 });
}

/**
 * Slurm 21.08 hands slurmd's own sockets on to its hooks; held by the agent, they would keep slurmd from starting again.
 * Node.js has none of its own at this point.
 */
function closeInheritedSockets(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd <= 2) continue;
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')) closeSync(fd);
    } catch (error) {
      // The folder's own descriptor is closed by now.
      if (!isErrno(error, 'ENOENT', 'EBADF')) throw error;
    }
  }
}

function fail(error: unknown): void {
  const text = describeError(error);
  process.stderr.write(`eit-agent: ${text}\n`);
  // Started by a hook, it has no standard error: the system's log is where the hooks' own messages are.
  if (process.argv.includes('--linger')) {
    spawnSync(
      'logger',
      ['-t', 'eit', '-p', 'daemon.err', '--', `agent not started: ${text.replaceAll(/\s*\n\s*/g, ' ')}`],
      {
        stdio: 'ignore',
        timeout: 3000,
      },
    );
  }
  process.exitCode = error instanceof EitError ? error.exitStatus : 1;
}

try {
  main();
} catch (error) {
  fail(error);
}
