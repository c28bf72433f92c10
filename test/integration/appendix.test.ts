import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Ajv from 'ajv';
import { compact } from '../../src/archive/compact';
import { JOBS, writeAppendixLedger } from './appendix-ledger';
import { type Outcome, ReportCommand } from './report-command';

const SETS = ['--set', 'small=name=small', '--set', 'large=name=large;user=adalove'];

interface AppendixJson {
  readonly sets: {
    readonly name: string;
    readonly n: number;
    readonly figures: {
      readonly figure: string;
      readonly mean: number;
      readonly standard_error: number;
      readonly sum: number;
    }[];
  }[];
  readonly runs: { readonly number: number; readonly job_id: number; readonly page: string }[];
  readonly found_names: { readonly name: string; readonly where: string }[];
  readonly files_not_looked_through: { readonly file: string; readonly why: string }[];
  readonly files: number;
  readonly largest_page_bytes: number;
}

// Programs that read a ledger take seconds to start on a busy machine.
jest.setTimeout(180_000);

let command: ReportCommand;
let ledger: string;
beforeAll(async () => {
  command = new ReportCommand();
  ledger = join(command.dir, 'ledger');
  await writeAppendixLedger(ledger);
  const admins = [String(process.getuid?.())];
  command.config('eit.yaml', { ledger, admins, site: { pue: 1.2, zone: 'DE' } });
});
afterAll(() => command.remove());

const eit = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), ...args]);
const out = (name: string): string => join(command.dir, 'pages', name);

