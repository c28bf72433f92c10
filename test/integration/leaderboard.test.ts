import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RunRecord } from '../../src/generated/record';
import { later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';
const HOSTILE = '<script>alert(1)</script>\u202E';

// By method: kJ and return of its runs, 200 s each.
const METHODS = {
  quick: [
    [100, 10],
    [110, 12],
    [120, 14],
  ],
  strong: [
    [400, 20],
    [440, 22],
  ],
  beaten: [[500, 9]],
  // Of two nodes one sent nothing.
  partial: [[50, 30]],
} as const;

// Each test starts several commands; a busy machine takes its time.
jest.setTimeout(240_000);

let command: ReportCommand;
let runs: string;
let jobs: Record<keyof typeof METHODS, number[]>;

beforeAll(async () => {
  command = new ReportCommand();
  runs = join(command.dir, 'runs');
  const folder = join(runs, 'alpha/inbox/2026-03-02');
  mkdirSync(folder, { recursive: true });
  let [seq, job] = [0, 0];
  jobs = { quick: [], strong: [], beaten: [], partial: [] };
  for (const [name, all] of Object.entries(METHODS))
    for (const [kj, reached] of all) {
      job++;
      jobs[name as keyof typeof METHODS].push(job);
      const from = later(T, job * 600);
      const part = (seconds: number, rest: Partial<RunRecord>): void =>
        appendFileSync(
          join(folder, 'n1.ndjson'),
          `${JSON.stringify({
            ...runRecord({
              ...{ job, started: from, seconds: 100, nodes: name === 'partial' ? 2 : 1 },
              from: later(from, seconds),
              measured_uj: { 'package-0': [kj * 5e8, kj * 1e9, 1] },
              ...rest,
            }),
            seq: seq++,
          })}\n`,
        );
      part(0, { start: { by: 'prolog', nodelist: 'n1', qos: 'normal' } });
      part(100, {
        end: { by: 'epilog', coverage: { cpu: 1 }, top_processes: [{ name: 'secret', cpu_us: 1 }] },
      });
      say(job, { method: name, who: 'alice' }, [reached - 2, reached - 1, reached + 1, reached + 2]);
    }
  command.config('eit.yaml', { ledger: join(command.dir, 'none'), site: { pue: 1.5, zone: 'DE' } });
  writeFileSync(join(command.dir, 'board.yaml'), spec());
  mkdirSync(join(command.dir, 'submissions'));
});
afterAll(() => command.remove());

function say(job: number, tags: Record<string, string>, values: readonly number[], unit?: string): void {
  const points = values.map((value, i) => [i * 10, value]);
  const line = {
    ...{ schema: 1, cluster: 'alpha', job, at: T, tags },
    metrics: { return: { points, ...(unit === undefined ? {} : { unit }) } },
  };
  appendFileSync(join(runs, 'facts.ndjson'), `${JSON.stringify(line)}\n`);
}

/** A spec in the folder of the tests; lines that are given take the place of those with the same key. */
function spec(...given: string[]): string {
  const lines = [
    'title: Small <b>returns</b>',
    'task: small',
    'metric: { name: return, direction: higher }',
    'submissions: submissions',
    ...['quick', 'strong', 'beaten', 'partial'].slice(0, 0),
  ];
  const keys = new Set(given.map((line) => line.slice(0, line.indexOf(':'))));
  return `${[...lines.filter((line) => !keys.has(line.slice(0, line.indexOf(':')))), ...given].join('\n')}\n`;
}

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), 'leaderboard', ...args], { cwd: command.dir });
}

function submit(name: string, ids: readonly number[], ...args: string[]): Promise<Outcome> {
  const file = join(
    'submissions',
    `${args.includes('--file') ? args[args.indexOf('--file') + 1] : name}.ndjson.gz`,
  );
  const rest = args.filter((arg, i) => arg !== '--file' && args[i - 1] !== '--file');
  const chosen = ['--from', 'runs', '--spec', 'board.yaml', '--name', name, '--output', file];
  return eit('submit', ids.join(','), ...chosen, ...rest);
}

interface BoardEntry {
  entry: string;
  page: string;
  runs: number;
  metric: { value: number; standard_error: number | null };
  energy_kwh: { value: number; standard_error: number | null };
  hours: { value: number };
  co2e_kg: { value: number };
  coverage: number;
  is_complete: boolean;
  is_on_front: boolean;
  rankings: Record<string, { value: number; standard_error: number | null; rank: number | null }>;
  marks: string[];
}

