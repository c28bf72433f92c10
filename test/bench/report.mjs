// How fast reports answer from an archive of many runs, and what they take: a year by user and partition, one user's month, one job,
// the twenty largest users, the first three also with an intensity that changes each hour; wall time and most memory (medians), beside a Node.js process that does nothing but run the same SQL of the year in
// DuckDB, and one that does nothing. So is what awk, Python and SQLite need for the year, from a text as sacct prints
// it (test/bench/report-peers); they count whole joules of a run.
// In a private ledger a user reads files of his own: his month and his job are asked for by him too (only root can do so for him).
// The archive is made first (single-node runs of a year, four hours long in the mean), which takes longer than all the rest.
// Usage: npm run bench:report [-- RUNS [REPEATS [DIR]]]     RUNS: 1000000; DIR: where the archive is made, or lies from before
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const [runs = '1000000', repeats = '5', given] = process.argv.slice(2);
const YEAR = 2025;
const POLL_MS = 10;
/** Of the times in /proc/PID/stat: the same on every Linux. */
const TICKS_A_S = 100;
const top = join(import.meta.dirname, '../..');
const dir = given ?? mkdtempSync(join(tmpdir(), 'eit-bench-report-'));
if (given === undefined) process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
mkdirSync(dir, { recursive: true });

const host = join(dir, 'report-host.cjs');
await build({
  entryPoints: [join(top, 'test/bench/report-host.ts')],
  outfile: host,
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['@duckdb/node-api'],
  logLevel: 'warning',
});
if (!existsSync(join(dir, 'node_modules'))) symlinkSync(join(top, 'node_modules'), join(dir, 'node_modules'));

