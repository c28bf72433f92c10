import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { expectGolden } from '../unit/report/golden';
import { later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';

// Jobs 1 to 6 take 100 to 105 kJ, 11 to 16 half as much again; 21 and 22 are of which a part was not observed.
const JOULES = new Map([
  ...[100, 101, 102, 103, 104, 105].map((kj, i) => [i + 1, kj * 1000] as const),
  ...[150, 152, 151, 156, 153, 158].map((kj, i) => [i + 11, kj * 1000] as const),
]);

let command: ReportCommand;
beforeAll(() => {
  command = new ReportCommand();
  const ledger = join(command.dir, 'ledger');
  const folder = join(ledger, 'alpha/inbox/2026-03-02');
  mkdirSync(folder, { recursive: true });
  let seq = 0;
  const write = (given: Parameters<typeof runRecord>[0]): void => {
    const line = JSON.stringify({
      ...runRecord({ start: { by: 'prolog' }, end: { by: 'epilog', coverage: {} }, ...given }),
      seq: seq++,
    });
    writeFileSync(join(folder, 'n1.ndjson'), `${line}\n`, { flag: 'a' });
  };
  for (const [job, joules] of JOULES) {
    const from = later(T, job * 600);
    write({
      job,
      from,
      started: from,
      measured_uj: { 'package-0': [joules * 1e6, 1, 1] },
      seconds: joules / 500,
    });
  }
  const from = later(T, 21 * 600);
  // Its other node sent nothing.
  write({ job: 21, from, started: from, nodes: 2 });
  write({ job: 31, from: later(T, 31 * 600), started: later(T, 31 * 600), uid: 1002, user: 'bob' });
  command.config('eit.yaml', {
    ledger,
    admins: [String(process.getuid?.())],
    site: { pue: 1, zone: 'DE' },
  });
});
afterAll(() => command.remove());

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), ...args]);
}

interface CompareJson {
  variable: string;
  sets: { name: string; n: number; mean: number; values: number[]; standard_error: number | null }[];
  differences: {
    difference: number;
    welch: { t: number; df: number; p: number };
    mann_whitney: { u: number; p: number; method: string };
    permutation: { p: number; divisions: number };
    cliffs_delta: number;
    p_holm: number;
    stars: string;
  }[];
  warnings: string[];
}

