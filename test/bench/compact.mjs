// How fast `eit ledger compact` takes an inbox in, with one process and with one a CPU, beside JSON.parse of the same lines in one
// thread; where its CPU time goes; and how many bytes the archive has for an hour of a run. A made-up ledger in a temporary folder that is taken away again.
// Usage: npm run bench:compact [-- HOSTS DAYS JOBS_PER_DAY [DIR]]     DIR: where there is room for twice the inbox
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stageTimes } from './cpu-profile.mjs';

const [hosts = '100', days = '3', jobs = '4000', where = tmpdir()] = process.argv.slice(2);
const dist = join(import.meta.dirname, '../../dist');
const program = join(dist, 'eit.js');
const dir = mkdtempSync(join(where, 'eit-bench-compact-'));

/** Of a compaction's main thread, by the source files that do it. */
const STAGES = [
  ['totals of days', ['derive.ts', 'run-day-groups.ts', 'run-day-table.ts', 'hour-table.ts', 'totals.ts']],
  ["users' files", ['publish-users.ts', 'publish-accounts.ts']],
  ['read', ['file-lines.ts']],
  ['parse and check', ['record-line.ts', 'record-validator.js']],
  ['add up', ['slice-row.ts', 'host-row.ts']],
  ['hand to DuckDB', ['staged-rows.ts', 'staging.ts']],
  ['each record once', ['intake.ts', 'sequence-set.ts', 'record-energy.ts']],
];

/** What reading the lines costs at least: each is split off and parsed, nothing is done with it. */
const PARSE = `
const { readFileSync, readdirSync } = require('node:fs');
let lines = 0;
for (const name of readdirSync(process.argv[1], { recursive: true })) {
  if (!name.endsWith('.ndjson')) continue;
  for (const line of readFileSync(process.argv[1] + '/' + name, 'utf8').split('\\n')) {
    if (line !== '') lines += JSON.parse(line) === null ? 0 : 1;
  }
}
process.stdout.write(String(lines));
`;

try {
  const ledger = join(dir, 'ledger');
  const made = ['--hosts', hosts, '--days', days, '--jobs-per-day', jobs, '--json'];
  const { lines, bytes } = JSON.parse(measured([program, 'ledger', 'generate', ledger, ...made]).stdout);
  const records = lines.run + lines.host;
  console.log(
    `Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}: ${hosts} hosts, ${days} days, ${jobs} jobs a day`,
  );
  console.log(`${lines.run} lines of runs and ${lines.host} of hosts, ${Math.round(bytes / 1e6)} MB\n`);
  console.log('| | s | CPU s | records a s | records a CPU s | times JSON.parse (CPU) | load |');
  console.log('|---|---|---|---|---|---|---|');

  const plain = measured(['-e', PARSE, join(ledger, 'synthetic/inbox')]);
  if (Number(plain.stdout) !== records) throw new Error(`${plain.stdout} lines, not ${records}`);
  row('JSON.parse, one thread', plain, plain, records);
  for (const workers of [...new Set([1, availableParallelism()])]) {
    const copy = `${ledger}-${workers}`;
    cpSync(ledger, copy, { recursive: true });
    const done = compact(copy, workers);
    if (JSON.parse(done.stdout)[0].records !== records) throw new Error(done.stdout);
    row(`compact, ${workers} at once`, done, plain, records);
    if (workers > 1) archiveOf(copy);
    rmSync(copy, { recursive: true });
  }
  timesOf(ledger);
} finally {
  rmSync(dir, { recursive: true });
}

/** @param options of node */
function compact(ledger, workers, options = []) {
  // Kept: that old files are read once more before they go is not what is measured.
  const args = ['ledger', 'compact', ledger, '--workers', String(workers), '--inbox-days', '3650', '--json'];
  return measured([...options, program, ...args]);
}

/** Where the time of one process's main thread goes: shares, since a profile counts waiting for a CPU too. */
function timesOf(ledger) {
  const folder = join(dir, 'profile');
  compact(ledger, 1, ['--cpu-prof', '--cpu-prof-dir', folder]);
  const times = stageTimes(folder, dist, STAGES);
  const all = [...times.values()].reduce((total, ms) => total + ms, 0);
  console.log('\n| one process, main thread | % |\n|---|---|');
  for (const [stage, ms] of [...times].sort(([, a], [, b]) => b - a)) {
    console.log(`| ${stage} | ${Math.round((ms / all) * 100)} |`);
  }
}

function row(what, { seconds, cpuSeconds }, plain, records) {
  const load = readFileSync('/proc/loadavg', 'utf8').split(' ')[0];
  const cells = [what, seconds.toFixed(1), cpuSeconds.toFixed(1), Math.round(records / seconds)];
  const times = (cpuSeconds / plain.cpuSeconds).toFixed(1);
  console.log(`| ${[...cells, Math.round(records / cpuSeconds), times, load].join(' | ')} |`);
}

/** Bytes by table, and of all that keeps what hosts wrote for an hour of a run. */
function archiveOf(ledger) {
  const { parts } = JSON.parse(readFileSync(join(ledger, 'synthetic/manifest.json'), 'utf8'));
  const config = join(ledger, 'eit.yaml');
  writeFileSync(config, `ledger: ${JSON.stringify(ledger)}\n`);
  const window = ['-a', '-S', '2026-01-01', '-E', '2030-01-01', '--json', '--config', config];
  const { total } = JSON.parse(measured([program, 'report', ...window]).stdout);
  const hours = total.elapsed_seconds / 3600;
  const tables = Map.groupBy === undefined ? new Map() : Map.groupBy(parts, ({ kind }) => kind);
  for (const part of tables.size > 0 ? [] : parts)
    tables.set(part.kind, [...(tables.get(part.kind) ?? []), part]);
  const sums = [...tables].map(([kind, of]) => [kind, sum(of, 'rows'), sum(of, 'bytes')]);
  const text = sums.map(([kind, rows, bytes]) => `${kind} ${rows} rows, ${bytes} bytes`).join('; ');
  const perHour = (sums.find(([kind]) => kind === 'slices')[2] / hours).toFixed(1);
  console.log(
    `\narchive: ${text}\n${Math.round(hours)} hours of ${total.runs} runs: ${perHour} bytes of slices each, ` +
      `${(sum(parts, 'bytes') / hours).toFixed(1)} of everything`,
  );
}

function sum(parts, name) {
  return parts.reduce((all, part) => all + part[name], 0);
}

/** Runs node to its end. CPU time is that of all its processes, by the shell's `times`. */
function measured(args) {
  const script = '"$@"; status=$?; times >&2; exit $status';
  const beganMs = performance.now();
  const command = ['-c', script, 'sh', process.execPath, ...args];
  const { status, stdout, stderr } = spawnSync('sh', command, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const seconds = (performance.now() - beganMs) / 1000;
  if (status !== 0) throw new Error(`${args.slice(0, 4).join(' ')} ended with ${status}: ${stderr}`);
  // The last line is that of the shell's children: user and system time, each as 1m2.5s.
  const times = stderr
    .trim()
    .split('\n')
    .at(-1)
    .matchAll(/(\d+)m([\d.]+)s/g);
  const cpuSeconds = [...times].reduce((all, [, minutes, s]) => all + Number(minutes) * 60 + Number(s), 0);
  return { stdout, seconds, cpuSeconds };
}
