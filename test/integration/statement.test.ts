import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb } from '../../src/archive/duckdb';
import { jobsFolder } from '../../src/archive/job-files';
import { JobStore, makeJobsFolder } from '../../src/archive/job-store';
import { appendSeries } from '../../src/carbon/intensity-store';
import type { SacctJob } from '../../src/slurm/sacct';
import { testUnless } from '../test-unless';
import { expectGolden } from '../unit/report/golden';
import { later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';
const PUE = 1.58;

// What the paper states, of three jobs: 24.344 kWh with PUE, and 8.021 kg.
const KWH = [10, 8, 6.344];
const G_PER_KWH = (8.021 / 24.344) * 1000;

function told(jobId: number, state: string): SacctJob {
  const startS = Date.parse(T) / 1000 + jobId * 600;
  return {
    ...{
      jobId,
      arrayJobId: null,
      arrayTaskId: null,
      hetJobId: null,
      hetOffset: null,
      cluster: 'alpha',
      state,
    },
    ...{ submitS: startS - 60, eligibleS: null, startS, endS: startS + 300, cancelledByUid: null },
    ...{ exitCode: 0, exitSignal: 0, qos: null, reservation: null, elapsedS: 300, suspendedS: 0, nodes: 1 },
    ...{ allocCpus: 4, reqCpus: 1, reqMemoryBytes: null, timeLimitS: null, uid: 1001, user: 'alice' },
    ...{ account: null, partition: 'cpu', slurmEnergyJ: null, restarts: null, sluid: null, name: 'train' },
  };
}

let command: ReportCommand;
beforeAll(async () => {
  command = new ReportCommand();
  const ledger = join(command.dir, 'ledger');
  const folder = join(ledger, 'alpha/inbox/2026-03-02');
  mkdirSync(folder, { recursive: true });
  let seq = 0;
  const write = (job: number, given: Parameters<typeof runRecord>[0]): void => {
    const from = later(T, job * 600);
    const record = runRecord({
      ...{ job, from, started: from, slurm_start: Date.parse(from) / 1000, seq: seq++ },
      ...{ start: { by: 'prolog' }, end: { by: 'epilog', coverage: {} } },
      ...given,
    });
    writeFileSync(join(folder, 'n1.ndjson'), `${JSON.stringify(record)}\n`, { flag: 'a' });
  };
  KWH.forEach((kwh, i) => {
    const uj = Math.round((kwh / PUE) * 3.6e12);
    write(i + 1, { measured_uj: { 'package-0': [uj, uj, uj] } });
  });
  // Its other node sent nothing.
  write(4, { nodes: 2 });
  await appendSeries(join(ledger, '_intensity'), 'US-CAL-CISO', [
    {
      ...{ zone: 'US-CAL-CISO', g_per_kwh: G_PER_KWH, basis: 'average-lifecycle', flow: 'consumption' },
      ...{ start: T, end: later(T, 7200), source: 'a grid operator', estimated: false, fetched_at: T },
    },
  ]);
  const jobs = jobsFolder(ledger, 'alpha');
  makeJobsFolder(jobs);
  await withDuckDb(REPORT_LIMITS, async (connection) => {
    const store = await JobStore.open(connection);
    const rows = await store.appender();
    rows.add([told(1, 'COMPLETED'), told(2, 'FAILED'), told(3, 'COMPLETED')]);
    rows.close();
    await store.merge(jobs, 0o600);
  });
  command.config('eit.yaml', {
    ledger,
    admins: [String(process.getuid?.())],
    site: { pue: PUE, zone: 'US-CAL-CISO' },
  });
});
afterAll(() => command.remove());

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), 'statement', ...args]);
}

test('three jobs of the ledger come out as the paper prints its own', async () => {
  const { status, stdout, stderr } = await eit('1,2,3', '--appendix-url', 'https://example.org/appendix');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('used 24.344 kWh of electricity, PUE included');
  expect(stdout).toContain('emission of 8.021 kg of CO2eq');
  expect(stdout).toContain('$0.38 ($0.00, $0.95) for USA, and $3.35 ($1.42, $6.46) for the world');
  expect(stdout).toContain('Jobs that came to no good end are counted too: 1 failed.');
  expect(stdout).toMatch(
    /a PUE of 1\.58 on the grid US-CAL-CISO \([^)]+\) with 329\.5 g of CO2eq per kWh in the mean/,
  );
  expect(stdout).toContain('https://example.org/appendix.');
  const drawn = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', DRAW, join(__dirname, '../../scripts/draw-terminal.mjs')],
    { input: stdout, encoding: 'utf8' },
  );
  expect(drawn.stderr).toBe('');
  expectGolden('../../../../docs/statement.svg', drawn.stdout);
});

