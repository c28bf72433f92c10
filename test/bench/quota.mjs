// How long `eit quota check` takes, from start to exit, beside an empty Node.js: as eit-quota, and as a word of eit. Runs
// are interleaved, so that what else the machine does falls on all alike.
// Usage: npm run bench:quota [-- RUNS]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const runs = Number(process.argv[2] ?? 40);
const home = mkdtempSync(join(tmpdir(), 'eit-bench-quota-'));
const program = (name) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
const now = Math.floor(Date.now() / 1000);
const state = `eit-quota 1 ${now} within 1\nwithin 412.5 500 kWh month ${now + 86_400}\nend\n`;
for (const kind of ['user', 'account']) {
  mkdirSync(join(home, kind));
  writeFileSync(join(home, kind, '@others'), state);
}
const asked = ['--user', '1001', '--account', 'physics', '--dir', home];
const cases = [
  { name: 'node -e 0', args: ['-e', '0'], ms: [] },
  { name: 'eit-quota', args: [program('eit-quota'), ...asked], ms: [] },
  { name: 'eit quota check', args: [program('eit'), 'quota', 'check', ...asked], ms: [] },
  { name: 'eit --version', args: [program('eit'), '--version'], ms: [] },
];

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

try {
  for (let run = -2; run < runs; run += 1) {
    for (const one of cases) {
      const start = process.hrtime.bigint();
      const { status } = spawnSync(process.execPath, one.args, { env: {} });
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (status !== 0) throw new Error(`${one.name}: exit status ${status}`);
      if (run >= 0) one.ms.push(ms); // the first two warm the page cache
    }
  }
  const base = median(cases[0].ms);
  console.log(`${runs} runs each\n`);
  console.log(
    `${'case'.padEnd(20)}${['median, ms', 'ratio of medians'].map((t) => t.padStart(18)).join('')}`,
  );
  for (const { name, ms } of cases) {
    const cells = [median(ms), median(ms) / base];
    console.log(`${name.padEnd(20)}${cells.map((cell) => cell.toFixed(2).padStart(18)).join('')}`);
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