const ledger = join(dir, 'ledger');
if (!existsSync(join(ledger, 'made/manifest.json'))) {
  execFileSync(process.execPath, [host, 'make', ledger, runs, String(YEAR)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
const config = join(dir, 'eit.yaml');
writeFileSync(config, `ledger: ${ledger}\ntime_zone: UTC\n`);
const hourlyConfig = (name, pue) => {
  const path = join(dir, name);
  const site = `intensity_dir: ${join(dir, 'intensity')}\nsite: {zone: DE, pue: ${pue}}\n`;
  writeFileSync(path, `ledger: ${ledger}\ntime_zone: UTC\n${site}`);
  return path;
};
const hourly = hourlyConfig('hourly.yaml', 1.2);
/** Of these weights compaction knew nothing. */
const unweighed = hourlyConfig('unweighed.yaml', 1.3);
writeSeries(join(dir, 'intensity/DE'));
execFileSync(process.execPath, [join(top, 'dist/eit.js'), 'ledger', 'compact', '--config', hourly]);
const manifest = JSON.parse(readFileSync(join(ledger, 'made/manifest.json'), 'utf8'));
const sizes = Object.fromEntries(
  ['slices', 'rundays', 'runsums', 'openruns', 'hours'].map((kind) => {
    const parts = manifest.parts.filter((part) => part.kind === kind);
    return [kind, { rows: sum(parts, 'rows'), bytes: sum(parts, 'bytes') }];
  }),
);
const sacct = join(dir, 'sacct.txt');
if (!existsSync(sacct)) execFileSync(process.execPath, [host, 'sacct', ledger, sacct]);
const [sql, sqlOfRuns] = ['', 'runs'].map((way) =>
  execFileSync(process.execPath, [host, 'sql', ledger, way], { encoding: 'utf8' }),
);

const program = join(top, 'dist/eit-report.js');
// Who asks for himself does not get into the working tree.
const own = join(dir, 'eit');
rmSync(own, { recursive: true, force: true });
for (const name of ['dist', 'data', 'package.json'])
  cpSync(join(top, name), join(own, name), { recursive: true });
chmodSync(dir, 0o755);
const ownProgram = join(own, 'dist/eit-report.js');
const [aUser, itsUid] = ['user0500', 1500];
const year = ['-S', `${YEAR}-01-01`, '-E', `${YEAR + 1}-01-01`];
const aJob = String(Math.floor(Number(runs) / 2));
const ofYear = ['-a', ...year, '--json'];
const ofMonth = ['-u', aUser, '-S', `${YEAR}-06-01`, '-E', `${YEAR}-07-01`, '--json'];
const ofJob = ['-j', aJob, ...year, '--json'];
const ofHisJob = ['-j', jobOf(itsUid), ...year, '--json'];
const CASES = [
  { what: 'node -e 0', args: ['-e', '0'] },
  { what: 'the same SQL in bare DuckDB', args: [host, 'bare', sql] },
  { what: 'the same of each run, without sums, in bare DuckDB', args: [host, 'bare', sqlOfRuns] },
  { what: 'a year by user and partition', args: [program, ...ofYear] },
  { what: 'the same, intensity by the hour', args: [program, ...ofYear, '--config', hourly] },
  { what: 'the same, by weights that are new', args: [program, ...ofYear, '--config', unweighed] },
  {
    what: 'the 20 largest users of the year',
    args: [program, '-a', ...year, '--group-by', 'user', '--sort', '-Energy', '--top', '20'],
  },
  { what: "one user's month, job by job", args: [program, ...ofMonth] },
  { what: 'that month, intensity by the hour', args: [program, ...ofMonth, '--config', hourly] },
  { what: 'one job, in a year', args: [program, ...ofJob] },
  { what: 'that job, intensity by the hour', args: [program, ...ofJob, '--config', hourly] },
  ...(process.getuid() === 0
    ? [
        { what: 'his month, asked by him', args: [ownProgram, ...ofMonth.slice(2)], uid: itsUid },
        { what: 'one job of his, asked by him', args: [ownProgram, ...ofHisJob], uid: itsUid },
      ]
    : []),
  { what: 'eit-report --help', args: [program, '--help'] },
];
const PEERS = [
  { what: 'the year from sacct text, awk', program: 'sh', script: 'awk.sh', rest: [] },
  { what: 'the year from sacct text, Python', program: 'python3', script: 'python.py', rest: [] },
  {
    what: 'the year from SQLite, filled before',
    program: 'python3',
    script: 'sqlite.py',
    rest: [join(dir, 'runs.sqlite')],
  },
];

console.log(`Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}, ${runs} runs\n`);
for (const [kind, { rows, bytes }] of Object.entries(sizes)) {
  console.log(`${kind}: ${rows} rows, ${(bytes / 1e6).toFixed(0)} MB, ${(bytes / rows).toFixed(0)} B a row`);
}
console.log('\n| report | wall (s) | CPU (s) | most memory (MB) | wall, to bare DuckDB |');
console.log('|---|---|---|---|---|');
const found = new Map(CASES.map(({ what }) => [what, []]));
for (const { what } of PEERS) found.set(what, []);
// Filling the database is not asking it.
spawnSync('python3', peerArgs(PEERS[2]));
for (let i = 0; i < Number(repeats); i++) {
  for (const { what, args, uid } of CASES) found.get(what).push(await measure(process.execPath, args, uid));
  for (const peer of PEERS) found.get(peer.what).push(await measure(peer.program, peerArgs(peer)));
}
const bareS = median(found.get(CASES[1].what).map(({ wallS }) => wallS));
for (const [what, all] of found) {
  const [wallS, cpuS, mb] = ['wallS', 'cpuS', 'mb'].map((key) => median(all.map((one) => one[key])));
  console.log(
    `| ${what} | ${wallS.toFixed(3)} | ${cpuS.toFixed(3)} | ${mb.toFixed(0)} | ${(wallS / bareS).toFixed(2)} |`,
  );
}

function peerArgs({ script, rest }) {
  return [join(top, 'test/bench/report-peers', script), sacct, String(YEAR), ...rest];
}

/** A job that a user had in June. */
function jobOf(uid) {
  const path = `${ledger}/made/by-user/${uid}/${YEAR}-06.parquet`;
  return execFileSync(process.execPath, [host, 'job', path], { encoding: 'utf8' });
}

/** A value an hour of the year: a day with sun, a week with wind. */
function writeSeries(folder) {
  mkdirSync(folder, { recursive: true });
  for (let month = 0; month < 12; month++) {
    const lines = [];
    for (let ms = Date.UTC(YEAR, month); ms < Date.UTC(YEAR, month + 1); ms += 3_600_000) {
      const hour = ms / 3_600_000;
      const grams = 350 - 150 * Math.sin((hour * Math.PI) / 12) + 80 * Math.sin((hour * Math.PI) / 84);
      lines.push(
        JSON.stringify({
          zone: 'DE',
          start: new Date(ms).toISOString(),
          end: new Date(ms + 3_600_000).toISOString(),
          g_per_kwh: Math.round(grams * 100) / 100,
          ...{ basis: 'average-lifecycle', flow: 'consumption', source: 'made up', estimated: false },
          fetched_at: '2026-01-01T00:00:00.000Z',
        }),
      );
    }
    writeFileSync(
      join(folder, `${YEAR}-${String(month + 1).padStart(2, '0')}.ndjson`),
      `${lines.join('\n')}\n`,
    );
  }
}

/** Runs a program: wall and CPU time, and the most memory that it had (VmHWM of proc(5)); of programs that it starts itself only the wall time tells. */
function measure(executable, args, uid) {
  return new Promise((resolve, reject) => {
    const begin = process.hrtime.bigint();
    const env = { ...process.env, EIT_CONFIG: config, TZ: 'UTC' };
    const child = spawn(executable, args, {
      ...{ env, stdio: ['ignore', 'ignore', 'inherit'], cwd: dir },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    let [mb, cpuS] = [0, 0];
    const poll = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        const times = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
        cpuS = (Number(times[11]) + Number(times[12])) / TICKS_A_S;
        mb = Math.max(mb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      } catch {
        // It has ended.
      }
    }, POLL_MS);
    child.on('error', reject);
    child.on('exit', (status) => {
      clearInterval(poll);
      const wallS = Number(process.hrtime.bigint() - begin) / 1e9;
      if (status !== 0) return reject(new Error(`${args.join(' ').slice(0, 200)}: exit status ${status}`));
      resolve({ wallS, cpuS, mb });
    });
  });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function sum(items, key) {
  return items.reduce((total, item) => total + item[key], 0);
}