interface BoardJson {
  parts: { name: string | null; entries: BoardEntry[] }[];
  overall:
    { entry: string; rankings: Record<string, { score: number; rank: number }>; marks: string[] }[] | null;
  refused: { file: string; why: string }[];
}

async function built(status: number, ...args: string[]): Promise<{ board: BoardJson; stderr: string }> {
  const outcome = await eit('build', ...args, '--json');
  expect([outcome.status, outcome.status === status ? '' : outcome.stderr]).toEqual([status, '']);
  return { board: JSON.parse(outcome.stdout) as BoardJson, stderr: outcome.stderr };
}

const kwh = (kj: number): number => kj / 3600;
const near = (value: number): unknown => expect.closeTo(value, 9);

test('a submission holds what its figures follow from, and nothing of who ran it and where', async () => {
  const { status, stdout, stderr } = await submit('quick', jobs.quick, '--about', 'a quick one');
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('below 5') });
  expect(stdout).toMatch(/^submissions\/quick\.ndjson\.gz: 3 runs, 6 records, .*SHA-256 [0-9a-f]{64}\n/);
  const text = gunzipSync(readFileSync(join(command.dir, 'submissions/quick.ndjson.gz'))).toString();
  expect(text).not.toMatch(
    /alice|physics|alpha|"n1"[^,]*nodelist|secret|1001|who|normal|epilog":|cpu"?: ?"cpu/,
  );
  const [manifest, record] = text.split('\n').map((line) => (line === '' ? {} : JSON.parse(line)));
  expect(manifest).toMatchObject({ kind: 'submission', task: 'small', name: 'quick', policy: 'usage' });
  expect(manifest.runs[0].claimed).toMatchObject({
    ...{ it_kwh: near(kwh(100)), total_kwh: near(kwh(150)), seconds: 200, coverage: 1, measured_fraction: 1 },
    ...{ average: 10, asymptotic: 12, best: 12, last: 12 },
  });
  expect(manifest.runs[0].factors).toMatchObject({ pue: 1.5, zone: 'DE', node_overhead: 1 });
  expect(Object.keys(record).sort()).toEqual(
    [
      'schema',
      'kind',
      'tool',
      'cluster',
      'host',
      'boot',
      'instance',
      'seq',
      'from',
      'to',
      'ms',
      'node',
      'job',
    ]
      .concat(['restart', 'started', 'nodes', 'cpu_us', 'measured_uj', 'start'])
      .sort(),
  );
  expect(await eit('verify', 'submissions/quick.ndjson.gz')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/quick, as it claims by its 6 records of 3 runs/),
  });
  // It is never written over.
  expect(await submit('quick', jobs.quick)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/EIT_SUBMISSION: .*is there already/),
  });
});