async function build(to: string, ...args: string[]): Promise<AppendixJson> {
  const { status, stdout, stderr } = await eit('appendix', '--output', out(to), ...args, '--json');
  expect({ status, stderr: stderr.replaceAll(/^eit: (?:to know|the \w+ ".*is hidden).*\n/gm, '') }).toEqual({
    status: 0,
    stderr: '',
  });
  return JSON.parse(stdout) as AppendixJson;
}

const textsOf = (to: string): [string, string][] =>
  readdirSync(out(to), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.\w+$/.test(path))
    .map((path) => [path, readFileSync(join(out(to), path), 'utf8')]);

test('means, standard errors and sums are those of eit compare, and each run has a page', async () => {
  const built = await build('two', ...SETS);
  const compared = JSON.parse((await eit('compare', ...SETS, '--json')).stdout) as {
    sets: { name: string; n: number; mean: number; standard_error: number; sum: number }[];
  };
  expect(built.sets.map(({ name, n }) => [name, n])).toEqual([
    ['small', 5],
    ['large', 5],
  ]);
  for (const [i, set] of compared.sets.entries()) {
    const { mean, standard_error, sum } = built.sets[i]!.figures[0]!;
    expect({ mean, standard_error, sum }).toEqual({
      mean: set.mean,
      standard_error: set.standard_error,
      sum: set.sum,
    });
  }
  // 40 W for 600 s and a tenth for memory, with PUE.
  const csv = readFileSync(out('two/data/runs.csv'), 'utf8').split('\r\n');
  expect(csv).toHaveLength(1 + 10 + 1);
  const kwh = (40 * 600 * 1.1 * 1.2) / 3.6e6;
  expect(Number(csv[1]?.split(',')[csv[0]!.split(',').indexOf('Energy_kWh')])).toBeCloseTo(kwh, 9);
  expect(built.runs.map(({ job_id: id }) => id)).toEqual([1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
  for (const { page, job_id: id } of built.runs)
    expect(readFileSync(join(out('two'), page), 'utf8')).toContain(`job ${id} (`);
  expect(built.largest_page_bytes).toBeLessThan(1e6);
});

test('hidden names stand nowhere, in no page, no data and no table', async () => {
  const built = await build('hidden', '--from', ledger, '--title', 'All of it');
  expect(built.runs).toHaveLength(new Set(JOBS.map(({ job }) => job)).size);
  for (const [path, text] of textsOf('hidden')) {
    if (path.endsWith('.schema.json')) continue;
    const found = /adalove|\bbob\b|astro|\bbio\b|merkur|venus|cpuq|gpuq|normalqos|GPU-5ec3e7|1001|1002/.exec(
      text.replaceAll(/"job_id": ?\d+|\d{9,}/g, ''),
    );
    expect([path, found?.[0]]).toEqual([path, undefined]);
  }
  expect(built.found_names).toEqual([]);
});

test('factors by time tell no cluster and no path, where names are hidden', async () => {
  const two = join(command.dir, 'two-clusters');
  cpSync(join(ledger, 'venus'), join(two, 'venus'), { recursive: true });
  cpSync(join(ledger, 'venus/inbox'), join(two, 'saturn/inbox'), { recursive: true });
  const inbox = join(two, 'saturn/inbox/2026-03-02');
  for (const name of readdirSync(inbox)) {
    const text = readFileSync(join(inbox, name), 'utf8');
    writeFileSync(join(inbox, name), text.replaceAll('"cluster":"venus"', '"cluster":"saturn"'));
  }
  const series = command.configText(
    'adas-place.csv',
    'from,to,value\n2026-03-01T00:00,2026-03-09T00:00,1.25\n',
  );
  const admins = [String(process.getuid?.())];
  const config = command.config('by-time.yaml', {
    ledger: two,
    admins,
    site: { zone: 'DE', pue_file: series, price_file: series, currency: 'EUR' },
  });
  await build('by-time', '41', '--config', config);
  const pages = textsOf('by-time').filter(([path]) => !path.endsWith('.schema.json'));
  for (const [path, text] of pages)
    expect([path, /venus|saturn|adas-place|node_modules/.exec(text)?.[0]]).toEqual([path, undefined]);
  expect(readFileSync(out('by-time/index.html'), 'utf8')).toMatch(
    /PUE on cluster \d is 1\.25, by a file of the site/,
  );
});

test('with --names they are there', async () => {
  await build('shown', '41', '--names');
  const page = readFileSync(out('shown/runs/1.html'), 'utf8');
  for (const name of ['bob', 'bio', 'merkur1, merkur2', 'venus', 'cpuq', 'normalqos'])
    expect(page).toContain(`<bdi>${name}</bdi>`);
});

test('a run has all that is told of it over time, and a requeued one its executions', async () => {
  await build('times', '31,21,41');
  const [requeued, gpus, wide] = [1, 2, 3].map((number) =>
    readFileSync(out(`times/runs/${number}.html`), 'utf8'),
  );
  const pictures = (page = '') => [...page.matchAll(/<h3 id="([\w-]+)-h">/g)].map(([, id]) => id);
  expect(pictures(gpus)).toEqual([
    'power',
    'cpus',
    'memory',
    'gpus',
    'gpu-memory',
    'p-states',
    'frequency',
    'io',
  ]);
  expect(pictures(requeued)).toEqual(['power', 'cpus', 'memory', 'frequency', 'io']);
  expect(requeued).toContain('in 2 executions');
  expect(requeued?.match(/<td>2026-03-02 1[23]:/g)).toHaveLength(4);
  expect(gpus).toContain('1 × A GPU');
  expect(gpus).toContain('python3');
  expect(gpus).not.toContain('GPU-5ec3e7');
  // 25 W on each of two nodes.
  expect(wide).toMatch(/package-0: mean 5[0-9](?:\.\d)? W/);
  expect(wide).toContain('2 hosts');
});

test('raw data are what the schemas beside them say, and add up to the run', async () => {
  await build('data', '31');
  const read = (name: string): object =>
    JSON.parse(readFileSync(join(out('data'), 'data', name), 'utf8')) as object;
  const ajv = new Ajv({ strict: false, discriminator: true }).addSchema(read('record.schema.json'));
  const isLine = ajv.compile(read('run-data.schema.json'));
  const lines = readFileSync(out('data/data/run-1.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; measured_uj?: Record<string, number[]> });
  for (const line of lines) expect([line, isLine(line) || isLine.errors]).toEqual([line, true]);
  expect(new Set(lines.map(({ kind }) => kind))).toEqual(new Set(['run', 'series', 'frequency', 'hardware']));
  const uj = lines.flatMap(({ measured_uj: energy = {} }) =>
    Object.values(energy).map(([usage]) => usage ?? 0),
  );
  expect(uj.reduce((a, b) => a + b, 0) / 1e6).toBeCloseTo(50 * 1200 * (1 + 0.1 + 4), 3);
});

test('of a ledger that is archived, without its inbox, figures are the same, and data are hours and curves', async () => {
  const archived = join(command.dir, 'archived');
  cpSync(ledger, archived, { recursive: true });
  await compact({
    ...{
      ledger: archived,
      cluster: 'venus',
      nowMs: Date.parse('2026-03-20T00:00:00Z'),
      timeZone: 'UTC',
      inboxDays: 60,
    },
    ...{ privacy: { mode: 'open' }, warn: () => undefined },
  });
  const half = await build('with-inbox', '--from', archived);
  rmSync(join(archived, 'venus/inbox'), { recursive: true });
  const found = await build('archived', '--from', archived);
  const wanted = await build('inbox', '--from', ledger);
  expect([half.sets[0]?.figures, found.sets[0]?.figures]).toEqual([
    wanted.sets[0]?.figures,
    wanted.sets[0]?.figures,
  ]);
  const linesOf = (to: string) =>
    readFileSync(out(`${to}/data/run-12.ndjson`), 'utf8')
      .trimEnd()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { kind: string; energy?: Record<string, { measured_uj: number[] }> },
      );
  const kinds = (to: string) => [...new Set(linesOf(to).map(({ kind }) => kind))].sort();
  expect(kinds('with-inbox')).toEqual(['frequency', 'hardware', 'run', 'series']);
  expect(kinds('archived')).toEqual(['curve', 'hardware', 'hours']);
  const ajv = new Ajv({ strict: false, discriminator: true });
  for (const name of ['record', 'run-data'])
    ajv.addSchema(JSON.parse(readFileSync(out(`archived/data/${name}.schema.json`), 'utf8')) as object);
  const isLine = ajv.getSchema('slurm-eit/run-data.schema.json')!;
  const uj = linesOf('archived').flatMap((line) => {
    expect([line, isLine(line) || isLine.errors]).toEqual([line, true]);
    return Object.values(line.energy ?? {}).map(({ measured_uj: [usage, allocation, hybrid] }) => {
      // The other policies are read too.
      expect([allocation, hybrid]).toEqual([usage, usage]);
      return usage ?? 0;
    });
  });
  expect(uj.reduce((a, b) => a + b, 0) / 1e6).toBeCloseTo(50 * 1200 * 5.1, 3);
  const [before, after] = ['inbox', 'archived'].map(
    (to) => /id="power-h".*?<\/ul>/s.exec(readFileSync(out(`${to}/runs/12.html`), 'utf8'))?.[0],
  );
  expect(after).toBe(before);
});

describe('a spec', () => {
  const spec = (text: string): string => {
    mkdirSync(join(command.dir, 'paper/scripts'), { recursive: true });
    writeFileSync(join(command.dir, 'paper/scripts/train.sh'), 'srun train --user adalove\n');
    writeFileSync(join(command.dir, 'paper/plot.png'), '\x89PNG\0');
    return command.configText('paper/site.yaml', text);
  };

  test('sets in sets, their order, files, and names that are told of', async () => {
    const built = await build(
      'nested',
      '--spec',
      spec(
        'title: Ours\nfigures: [energy]\nsets:\n- name: both\n  description: Work of Adalove.\n  sets:\n  - {name: small, runs: name=small, order: -energy, files: [scripts/train.sh]}\n  - {name: large, runs: name=large}\n- {name: one, runs: "1"}\n',
      ),
    );
    expect(built.sets.map(({ name, n }) => [name, n])).toEqual([
      ['both', 10],
      ['small', 5],
      ['large', 5],
      ['one', 1],
    ]);
    // The mean of one run has no error.
    expect(built.sets[3]?.figures[0]?.standard_error).toBeNull();
    const small = readFileSync(out('nested/sets/1-1.html'), 'utf8');
    expect([...small.matchAll(/<a href="\.\.\/runs\/\d+\.html">(\d+)</g)].map(([, id]) => id)).toEqual([
      '5',
      '3',
      '4',
      '2',
      '1',
    ]);
    expect(readFileSync(out('nested/files/set-2/train.sh'), 'utf8')).toContain('srun');
    expect(small).toContain('href="../files/set-2/train.sh"');
    expect(built.found_names).toEqual([
      { kind: 'user', name: 'adalove', where: 'the name or the description of a set' },
      { kind: 'user', name: 'adalove', where: 'the file train.sh' },
    ]);
  });

  test("what users measured is a figure like others, and a name that is none's is told with line and column", async () => {
    const env = { EIT_FACTS: join(command.dir, 'facts.ndjson') };
    const run = (...args: string[]): Promise<Outcome> =>
      command.run(process.execPath, [command.script('eit'), ...args], { env });
    const [first, second] = (await build('plain', ...SETS)).runs;
    const values = [91.5, 93.5];
    for (const [i, job] of [first!, second!].entries())
      expect((await run('metric', String(job.job_id), `accuracy=${values[i]}%`)).status).toBe(0);
    // A name in a unit is found; a picture's text is not looked for.
    expect((await run('metric', String(first!.job_id), 'credit=1 adalove')).status).toBe(0);
    const ids = `"${first!.job_id},${second!.job_id}"`;
    const file = spec(
      `figures: [accuracy]\nplots: [{x: accuracy, y: energy}]\nfiles: [plot.png]\nsets: [{name: a, runs: ${ids}}]\n`,
    );
    const { status, stdout, stderr } = await run(
      'appendix',
      '--spec',
      file,
      '--output',
      out('own'),
      '--json',
    );
    expect({ status, stderr: stderr.includes('EIT_') }).toEqual({ status: 0, stderr: false });
    expect(JSON.parse(stdout)).toMatchObject({
      sets: [{ figures: [{ figure: 'accuracy', unit: '%', n: 2, mean: 92.5, standard_error: 1 }] }],
      found_names: [{ kind: 'user', name: 'adalove', where: 'tags or metrics of runs' }],
      files_not_looked_through: [{ file: 'plot.png', why: 'it is no plain text' }],
    });
    expect(stderr).toContain('the file plot.png was not looked through for hidden names: it is no plain');
    expect(readFileSync(join(out('own'), 'index.html'), 'utf8')).toContain('accuracy up to 93.5 %');
    // Without the facts it is nobody's.
    const other = await eit('appendix', '--spec', file, '--output', out('own2'));
    expect(other.stderr).toMatch(/EIT_APPENDIX: .*site\.yaml:1:11: "accuracy" is no figure of a job/);
    expect(existsSync(out('own2'))).toBe(false);
  });

  test('a wrong key is told with line and column, and nothing is written', async () => {
    const { status, stderr } = await eit(
      'appendix',
      '--spec',
      spec('sets:\n- name: a\n  rnus: "1"\n'),
      '--output',
      out('none'),
    );
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /EIT_APPENDIX: .*site\.yaml:3:3: unknown key sets\.0\.rnus; did you mean runs\?/,
      ) as string,
    });
    expect(existsSync(out('none'))).toBe(false);
  });
});

test.each<[string, string[], RegExp]>([
  ['no folder', ['1'], /--output DIR/],
  ['no runs', ['--output', 'x'], /name runs: .*job ids/],
  ['runs beside a spec', ['1', '--spec', 'site.yaml', '--output', 'x'], /leave out job ids and --set/],
  [
    'a spec that is not there',
    ['--spec', 'nothing.yaml', '--output', 'x'],
    /EIT_APPENDIX: cannot read the spec/,
  ],
  [
    'a job that is not there',
    ['999', '--output', '/tmp/eit-appendix-none'],
    /EIT_RUN_SET: the set "runs" \(999\) has no runs/,
  ],
  [
    'a full folder',
    ['1', '--output', join(__dirname)],
    /EIT_PAGES: .*is not empty, and has no appendix\.json/,
  ],
])('%s: the message says what to do', async (_, args, message) => {
  const { status, stdout, stderr } = await eit('appendix', ...args);
  expect({ isError: status !== 0, stdout }).toEqual({ isError: true, stdout: '' });
  expect(stderr).toMatch(message);
  expect(existsSync('/tmp/eit-appendix-none')).toBe(false);
});

describe('a job in two sets of other times', () => {
  const csvLines = (to: string): number =>
    readFileSync(out(`${to}/data/runs.csv`), 'utf8')
      .trimEnd()
      .split('\r\n').length - 1;

  test('is one run where both have all of it', async () => {
    const all = [
      '--set',
      'all=name=small',
      '--set',
      'day=name=small;starttime=2026-03-02;endtime=2026-03-03',
    ];
    const built = await build('twice', ...all);
    expect(built.runs).toHaveLength(5);
    expect(csvLines('twice')).toBe(5);
    expect(built.sets[0]?.figures).toEqual(built.sets[1]?.figures);
  });

  // Job 31 runs from 13:20 to 13:40 UTC, with a line each five minutes.
  const part = (name: string, from: string, to: string): string[] => [
    '--set',
    `${name}=jobs=31;starttime=2026-03-02T${from};endtime=2026-03-02T${to}`,
  ];

  test('is a part in each that has some of it, and the parts add up', async () => {
    const parts = [...part('first', '14:00', '14:30'), ...part('second', '14:30', '15:00')];
    const built = await build('parts', ...parts);
    expect(csvLines('parts')).toBe(2);
    const [whole] = (await build('whole', '31')).sets;
    const sums = built.sets.map(({ figures }) => figures[0]!.sum);
    expect(sums.every((sum) => sum > 0)).toBe(true);
    expect(sums[0]! + sums[1]!).toBeCloseTo(whole!.figures[0]!.sum, 9);
  });

  test('is refused where the parts overlap', async () => {
    const parts = [...part('first', '14:00', '14:35'), ...part('second', '14:30', '15:00')];
    const { status, stderr } = await eit('appendix', ...parts, '--output', out('overlap'));
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/EIT_RUN_SET: job 31 is in both first and second, .*that do not overlap/);
    expect(existsSync(out('overlap'))).toBe(false);
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)('ended by %s, nothing of it is left', async (signal) => {
  const [to, options] = [join(command.dir, 'ended/pages'), { stdio: 'ignore' } as const];
  const env = { PATH: process.env['PATH'], EIT_CONFIG: join(command.dir, 'eit.yaml') };
  const args = [command.script('eit'), 'appendix', '--from', ledger, '--output', to];
  const child = spawn(process.execPath, args, { ...options, env });
  const end = once(child, 'exit');
  const { pid } = child;
  // It takes signals from when there is something to take away (proc(5): SigCgt, of which the last bit is SIGHUP).
  const catches = (): boolean => /^SigCgt:\s.*[13579bdf]$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  while (child.exitCode === null && !(existsSync(to) && catches())) await sleep(5);
  child.kill(signal);
  expect(await end).toEqual([null, signal]);
  expect(existsSync(join(command.dir, 'ended'))).toBe(false);
});

test('jobs that were observed in part are refused, and taken where one says so', async () => {
  const partial = join(command.dir, 'partial');
  await writeAppendixLedger(partial, JOBS.slice(0, 3));
  const file = join(partial, 'venus/inbox/2026-03-02/merkur1.ndjson');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replaceAll(
      /("kind":"run".*"job":2,)/g,
      '$1"missing_ms":{"package-0":290000},',
    ),
  );
  const { status, stderr } = await eit('appendix', '--from', partial, '--output', out('part'));
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/EIT_COVERAGE: job 2 of runs .*--allow-incomplete/) as string,
  });
  expect(existsSync(out('part'))).toBe(false);
  await build('part', '--from', partial, '--allow-incomplete');
  expect(readFileSync(out('part/index.html'), 'utf8')).toMatch(/observed in part; its energy is too low/);
});
