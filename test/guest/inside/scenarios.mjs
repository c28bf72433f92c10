// What happens in the machine: one scenario after the other, each with the facts it saw. It judges nothing: guest.test.ts
// does, from /var/lib/eit-guest/results.ndjson, the ledger and the logs. Also run after a power cut, where the line of
// the scenario `before the cut` in the results tells it that there was one.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const DIR = '/var/lib/eit-guest';
const RESULTS = `${DIR}/results.ndjson`;
const LEDGER = '/var/lib/eit/ledger/guest/inbox';
const PACKAGE = 'slurm-eit-node';
const CONFIG = '/etc/eit/eit.yaml';
// Emulated CPUs are slow, and more so beside others.
const BOUND_MS = 90_000;
const DPKG_BOUND_MS = 600_000;

if (!existsSync(RESULTS)) await firstBoot();
else await afterTheCut();

async function firstBoot() {
  await scenario('package installed', async () => {
    const facts = { words: dpkg('-i', '/opt/eit-guest/first.deb'), ...packageFacts(), ...serviceFacts() };
    // As the admin does.
    copyFileSync('/opt/eit-guest/eit.yaml', CONFIG);
    systemctl('start', 'eit-agent');
    return facts;
  });

  await scenario('boot', async () => {
    await until('the node to be idle', () => nodeState().state === 'IDLE');
    await until('the agent', agentPid);
    return {
      ...serviceFacts(),
      versions: versions(),
      controllers: read('/sys/fs/cgroup/cgroup.controllers'),
    };
  });

  await scenario('agent killed in mid-job', async () => {
    const job = submit();
    const during = await whileRunning(job);
    await sleep(4000);
    const killed = agentPid();
    process.kill(killed, 'SIGKILL');
    const next = await until('systemd to start another agent', () => agentPid() !== killed && agentPid());
    await until(
      'records of both agents',
      () => new Set(recordsOf(job).map(({ instance }) => instance)).size > 1,
    );
    return { during, killed, next, restarts: show('eit-agent', 'NRestarts'), ...(await ended(job)) };
  });

  await scenario('no unit, slurmd restarted in mid-job', async () => {
    systemctl('disable', '--now', 'eit-agent');
    systemctl('mask', 'eit-agent');
    const job = submit();
    const during = await whileRunning(job);
    systemctl('restart', 'slurmd');
    await sleep(5000);
    const after = { agentPid: agentPid() };
    return { during, after, ...(await ended(job)), left: await left() };
  });

  await scenario('RunInJob, no unit', async () => {
    writeFileSync('/etc/slurm/prolog-flags.conf', 'PrologFlags=RunInJob\n');
    systemctl('restart', 'slurmctld', 'slurmd');
    await until('slurmd to be back', () => nodeState().state === 'IDLE');
    const flags = /PrologFlags\s*=\s*(\S+)/.exec(command('scontrol', 'show', 'config'))[1];
    const job = submit();
    const during = await whileRunning(job);
    await sleep(5000);
    return { flags, during, ...(await ended(job)), left: await left() };
  });

  await scenario('RunInJob, service stopped', async () => {
    systemctl('unmask', 'eit-agent');
    const job = submit();
    const during = await whileRunning(job);
    await sleep(5000);
    return { during, ...(await ended(job)), ...serviceFacts() };
  });

  await scenario('RunInJob, service running', async () => {
    systemctl('enable', 'eit-agent');
    const job = submit();
    const during = await whileRunning(job);
    await sleep(5000);
    return { during, ...(await ended(job)) };
  });

  await scenario('report', async () => ({
    report: JSON.parse(
      command(
        'node',
        '/opt/eit/dist/eit.js',
        'report',
        '-a',
        '-S',
        'now-1hours',
        '--group-by',
        'job',
        '--json',
      ),
    ),
  }));

  await scenario('before the cut', async () => {
    const job = submit();
    const during = await whileRunning(job);
    await until('records of the job that is to be cut', () => recordsOf(job).length >= 2);
    return { job, during, boot: boot() };
  });
  journal('journal-1.log');
  // What the tests need is to survive; what the agent wrote has to see to that itself.
  command('sync', RESULTS, `${DIR}/law.log`, `${DIR}/journal-1.log`, `${DIR}/hooks-journal-1.log`);
  await cut('cut the power now');
}

