// The main job without Slurm, root or counters: the real hooks, agent, ledger and report around a real workload of some seconds.
// Only Slurm itself is played: this script calls the hooks as slurmd does and keeps the cgroup files that Slurm's slurmstepd
// would have the kernel keep, from the workload's own CPU time in /proc.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SECONDS = Number(process.env.EIT_DEMO_SECONDS ?? 12);
const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const keep = process.argv.includes('--keep');
const dir = mkdtempSync(join(tmpdir(), 'eit-demo-'));
const node = hostname().replaceAll(/[^A-Za-z0-9_-]/g, '-');
const scope = join(dir, 'cgroup/system.slice/slurmstepd.scope');
const config = join(dir, 'eit.yaml');
const children = [];

const say = (text = '') => process.stdout.write(`${text}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Busy for a part of each tenth of a second. */
const WORKLOAD = `
  const part = Number(process.argv[1]);
  setInterval(() => { const end = performance.now() + 100 * part; while (performance.now() < end); }, 100);
`;

const jobs = [
  { id: 1001, name: 'job 1001', part: 0.8, what: 'busy for 80 % of the time' },
  { id: 1002, name: 'job 1002', part: 0.4, what: 'half as busy' },
];

async function main() {
  writeConfig();
  say(`EIT demo: two jobs side by side for ${SECONDS} s. Everything lies in ${dir}`);
  say();
  say('1. prolog      slurmd would start it before each job; it writes one event file and starts the agent');
  for (const job of jobs) hook('prolog', job);
  await until(() => existsSync(join(dir, 'state/agent.pid')), 'the agent did not start', agentLog);
  for (const job of jobs) startWorkload(job);
  say('2. agent       reads the counters and the jobs’ cgroups once a second');
  for (const job of jobs) say(`               ${job.name}: ${job.what}`);
  await play();
  say('3. epilog      slurmd would start it after each job');
  for (const job of jobs) {
    endWorkload(job);
    hook('epilog', job);
  }
  say('4. ledger      the agent writes the last records, its shipper carries them over, both leave');
  await until(() => !existsSync(join(dir, 'state/agent.pid')), 'the agent did not leave', agentLog);
  await until(() => inboxLines().length > 0, 'no record arrived', agentLog);
  await pause(300);
  explain();
  say();
  say('5. eit-report --group-by job');
  say();
  report('--group-by', 'job');
  next();
}

function writeConfig() {
  mkdirSync(scope, { recursive: true });
  writeFileSync(join(dir, 'cgroup/cgroup.controllers'), 'cpu\n');
  writeFileSync(join(scope, 'cpu.stat'), cpuStat(0));
  const lines = [
    'cluster: demo',
    `state_dir: ${dir}/state`,
    `var_dir: ${dir}/var`,
    `spool_dir: ${dir}/spool`,
    `ledger: ${dir}/var/ledger`,
    'agent: { interval_seconds: 1, record_seconds: 60, linger_seconds: 2 }',
    `roots: { cgroup: ${dir}/cgroup }`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** Calls a hook with the environment that slurmd gives it: nothing of ours but the config's place. */
function hook(kind, job) {
  const user = userInfo();
  const env = {
    EIT_CONFIG: config,
    EIT_NODE: process.execPath,
    SLURM_CLUSTER_NAME: 'demo',
    SLURMD_NODENAME: node,
    SLURM_JOB_ID: String(job.id),
    SLURM_JOB_UID: String(user.uid),
    SLURM_JOB_USER: user.username,
    SLURM_JOB_ACCOUNT: 'demo',
    SLURM_JOB_PARTITION: 'batch',
    SLURM_JOB_RESTART_COUNT: '0',
    SLURM_JOB_START_TIME: String(Math.floor(Date.now() / 1000)),
    SLURM_JOB_NUM_NODES: '1',
    SLURM_JOB_NODELIST: node,
    SLURM_JOB_CPUS_PER_NODE: '1',
    SLURM_JOB_EXIT_CODE2: '0:0',
  };
  const began = performance.now();
  const { status, stderr } = spawnSync(join(top, kind), [], { env, encoding: 'utf8', cwd: '/' });
  say(
    `               ${kind} of ${job.name}: exit status ${status}, ${Math.round(performance.now() - began)} ms`,
  );
  if (status !== 0 || stderr !== '') throw new Error(`${kind} failed: ${stderr}`);
}

function startWorkload(job) {
  job.child = spawn(process.execPath, ['-e', WORKLOAD, String(job.part)], { stdio: 'ignore' });
  children.push(job.child);
  job.cgroup = join(scope, `job_${job.id}`);
  mkdirSync(job.cgroup);
  job.cpuStat = openSync(join(job.cgroup, 'cpu.stat'), 'w');
  job.usedUs = 0;
  writeSync(job.cpuStat, cpuStat(0), 0);
}

/** Keeps the cgroup files while the workloads run. */
async function play() {
  const end = performance.now() + SECONDS * 1000;
  const total = openSync(join(scope, 'cpu.stat'), 'r+');
  while (performance.now() < end) {
    for (const job of jobs) {
      job.usedUs = cpuTimeUs(job.child.pid);
      writeSync(job.cpuStat, cpuStat(job.usedUs), 0);
    }
    writeSync(total, cpuStat(jobs.reduce((sum, job) => sum + job.usedUs, 0)), 0);
    progress(1 - (end - performance.now()) / (SECONDS * 1000));
    await pause(50);
  }
  progress(null);
}

function endWorkload(job) {
  job.child.kill();
  rmSync(job.cgroup, { recursive: true });
}

/** Fixed width and in place, so that no reader ever sees half of it. */
function cpuStat(us) {
  return `usage_usec ${String(us).padStart(15, '0')}\n`;
}

/** utime + stime of a process, in clock ticks of 10 ms (man 5 proc). */
function cpuTimeUs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function progress(part) {
  if (!process.stderr.isTTY) return;
  if (part === null) process.stderr.write('\r\u001b[K');
  else process.stderr.write(`\r               ${'█'.repeat(Math.round(part * 30)).padEnd(30, '░')} `);
}

function explain() {
  const host = inboxLines().findLast((line) => line.kind === 'host');
  if (host === undefined) return;
  say();
  say('   Energy sources on this machine:');
  for (const [name, { source, quality }] of Object.entries(host.domains))
    say(`     found    ${name}: ${source} (${quality})`);
  for (const [source, reason] of Object.entries(host.absent_sources))
    say(`     not used ${source}: ${reason}`);
  const modelled = Object.values(host.domains).some(({ quality }) => quality === 'modelled');
  say(
    modelled
      ? '   The joules below are MODELLED from the CPU’s idle and full-load power and its load: no counter could be read.'
      : '   The joules below are MEASURED: read from the counters and divided by CPU time.',
  );
}

function report(...args) {
  spawnSync(process.execPath, [join(top, 'dist/eit-report.js'), '--config', config, ...args], {
    stdio: 'inherit',
  });
}

function next() {
  say();
  if (!keep) {
    say('What next?  npm run demo -- --keep   keeps the folder, and says what to type on it');
  } else {
    say('What next?');
    say(`            node dist/eit-report.js --config ${config} --json`);
    say(`            node dist/eit-report.js --config ${config} -j 1001 --group-by job,day`);
  }
  say('            On a cluster: see "Install" in README.md (two lines in slurm.conf).');
}

function inboxLines() {
  const inbox = join(dir, 'var/ledger/demo/inbox');
  if (!existsSync(inbox)) return [];
  return readdirSync(inbox)
    .flatMap((day) => readdirSync(join(inbox, day)).map((file) => join(inbox, day, file)))
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function agentLog() {
  const log = join(dir, 'state/agent.log');
  return existsSync(log)
    ? readFileSync(log, 'utf8')
    : '(the agent wrote no log; see the system log for "eit")';
}

async function until(condition, failure, details) {
  for (let waitedMs = 0; !condition(); waitedMs += 50) {
    if (waitedMs > 30_000) throw new Error(`${failure} within 30 s:\n${details()}`);
    await pause(50);
  }
}

function stopAgent() {
  const pidFile = join(dir, 'state/agent.pid');
  if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8').split(' ')[0]), 'SIGTERM');
}

// Ctrl-C and the like: nothing of the demo stays.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    say('\ndemo: ended');
    stopAgent();
    for (const child of children) child.kill();
    rmSync(dir, { recursive: true, force: true, maxRetries: 20 });
    process.exit(130);
  });
}

try {
  await main();
} catch (error) {
  say(`demo: ${error.message}`);
  stopAgent();
  process.exitCode = 1;
} finally {
  for (const child of children) child.kill();
  if (!keep && process.exitCode !== 1) rmSync(dir, { recursive: true, force: true });
}
