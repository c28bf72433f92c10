// How long an appendix takes, how large its pages and its memory are, from the inbox and from the archive.
//   npm run bench:appendix              1,000 runs
//   npm run bench:appendix -- 200       so many, more or less
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { top } from '../../scripts/child.mjs';

const runs = Number(process.argv[2] ?? 1000);
const DAYS = 5;
const dir = mkdtempSync(join(tmpdir(), 'eit-bench-appendix-'));
const program = join(top, 'dist/eit.js');
const eit = (...args) => {
  const startMs = performance.now();
  // GNU time tells the most memory that a program held, and its CPU time, which a busy machine changes little.
  const { status, stderr, stdout } = spawnSync(
    '/usr/bin/env',
    ['time', '-f', '%M kB %U %S', process.execPath, program, ...args],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  if (status !== 0) throw new Error(`eit ${args[0]}: ${stderr}`);
  const [, kilobytes, user, system] = /(\d+) kB (\S+) (\S+)\s*$/.exec(stderr) ?? [];
  return {
    seconds: (performance.now() - startMs) / 1000,
    cpuSeconds: Number(user) + Number(system),
    stdout,
    held: Number(kilobytes) / 1000,
  };
};

try {
  const ledger = join(dir, 'ledger');
  const config = join(dir, 'eit.yaml');
  writeFileSync(config, JSON.stringify({ ledger, site: { zone: 'DE', pue: 1.3 } }));
  eit(
    'ledger',
    'generate',
    ledger,
    '--days',
    String(DAYS),
    '--hosts',
    '16',
    '--jobs-per-day',
    String(Math.ceil(runs / DAYS)),
  );
  measure('from the inbox', ledger, config);
  eit('ledger', 'compact', '--config', config);
  for (const cluster of readdirSync(ledger, { withFileTypes: true }))
    if (cluster.isDirectory()) rmSync(join(ledger, cluster.name, 'inbox'), { recursive: true, force: true });
  measure('from the archive', ledger, config);
} finally {
  rmSync(dir, { recursive: true });
}

function measure(what, ledger, config) {
  const output = join(dir, 'pages');
  rmSync(output, { recursive: true, force: true });
  const { seconds, cpuSeconds, stdout, held } = eit(
    'appendix',
    '--from',
    ledger,
    '--output',
    output,
    '--allow-incomplete',
    '--config',
    config,
    '--json',
  );
  const { runs: made, bytes, files } = JSON.parse(stdout);
  const pages = readdirSync(output, { recursive: true }).filter((path) => path.endsWith('.html'));
  const largest = Math.max(...pages.map((path) => statSync(join(output, path)).size));
  console.log(
    `${what}: ${made.length} runs in ${seconds.toFixed(1)} s (CPU time ${cpuSeconds.toFixed(1)} s), ${held.toFixed(0)} MB of memory; ${(bytes / 1e6).toFixed(1)} MB in ${files} files, the largest page ${(largest / 1e3).toFixed(0)} kB`,
  );
}
