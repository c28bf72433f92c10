// How long a job waits for the hooks: the prolog with an agent running, with a 10 KB value in its environment, and
// with a config that names the state folder late, beside an empty script. Runs are interleaved, so that what else
// the machine does falls on all alike.
// Usage: npm run bench:hooks [-- RUNS]
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const runs = Number(process.argv[2] ?? 300);
const home = mkdtempSync(join(tmpdir(), 'eit-bench-'));
const stateDir = join(home, 'state');
const events = join(stateDir, 'events');
const config = join(home, 'eit.yaml');
const lateConfig = join(home, 'late.yaml');
const empty = join(home, 'empty');
const prolog = join(home, 'prolog');

mkdirSync(events, { recursive: true, mode: 0o700 });
writeFileSync(config, `state_dir: ${stateDir}\n`);
writeFileSync(lateConfig, `${'# A comment\n'.repeat(340)}state_dir: ${stateDir}\n`);
writeFileSync(empty, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
copyFileSync(new URL('../../prolog', import.meta.url), prolog);

const env = {
  EIT_CONFIG: config,
  SLURMD_NODENAME: 'n1',
  SLURM_CLUSTER_NAME: 'bench',
  SLURM_JOB_ID: '1234',
  SLURM_JOB_UID: '1000',
  SLURM_JOB_GID: '1000',
  SLURM_JOB_USER: 'user',
  SLURM_JOB_ACCOUNT: 'account',
  SLURM_JOB_PARTITION: 'partition',
  SLURM_JOB_NODELIST: 'n[1-2]',
  SLURM_JOB_CPUS_PER_NODE: '4(x2)',
};
const cases = [
  { name: 'empty sh script', file: empty, env: {}, ms: [] },
  { name: 'prolog, agent running', file: prolog, env, ms: [] },
  {
    name: 'prolog, 10 KB value',
    file: prolog,
    env: { ...env, SLURM_JOB_ACCOUNT: '"$(x)\n\\'.repeat(1463) },
    ms: [],
  },
  { name: 'prolog, state_dir after 4 KB', file: prolog, env: { ...env, EIT_CONFIG: lateConfig }, ms: [] },
];

/** The `q` quantile (0 to 1) of `values`, nearest rank. */
function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
}

// Stands for the agent: a process of ours in the state folder that agent.pid names.
const agent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], {
  cwd: stateDir,
  stdio: 'ignore',
});
try {
  const startTime = readFileSync(`/proc/${agent.pid}/stat`, 'latin1').split(') ').at(-1).split(' ')[19];
  writeFileSync(join(stateDir, 'agent.pid'), `${agent.pid} ${startTime}\n`);
  for (let run = -10; run < runs; run += 1) {
    for (const one of cases) {
      const start = process.hrtime.bigint();
      const { status } = spawnSync(one.file, { env: one.env });
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (status !== 0) throw new Error(`${one.name}: exit status ${status}`);
      if (run >= 0) one.ms.push(ms); // the first ten warm the page cache
    }
  }
  const written = readdirSync(events).length;
  if (written !== 3 * (runs + 10))
    throw new Error(`${written} events of ${3 * (runs + 10)}: not the ordinary path`);

  const base = quantile(cases[0].ms, 0.5);
  console.log(`${runs} runs each, in ms\n`);
  console.log(
    `${'case'.padEnd(30)}${['median', 'p99', 'max', 'ratio of medians'].map((t) => t.padStart(18)).join('')}`,
  );
  for (const { name, ms } of cases) {
    const cells = [quantile(ms, 0.5), quantile(ms, 0.99), quantile(ms, 1), quantile(ms, 0.5) / base];
    console.log(`${name.padEnd(30)}${cells.map((cell) => cell.toFixed(2).padStart(18)).join('')}`);
  }
} finally {
  agent.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
}