async function json(...args: string[]): Promise<CompareJson> {
  const { status, stdout, stderr } = await eit('compare', ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as CompareJson;
}

test('two sets: the joules of the ledger, in kWh, and what follows from them', async () => {
  const found = await json('--set', 'A=1,2,3,4,5,6', '--set', 'B=11,12,13,14,15,16');
  expect(found.variable).toBe('Energy');
  expect(found.sets.map(({ name, n }) => [name, n])).toEqual([
    ['A', 6],
    ['B', 6],
  ]);
  expect(found.sets[0]?.values).toEqual([100, 101, 102, 103, 104, 105].map((kj) => near(kj / 3600)));
  // (153.333 - 102.5) kJ; t, df, p by scipy 1.17.1: ttest_ind(B, A, equal_var=False).
  const [pair] = found.differences;
  expect(pair).toMatchObject({
    difference: near((920 / 6 - 102.5) / 3.6e3),
    welch: { t: near(34.57880980316702), df: near(8.252582323491234) },
    // All of B above all of A: 2 of the 924 divisions are as far.
    mann_whitney: { u: 36, p: near(2 / 924), method: 'exact' },
    permutation: { p: near(2 / 924), divisions: 924 },
    cliffs_delta: 1,
    stars: '****',
  });
  expect(pair?.welch.p).toBeLessThan(1e-9);
  expect(pair?.p_holm).toBe(pair?.welch.p);
  expect(found.warnings).toEqual([]);
});

test('the same with words, and by time; CO2e is energy times intensity', async () => {
  const { status, stdout } = await eit(
    'compare',
    '--set',
    'small=jobs=1,2,3,4,5,6',
    '--set',
    'large=user=alice;jobs=11,12,13,14,15,16',
  );
  expect(status).toBe(0);
  // Of years in which no run was nothing is told.
  expect(stdout).toContain('Policy usage, PUE 1');
  expect(stdout).not.toMatch(/in place of 20(?:1\d|2[0-3])/);
  expect(stdout).toMatch(/^small +6 +28\.5 Wh ± 0\.212 Wh|^small +6 +28\.5 Wh ± 212 mWh/m);
  expect(stdout).toContain(
    "large has 14.1 Wh (49.6 %) more Energy on average than small, significantly so (Welch's t test, p < 0.0001",
  );
  expect(stdout).toMatch(/^Policy usage, PUE 1, \d+ g\/kWh \(DE\)\./m);
  const plot = join(command.dir, 'docs.svg');
  await eit('compare', '--set', 'small=1,2,3,4,5,6', '--set', 'large=11,12,13,14,15,16', '--plot', plot);
  expectGolden('../../../../docs/compare.svg', readFileSync(plot, 'utf8'));
  const byTime = await json('--set', 'A=1,2,3,4,5,6', '--set', 'B=11,12,13,14,15,16', '--by', 'time');
  expect(byTime.sets[0]?.values).toEqual([200, 202, 204, 206, 208, 210]);
  const byCarbon = await json('--set', 'A=1,2,3,4,5,6', '--set', 'B=11,12,13,14,15,16', '--by', 'co2e');
  const report = await eit('report', '-j', '1', '-S', '2026-03-01', '-E', '2026-04-01', '--json');
  const { factors } = JSON.parse(report.stdout) as { factors: { intensity_g_per_kwh: number } };
  expect(byCarbon.sets[0]?.values[0]).toEqual(near((factors.intensity_g_per_kwh / 1000) * (0.1 / 3.6), 9));
});

test('three sets are three pairs, corrected by Holm, with their warnings', async () => {
  const found = await json(
    '--set',
    'A=1,2,3',
    '--set',
    'B=4,5,6',
    '--set',
    'C=4,11',
    '--test',
    'mann-whitney',
  );
  expect(found.differences).toHaveLength(3);
  // 3 against 3, all above: p = 2 / 20, the least there is; Holm makes it 3 times as much at most.
  expect(found.differences[0]).toMatchObject({ p: near(0.1), p_holm: near(0.3), stars: 'ns' });
  expect(found.warnings).toEqual([
    'A has 3 jobs: below 5 a test tells little',
    'B has 3 jobs: below 5 a test tells little',
    'C has 2 jobs: below 5 a test tells little',
    'job 4 in both B and C: the tests take sets as independent',
  ]);
});

test('correlation over runs, over means and within sets', async () => {
  const args = ['--set', 'A=1,2,3,4,5,6', '--set', 'B=11,12,13,14,15,16', '--correlate', 'time,energy'];
  const { stdout } = await eit('compare', ...args, '--over', 'runs', '--within', '--json');
  const { correlations } = JSON.parse(stdout) as {
    correlations: { name: string; r_squared: number; pearson: { r: number; n: number } }[];
  };
  expect(correlations.map(({ name, pearson }) => [name, pearson.n])).toEqual([
    ['across runs', 12],
    ['within A', 6],
    ['within B', 6],
  ]);
  // Each job ran for its joules / 500.
  for (const { r_squared: r2 } of correlations) expect(r2).toEqual(near(1));
  const { stdout: text } = await eit('compare', ...args);
  expect(text).toContain("across sets: Pearson's r: 1, n = 2");
});

test('Markdown and LaTeX hold a hostile name as text, and the picture is XML with a point a job', async () => {
  const name = '<b>|$x_1&\\end{tabular}';
  const svg = join(command.dir, 'plot.svg');
  const sets = ['--set', `${name}=1,2,3,4,5,6`, '--set', 'B=11,12,13,14,15,16'];
  const markdown = await eit('compare', ...sets, '--markdown', '--plot', svg);
  expect(markdown.status).toBe(0);
  expect(markdown.stdout).toContain('| &lt;b&gt;\\|\\$x\\_1&amp;\\\\end\\{tabular\\} | 6 |');
  const latex = await eit('compare', ...sets, '--latex');
  expect(latex.stdout).toContain(
    '\\textless{}b\\textgreater{}\\textbar{}\\$x\\_1\\&\\textbackslash{}end\\{tabular\\} & 6 &',
  );
  expect(latex.stdout.match(/\\end\{tabular\}/g)).toHaveLength(2);
  const picture = readFileSync(svg, 'utf8');
  expect(() => new XMLParser({ processEntities: true }).parse(picture, true) as unknown).not.toThrow();
  expect(picture.match(/<circle [^>]*r="3"/g)).toHaveLength(12);
  expect(picture).toContain('>****</text>');
  expect(picture).not.toContain('<b>');
});

test('what was observed in part is no claim, unless said so, and then it is a warning', async () => {
  const sets = ['--set', 'A=1,2,3,4,5,6', '--set', 'B=11,12,13,14,15,16,21'];
  const refused = await eit('compare', ...sets);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(
    /EIT_COVERAGE: job 21 of B \(50 %, nodes 1\/2\) was observed for less than 95 %.*--allow-incomplete/,
  );
  const { warnings } = await json(...sets, '--allow-incomplete');
  expect(warnings).toEqual([
    expect.stringMatching(/^B: job 21 \(50 %, nodes 1\/2\) observed in part; its energy is too low$/),
  ]);
});

test.each([
  [['--set', 'A=1'], 'give two sets or more'],
  [['--set', 'A=1', '--set', 'A=2'], 'two sets are called "A": name them apart'],
  [['--set', '1-6', '--set', 'B=2'], 'is no set: give NAME=FILTER'],
  [['--set', 'A=1', '--set', 'B=jbos=2'], 'a filter has no key "jbos"'],
  [['--set', 'A=1', '--set', 'B=user='], "the filter's key user has no value"],
  [['--set', 'A=1', '--set', 'B=2', '--by', 'enegy'], '"enegy" is no figure of a job'],
  [['--set', 'A=1', '--set', 'B=2', '--by', 'JobID'], '"JobID" is no figure of a job'],
  [['--set', 'A=1', '--set', 'B=2', '--by', 'GPUUtil'], 'GPUUtil is not told of job 1 in A'],
  [['--set', 'A=1', '--set', 'B=2', '--within'], '--within belongs to --correlate'],
  [['--set', 'A=1', '--set', 'B=2', '--json', '--latex'], 'cannot be had together'],
  [['--set', 'A=1', '--set', 'B=2', '--seed', 'x'], '--seed x is no whole number'],
  [['--set', 'A=1', '--set', 'B=2', '--plot', '/nowhere/x.svg'], '--plot cannot write /nowhere/x.svg'],
])('%j is an error that says what to do', async (args, message) => {
  const { status, stdout, stderr } = await eit('compare', ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('a set without runs is named, with what was looked for', async () => {
  const { status, stderr } = await eit('compare', '--set', 'A=1', '--set', 'B=999');
  expect(status).toBe(1);
  expect(stderr).toMatch(/EIT_RUN_SET: the set "B" \(999\) has no runs: no runs of job 999 between/);
});

test("runs of others are not one's own: the message says how to ask for them", async () => {
  const config = command.config('user.yaml', { ledger: join(command.dir, 'ledger'), admins: [] });
  // As an ordinary user: root sees all.
  const { status, stderr } = await command.run('setpriv', [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    process.execPath,
    command.script('eit'),
    'compare',
    '--set',
    'A=31',
    '--set',
    'B=1',
    '--config',
    config,
  ]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/EIT_RUN_SET: .*Only your own runs were looked at: --allusers/);
});

function near(value: number, digits = 6): unknown {
  return expect.closeTo(value, digits) as unknown;
}
