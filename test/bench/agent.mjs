// What the agent costs a host: for numbers of jobs and lengths of a tick, CPU time a tick and at the end of a stretch, part of one
// core at the default length of a stretch, memory, wake-ups and bytes written. Real cgroups (version 1: cpuacct, memory, cpuset and
// freezer; version 2 as it is mounted; two steps a job, without processes in them) below directories of its own, counters of two
// packages that grow each second, the built agent. Needs root.
// Usage: npm run bench:agent [-- JOBS,JOBS,... [TICK,TICK,... [1|2 [watched]]]]     tick in seconds, version of cgroups; watched: while
// root looks at eit top, which makes the tick two seconds at most
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [jobList = '1,16,128,512', tickList = '1,10', wanted = '1', looking = ''] = process.argv.slice(2);
/** A stretch here; the default is 300 s. */
const STRETCH_S = 60;
const DEFAULT_STRETCH_S = 300;
/** Ticks before anything is measured: Node.js compiles what runs often, and an agent runs for months. */
const WARM_UP_TICKS = 2000;

const top = join(import.meta.dirname, '../..');
const mounts = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
const unified = mounts.find((dir) => existsSync(join(dir, 'cgroup.controllers')));
const cpuacct = ['cpu,cpuacct', 'cpuacct']
  .map((name) => `/sys/fs/cgroup/${name}`)
  .find((dir) => existsSync(join(dir, 'cpuacct.usage')));
const version = unified !== undefined && wanted === '2' ? 2 : 1;
const mount = version === 2 ? unified : cpuacct;
if (mount === undefined || process.getuid() !== 0) {
  console.error(
    'bench:agent needs root, and cgroups of version 2, or cpuacct of version 1, below /sys/fs/cgroup',
  );
  process.exit(2);
}
const node = `bench${process.pid}`;
const scope = join(mount, version === 2 ? `${node}_slurmstepd.scope` : `slurm_${node}`);

console.log(
  `Node.js ${process.version}, cgroup version ${version}, ${new Date().toISOString().slice(0, 10)}\n`,
);
console.log(
  '| jobs | tick (s) | CPU a tick (ms) | CPU at a stretch\u2019s end (ms) | % of one core | RSS (MB) | of it anonymous | wake-ups a s | bytes a job-hour |',
);
console.log('|---|---|---|---|---|---|---|---|---|');
for (const tick of tickList.split(',').map(Number)) {
  for (const jobs of jobList.split(',').map(Number)) {
    const row = await measure(jobs, tick);
    console.log(`| ${row.join(' | ')} |`);
  }
}