/** Breaks lines as a terminal of 110 columns does. */
const DRAW = `
  import { readFileSync } from 'node:fs';
  const { drawTerminal } = await import(process.argv[1]);
  const lines = readFileSync(0, 'utf8').trimEnd().split('\\n').flatMap((line) => line.match(/.{1,108}( |$)|^$/g) ?? [line]);
  process.stdout.write(drawTerminal(lines, { columns: 110, title: 'eit statement: the figures of the paper' }));`;

test('projects: a line each and their sum, in which no job is twice', async () => {
  const { status, stdout } = await eit('--set', 'A=1,2', '--set', 'B=2,3', '--json');
  expect(status).toBe(0);
  const found = JSON.parse(stdout) as {
    projects: { name: string; energy_kwh: number; social_cost: { countries: string[] } }[];
    together: { energy_kwh: number; co2e_kg: number; jobs: number };
    overlaps: string[];
  };
  expect(found.projects.map(({ name, energy_kwh: kwh }) => [name, Number(kwh.toFixed(6))])).toEqual([
    ['A', 18],
    ['B', 14.344],
  ]);
  expect(found.projects[0]?.social_cost.countries).toEqual(['USA']);
  expect(found.together.jobs).toBe(3);
  expect(found.together.energy_kwh).toBeCloseTo(24.344, 6);
  expect(found.together.co2e_kg).toBeCloseTo(8.021, 6);
  expect(found.overlaps).toEqual(['job 2 in both A and B: counted once in the sum']);
});

test('what was observed in part is refused, and with --allow-incomplete a lower bound', async () => {
  const refused = await eit('1,4');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/^eit: EIT_COVERAGE: job 4 of runs .*nodes 1\/2/);
  const { stdout } = await eit('1,4', '--allow-incomplete');
  expect(stdout).toMatch(/used at least 10\.\d{3} kWh .* at least 3\.\d{3} kg/);
});

test.each<[string[], string]>([
  [['1', '--latex', '--html'], '--latex and --html cannot be had together'],
  [['1', '--add', 'travel'], '--add "travel" is no name and mass of CO2eq'],
  [['1', '--appendix-url', 'javascript:x'], '--appendix-url "javascript:x" is no address of the web'],
  [['--set', 'A=99'], 'the set "A" (99) has no runs'],
  [[], 'name runs: job ids'],
])('eit statement %j is refused', async (args, message) => {
  const { status, stderr } = await eit(...args);
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
});

const noTex =
  spawnSync('pdflatex', ['--version']).status === 0
    ? undefined
    : 'needs pdflatex and bibtex (texlive-latex-base)';

testUnless(noTex)(
  'LaTeX compiles with the entries of --bibtex, also with names that want to be commands',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'eit-statement-'));
    try {
      const hostile = '\\input{x} $a_b^c & # % ~ {} "漢ą" \\end{document}';
      const set = ['--set', `${hostile.replaceAll('=', '')}=1`, '--set', 'B=2,3'];
      const latex = await eit(
        ...set,
        '--latex',
        '--add',
        `${hostile}=1 kg`,
        '--appendix-url',
        'https://example.org/a_b%20?x=1&y#z',
      );
      const bibtex = await eit(...set, '--bibtex');
      expect([latex.status, bibtex.status]).toEqual([0, 0]);
      writeFileSync(join(dir, 'statement.tex'), latex.stdout);
      writeFileSync(join(dir, 'eit.bib'), bibtex.stdout);
      writeFileSync(
        join(dir, 'main.tex'),
        '\\documentclass{article}\n\\begin{document}\n\\input{statement}\n\\bibliographystyle{plain}\n\\bibliography{eit}\n\\end{document}\n',
      );
      const compile = (program: string, ...args: string[]): string => {
        const done = spawnSync(program, args, { cwd: dir, encoding: 'latin1' });
        return done.status === 0 ? '' : done.stdout;
      };
      const tex = ['-interaction=nonstopmode', '-halt-on-error', '-no-shell-escape', 'main.tex'];
      for (const [program, ...args] of [
        ['pdflatex', ...tex],
        ['bibtex', 'main'],
        ['pdflatex', ...tex],
        ['pdflatex', ...tex],
      ] as const)
        expect([program, compile(program, ...args)]).toEqual([program, '']);
      const log = readFileSync(join(dir, 'main.log'), 'latin1');
      expect(log).not.toMatch(/undefined|^!/m);
      expect(readFileSync(join(dir, 'main.pdf')).length).toBeGreaterThan(10_000);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);
