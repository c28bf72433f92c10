// A leaderboard from runs that are really made: three ways to fit a function, each measured by `eit run`, handed in by `eit leaderboard submit`, recomputed by
// `verify`, ranked by `build`. Needs no Slurm and no root; without counters that it may read the energy is modelled, and the page says so.
//   npm run demo:leaderboard              shows the table and says where the page is
//   npm run demo:leaderboard -- DIR       into a folder of yours, which must not be there yet
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { top } from './child.mjs';

const REPEATS = Number(process.env.EIT_DEMO_REPEATS ?? 3);
const METHODS = ['normal-equations', 'gradient-descent', 'random-search'];
const PROGRAM = join(top, 'scripts/demo-leaderboard/regress.mjs');
const SPEC = `title: Three ways to fit a function
task: regression
description: |
  60 weights from 3,000 points. What counts is how much of what held-out points vary is explained (R²), in the mean of all steps on the way.
metric: { name: r2, title: R², direction: higher }
baseline: 0 # what the mean of the points alone explains
submissions: submissions
`;

const [asked] = process.argv.slice(2);
const dir = asked === undefined ? mkdtempSync(join(tmpdir(), 'eit-leaderboard-')) : resolve(asked);
const say = (text) => process.stdout.write(`${text}\n`);

/** Runs a command of eit in the folder. */
function eit(args, { isShown = false } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(top, 'dist/eit.js'), ...args], {
    cwd: dir,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`eit ${args.join(' ')} ended with ${status}:\n${stderr}${stdout}`);
  if (isShown) process.stdout.write(stdout);
  return stdout;
}

try {
  if (asked !== undefined) mkdirSync(dir);
  mkdirSync(join(dir, 'submissions'));
  writeFileSync(join(dir, 'board.yaml'), SPEC);
  say(
    `EIT demo: a leaderboard of ${METHODS.length} methods, ${REPEATS} runs each. Everything lies in ${dir}`,
  );
  say('\n1. eit run                  measures each run, with the series that it writes');
  for (const method of METHODS)
    for (let seed = 1; seed <= REPEATS; seed++) {
      const metrics = join(dir, 'metrics.json');
      const told = [
        '--dir',
        'runs',
        '--quiet',
        '--no-packages',
        '--interval',
        '0.2',
        '--metric-file',
        metrics,
      ];
      eit([
        'run',
        ...told,
        '--tag',
        `method=${method}`,
        '--',
        process.execPath,
        PROGRAM,
        method,
        String(seed),
        metrics,
      ]);
    }
  say('2. eit leaderboard submit   a file for each method: raw records, metric, factors');
  for (const method of METHODS) {
    const set = ['--from', 'runs', '--set', `${method}=tag=method=${method}`];
    eit([
      'leaderboard',
      'submit',
      ...set,
      '--spec',
      'board.yaml',
      '--name',
      method,
      '--output',
      `submissions/${method}.ndjson.gz`,
    ]);
  }
  say('3. eit leaderboard verify   recomputes each from its own records\n');
  eit(['leaderboard', 'verify', ...METHODS.map((method) => `submissions/${method}.ndjson.gz`)], {
    isShown: true,
  });
  say('\n4. eit leaderboard build\n');
  eit(['leaderboard', 'build', 'board.yaml', '--output', 'site'], { isShown: true });
  say(`\nThe page: ${join(dir, 'site/index.html')}`);
} catch (error) {
  say(`demo: ${error.message}`);
  process.exitCode = 1;
}