test('the board: what is gained per kWh over all runs, ranks, the front, and what was observed in part', async () => {
  for (const name of ['strong', 'beaten'] as const) expect((await submit(name, jobs[name])).status).toBe(0);
  expect(await submit('partial', jobs.partial)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('EIT_COVERAGE'),
  });
  expect((await submit('partial', jobs.partial, '--allow-incomplete')).status).toBe(0);
  const { board } = await built(0, 'board.yaml', '--output', 'site');
  const [part] = board.parts;
  const byName = new Map(part?.entries.map((entry) => [entry.entry, entry]));
  const quick = byName.get('quick');
  // 36 of return for 330 kJ; residuals x - Ry of the three runs by hand.
  const ratio = 36 / kwh(330);
  const residuals = [10, 12, 14].map((x, i) => x - ratio * kwh([100, 110, 120][i]!));
  const error = Math.sqrt(residuals.reduce((all, one) => all + one ** 2, 0) / 2 / 3) / kwh(110);
  expect(quick).toMatchObject({
    runs: 3,
    metric: { value: near(12), standard_error: near(2 / Math.sqrt(3)) },
    energy_kwh: { value: near(kwh(110)) },
    hours: { value: near(200 / 3600) },
    rankings: {
      efficiency: { value: near(ratio), standard_error: near(error), rank: 1 },
      metric: { rank: 3 },
      energy: { rank: 1 },
      'asymptotic-per-kwh': { value: near((36 + 6) / kwh(330)), rank: 1 },
      'average-per-hour': { value: near(12 / (200 / 3600)), rank: 2 },
    },
    ...{ is_complete: true, is_on_front: true, marks: [] },
  });
  expect(byName.get('beaten')).toMatchObject({
    runs: 1,
    metric: { value: 9, standard_error: null },
    is_on_front: false,
  });
  // The highest return for the least energy, but half of it was not seen.
  expect(byName.get('partial')).toMatchObject({
    rankings: { efficiency: { rank: null }, energy: { rank: null }, metric: { rank: 1 } },
    ...{ coverage: 0.5, is_complete: false, is_on_front: false },
    marks: ['incomplete: 1 of 1 run observed in part'],
  });
  expect(part?.entries.map(({ entry }) => entry)).toEqual(['quick', 'strong', 'beaten', 'partial']);
  expect(readdirSync(join(command.dir, 'site')).sort()).toEqual([
    'entries',
    'index.html',
    'leaderboard.json',
  ]);
  const page = readFileSync(join(command.dir, 'site/index.html'), 'utf8');
  expect(page).toContain('Small &lt;b&gt;returns&lt;/b&gt;');
  for (const entry of part?.entries ?? []) {
    expect(page).toContain(`href="${entry.page}"`);
    expect(readFileSync(join(command.dir, 'site', entry.page), 'utf8')).toContain('run 1');
  }
  expect(JSON.parse(readFileSync(join(command.dir, 'site/leaderboard.json'), 'utf8'))).toEqual({
    ...board,
    generated_at: expect.any(String),
  });
  const { stdout } = await eit('build', 'board.yaml', '--output', 'site');
  expect(stdout).toMatch(/^ +1 +quick +3 +/m);
  expect(stdout).toMatch(/^ +- +partial +1 .*incomplete/m);
  expect(stdout).toMatch(/site\/index\.html\n$/);
});

test('energy with PUE, another policy, and entries whose runs are in a ledger', async () => {
  writeFileSync(
    join(command.dir, 'total.yaml'),
    spec(
      'energy: total',
      'policy: allocation',
      'entries: [{ name: here, from: runs, set: "jobs=1,2,3" }, { name: tagged, from: runs, set: "tag=method=strong", link: appendix/index.html }]',
    ),
  );
  const { board } = await built(0, 'total.yaml', '--output', 'total');
  const byName = new Map(board.parts[0]?.entries.map((entry) => [entry.entry, entry]));
  // Twice as many joules by allocation, and PUE 1.5.
  for (const name of ['quick', 'here'])
    expect(byName.get(name)?.energy_kwh.value).toEqual(near(kwh(110) * 2 * 1.5));
  expect(byName.get('tagged')?.energy_kwh.value).toEqual(near(kwh(420) * 3));
  expect(byName.get('here')?.rankings['efficiency']?.rank).toBe(1);
  expect(byName.get('quick')?.rankings['efficiency']?.rank).toBe(1);
  expect(byName.get('tagged')?.rankings['efficiency']?.rank).toBe(3);
  const { page } = byName.get('tagged')!;
  expect(readFileSync(join(command.dir, 'total', page), 'utf8')).toContain('href="../appendix/index.html"');
});

test('of jobs whose lines are not kept any more the sums of the archive are handed in: the same figures', async () => {
  const ledger = join(command.dir, 'archived');
  cpSync(runs, ledger, { recursive: true });
  const compacted = await command.run(process.execPath, [
    command.script('eit'),
    ...['ledger', 'compact', ledger, '--inbox-days', '1'],
  ]);
  expect(compacted.status).toBe(0);
  expect(readdirSync(join(ledger, 'alpha/inbox'))).toEqual([]);
  const claims = async (...args: string[]) => {
    const outcome = await eit(
      ...['submit', '--set', 'A=tag=method=strong', '--spec', 'board.yaml', '--name', 'x', '--json', ...args],
    );
    expect([outcome.status, outcome.status === 0 ? '' : outcome.stderr]).toEqual([0, '']);
    return JSON.parse(outcome.stdout) as {
      summed_runs: number;
      runs: { summed?: boolean; claimed: Record<string, number> }[];
    };
  };
  mkdirSync(join(command.dir, 'sums'));
  const raw = await claims('--from', 'runs', '--output', 'raw.ndjson.gz');
  const sums = await claims('--from', 'archived', '--output', 'sums/sums.ndjson.gz');
  expect([raw.summed_runs, sums.summed_runs]).toEqual([0, 2]);
  expect(sums.runs.map(({ summed }) => summed)).toEqual([true, true]);
  expect(sums.runs.map(({ claimed }) => claimed)).toEqual(raw.runs.map(({ claimed }) => claimed));
  writeFileSync(join(command.dir, 'sums.yaml'), spec('submissions: sums', 'policy: allocation'));
  const { board } = await built(0, 'sums.yaml', '--output', 'sums-site');
  expect(board.parts[0]?.entries[0]?.energy_kwh.value).toEqual(near(kwh(420) * 2));
});

