// What the agent costs a host: for numbers of jobs and lengths of a tick, CPU time a tick, part of one core, memory,
// wake-ups and bytes written. Real cgroups (version 1, without processes in them) below a directory of its own, a counter
// that grows each second, the built agent. Needs root and a mounted cpuacct hierarchy.
// Usage: npm run bench:agent [-- SECONDS [JOBS,JOBS,... [TICK,TICK,...]]]
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
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [seconds = '40', jobList = '1,16,128,512', tickList = '1,10'] = process.argv.slice(2);
const top = join(import.meta.dirname, '../..');
const cpuacct = ['cpu,cpuacct', 'cpuacct']
  .map((name) => `/sys/fs/cgroup/${name}`)
  .find((dir) => existsSync(join(dir, 'cpuacct.usage')));
if (cpuacct === undefined || process.getuid() !== 0) {
  console.error('bench:agent needs root and a cgroup v1 hierarchy with cpuacct below /sys/fs/cgroup');
  process.exit(2);
}
const scope = join(cpuacct, `slurm_bench${process.pid}`);

console.log(
  '| jobs | tick (s) | CPU a tick (ms) | % of one core | RSS (MB) | of it anonymous | wake-ups a s | bytes a job-hour |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const tick of tickList.split(',').map(Number)) {
  for (const jobs of jobList.split(',').map(Number)) {
    const row = await measure(jobs, tick);
    console.log(`| ${row.join(' | ')} |`);
  }
}

async function measure(jobs, tick) {
  const home = mkdtempSync(join(tmpdir(), 'eit-bench-'));
  const zone = join(home, 'sys/class/powercap/intel-rapl:0');
  const events = join(home, 'state/events');
  for (const dir of [zone, events, join(home, 'var')]) mkdirSync(dir, { recursive: true });
  writeFileSync(join(zone, 'name'), 'package-0\n');
  writeFileSync(join(zone, 'max_energy_range_uj'), '262143328850\n');
  const counter = join(zone, 'energy_uj');
  let energyUj = 1e6;
  const grow = () => writeFileSync(counter, `${(energyUj += 50e6)}\n`);
  grow();
  const config = join(home, 'eit.yaml');
  writeFileSync(
    config,
    `state_dir: ${home}/state\nvar_dir: ${home}/var\nspool_dir: ${home}/spool\nledger: ${home}/var/ledger\ncluster: bench\n` +
      `agent: { interval_seconds: ${tick}, record_seconds: 30 }\nroots: { sys: ${home}/sys }\n`,
  );
  mkdirSync(join(scope, 'uid_1000'), { recursive: true });
  for (let job = 1; job <= jobs; job++) {
    mkdirSync(join(scope, `uid_1000/job_${job}`));
    writeFileSync(join(events, `prolog.${job}.1.0`), event(job));
  }
  const growing = setInterval(grow, 1000);
  const agent = spawn(process.execPath, [join(top, 'dist/eit-agent.js')], {
    env: { ...process.env, EIT_CONFIG: config },
    stdio: 'inherit',
  });
  try {
    await sleep(15_000);
    // The program starts itself once more under its lock.
    const pid = Number(readFileSync(join(home, 'state/agent.pid'), 'utf8').split(' ')[0]);
    const before = look(pid, home);
    await sleep(Number(seconds) * 1000);
    const after = look(pid, home);
    const elapsedS = (after.atMs - before.atMs) / 1000;
    const cpuMs = (after.ticks - before.ticks) * 10;
    return [
      jobs,
      tick,
      (cpuMs / (elapsedS / tick)).toFixed(2),
      (cpuMs / elapsedS / 10).toFixed(3),
      (after.rssKb / 1000).toFixed(1),
      (after.anonKb / 1000).toFixed(1),
      ((after.switches - before.switches) / elapsedS).toFixed(1),
      Math.round((((after.bytes - before.bytes) / elapsedS) * 3600) / jobs / 10),
    ];
  } finally {
    clearInterval(growing);
    agent.kill();
    await new Promise((resolve) => agent.once('exit', resolve));
    for (let job = 1; job <= jobs; job++) rmdirSync(join(scope, `uid_1000/job_${job}`));
    rmdirSync(join(scope, 'uid_1000'));
    rmdirSync(scope);
    await sleep(500);
    rmSync(home, { recursive: true, force: true });
  }
}

/** Bytes are those of the spool and of the ledger's inbox; records are of 30 s here, of 300 s by default: hence the 10 above. */
function look(pid, home) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const value = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)[1]);
  const bytes = existsSync(join(home, 'var/ledger')) ? sizeOf(join(home, 'var/ledger')) : 0;
  return {
    atMs: performance.now(),
    ticks: Number(stat[11]) + Number(stat[12]),
    rssKb: value('VmRSS'),
    anonKb: value('RssAnon'),
    switches: value('voluntary_ctxt_switches'),
    bytes,
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
    SLURMD_NODENAME: `bench${process.pid}`,
    SLURM_CLUSTER_NAME: 'bench',
    SLURM_JOB_UID: 1000,
    SLURM_JOB_USER: 'alovelace',
    SLURM_JOB_ACCOUNT: 'physics2026',
    SLURM_JOB_PARTITION: 'standard',
    SLURM_JOB_NUM_NODES: 1,
    SLURM_JOB_NODELIST: `bench${process.pid}`,
    SLURM_JOB_CPUS_PER_NODE: 1,
  };
  return [
    'eit-event 1',
    ...Object.entries(fields).map(([name, value]) => `${name}=${value}`),
    'end',
    '',
  ].join('\0');
}