async function afterTheCut() {
  await scenario('after the cut', async () => {
    const { job } = readResults().find(({ scenario: name }) => name === 'before the cut').facts;
    await until('the end of the run that was cut', () => recordsOf(job).some(({ end }) => end !== undefined));
    // The job may run again, wait, or be taken for one that still runs: Slurm's own affair, which nobody waits for here.
    return { ...serviceFacts(), boot: boot() };
  });
  // It may have begun again, and would keep a CPU busy; or Slurm has it no more, or waits for an end that slurmd does not
  // know of: then only a node that is down lets go of it.
  const cutJob = readResults().find(({ scenario: name }) => name === 'before the cut').facts.job;
  command('sh', '-c', `scancel ${cutJob} || true`);
  command('scontrol', 'update', 'NodeName=eitguest', 'State=DOWN', 'Reason=power was cut');
  command('scontrol', 'update', 'NodeName=eitguest', 'State=RESUME');

  await scenario('package upgraded in mid-job', async () => {
    await until('the node to be idle', () => nodeState().state === 'IDLE');
    const job = submit();
    const during = await whileRunning(job);
    const words = dpkg('-i', '/opt/eit-guest/next.deb');
    const next = await until('the next agent', () => agentPid() !== during.agentPid && agentPid());
    return { during, next, words, ...packageFacts(), ...(await ended(job)), ...serviceFacts() };
  });

  await scenario('package removed in mid-job', async () => {
    const job = submit();
    await whileRunning(job);
    const words = dpkg('-r', PACKAGE);
    const facts = { words, ...packageFacts(), agentPid: agentPid() };
    // slurm.conf still names the hooks: this job's epilog, and another's prolog.
    const states = [await endedUnmeasured(job)];
    const later = submit();
    await until(`job ${later} to run`, () => isRunning(later));
    tell(later, 'looked');
    states.push(await endedUnmeasured(later));
    return { ...facts, states };
  });

  await scenario('package purged, hooks not called any more', async () => {
    const named = read('/etc/slurm/slurm.conf');
    writeFileSync('/etc/slurm/slurm.conf', named.replaceAll(/^(Pro|Epi)log=.*\n/gm, ''));
    systemctl('stop', 'slurmd');
    const words = dpkg('-P', PACKAGE);
    return { words, ...packageFacts() };
  });
  journal('journal-2.log');
  command('sync');
  await cut('done');
}

/** Tells the host, which then cuts the power: quicker than to end everything. */
async function cut(text) {
  say(text);
  await sleep(BOUND_MS);
}

/** Runs one scenario and puts what it gives, or why it failed, into the results. */
async function scenario(name, run) {
  say(`${name} ...`);
  const startMs = Date.now();
  let result;
  try {
    result = { facts: { ...(await run()), node: nodeState() } };
  } catch (error) {
    result = { error: `${error.stack}\n${error.stdout ?? ''}${error.stderr ?? ''}` };
  }
  const seconds = (Date.now() - startMs) / 1000;
  appendFileSync(RESULTS, `${JSON.stringify({ scenario: name, seconds, ...result })}\n`);
  say(`${name}: ${result.error ?? 'done'} (${seconds} s)`);
}

/** A job of an ordinary user: holds 48 MB and keeps a CPU busy until it is told to stop; says what its cgroup counted. */
function submit() {
  const script = `#!/bin/sh
dir=/sys/fs/cgroup$(sed 's/^0:://; s|/step_.*||' /proc/self/cgroup)
used() { sed -n "s/^usage_usec/$1/p" "$dir/cpu.stat"; }
head -c 48000000 /dev/zero >/dev/shm/job-$SLURM_JOB_ID
busy_until() { timeout 300 sh -c 'while [ ! -e "$1" ]; do :; done' busy "/tmp/$1-$SLURM_JOB_ID"; }
busy_until looked
used cpu_us_when_looked
busy_until stop
rm /dev/shm/job-$SLURM_JOB_ID
used cpu_us
echo "ended_ms $(date +%s%3N)"
`;
  const options = ['--parsable', '-n', '1', '-D', '/tmp', '-o', '/tmp/job-%j.out'];
  return Number(
    execFileSync('runuser', ['-u', 'eitann', '--', 'sbatch', ...options], {
      input: script,
      encoding: 'utf8',
    }),
  );
}

/** Who is in which cgroup while the job runs. */
async function whileRunning(job) {
  await until(`job ${job} to run`, () => isRunning(job));
  const pid = await until('an agent', agentPid);
  const burner = await until('the job to be busy', () => burnerPid(job));
  const seen = {
    agentPid: pid,
    agentCgroup: cgroup(pid),
    agentOomScoreAdj: Number(read(`/proc/${pid}/oom_score_adj`)),
    slurmdCgroup: cgroup(Number(show('slurmd', 'MainPID'))),
    jobCgroup: cgroup(burner),
    jobCpuset: read(`/sys/fs/cgroup${cgroup(burner).replace(/\/step_.*/, '')}/cpuset.cpus.effective`),
  };
  tell(job, 'looked');
  return seen;
}

/** What the job waits for. */
function tell(job, what) {
  writeFileSync(`/tmp/${what}-${job}`, '');
}

/** Ends the job; once nothing of it is left in Slurm and its last record is in the ledger, what it said. */
async function ended(job) {
  tell(job, 'stop');
  await until(`job ${job} to be gone`, () => command('squeue', '-h', '-j', String(job)) === '');
  const quietMs = Date.now();
  await until('the node to be free', () => nodeState().state === 'IDLE');
  await until(`the last record of job ${job}`, () => recordsOf(job).some(({ end }) => end !== undefined));
  const shown = command('scontrol', '-o', 'show', 'job', String(job));
  const output = read(`/tmp/job-${job}.out`);
  return {
    job,
    jobState: /JobState=(\S+)/.exec(shown)[1],
    jobCpuUs: said(output, 'cpu_us'),
    jobCpuUsWhenLooked: said(output, 'cpu_us_when_looked'),
    msToQuiet: quietMs - said(output, 'ended_ms'),
  };
}