test('less is better: energy per unit below the baseline, which has to be told', async () => {
  writeFileSync(join(command.dir, 'lower.yaml'), spec('metric: { name: return, direction: lower }'));
  expect(await eit('build', 'lower.yaml', '--output', 'lower')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/EIT_LEADERBOARD: lower\.yaml:\d+:\d+: the baseline is lacking/),
  });
  writeFileSync(
    join(command.dir, 'lower.yaml'),
    spec('metric: { name: return, direction: lower }', 'baseline: 21'),
  );
  const { board } = await built(0, 'lower.yaml', '--output', 'lower');
  const byName = new Map(board.parts[0]?.entries.map((entry) => [entry.entry, entry]));
  expect(byName.get('quick')?.rankings['efficiency']).toMatchObject({ value: near(kwh(330) / 27), rank: 1 });
  // A mean of 21 is no better than 21.
  expect(byName.get('strong')).toMatchObject({
    rankings: { efficiency: { value: null, rank: null } },
    marks: ['no better than the baseline'],
  });
});

test('groups: a table each, and over all how far each comes to the best', async () => {
  writeFileSync(
    join(command.dir, 'groups.yaml'),
    spec(
      'submissions: none',
      'groups: [{ name: A, tag: method=quick, baseline: 2 }, { name: B, tag: method=strong, reference: 40, baseline: 0, weight: 3 }]',
      'entries: [{ name: both, from: runs, set: "jobs=1,2,3,4,5" }, { name: one, from: runs, set: "jobs=1" }]',
    ),
  );
  mkdirSync(join(command.dir, 'none'), { recursive: true });
  const { board } = await built(0, 'groups.yaml', '--output', 'groups');
  expect(board.parts.map(({ name, entries }) => [name, entries.map(({ entry }) => entry)])).toEqual([
    ['A', ['both', 'one']],
    ['B', ['both']],
  ]);
  const [a, b] = board.parts;
  const [both, one] = [30 / kwh(330), 8 / kwh(100)];
  expect(a?.entries.map(({ rankings }) => rankings['efficiency']?.value)).toEqual([near(both), near(one)]);
  expect(b?.entries[0]?.rankings['efficiency']?.value).toEqual(near(42 / 40 / kwh(840)));
  expect(board.overall?.map(({ entry, rankings, marks }) => [entry, rankings['efficiency'], marks])).toEqual([
    ['both', { score: 1, rank: 1 }, []],
    ['one', { score: near((one / both) * 0.25), rank: 2 }, ['no runs of B']],
  ]);
});

test('a metric below 0 needs a baseline; units are not mixed; a run without the metric is named', async () => {
  say(1, {}, [-5]);
  writeFileSync(
    join(command.dir, 'own.yaml'),
    spec('submissions: none', 'entries: [{ name: own, from: runs, set: "1,2" }]'),
  );
  const outcome = await eit('build', 'own.yaml', '--output', 'own');
  expect(outcome.status).toBe(2);
  expect(outcome.stderr).toMatch(/EIT_LEADERBOARD: job 1 of own has a return of -5: .*baseline/);
  say(1, {}, [5], 'points');
  expect((await eit('build', 'own.yaml', '--output', 'own')).stderr).toMatch(
    /return comes in several units: points \(own\), no unit \(own\)/,
  );
  writeFileSync(
    join(command.dir, 'own.yaml'),
    spec(
      'submissions: none',
      'metric: { name: accuracy, direction: higher }',
      'entries: [{ name: own, from: runs, set: "1,2" }]',
    ),
  );
  expect((await eit('build', 'own.yaml', '--output', 'own')).stderr).toMatch(
    /job 1 of own has no metric accuracy/,
  );
  say(1, {}, [8, 9, 11, 12]);
});

