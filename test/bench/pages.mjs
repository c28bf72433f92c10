// How long a page of many jobs takes to be made, how large it is, and how long Chromium takes to open, filter and sort it.
//   npm run bench:pages              50,000 jobs
//   npm run bench:pages -- 10000     so many
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { top } from '../../scripts/child.mjs';

const jobs = Number(process.argv[2] ?? 50_000);
const DAYS = 25;
const dir = mkdtempSync(join(tmpdir(), 'eit-bench-pages-'));
const eit = (...args) => {
  const startMs = performance.now();
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(top, 'dist/eit.js'), ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`eit ${args[0]}: ${stderr}`);
  return { seconds: (performance.now() - startMs) / 1000, stdout };
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
    '64',
    '--jobs-per-day',
    String(Math.ceil(jobs / DAYS)),
  );
  eit('ledger', 'compact', '--config', config);
  const window = ['-a', '-S', '2026-01-01', '-E', '2026-02-01', '--config', config];
  const json = eit('report', ...window, '--group-by', 'job,day', '--json');
  const made = eit('report', ...window, '--html', dir);
  const page = join(dir, 'index.html');
  console.log(
    `report by job and day as JSON: ${json.seconds.toFixed(1)} s; page: ${made.seconds.toFixed(1)} s (${made.stdout.trim().split(': ').at(-1)})`,
  );
  console.log(
    `size: ${(statSync(page).size / 1e6).toFixed(1)} MB, ${(gzipSync(readFileSync(page)).length / 1e6).toFixed(1)} MB with gzip`,
  );
  await open(page);
} finally {
  rmSync(dir, { recursive: true });
}

async function open(page) {
  const executablePath = process.env.EIT_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    console.log(`not opened: there is no ${executablePath} (EIT_CHROMIUM)`);
    return;
  }
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const tab = await browser.newPage();
    const startMs = performance.now();
    await tab.goto(`file://${page}`);
    await tab.locator('#job-count:not(:empty)').waitFor({ state: 'attached' });
    console.log(`opened, with the table: ${Math.round(performance.now() - startMs)} ms`);
    const times = await tab.evaluate(() => {
      const timed = (what) => {
        const from = performance.now();
        what();
        return Math.round(performance.now() - from);
      };
      const buttons = [...document.querySelectorAll('#job-table thead button')];
      const partition = document.querySelector('#filter-partition');
      return {
        'sort by user': timed(() => buttons[2].click()),
        'sort by start': timed(() => buttons[6].click()),
        'filter by partition': timed(() => {
          partition.selectedIndex = 1;
          partition.dispatchEvent(new Event('change'));
        }),
      };
    });
    for (const [what, ms] of Object.entries(times)) console.log(`${what}: ${ms} ms`);
  } finally {
    await browser.close();
  }
}