/** Ends the job; once it is gone, what became of it. Nobody measures it. */
async function endedUnmeasured(job) {
  tell(job, 'stop');
  await until(`job ${job} to be gone`, () => command('squeue', '-h', '-j', String(job)) === '');
  await until('the node to be free', () => nodeState().state !== 'COMPLETING');
  return /JobState=(\S+)/.exec(command('scontrol', '-o', 'show', 'job', String(job)))[1];
}

function isRunning(job) {
  return command('squeue', '-h', '-o', '%T', '-j', String(job)).startsWith('RUNNING');
}

/** @returns what the package's scripts said, and dpkg */
function dpkg(...args) {
  const shell = ['-c', 'exec dpkg "$@" 2>&1 </dev/null', 'dpkg', ...args];
  return execFileSync('sh', shell, { encoding: 'utf8', timeout: DPKG_BOUND_MS });
}

/** What of the package is there: its state for dpkg, its hooks, its config. */
function packageFacts() {
  const hook = (name) => {
    const path = `/opt/eit/${name}`;
    if (!existsSync(path)) return 'absent';
    return lstatSync(path).isSymbolicLink() ? 'link' : `script of ${read(path).split('\n').length} lines`;
  };
  return {
    dpkgState: command('sh', '-c', `dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' ${PACKAGE} || true`),
    hooks: ['prolog', 'epilog'].map(hook),
    config: existsSync(CONFIG) ? read(CONFIG) : null,
    isLedgerThere: existsSync(LEDGER),
  };
}

function said(output, key) {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(output)?.[1]);
}

/** Whether the agent that a hook started has left by itself. */
async function left() {
  await until('the agent to leave', () => agentPid() === 0);
  return true;
}

function serviceFacts() {
  const pid = agentPid();
  return {
    enabled: command('sh', '-c', 'systemctl is-enabled eit-agent || true'),
    active: show('eit-agent', 'ActiveState'),
    agentPid: pid,
    agentCgroup: pid === 0 ? null : cgroup(pid),
  };
}

/** 0 while no agent runs. */
function agentPid() {
  try {
    const pid = Number(readFileSync('/run/eit/agent.pid', 'utf8').split(' ')[0]);
    return existsSync(`/proc/${pid}`) ? pid : 0;
  } catch (error) {
    // It goes when the agent leaves, which may be now.
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

/** The busy loop of the job: below its cgroup, 0 while it has not begun. */
function burnerPid(job) {
  const pids = command('sh', '-c', 'pgrep -x timeout || true').split('\n').filter(Boolean).map(Number);
  return pids.find((pid) => cgroup(pid).includes(`/job_${job}/`)) ?? 0;
}

function cgroup(pid) {
  return existsSync(`/proc/${pid}/cgroup`) ? read(`/proc/${pid}/cgroup`).replace(/^0::/, '') : '';
}

function nodeState() {
  const shown = command('scontrol', '-o', 'show', 'node', 'eitguest');
  return { state: /State=(\S+)/.exec(shown)[1], reason: /Reason=(.*)/.exec(shown)?.[1] ?? null };
}

function recordsOf(job) {
  if (!existsSync(LEDGER)) return [];
  return readdirSync(LEDGER)
    .flatMap((day) => readdirSync(join(LEDGER, day)).map((file) => join(LEDGER, day, file)))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line))
    .filter((record) => record.kind === 'run' && record.job === job);
}

function versions() {
  return {
    slurm: command('slurmd', '-V'),
    systemd: command('systemctl', '--version').split('\n')[0],
    kernel: command('uname', '-r'),
    node: process.version,
  };
}

function boot() {
  return read('/proc/sys/kernel/random/boot_id').slice(0, 8);
}

function journal(file) {
  const entries = (...options) => command('journalctl', '-b', '-q', '--no-pager', ...options);
  writeFileSync(`${DIR}/${file}`, entries('-o', 'short-iso'));
  writeFileSync(`${DIR}/hooks-${file}`, entries('-t', 'eit', '-o', 'cat'));
}

function show(unit, property) {
  return command('systemctl', 'show', unit, '-P', property);
}

function systemctl(...args) {
  command('systemctl', ...args);
}

function command(program, ...args) {
  return execFileSync(program, args, { encoding: 'utf8', timeout: BOUND_MS, maxBuffer: 1 << 26 }).trim();
}

function readResults() {
  return readFileSync(RESULTS, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

function read(path) {
  return readFileSync(path, 'utf8').trim();
}

/** Polls until `probe` gives something true, and gives that. */
async function until(what, probe) {
  const endMs = performance.now() + BOUND_MS;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`waited ${BOUND_MS / 1000} s in vain for ${what}`);
    await sleep(300);
  }
}

/** On the machine's console, which the host watches. */
function say(text) {
  console.log(`eit-guest: ${text}`);
}