test('a wrong spec: every key with its line and column', async () => {
  writeFileSync(
    join(command.dir, 'wrong.yaml'),
    'title: x\ntask: a b\nmetric:\n  name: r\n  direktion: up\nranks: 1\ngroups:\n  - name: g\n    tag: none\n',
  );
  const { status, stderr } = await eit('build', 'wrong.yaml', '--output', 'wrong');
  expect(status).toBe(2);
  for (const line of [
    'wrong.yaml:2:7: task is "a b"; expected a word of letters',
    'wrong.yaml:4:3: metric lacks the key direction',
    'wrong.yaml:5:3: unknown key metric.direktion; did you mean direction?',
    'wrong.yaml:6:1: unknown key ranks; did you mean rank?',
    'wrong.yaml:9:10: groups.0.tag is "none"; expected a tag of runs as key=value',
  ])
    expect(stderr).toContain(line);
  expect(existsSync(join(command.dir, 'wrong'))).toBe(false);
});

/** A submission whose text was changed. */
function forged(name: string, change: (text: string) => string, of = 'quick'): string {
  const file = join('forged', `${name}.ndjson.gz`);
  mkdirSync(join(command.dir, 'forged'), { recursive: true });
  const text = gunzipSync(readFileSync(join(command.dir, 'submissions', `${of}.ndjson.gz`))).toString();
  writeFileSync(join(command.dir, file), gzipSync(change(text)));
  return file;
}

