import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compact } from '../../src/archive/compact';
import { appendSeries } from '../../src/carbon/intensity-store';
import type { RunRecord } from '../../src/generated/record';
import type { EitReport } from '../../src/generated/report';
import validate from '../../src/generated/report-validator';
import { later, runRecord } from '../unit/report/records';
import { type Outcome, ReportCommand } from './report-command';

/** The documented set-up of NESO: life-cycle grams are asked for, and the series has direct ones alone. */
const T = '2026-03-02T10:00:00.000Z';
const KWH_UJ = 3.6e12;

let command: ReportCommand;
const ledgers: string[] = [];

function ledgerOf(records: readonly RunRecord[]): string {
  const ledger = mkdtempSync(join(tmpdir(), 'eit-told-'));
  ledgers.push(ledger);
  for (const record of records) {
    const path = join(ledger, record.cluster, 'inbox', record.to.slice(0, 10), 'n1.ndjson');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(record)}\n`, { flag: 'a' });
  }
  return ledger;
}

function ran(job: number, from: string, given: Partial<RunRecord> = {}): RunRecord {
  return runRecord({
    ...{ job, seq: job, from, started: from, start: { by: 'prolog' }, end: { by: 'epilog', coverage: {} } },
    measured_uj: { 'package-0': [KWH_UJ, KWH_UJ, KWH_UJ] },
    ...given,
  });
}

/** A config of its own of a ledger of these runs, at a site without a PUE to be said. */
function site(name: string, zone: string, records: readonly RunRecord[], given: object = {}): string[] {
  return ['--config', configOf(name, ledgerOf(records), { zone, pue: 1, node_overhead: 1, ...given })];
}

function configOf(name: string, ledger: string, of: object, more: object = {}): string {
  return command.config(`${name}.yaml`, {
    ...{ ledger, admins: [String(process.getuid?.())], privacy: 'open', site: of },
    ...more,
  });
}

beforeAll(() => {
  command = new ReportCommand();
}, 60_000);
afterAll(() => {
  command.remove();
  for (const ledger of ledgers) rmSync(ledger, { recursive: true, force: true });
});

function eit(...args: string[]): Promise<Outcome> {
  return command.run(process.execPath, [command.script('eit'), ...args]);
}

async function json(...args: string[]): Promise<EitReport> {
  const { stdout, stderr } = await command.report(['-a', '--json', ...args]);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as EitReport;
  expect([validate(report), validate.errors]).toEqual([true, null]);
  return report;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('energy on another basis than asked for', () => {
  let config: string[];
  const march = ['-S', '2026-03-01', '-E', '2026-04-01'];

  beforeAll(async () => {
    const ledger = ledgerOf([ran(1, T), ran(2, later(T, 5 * 3600))]);
    config = ['--config', configOf('direct', ledger, { zone: 'GB', pue: 1 })];
    await appendSeries(join(ledger, '_intensity'), 'GB', [
      {
        ...{ zone: 'GB', g_per_kwh: 100, basis: 'average-direct', flow: 'production' },
        ...{ start: T, end: later(T, 3600), source: 'dir.csv', estimated: true, fetched_at: T },
      },
    ]);
  });

  test('is in the report with the basis that it has', async () => {
    const { factors } = await json(...config, ...march, '-j', '1');
    expect(factors).toMatchObject({
      intensity_basis: 'average-lifecycle',
      intensity_by_basis: { lifecycle: 0, direct: 1 },
      by_cluster: [{ intensity_by_basis: { lifecycle: 0, direct: 1 } }],
    });
    const both = await json(...config, ...march);
    expect(both.factors).toMatchObject({
      intensity_by_basis: { lifecycle: 0.5, direct: 0.5 },
      intensity_year: 2024,
    });
    const { stdout } = await command.report([...config, ...march, '-a', '--no-bar']);
    expect(oneLine(stdout)).toMatch(
      /\(50 % average-[a-z]+, 50 % average-[a-z]+\), zone GB, the mean of the times of use \(of the energy 50 % estimated, 50 % by the average of 2024\)/,
    );
  });

  test('is in the statement, the mail, the score and the badge', async () => {
    const statement = await eit('statement', '1', ...config);
    expect(oneLine(statement.stdout)).toContain(
      'in the mean of the times of use (direct, average; dir.csv; of the energy 100 % estimated)',
    );
    const both = await eit('statement', '1,2', ...config);
    expect(oneLine(both.stdout)).toMatch(
      /\(50 % [a-z ]+, 50 % [a-z ]+, average; dir\.csv; .*; of the energy 50 % estimated, 50 % by the average of 2024\)/,
    );
    const mail = await eit('mail', 'show', '1', ...config);
    expect(oneLine(mail.stdout)).toContain('zone GB, 100 g/kWh (average-direct)');
    expect(oneLine(mail.stdout)).toContain('Intensity: dir.csv; of the energy 100 % estimated.');
    const sci = await eit('export', 'sci', '1', '--per', 'job', '--without-embodied', ...config);
    expect(oneLine(sci.stdout)).toContain(
      'dir.csv (GB, average-direct, location-based; of the energy 100 % estimated)',
    );
    const badge = await eit('badge', '1', ...config);
    expect(badge.stdout).toContain('dir.csv; average-direct; of the energy 100 % estimated');
  });

  test('is compared with another zone on the same basis, else that is a warning', async () => {
    const same = await eit('whatif', '1', '--zone', 'FR', ...config);
    expect(same.stdout).toMatch(/FR: average of 2024, .*\(average-direct\)/s);
    expect(same.stdout).not.toContain('Warning');
    const asked = await eit('whatif', '1', '--zone', 'FR', '--basis', 'lifecycle', ...config);
    expect(oneLine(asked.stdout)).toContain(
      'Warning: what was measured is on average-direct, the zones are on average-lifecycle: the two do not compare, --basis average-direct does.',
    );
    const both = await eit('whatif', '1,2', '--zone', 'FR', ...config);
    expect(oneLine(both.stdout)).toContain(
      'what was measured is on average-direct and average-lifecycle, the zones are on average-lifecycle',
    );
    const start = await eit('whatif', '2', '--zone', 'GB', '--start', '2026-03-02T11:00:00', ...config);
    expect(oneLine(start.stdout)).toContain(
      'the series of GB is on average-direct, which does not compare with average-lifecycle',
    );
  });

  test('is said beside what has no place for it', async () => {
    const { stdout, stderr } = await command.report([...config, ...march, '-a', '--csv']);
    expect(stderr).toMatch(
      /^eit-report: defaults and fallbacks: intensity 50 % average-[a-z]+, 50 % average-[a-z]+; of the energy 50 % estimated, 50 % by the average of 2024\n$/,
    );
    expect(stdout).not.toContain('average');
    // Nothing that is shown rests on them.
    const plain = await command.report([...config, ...march, '-anP', '-o', 'User,Jobs,ITEnergy']);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
  });
});

test('two clusters on two bases: the report says how much of the energy is on each', async () => {
  const ledger = ledgerOf([ran(1, T), ran(2, T, { cluster: 'beta' }), ran(3, T, { cluster: 'beta' })]);
  const path = configOf(
    'bases',
    ledger,
    { zone: 'DE', pue: 1 },
    { clusters: { beta: { intensity_basis: 'direct' } } },
  );
  const asked = ['--config', path, '-S', '2026-03-01', '-E', '2026-04-01'];
  const { factors } = await json(...asked);
  expect(factors.intensity_by_basis!.direct).toBeCloseTo(2 / 3, 5);
  expect(factors.by_cluster.map((one) => one.intensity_by_basis)).toEqual([undefined, undefined]);
  const { stdout } = await command.report([...asked, '-a', '--no-bar']);
  expect(oneLine(stdout)).toContain('(66.6 % average-direct, 33.3 % average-lifecycle, average of 2024)');
});

describe('the year of an average', () => {
  const footer = async (args: readonly string[]): Promise<string> => {
    const { stdout, status } = await command.report([...args, '-a', '--no-bar']);
    expect(status).toBe(0);
    return oneLine(stdout);
  };

  test.each([
    ['the window begins with the year', ['-S', '2022-01-01', '-E', '2022-02-01'], '2022-01-10T10:00:00.000Z'],
    ['no year but that one', ['-S', '2022-02-01', '-E', '2022-03-01'], '2022-02-10T10:00:00.000Z'],
    ['all times are asked for', ['-S', '2015-01-01'], '2022-02-10T10:00:00.000Z'],
  ])('in place of another is named in text and JSON: %s', async (name, window, from) => {
    const config = site(`fr-${name.length}`, 'FR', [ran(1, from)]);
    expect(await footer([...config, ...window])).toContain(
      'g/kWh (average-lifecycle, average of 2024 in place of 2022), zone FR. ',
    );
    const { factors } = await json(...config, ...window);
    expect(factors.intensity_year).toBe(2024);
    expect(factors.intensity_years).toEqual([{ year: 2024, in_place_of: [2022] }]);
    expect(factors.defaults_used).toEqual([
      'intensity of 2024 in place of 2022, for which no table has FR (average-lifecycle)',
    ]);
    const { stderr } = await command.report([...config, ...window, '-a', '-P']);
    expect(stderr).toBe(
      'eit-report: defaults and fallbacks: intensity by the average of 2024 in place of 2022\n',
    );
  });

  test('is named, one or several, and only those of years in which something ran', async () => {
    const old = site('old', 'EE', [ran(1, '2019-06-01T10:00:00.000Z')]);
    for (const window of [
      ['-S', '2019-06-01', '-E', '2019-07-01'],
      ['-S', '2015-01-01'],
    ]) {
      const told = await footer([...old, ...window]);
      expect(told).toContain('(average-lifecycle, average of 2019), zone EE');
      const { factors } = await json(...old, ...window);
      expect(factors).toMatchObject({ intensity_year: 2019, defaults_used: [] });
      expect(factors.intensity_source).not.toContain('2024');
    }
    const both = site('both', 'EE', [ran(1, '2019-06-01T10:00:00.000Z'), ran(2, '2024-06-01T10:00:00.000Z')]);
    const { factors } = await json(...both, '-S', '2015-01-01');
    expect(factors.intensity_year).toBeUndefined();
    expect(factors.intensity_years).toContainEqual({ year: 2019, in_place_of: [] });
    expect(factors.intensity_years).toContainEqual({ year: 2024, in_place_of: [] });
  });

  test('is in statement and score, which name no other year', async () => {
    const config = site('words', 'FR', [ran(1, '2022-02-10T10:00:00.000Z')]);
    const statement = oneLine((await eit('statement', '1', ...config)).stdout);
    expect(statement).toContain(', 2024 in place of 2022)');
    expect(statement.match(/20\d\d in place of 20\d\d/g)).toEqual([
      '2024 in place of 2022',
      '2024 in place of 2022',
    ]);
    const sci = await eit('export', 'sci', '1', '--per', 'job', '--without-embodied', ...config);
    expect(oneLine(sci.stdout)).toContain(
      'average-lifecycle, average of 2024 in place of 2022, location-based',
    );
  });

  test('is the same from totals, whose window reaches up to now', async () => {
    const records = [ran(1, '2019-06-01T10:00:00.000Z'), ran(2, '2019-07-03T10:00:00.000Z')];
    const ledger = ledgerOf(records);
    const config = [
      '--config',
      configOf('totals', ledger, { zone: 'EE', pue: 1 }, { time_zone: 'Europe/Berlin' }),
    ];
    const asked = [...config, '-S', '2015-01-01', '--group-by', 'user'];
    const before = await json(...asked);
    await compact({
      ...{ ledger, cluster: 'alpha', timeZone: 'Europe/Berlin', inboxDays: 7, privacy: { mode: 'open' } },
      nowMs: Date.parse('2020-05-01T12:00:00Z'),
      warn: (message) => {
        throw new Error(message);
      },
    });
    const after = await json(...asked);
    expect({ ...after, generated_at: '' }).toEqual({ ...before, generated_at: '', until: after.until });
    expect(after.factors).toMatchObject({ intensity_year: 2019, intensity_by_origin: { yearly: 1 } });
    expect(after.factors.defaults_used.filter((text) => text.startsWith('intensity'))).toEqual([]);
  });
});

test('a source of a series is named where energy has its values, and not where the series is of another time', async () => {
  const ledger = ledgerOf([ran(1, '2026-06-02T10:00:00.000Z')]);
  const config = ['--config', configOf('far', ledger, { zone: 'DE', pue: 1 })];
  await appendSeries(join(ledger, '_intensity'), 'DE', [
    {
      ...{ zone: 'DE', g_per_kwh: 100, basis: 'average-lifecycle', flow: 'consumption' },
      ...{ start: T, end: later(T, 3600), source: 'a grid operator', estimated: false, fetched_at: T },
    },
  ]);
  const { factors } = await json(...config, '-S', '2026-01-01');
  expect(factors.intensity_by_origin).toMatchObject({ yearly: 1 });
  expect(factors.intensity_source).not.toContain('a grid operator');
  expect(factors.intensity_year).toBe(2024);
});

test('a report without defaults and fallbacks says nothing beside figures', async () => {
  const config = site('sure', 'DE', [ran(1, T)], { pue: 1.2 });
  const series = ledgers.at(-1)!;
  await appendSeries(join(series, '_intensity'), 'DE', [
    {
      ...{ zone: 'DE', g_per_kwh: 100, basis: 'average-lifecycle', flow: 'consumption' },
      ...{ start: T, end: later(T, 3600), source: 'a grid operator', estimated: false, fetched_at: T },
    },
  ]);
  const asked = [...config, '-S', '2026-03-01', '-E', '2026-04-01', '-a', '--csv'];
  expect((await command.report(asked)).stderr).toBe('');
  const assumed = ['--config', configOf('assumed', series, {})];
  expect((await command.report([...assumed, ...asked.slice(2)])).stderr).toBe(
    'eit-report: defaults and fallbacks: PUE 1.58 (default); zone WORLD (default); intensity by the average of 2024\n',
  );
});
