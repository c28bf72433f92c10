import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';

// A bound for what hangs: some tests start many commands.
jest.setTimeout(240_000);

let command: ReportCommand;
let runs: string;
// Jobs 1 to 4 take some 100 kJ, 11 to 14 half as much again; all reach about the same accuracy. Of 21 one node of two sent nothing.
beforeAll(() => {
  command = new ReportCommand();
  runs = join(command.dir, 'runs');
  const folder = join(runs, 'own/inbox/2026-03-02');
  mkdirSync(folder, { recursive: true });
  const write = (job: number, kj: number, more: object = {}): void => {
    const from = later(T, job * 600);
    const line = runRecord({
      ...{ cluster: 'own', job, from, started: from, seconds: 200, seq: job },
      ...{ start: { by: 'prolog' }, end: { by: 'epilog', coverage: {} } },
      measured_uj: { 'package-0': [kj * 1e9, 1, 1] },
      ...more,
    });
    writeFileSync(join(folder, 'n1.ndjson'), `${JSON.stringify(line)}\n`, { flag: 'a' });
  };
  [100, 101, 102, 103].forEach((kj, i) => write(i + 1, kj));
  [150, 152, 151, 153].forEach((kj, i) => write(i + 11, kj));
  write(21, 100, { nodes: 2 });
  const fact = (job: number, value: number): string =>
    JSON.stringify({
      ...{ schema: 1, cluster: 'own', job, at: T },
      metrics: { accuracy: { best: 'max', points: [[null, value]] } },
    });
  const lines = [1, 2, 3, 4, 11, 12, 13, 14].map((job) => fact(job, 0.9 + (job % 10) / 1000));
  writeFileSync(join(runs, 'facts.ndjson'), `${lines.join('\n')}\n`);
  command.config('eit.yaml', { ledger: runs, site: { pue: 1.2, zone: 'FR', node_overhead: 1 } });
});
afterAll(() => command.remove());

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), ...args, '--from', runs]);
}

test('a badge with both marks, and the Markdown for it', async () => {
  const file = join(command.dir, 'a (b).svg');
  const { status, stdout, stderr } = await eit(
    ...['badge', '1,2,3,4', '--baseline', '11,12,13,14', '--metric', 'accuracy', '--clean-below', '100'],
    ...['--output', file, '--markdown'],
  );
  expect(status).toBe(0);
  const wanted =
    /energy: 135 Wh, \d\.\d+ g CO2eq, 100 % observed, measured, clean zone: .* 100 g\/kWh, same accuracy \\\(−2 %\\\), 33 % less energy/;
  expect(stdout).toMatch(wanted);
  expect(stdout).toMatch(/^!\[.*\]\(<.*a%20%28b%29\.svg>\)\n$/);
  expect(stderr).toContain(`the badge is in ${file}`);
  const svg = readFileSync(file, 'utf8');
  expect(svg).toMatch(/^<svg .*role="img" aria-label="energy: /);
  expect(svg).toContain('two one-sided tests at 5 %');
});

test('nodes that sent nothing make it at least, and no claim rests on it', async () => {
  const { status, stdout, stderr } = await eit(
    ...['badge', '21', '--baseline', '11,12', '--metric', 'accuracy', '--json'],
  );
  expect(status).toBe(0);
  expect(stderr).toContain('no mark: jobs of runs were observed in part: less energy may be less looking');
  const badge = JSON.parse(stdout) as { text: string; marks: unknown[] };
  expect(badge.marks).toEqual([]);
  expect(badge.text).toMatch(/^energy: at least 33\.3 Wh, .*, 50 % observed/);
});

test('a score that if-run reads: what was observed and what follows', async () => {
  const { status, stdout } = await eit('export', 'sci', '1,2,3,4', '--per', 'job', '--embodied-kg', '0.1');
  expect(status).toBe(0);
  const { tree } = parse(stdout) as {
    tree: { children: { runs: { inputs: Record<string, number>[]; outputs: Record<string, number>[] } } };
  };
  const [input, output] = [tree.children.runs.inputs[0]!, tree.children.runs.outputs[0]!];
  expect(input['energy']).toBeCloseTo((406 / 3600) * 1.2, 9);
  expect(input).toMatchObject({ 'carbon-embodied': 100, jobs: 4, duration: 2000 });
  expect(output['sci']).toBeCloseTo((input['energy']! * input['grid/carbon-intensity']! + 100) / 4, 9);
});

test('a report of BoAmps, of one set', async () => {
  const task = join(command.dir, 'task.yaml');
  writeFileSync(
    task,
    'task:\n  taskStage: training\n  taskFamily: x\n  algorithms: [{}]\n  dataset: [{dataUsage: input, dataType: other}]\n',
  );
  const { status, stdout } = await eit('export', 'boamps', '1,2', '--task', task);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    measures: [
      { powerConsumption: 201 / 3600, measurementDuration: 400, measurementDateTime: '2026-03-02 10:10:00' },
    ],
    environment: { country: 'France' },
  });
});

test.each([
  [['badge', '1', '--metric', 'accuracy'], 2, /--metric belongs to --baseline/],
  [['badge', '1', '--baseline', '2'], 2, /--baseline needs the figure/],
  [['badge', '1', '--clean-below', 'much'], 2, /--clean-below much is no number/],
  [
    ['badge', '1', '--within', '200%', '--baseline', '2', '--metric', 'accuracy'],
    2,
    /--within 200% is no part/,
  ],
  [['badge', '--set', 'A=1', '--set', 'B=2'], 2, /one set/],
  [['export', 'sci', '1'], 2, /what making the machines emitted is not known.*--without-embodied/],
  [
    ['export', 'sci', '--set', 'A=1', '--set', 'B=2', '--embodied-kg', '5'],
    2,
    /--embodied-kg is the part of one set of runs: export each set by itself/,
  ],
  [
    ['export', 'sci', '--set', 'A=1', '--set', 'B=2', '--per', '5000', '--without-embodied'],
    2,
    /--per 5000 is what one set of runs served: export each set by itself/,
  ],
  [['export', 'sci', '1', '--task', 'x'], 2, /eit export sci takes no --task/],
  [['export', 'sci', '21', '--without-embodied'], 1, /EIT_COVERAGE/],
  [['export', 'boamps', '1'], 2, /needs --task FILE/],
])('%j ends with %i and says what to do', async (args, wanted, message) => {
  const { status, stdout, stderr } = await eit(...args);
  expect({ status, stdout }).toEqual({ status: wanted, stdout: '' });
  expect(stderr).toMatch(message);
});