test('what is not as it claims is refused by name: figures, records, facts, whole files', async () => {
  const told = forged('claim', (text) => text.replace(/"best":12/, '"best":12.000000000000002'));
  const cases: [file: string, why: RegExp][] = [
    [told, /run 1: best is 12 by its data, 12\.000000000000002 is claimed/],
    [
      forged('records', (text) => text.replace('[50000000000,', '[40000000000,')),
      /its records are not those .*SHA-256/,
    ],
    [forged('cut', (text) => text.slice(0, -10)), /in the middle of a line/],
    [
      forged('less', (text) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`),
      /its facts are not those|has no return/,
    ],
    [
      forged('more', (text) => `${text}{"kind":"tag","run":1,"key":"a","value":"b"}\n`),
      /its facts are not those .*lines/,
    ],
    [forged('newer', (text) => text.replace('"schema":1', '"schema":2')), /newer version/],
    [
      forged('unknown', (text) => text.replace('"kind":"submission"', '"kind":"submission","a":1')),
      /no submission/,
    ],
    [forged('other', () => 'hello\n'), /no JSON/],
    [forged('empty', () => ''), /is empty/],
  ];
  writeFileSync(join(command.dir, 'forged/plain.ndjson.gz'), 'no gzip');
  cases.push(['forged/plain.ndjson.gz', /no whole gzip file/]);
  const whole = readFileSync(join(command.dir, 'submissions/quick.ndjson.gz'));
  writeFileSync(join(command.dir, 'forged/half.ndjson.gz'), whole.subarray(0, whole.length / 2));
  cases.push(['forged/half.ndjson.gz', /no whole gzip file/]);
  // 300 MB of one line, and of many.
  writeFileSync(join(command.dir, 'forged/bomb.ndjson.gz'), gzipSync(Buffer.alloc(300_000_000, '{')));
  cases.push(['forged/bomb.ndjson.gz', /a line of more than/]);
  symlinkSync('/etc/passwd', join(command.dir, 'forged/link.ndjson.gz'));
  cases.push(['forged/link.ndjson.gz', /is a link/]);
  mkdirSync(join(command.dir, 'forged/dir.ndjson.gz'));
  cases.push(['forged/dir.ndjson.gz', /no plain file/]);
  cases.push(['forged/none.ndjson.gz', /cannot be read/]);
  const { status, stdout } = await eit(
    'verify',
    'submissions/quick.ndjson.gz',
    ...cases.map(([file]) => file),
    '--json',
  );
  expect(status).toBe(1);
  const { submissions } = JSON.parse(stdout) as {
    submissions: { file: string; is_verified: boolean; problems: string[] }[];
  };
  expect(submissions[0]).toMatchObject({ is_verified: true, problems: [] });
  expect(submissions.slice(1).map(({ file, problems }) => [file, problems.join('\n')])).toEqual(
    cases.map(([file, why]) => [file, expect.stringMatching(why)]),
  );
  // The board is built without them, says so, and ends with 1.
  symlinkSync(join(command.dir, 'submissions/quick.ndjson.gz'), join(command.dir, 'forged/quick.ndjson.gz'));
  forged('hostile', (text) => text.replace('"name":"quick"', `"name":${JSON.stringify(HOSTILE)}`));
  writeFileSync(join(command.dir, 'forged.yaml'), spec('submissions: forged'));
  const { board, stderr } = await built(1, 'forged.yaml', '--output', 'forged-site');
  expect(board.parts[0]?.entries.map(({ entry }) => entry)).toEqual([HOSTILE]);
  expect(board.refused.map(({ file }) => file)).toContain('claim.ndjson.gz');
  expect(stderr).toContain('refused: ');
  const page = readFileSync(join(command.dir, 'forged-site/index.html'), 'utf8');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).not.toContain('<script>alert');
  expect(page).not.toContain('\u202E');
  expect(page).toContain('claim.ndjson.gz');
});

test('the same twice, a name twice, records of another in whatever order, and another task are refused', async () => {
  mkdirSync(join(command.dir, 'twice'));
  const copy = (name: string, change: (text: string) => string, of = 'quick'): void =>
    writeFileSync(
      join(command.dir, 'twice', name),
      gzipSync(change(gunzipSync(readFileSync(join(command.dir, `submissions/${of}.ndjson.gz`))).toString())),
    );
  // Two records change places, and the first line tells their hash.
  const swapped = (text: string): string => {
    const [first = '', ...lines] = text.replace('"name":"quick"', '"name":"mine"').split('\n');
    const { records } = JSON.parse(first) as { records: { lines: number; sha256: string } };
    [lines[0], lines[1]] = [lines[1]!, lines[0]!];
    const section = `${lines.slice(0, records.lines).join('\n')}\n`;
    const sha256 = createHash('sha256').update(section).digest('hex');
    return [first.replace(records.sha256, sha256), ...lines].join('\n');
  };
  copy('a.ndjson.gz', swapped);
  copy('b.ndjson.gz', (text) => text);
  copy('c.ndjson.gz', (text) => text);
  copy('d.ndjson.gz', (text) => text.replace('"task":"small"', '"task":"large"'));
  copy('e.ndjson.gz', (text) => text, 'strong');
  copy('f.ndjson.gz', (text) => text.replace('"name":"beaten"', '"name":"strong"'), 'beaten');
  copy('g.ndjson.gz', (text) => text, 'partial');
  writeFileSync(join(command.dir, 'twice.yaml'), spec('submissions: twice'));
  const { board } = await built(1, 'twice.yaml', '--output', 'twice-site');
  expect(board.parts[0]?.entries.map(({ entry }) => entry)).toEqual(['partial']);
  const why = (text: string): unknown => expect.stringContaining(text);
  expect(board.refused).toEqual([
    { file: 'a.ndjson.gz', why: why('it has records of b.ndjson.gz: none of them is taken') },
    { file: 'b.ndjson.gz', why: why('it has records of a.ndjson.gz: none of them is taken') },
    { file: 'c.ndjson.gz', why: 'it is the same as b.ndjson.gz' },
    { file: 'd.ndjson.gz', why: 'it is for the task large, not small' },
    { file: 'e.ndjson.gz', why: why('its name is that of f.ndjson.gz: none of them is taken') },
    { file: 'f.ndjson.gz', why: why('its name is that of e.ndjson.gz: none of them is taken') },
  ]);
});

test('a folder that holds something else is left alone; pages of entries that went go', async () => {
  expect(await eit('build', 'board.yaml', '--output', 'runs')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('holds no leaderboard'),
  });
  writeFileSync(join(command.dir, 'site/entries/notes.txt'), 'mine');
  writeFileSync(join(command.dir, 'site/entries/99-gone.html'), 'old');
  await built(0, 'board.yaml', '--output', 'site');
  expect(readdirSync(join(command.dir, 'site/entries')).sort()).toEqual([
    '1-beaten.html',
    '2-partial.html',
    '3-quick.html',
    '4-strong.html',
    'notes.txt',
  ]);
});

test.each([
  [['build'], 'needs a spec'],
  [['build', 'board.yaml'], 'give --output DIR'],
  [['build', 'nowhere.yaml', '--output', 'x'], 'there is no nowhere.yaml'],
  [['verify'], 'needs files'],
  [['submit', '1'], 'give --spec'],
  [['submit', '1', '--spec', 'board.yaml', '--name', 'x', '--output', 'x.zip'], 'let it end in .ndjson.gz'],
  [['verify', 'a', '--spec', 'board.yaml'], 'eit leaderboard verify takes no --spec'],
])('%j: %s', async (args, message) => {
  const { status, stderr } = await eit(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});