async function measure(jobs, tick) {
  const home = mkdtempSync(join(tmpdir(), 'eit-bench-'));
  const zones = [0, 1].map((i) => join(home, `sys/class/powercap/intel-rapl:${i}`));
  const events = join(home, 'state/events');
  for (const dir of [...zones, events, join(home, 'var')]) mkdirSync(dir, { recursive: true });
  let energyUj = 1e6;
  const grow = () => {
    energyUj += 50e6;
    zones.forEach((zone, i) => writeFileSync(join(zone, 'energy_uj'), `${energyUj + i * energyUj}\n`));
  };
  zones.forEach((zone, i) => {
    writeFileSync(join(zone, 'name'), `package-${i}\n`);
    writeFileSync(join(zone, 'max_energy_range_uj'), '262143328850\n');
  });
  grow();
  const config = join(home, 'eit.yaml');
  writeFileSync(
    config,
    `state_dir: ${home}/state\nvar_dir: ${home}/var\nspool_dir: ${home}/spool\nledger: ${home}/var/ledger\ncluster: bench\n` +
      `agent: { interval_seconds: ${tick}, record_seconds: ${STRETCH_S} }\nroots: { sys: ${home}/sys }\nbmc: { program: none }\n`,
  );
  const dirs = makeCgroups(jobs);
  for (let job = 1; job <= jobs; job++) writeFileSync(join(events, `prolog.${job}.1.0`), event(job));
  // Below the agent, which is to have what it needs and no more.
  const flags = ['--max-old-space-size=64', '--max-semi-space-size=1'];
  const agent = spawn(process.execPath, [...flags, join(top, 'dist/eit-agent.js')], {
    env: { ...process.env, EIT_CONFIG: config },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const growing = setInterval(grow, 1000);
  const ask = () => writeFileSync(join(home, 'state/now/ask'), '0\n');
  let asking;
  try {
    await sleep(3000);
    // Whatever changes in the folder of events makes the agent read.
    for (let i = 0; i < WARM_UP_TICKS; i++) {
      writeFileSync(join(events, '.tmp.bench'), '');
      await sleep(8);
    }
    rmSync(join(events, '.tmp.bench'));
    // The program starts itself once more under its lock.
    const pid = Number(readFileSync(join(home, 'state/agent.pid'), 'utf8').split(' ')[0]);
    const untilEndMs = () => STRETCH_S * 1000 - (Date.now() % (STRETCH_S * 1000));
    await sleep(untilEndMs() + 3000);
    if (looking === 'watched') asking = setInterval(ask, 5000);
    const before = look(pid, home);
    await sleep(untilEndMs() - 3000);
    const middle = look(pid, home);
    await sleep(untilEndMs() + 3000);
    const after = look(pid, home);
    const tickMs = ((middle.cpuMs - before.cpuMs) * tick * 1000) / (middle.atMs - before.atMs);
    const endMs = after.cpuMs - middle.cpuMs - (tickMs * (after.atMs - middle.atMs)) / 1000 / tick;
    const stretchMs = (tickMs * DEFAULT_STRETCH_S) / tick + endMs;
    const switches = (middle.switches - before.switches) / ((middle.atMs - before.atMs) / 1000);
    return [
      jobs,
      tick,
      tickMs.toFixed(2),
      endMs.toFixed(1),
      (stretchMs / DEFAULT_STRETCH_S / 10).toFixed(3),
      (after.rssKb / 1000).toFixed(1),
      (after.anonKb / 1000).toFixed(1),
      switches.toFixed(1),
      Math.round(((after.bytes - middle.bytes) * 3600) / DEFAULT_STRETCH_S / jobs),
    ];
  } finally {
    clearInterval(growing);
    clearInterval(asking);
    agent.kill();
    await new Promise((resolve) => agent.once('exit', resolve));
    for (const dir of dirs.toReversed()) rmdirSync(dir);
    await sleep(500);
    rmSync(home, { recursive: true, force: true });
  }
}

/** As Slurm makes them. @returns the directories, parents first */
function makeCgroups(jobs) {
  const dirs = [];
  const make = (dir) => {
    mkdirSync(dir);
    dirs.push(dir);
    return dir;
  };
  const tops = version === 2 ? [scope] : controllers().map((dir) => join(dir, `slurm_${node}`));
  for (const each of tops) {
    const parent = version === 2 ? make(each) : make(join(make(each), 'uid_1000'));
    for (let number = 1; number <= jobs; number++) {
      const job = make(join(parent, `job_${number}`));
      for (const name of ['step_extern', 'step_batch']) {
        const step = make(join(job, name));
        if (version === 2) make(join(make(join(step, 'user')), 'task_0'));
        else make(join(step, 'task_0'));
      }
    }
  }
  return dirs;
}

function controllers() {
  const names = [basename(cpuacct), 'memory', 'cpuset', 'freezer'];
  return names
    .map((name) => join(dirname(cpuacct), name))
    .filter((dir) => existsSync(join(dir, 'cgroup.procs')));
}

function look(pid, home) {
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  const status = tasks.map((task) => readFileSync(`${task}/status`, 'utf8'));
  const value = (text, key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)[1]);
  const whole = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    atMs: performance.now(),
    // Nanoseconds on a CPU, of all threads.
    cpuMs: tasks.reduce(
      (sum, task) => sum + Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
      0,
    ),
    rssKb: value(whole, 'VmRSS'),
    anonKb: value(whole, 'RssAnon'),
    switches: status.reduce((sum, text) => sum + value(text, 'voluntary_ctxt_switches'), 0),
    bytes: existsSync(join(home, 'spool')) ? sizeOf(join(home, 'spool')) : 0,
  };
}

function sizeOf(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ndjson'))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function event(job) {
  const fields = {
    hook: 'prolog',
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    uptime: readFileSync('/proc/uptime', 'utf8').split(' ')[0],
    SLURM_JOB_ID: job,
    SLURMD_NODENAME: node,
    SLURM_CLUSTER_NAME: 'bench',
    SLURM_JOB_UID: 1000,
    SLURM_JOB_USER: 'alovelace',
    SLURM_JOB_ACCOUNT: 'physics2026',
    SLURM_JOB_PARTITION: 'standard',
    SLURM_JOB_NUM_NODES: 1,
    SLURM_JOB_NODELIST: node,
    SLURM_JOB_CPUS_PER_NODE: 1,
  };
  return [
    'eit-event 1',
    ...Object.entries(fields).map(([name, value]) => `${name}=${value}`),
    'end',
    '',
  ].join('\0');
}
