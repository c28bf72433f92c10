import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compact } from '../../src/archive/compact';
import { appendSeries } from '../../src/carbon/intensity-store';
import type { IntensityLine } from '../../src/generated/intensity';
import type { EitReport } from '../../src/generated/report';
import validate from '../../src/generated/report-validator';
import { later, runRecord } from '../unit/report/records';
import { ReportCommand } from './report-command';

const T = '2026-03-02T10:00:00.000Z';
const KWH_UJ = 3.6e12;
const WINDOW = ['-S', '2026-03-01', '-E', '2026-04-01'];

/** An hour of the grid, n hours after T. */
function hour(n: number, gPerKwh: number, given: Partial<IntensityLine> = {}): IntensityLine {
  return {
    zone: 'DE',
    start: later(T, n * 3600),
    end: later(T, (n + 1) * 3600),
    g_per_kwh: gPerKwh,
    basis: 'average-lifecycle',
    flow: 'consumption',
    source: 'a grid operator',
    estimated: false,
    fetched_at: '2026-03-03T00:00:00.000Z',
    ...given,
  };
}

const ledger = mkdtempSync(join(tmpdir(), 'eit-by-time-'));
let command: ReportCommand;

beforeAll(async () => {
  command = new ReportCommand();
  command.config('eit.yaml', {
    ledger,
    admins: [process.env['USER'] ?? 'root'],
    privacy: 'open',
    time_zone: 'Europe/Berlin',
    site: { zone: 'DE', pue: 1.25 },
    quotas: [{ per: 'user', period: 'year', unit: 'kgCO2e', each: 1 }],
  });
  // A kWh an hour for two hours, lines of five minutes; and one that ran when the series was silent, far away.
  const uj = KWH_UJ / 12;
  const lines = [...Array(24).keys()].map((i) =>
    runRecord({ from: later(T, i * 300), started: T, seq: i, measured_uj: { 'package-0': [uj, uj, uj] } }),
  );
  const late = runRecord({
    job: 2,
    seq: 100,
    from: '2026-03-30T10:00:00.000Z',
    measured_uj: { 'package-0': [uj, uj, uj] },
  });
  for (const record of [...lines, late]) {
    const path = join(ledger, 'alpha/inbox', record.to.slice(0, 10), 'n1.ndjson');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(record)}\n`, { flag: 'a' });
  }
  const series = join(ledger, '_intensity');
  await appendSeries(series, 'DE', [hour(0, 100), hour(1, 900, { estimated: true })]);
  await appendSeries(series, 'DE', [hour(1, 500, { fetched_at: '2026-03-09T00:00:00.000Z' })]);
}, 60_000);
afterAll(() => {
  command.remove();
  rmSync(ledger, { recursive: true, force: true });
});

async function json(...args: string[]): Promise<EitReport> {
  const { status, stdout, stderr } = await command.report([...WINDOW, '--json', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const report = JSON.parse(stdout) as EitReport;
  expect(validate(report)).toBe(true);
  return report;
}

const comparable = ({ generated_at: _, ...report }: EitReport): unknown => report;

test('each hour has its own intensity, and the report says where it has none', async () => {
  const { groups, total, factors } = await json('-a', '--group-by', 'job');
  const [first, second] = groups;
  expect(first!.energy_kwh.total).toBeCloseTo(2.5, 9);
  expect(first!.co2e_kg).toBeCloseTo((1.25 * 100 + 1.25 * 500) / 1000, 9);
  // Of four weeks later the same hour of the week is known.
  expect(second!.co2e_kg).toBeCloseTo(((1.25 / 12) * 100) / 1000, 9);
  expect(total.co2e_kg).toBeCloseTo(first!.co2e_kg + second!.co2e_kg, 9);
  expect(factors.intensity_source).toBe('a grid operator');
  expect(factors.intensity_by_origin).toEqual({
    ...{ series: 0.96, estimated: 0, neighbour: 0, same_hour: 0.04, yearly: 0, other_basis: 0 },
  });
  expect(factors.intensity_g_per_kwh).toBeCloseTo((1000 * total.co2e_kg) / total.energy_kwh.total, 6);
});

test('--factors-as-of gives the report of that day: before the final value came, and before there was any', async () => {
  const { groups, factors } = await json('-j', '1', '-a', '--factors-as-of', '2026-03-05');
  expect(groups[0]!.co2e_kg).toBeCloseTo((1.25 * 100 + 1.25 * 900) / 1000, 9);
  expect(factors.intensity_by_origin).toMatchObject({ series: 0.5, estimated: 0.5 });
  expect(factors.as_of).toBe('2026-03-04T23:00:00.000Z');

  const before = await json('-j', '1', '-a', '--factors-as-of', '2026-03-01');
  expect(before.factors.intensity_by_origin).toBeUndefined();
  expect(before.factors.intensity_source).toContain('Electricity Maps');
});

test('compaction changes no figure, and a quota in kgCO2e is by the hour too', async () => {
  const asked = [
    ['-a', '--group-by', 'user,partition'],
    ['-a', '--group-by', 'month'],
    ['-a', '--group-by', 'job'],
  ];
  const before = [];
  for (const args of asked) before.push(comparable(await json(...args)));
  const done = await compact({
    ledger,
    cluster: 'alpha',
    nowMs: Date.parse('2026-05-01T12:00:00Z'),
    timeZone: 'Europe/Berlin',
    inboxDays: 7,
    privacy: { mode: 'open' },
    warn: (message) => {
      throw new Error(message);
    },
  });
  expect(done.removedInboxFiles).toBeGreaterThan(0);
  for (const [i, args] of asked.entries()) expect(comparable(await json(...args))).toEqual(before[i]);

  const { stdout, status } = await command.run(process.execPath, [command.script('eit'), 'quota', '--json']);
  expect(status).toBe(0);
  const { quotas } = JSON.parse(stdout) as { quotas: { used: number }[] };
  expect(quotas[0]!.used).toBeCloseTo((1.25 * 100 + 1.25 * 500 + (1.25 / 12) * 100) / 1000, 6);
});

test('the table says that CO2e is of the times of use', async () => {
  const { stdout } = await command.report([...WINDOW, '-a', '--no-bar']);
  expect(stdout).toContain(
    'the mean of the times of use (of the energy 4 % from the same hour of other weeks)',
  );
});

test('PUE and price by time, from the files of the site', async () => {
  const csv = (name: string, first: number, second: number): string =>
    command.configText(
      name,
      `from,to,value\n2026-03-02T11:00,2026-03-02T12:00,${first}\n2026-03-02T12:00,2026-03-02T13:00,${second}\n`,
    );
  const config = command.config('by-time.yaml', {
    ledger,
    privacy: 'open',
    time_zone: 'Europe/Berlin',
    site: { zone: 'DE', pue_file: csv('pue.csv', 1.2, 1.6), price_file: csv('price.csv', 0.2, 0.5) },
  });
  const { groups, factors } = await json('-j', '1', '-a', '--config', config);
  const [job] = groups;
  expect(job!.energy_kwh.total).toBeCloseTo(1.2 + 1.6, 9);
  expect(job!.co2e_kg).toBeCloseTo((1.2 * 100 + 1.6 * 500) / 1000, 9);
  expect(job!.cost).toBeCloseTo(1.2 * 0.2 + 1.6 * 0.5, 9);
  expect(factors.pue).toBeCloseTo(1.4, 9);
});

test('old jobs have the average of their own year', async () => {
  const old = mkdtempSync(join(tmpdir(), 'eit-by-year-'));
  const config = command.config('by-year.yaml', {
    ledger: old,
    privacy: 'open',
    site: { zone: 'EE', pue: 1 },
  });
  const uj = KWH_UJ / 100;
  ['2019-06-01T10:00:00.000Z', '2024-06-01T10:00:00.000Z'].forEach((from, i) => {
    const record = runRecord({ job: i + 1, seq: i, from, measured_uj: { 'package-0': [uj, uj, uj] } });
    const path = join(old, 'alpha/inbox', record.to.slice(0, 10), 'n1.ndjson');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(record)}\n`);
  });
  const asked = [
    '-a',
    '-S',
    '2019-01-02',
    '-E',
    '2025-01-01',
    '--group-by',
    'job',
    '--json',
    '--config',
    config,
  ];
  const { stdout, status } = await command.report(asked);
  rmSync(old, { recursive: true, force: true });
  expect(status).toBe(0);
  const { groups, factors } = JSON.parse(stdout) as EitReport;
  const grams = groups.map((group) => (group.co2e_kg * 1000) / group.energy_kwh.total);
  expect(grams[0]).toBeCloseTo(1043.69, 1);
  expect(grams[1]).toBeCloseTo(291.52, 1);
  expect(factors.intensity_by_origin).toMatchObject({ yearly: 1 });
  expect(factors.intensity_source).toContain('2019');
  expect(factors.defaults_used.filter((text) => text.startsWith('intensity of'))).toEqual([
    'intensity of 2019 in place of 2020, for which no table has EE (average-lifecycle)',
    'intensity of 2019 in place of 2021, for which no table has EE (average-lifecycle)',
    'intensity of 2024 in place of 2022, for which no table has EE (average-lifecycle)',
    'intensity of 2024 in place of 2023, for which no table has EE (average-lifecycle)',
  ]);
});

