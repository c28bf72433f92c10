// How long eit-report takes to start, beside an empty Node.js: what every call of it costs before it reads anything. Runs are
// interleaved, so that what else the machine does falls on all alike.
// Usage: npm run bench:start [-- RUNS]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const runs = Number(process.argv[2] ?? 30);
const home = mkdtempSync(join(tmpdir(), 'eit-bench-start-'));
const program = (name) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
mkdirSync(join(home, 'ledger'));
writeFileSync(join(home, 'eit.yaml'), JSON.stringify({ ledger: join(home, 'ledger') }));
const env = { EIT_CONFIG: join(home, 'eit.yaml') };
const report = program('eit-report');
const cases = [
  { name: 'node -e 0', args: ['-e', '0'] },
  { name: 'eit-report --version', args: [report, '--version'] },
  { name: 'eit-report --help', args: [report, '--help'] },
  { name: 'eit-report --helpformat', args: [report, '--helpformat'] },
  { name: 'eit-report, empty ledger', args: [report] },
  { name: 'eit --version', args: [program('eit'), '--version'] },
].map((one) => ({ ...one, ms: [] }));

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

try {
  for (let run = -2; run < runs; run += 1) {
    for (const one of cases) {
      const start = process.hrtime.bigint();
      const { status, stderr } = spawnSync(process.execPath, one.args, { env });
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (status !== 0) throw new Error(`${one.name}: exit status ${status}: ${stderr}`);
      if (run >= 0) one.ms.push(ms); // the first two warm the page cache
    }
  }
  const base = median(cases[0].ms);
  console.log(`${runs} runs each\n`);
  console.log(
    `${'case'.padEnd(28)}${['median, ms', 'ratio of medians'].map((t) => t.padStart(18)).join('')}`,
  );
  for (const { name, ms } of cases) {
    const cells = [median(ms), median(ms) / base];
    console.log(`${name.padEnd(28)}${cells.map((cell) => cell.toFixed(2).padStart(18)).join('')}`);
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