describe('a value after the window', () => {
  const own = mkdtempSync(join(tmpdir(), 'eit-by-window-'));
  let config: string;
  const series = join(own, '_intensity');
  /** Two days in Berlin, the series' own. */
  const window = ['2026-03-04T00:00', '2026-03-06T00:00'] as const;
  const startMs = Date.parse('2026-03-03T23:00:00.000Z');
  const gb = (n: number, grams: number, basis: IntensityLine['basis']): IntensityLine => {
    const [start, end] = [n, n + 1].map((at) => new Date(startMs + at * 3_600_000).toISOString());
    return hour(0, grams, { zone: 'GB', basis, start: start!, end: end! });
  };
  beforeAll(async () => {
    config = command.config('by-window.yaml', {
      ledger: own,
      privacy: 'open',
      time_zone: 'Europe/Berlin',
      site: { zone: 'DE', pue: 1 },
      clusters: { alpha: { zone: 'GB' }, beta: { zone: 'GB', intensity_basis: 'direct' } },
    });
    const uj = KWH_UJ / 3600;
    const record = runRecord({
      from: '2026-03-04T10:00:00.000Z',
      measured_uj: { 'package-0': [uj, uj, uj] },
    });
    const path = join(own, 'alpha/inbox', record.to.slice(0, 10), 'n1.ndjson');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(record)}\n`);
    await appendSeries(
      series,
      'GB',
      [...Array(48).keys()].map((n) => gb(n, 100 + n, 'average-direct')),
    );
  });
  afterAll(() => rmSync(own, { recursive: true, force: true }));

  const figures = async () => {
    const args = ['-a', '-S', window[0], '-E', window[1], '--json', '--config', config];
    const { stdout, stderr, status } = await command.report(args);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const { total, factors } = JSON.parse(stdout) as EitReport;
    return { grams: (total.co2e_kg * 1000) / total.energy_kwh.total, origin: factors.intensity_by_origin };
  };
  const shown = async (...args: string[]) => {
    const asked = ['intensity', 'show', '--from', window[0], '--to', window[1], '--json', '--config', config];
    const all = [command.script('eit'), ...asked, ...args];
    const { stdout, status, stderr } = await command.run(process.execPath, all);
    expect({ status, stdout: stdout !== '' }).toEqual({ status: 0, stdout: true });
    return {
      ...(JSON.parse(stdout) as { zone: string; basis: string; pieces: { basis: string }[] }),
      stderr,
    };
  };

  test('does not choose the basis of a report, and `eit intensity show` has the same curve', async () => {
    const before = await figures();
    expect(before.grams).toBeCloseTo(111, 9);
    expect(before.origin).toMatchObject({ series: 1, other_basis: 1 });
    const curve = await shown('--cluster', 'alpha');
    expect(curve.pieces).toHaveLength(48);

    await appendSeries(series, 'GB', [gb(60, 250, 'average-lifecycle'), gb(61, 250, 'average-lifecycle')]);
    expect(await figures()).toEqual(before);
    expect((await shown('--cluster', 'alpha')).pieces).toEqual(curve.pieces);
    expect((await shown('--zone', 'GB')).pieces).toEqual(curve.pieces);
  });

  test("`eit intensity show --cluster` takes the cluster's zone and basis", async () => {
    expect(await shown('--cluster', 'beta')).toMatchObject({
      zone: 'GB',
      basis: 'average-direct',
      stderr: '',
    });
    expect(await shown('--cluster', 'alpha')).toMatchObject({
      ...{ zone: 'GB', basis: 'average-lifecycle' },
      stderr: expect.stringContaining('what is shown is average-direct') as string,
    });
    expect(await shown('--cluster', 'beta', '--zone', 'DE')).toMatchObject({
      zone: 'DE',
      basis: 'average-direct',
    });
    expect(await shown('--cluster', 'gamma')).toMatchObject({ zone: 'DE', basis: 'average-lifecycle' });
  });
});

test('`eit intensity show` has the averages of years that a report has', async () => {
  const args = [
    'intensity',
    'show',
    '--zone',
    'EE',
    '--from',
    '2018-12-31T12:00',
    '--to',
    '2026-01-02',
    '--json',
  ];
  const { stdout } = await command.run(process.execPath, [command.script('eit'), ...args]);
  const { pieces } = JSON.parse(stdout) as { pieces: { from: string; g_per_kwh: number }[] };
  expect(pieces.map((piece) => [piece.from, Math.round(piece.g_per_kwh)])).toEqual([
    ['2018-12-31T11:00:00.000Z', 1044],
    ['2022-01-01T00:00:00.000Z', 292],
  ]);
});

test('a damaged line of the series is passed over, and said', async () => {
  writeFileSync(join(ledger, '_intensity/DE/2026-03.ndjson'), '{"zone":"DE"\n', { flag: 'a' });
  const { status, stderr } = await command.report([...WINDOW, '-a', '--json']);
  expect(status).toBe(0);
  expect(stderr).toMatch(/1 line of the intensity series not read: .*2026-03\.ndjson:4/);
});
