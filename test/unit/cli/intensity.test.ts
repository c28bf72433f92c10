import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMANDS } from '../../../src/cli/commands';
import { withSeriesLock } from '../../../src/carbon/intensity-store';
import { type Outcome, ReportCommand } from '../../integration/report-command';
import { noOtherUser, testUnless } from '../../test-unless';
import { ProviderServer, json } from '../carbon/providers/provider-server';

const HALF_MS = 1_800_000;
let command: ReportCommand;
let server: ProviderServer;
let dir: string;
beforeAll(async () => {
  command = new ReportCommand();
  server = await new ProviderServer().start();
});
afterAll(async () => {
  command.remove();
  await server.stop();
});
beforeEach(() => {
  mkdirSync(join(command.dir, 'ledger'));
  dir = join(command.dir, 'ledger/_intensity');
  configure([{ zone: 'GB', provider: 'neso', url: server.url }]);
});
afterEach(() => rmSync(join(command.dir, 'ledger'), { recursive: true }));

function configure(intensity: readonly object[]): void {
  command.config('eit.yaml', { ledger: join(command.dir, 'ledger'), cluster: 'alpha', intensity });
}

const eit = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), 'intensity', ...args]);
const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;
const halfHours = (grams: number) =>
  server.answer((request, response) => {
    const [, , from, to] = (request.url ?? '').split('/');
    const data = [];
    for (
      let ms = Math.ceil(Date.parse(from ?? '') / HALF_MS) * HALF_MS;
      ms < Date.parse(to ?? '');
      ms += HALF_MS
    )
      data.push({
        from: minute(ms),
        to: minute(ms + HALF_MS),
        intensity: { forecast: 1, actual: grams, index: 'low' },
      });
    json({ data })(request, response);
  });

const CSV =
  'start,end,g_per_kwh\n2026-03-02T00:00,2026-03-02T01:00,100\n2026-03-02T01:00,2026-03-02T12:00,300\n2026-03-02T12:00,2026-03-02T14:00,200\n';
const csv = (text = CSV): string => {
  const path = join(command.dir, 'grid.csv');
  writeFileSync(path, text);
  return path;
};
const importCsv = (...more: string[]) =>
  eit('import', csv(), '--zone', 'DE', '--basis', 'average-lifecycle', '--time-zone', 'UTC', ...more);

test('the list of commands has the actions that there are', () => {
  const named = COMMANDS.find(({ name }) => name === 'intensity');
  expect(named?.actions).toEqual(['fetch', 'import', 'show']);
});

describe('fetch', () => {
  test('brings what is configured, and the next time what is new', async () => {
    halfHours(123);
    const first = await eit('fetch', '--json');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    const [series] = JSON.parse(first.stdout) as [{ values: number; added: number }];
    expect(series).toMatchObject({
      zone: 'GB',
      provider: 'neso',
      basis: 'average-direct',
      flow: 'consumption',
      refused: {},
      error: null,
    });
    expect(series.values).toBeGreaterThan(7 * 48 - 3);
    expect(series.added).toBe(series.values);
    const second = await eit('fetch');
    expect(second.stdout).toMatch(/^GB from neso: \d+ values from .*, [012] new or changed\n$/);
    expect(second.stderr).toBe('');
  });

  test('one series that does not come ends with status 1, and the others come', async () => {
    const token = join(command.dir, 'token');
    writeFileSync(token, 'a-secret-token\n', { mode: 0o644 });
    configure([
      { zone: 'DE', provider: 'entsoe', token_file: token, url: server.url },
      { zone: 'GB', provider: 'neso', url: server.url },
    ]);
    halfHours(5);
    const { status, stdout, stderr } = await eit('fetch');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^DE from entsoe: 0 values .*; not all came\nGB from neso: \d+ values/);
    expect(stderr).toBe(
      `eit: DE from entsoe: EIT_TOKEN: ${token} can be read or changed by others (mode 0644); mend: chmod 600\n`,
    );
    rmSync(token);
  });

  test('a token that reaches less far than was asked for: what came is kept, what did not is told, and the status is 1', async () => {
    const token = join(command.dir, 'token');
    writeFileSync(token, 'a-secret-token\n', { mode: 0o600 });
    configure([{ zone: 'FR', provider: 'electricitymaps', token_file: token, url: server.url }]);
    const hourMs = 2 * HALF_MS;
    const endMs = Math.floor(Date.now() / hourMs) * hourMs;
    const history = [...Array(23).keys()].map((i) => ({
      zone: 'FR',
      carbonIntensity: 50,
      datetime: new Date(endMs - (i + 1) * hourMs).toISOString(),
    }));
    server.answer((request, response) => {
      const isPast = request.url?.includes('past-range') === true;
      (isPast ? json({ error: 'not in your plan' }, 401) : json({ zone: 'FR', history }))(request, response);
    });
    const first = await eit('fetch');
    expect(first.status).toBe(0);
    // From the first value on, not from a week ago.
    expect(first.stdout).toMatch(/^FR from electricitymaps: 23 values from .*, 23 new or changed\n$/);
    const [from, to] = [...first.stdout.matchAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g)].map(([at]) => Date.parse(at));
    expect((to! - from!) / hourMs).toBeCloseTo(23, 0);

    const { status, stdout, stderr } = await eit('fetch', '--from', 'now-30days');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FR from electricitymaps: 23 values from .*, 0 new or changed; not all came\n$/);
    expect(stderr).toContain('eit: FR from electricitymaps: EIT_PROVIDER: nothing came of ');
    expect(stderr).toContain('With a token with past-range: eit intensity fetch --zone FR ');
    rmSync(token);
  });

  test('a wait is told', async () => {
    server.answer(json({}, 503));
    const fetching = eit('fetch');
    // The first try of the first piece fails; the next is two seconds later.
    while (server.requests.length === 0) await sleep(20);
    halfHours(5);
    const { status, stderr } = await fetching;
    expect(status).toBe(0);
    expect(stderr).toMatch(/^eit: http:.* answers 503 \(\{\}\); asked again in 2 s \(try 2 of 4\)\n$/);
  });

  test('one at a time', async () => {
    halfHours(5);
    expect((await eit('fetch')).status).toBe(0);
    await withSeriesLock(dir, async () => {
      const { status, stderr } = await eit('fetch');
      expect(status).toBe(1);
      expect(stderr).toContain(`EIT_INTENSITY_LOCKED: ${dir}/.lock is held`);
    });
  });

  test.each<[string, string[], object[], string]>([
    ['nothing configured', [], [], 'eit.yaml names no series (`intensity`)'],
    [
      'another zone',
      ['--zone', 'FR'],
      [{ zone: 'GB', provider: 'neso' }],
      'no series of `intensity` in eit.yaml is of this zone',
    ],
    [
      'an unknown provider',
      ['--provider', 'windy'],
      [],
      '--provider "windy" is unknown; expected electricitymaps, neso',
    ],
    [
      'a zone that is none',
      ['--zone', 'DEU'],
      [],
      '--zone "DEU" is no zone\'s key; expected one such as DE or US-CAL-CISO, of two letters',
    ],
    [
      'a provider that needs a token',
      ['--zone', 'DE', '--provider', 'entsoe'],
      [],
      '--zone and --provider (DE, entsoe): it wants a token',
    ],
    [
      'a configured zone that no table has',
      [],
      [
        { zone: 'GB', provider: 'neso' },
        { zone: 'GX', provider: 'neso', provider_zone: '1' },
      ],
      'unknown zone "GX"; did you mean',
    ],
    ['an end alone', ['--to', '2026-01-01'], [{ zone: 'GB', provider: 'neso' }], '--to goes with --from'],
    [
      'a time ahead',
      ['--from', 'tomorrow'],
      [{ zone: 'GB', provider: 'neso' }],
      '--from has to be before --to, and before now',
    ],
    ['an option of another action', ['--plot', 'x.svg'], [], 'eit intensity fetch takes no --plot'],
    ['a file', ['x.csv'], [], 'eit intensity fetch takes no file'],
  ])('%s is told', async (_, args, intensity, said) => {
    configure(intensity);
    const { status, stdout, stderr } = await eit('fetch', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(
      `${said.startsWith('unknown zone') ? 'EIT_ZONE_UNKNOWN' : 'EIT_USAGE'}: ${said}`,
    );
    expect(existsSync(dir)).toBe(false);
  });
});

describe('import', () => {
  test('takes a file', async () => {
    expect(await importCsv()).toEqual({
      status: 0,
      stdout: 'DE: 3 values from 2026-03-02T00:00:00.000Z to 2026-03-02T14:00:00.000Z, 3 new or changed\n',
      stderr: '',
    });
    const again = await importCsv('--json');
    expect(JSON.parse(again.stdout)).toEqual({
      zone: 'DE',
      basis: 'average-lifecycle',
      flow: 'consumption',
      source: 'grid.csv',
      from: '2026-03-02T00:00:00.000Z',
      to: '2026-03-02T14:00:00.000Z',
      values: 3,
      added: 0,
      holes: 0,
      first_hole: null,
    });
  });

  test('without an end tells the holes, and reports fill them by their rule', async () => {
    const hours = [0, 1, 2, 3, 46, 47, 48, 60].map((hour) =>
      new Date(Date.UTC(2026, 2, 2, hour)).toISOString(),
    );
    const path = csv(['start,g_per_kwh', ...hours.map((start, i) => `${start},${100 + i}`)].join('\n'));
    const args = ['import', path, '--zone', 'DE', '--basis', 'average-lifecycle'];
    expect(await eit(...args)).toEqual({
      status: 0,
      stdout: 'DE: 8 values from 2026-03-02T00:00:00.000Z to 2026-03-04T13:00:00.000Z, 8 new or changed\n',
      stderr:
        'eit: 2 holes, since without an end no row lasts longer than the usual step, 01:00:00: the first is from 2026-03-02T04:00:00.000Z to ' +
        '2026-03-03T22:00:00.000Z (1-18:00:00); reports fill them as they fill every gap (docs/intensity.md)\n',
    });
    const again = await eit(...args, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      holes: 2,
      first_hole: { from: '2026-03-02T04:00:00.000Z', to: '2026-03-03T22:00:00.000Z' },
    });
    const { stdout } = await eit(
      'show',
      '--zone',
      'DE',
      '--from',
      '2026-03-02T00:00',
      '--to',
      '2026-03-05T00:00',
    );
    expect(stdout).toMatch(/Mean over the time: .* g\/kWh; yearly 66.7 %, neighbour 22.2 %, series 11.1 %/);
  });

  test.each<[string, string[], string]>([
    ['no file', ['--zone', 'DE', '--basis', 'average-direct'], 'EIT_USAGE: which file?'],
    ['no zone', ['FILE', '--basis', 'average-direct'], 'EIT_USAGE: --zone is missing'],
    ['no basis', ['FILE', '--zone', 'DE'], 'EIT_USAGE: --basis is missing'],
    [
      'the marginal basis',
      ['FILE', '--zone', 'DE', '--basis', 'marginal'],
      'EIT_USAGE: --basis "marginal"; expected average-lifecycle or average-direct',
    ],
    [
      'a flow that is none',
      ['FILE', '--zone', 'DE', '--basis', 'average-direct', '--flow', 'up'],
      'EIT_USAGE: --flow "up"',
    ],
    [
      'a time zone that is none',
      ['FILE', '--zone', 'DE', '--basis', 'average-direct', '--time-zone', 'Mars'],
      'EIT_USAGE: --time-zone "Mars" is unknown',
    ],
    [
      'a source that cannot be seen',
      ['FILE', '--zone', 'DE', '--basis', 'average-direct', '--source', '\u001b[2J'],
      'EIT_USAGE: --source is empty',
    ],
    [
      'a zone that leads elsewhere',
      ['FILE', '--zone', '../x', '--basis', 'average-direct'],
      'EIT_USAGE: --zone "../x" is no zone',
    ],
    [
      'a zone that no table has',
      ['FILE', '--zone', 'DX', '--basis', 'average-direct'],
      'EIT_ZONE_UNKNOWN: unknown zone "DX"; did you mean',
    ],
    [
      'a device',
      ['/dev/zero', '--zone', 'DE', '--basis', 'average-direct'],
      'EIT_DATA_FILE: cannot read /dev/zero: it is not a plain file',
    ],
    [
      'a name with codes',
      ['/nowhere/\u001b[2J', '--zone', 'DE', '--basis', 'average-direct'],
      "EIT_DATA_FILE: cannot read /nowhere/\\u{1b}[2J: Error: ENOENT: no such file or directory, open '/nowhere/\\u{1b}[2J'",
    ],
    ['times without a zone', ['FILE', '--zone', 'DE', '--basis', 'average-direct'], 'EIT_DATA_FILE: '],
  ])('%s is told, and nothing is written', async (_, args, said) => {
    const path = csv();
    const { status, stderr } = await eit('import', ...args.map((arg) => (arg === 'FILE' ? path : arg)));
    expect(status).toBe(/^EIT_(USAGE|ZONE)/.test(said) ? 2 : 1);
    expect(stderr).toContain(said);
    expect(existsSync(dir)).toBe(false);
  });
});

describe('import of a file', () => {
  const importing = (file: string, ...more: string[]) =>
    eit('import', file, '--zone', 'DE', '--basis', 'average-direct', ...more);

  test('without rows ends with status 1', async () => {
    const { status, stdout, stderr } = await importing(csv('start,g_per_kwh\n'), '--json');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('grid.csv has a header and no rows: nothing was imported');
  });

  test('that is a pipe nobody writes to does not wait', async () => {
    const pipe = join(command.dir, 'ledger/pipe');
    await command.run('mkfifo', [pipe]);
    const { status, stderr } = await importing(pipe);
    expect(status).toBe(1);
    expect(stderr).toContain(`cannot read ${pipe}: it is not a plain file`);
  });

  test('that is too large, or no text, is not taken', async () => {
    const path = csv();
    truncateSync(path, 3_000_000_000);
    expect((await importing(path)).stderr).toContain(
      'it has 3000000000 bytes, and a series at most 67108864',
    );
    writeFileSync(path, Buffer.from('start,g_per_kwh\n', 'utf16le'));
    writeFileSync(path, Buffer.from([0xff, 0xfe]), { flag: 'a' });
    expect((await importing(path)).stderr).toContain('save it as UTF-8 text');
  });

  test('for the world is taken', async () => {
    const args = ['--zone', 'WORLD', '--basis', 'average-direct', '--time-zone', 'UTC'];
    expect(await eit('import', csv(), ...args)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('show', () => {
  const show = (...args: string[]) => eit('show', '--zone', 'DE', ...args);
  // In Berlin, an hour ahead.
  const day = ['--from', '2026-03-02T01:00', '--to', '2026-03-02T15:00'];

  test('is a table with what is from where', async () => {
    await importCsv('--source', 'our grid');
    const { status, stdout, stderr } = await show(...day);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'Hour              g/kWh  Least   Most  From',
        '2026-03-02 01:00  100.0  100.0  100.0  series  ##########',
        ...Array.from(
          { length: 11 },
          (_, i) =>
            `2026-03-02 ${String(i + 2).padStart(2, '0')}:00  300.0  300.0  300.0  series  ${'#'.repeat(30)}`,
        ),
        '2026-03-02 13:00  200.0  200.0  200.0  series  ####################',
        '2026-03-02 14:00  200.0  200.0  200.0  series  ####################',
        '',
        'Mean over the time: 271.4 g/kWh; series 100 %',
        'Sources: our grid',
        '',
      ].join('\n'),
    );
  });

  test('marks estimates and filled gaps, in the table and in JSON', async () => {
    await eit(
      'import',
      csv('start,end,g_per_kwh,estimated\n2026-03-02T00:00,2026-03-02T01:00,100,true\n'),
      '--zone',
      'DE',
      '--basis',
      'average-lifecycle',
      '--time-zone',
      'UTC',
    );
    const { stdout } = await show('--from', '2026-03-02T01:00', '--to', '2026-03-02T06:00');
    const origins = stdout.split('\n').map((line) => /series|estimate|neighbour|yearly/.exec(line)?.[0]);
    expect(origins.slice(1, 6)).toEqual(['estimate', 'neighbour', 'neighbour', 'neighbour', 'yearly']);
    expect(stdout).toContain('neighbour 60 %, yearly 20 %, estimate 20 %');
    const { pieces } = JSON.parse(
      (await show('--from', '2026-03-02T01:00', '--to', '2026-03-02T06:00', '--json')).stdout,
    ) as { pieces: object[] };
    expect(pieces).toEqual([
      {
        from: '2026-03-02T00:00:00.000Z',
        to: '2026-03-02T01:00:00.000Z',
        g_per_kwh: 100,
        origin: 'series',
        estimated: true,
        source: 'grid.csv',
        basis: 'average-lifecycle',
      },
      expect.objectContaining({ to: '2026-03-02T04:00:00.000Z', origin: 'neighbour', estimated: true }),
      expect.objectContaining({ origin: 'yearly', estimated: false }),
    ]);
    const before = await show(...day, '--factors-as-of', '2026-01-01');
    expect(before.stderr).toContain('there is no series of DE in this time: the yearly average stands in');
  });

  test('longer times are told by local days, each with its least and most', async () => {
    await importCsv();
    const { stdout } = await show('--from', '2026-03-01', '--to', '2026-03-08');
    const rows = stdout.split('\n').slice(0, 8);
    expect(rows[0]).toMatch(/^Day /);
    expect(rows[2]).toMatch(/^2026-03-02 +\d+\.\d +100\.0 +3\d\d\.\d /);
  });

  testUnless(noOtherUser)(
    'somebody who may not list the ledger reads the series in it, and may not write them',
    async () => {
      await importCsv();
      chmodSync(join(command.dir, 'ledger'), 0o711);
      const as = { uid: 65_534, gid: 65_534 };
      const program = [command.script('eit'), 'intensity'];
      const shown = await command.run(process.execPath, [...program, 'show', '--zone', 'DE', ...day], as);
      expect(shown).toMatchObject({ status: 0, stderr: '' });
      expect(shown.stdout).toContain('series 100 %');
      const file = csv('start,end,g_per_kwh\n2026-03-02T00:00Z,2026-03-02T01:00Z,1\n');
      const written = await command.run(
        process.execPath,
        [...program, 'import', file, '--zone', 'DE', '--basis', 'average-direct'],
        as,
      );
      expect(written.status).toBe(1);
      expect(written.stderr).toMatch(/EIT_INTENSITY: cannot write the intensity series .*run it as the user/);
    },
  );

  test('is a picture too', async () => {
    await importCsv();
    const file = join(command.dir, 'ledger/plot.svg');
    expect((await show(...day, '--plot', file)).status).toBe(0);
    const svg = readFileSync(file, 'utf8');
    expect(svg).toContain('<title>Germany (DE), average-lifecycle</title>');
    expect(svg).toContain('>03-02 01:00</text>');
    const { status, stderr } = await show(...day, '--plot', '/nowhere/x.svg');
    expect(status).toBe(2);
    expect(stderr).toContain('EIT_USAGE: --plot: cannot write /nowhere/x.svg');
  });

  test('says where another basis stands in, and what is damaged', async () => {
    await eit('import', csv(), '--zone', 'DE', '--basis', 'average-direct', '--time-zone', 'UTC');
    writeFileSync(join(dir, 'DE/2026-03.ndjson'), '\u001b[2J\n', { flag: 'a' });
    const { stderr } = await show(...day);
    expect(stderr).toContain(
      'there is nothing of average-lifecycle in this time: what is shown is average-direct',
    );
    expect(stderr).toContain(`1 line passed over as damaged: ${dir}/DE/2026-03.ndjson:4: not JSON`);
  });

  test('names an older year where the newest table lacks the zone', async () => {
    const { status, stderr } = await eit(
      'show',
      '--zone',
      'UA',
      '--from',
      '2026-03-01',
      '--to',
      '2026-03-02',
    );
    expect(status).toBe(0);
    expect(stderr).toContain(
      'eit: intensity of 2019 in place of 2024, for which no table has UA (average-lifecycle)',
    );
  });

  test('a file that is not read is told as one', async () => {
    mkdirSync(join(dir, 'DE/2026-03.ndjson'), { recursive: true });
    const { stderr } = await show(...day);
    expect(stderr).toContain(`1 file not read: ${dir}/DE/2026-03.ndjson: not a plain file`);
    expect(stderr).not.toContain('1 line');
  });

  test.each([
    ['a zone that is in no table', ['--zone', 'DE-XX'], 'EIT_ZONE_UNKNOWN'],
    [
      'times the wrong way round',
      ['--zone', 'DE', '--from', '2026-02-01', '--to', '2026-01-01'],
      'EIT_USAGE: --from has to be before --to',
    ],
    [
      'twenty years',
      ['--zone', 'DE', '--from', '2001-01-01', '--to', '2026-01-01'],
      'EIT_USAGE: that are more than ten years',
    ],
  ])('%s is refused', async (_, args, said) => {
    const { status, stderr } = await eit('show', ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(said);
  });
});

test('the help has an example of each action', async () => {
  const { stdout } = await eit('--help');
  for (const action of ['fetch', 'import', 'show']) expect(stdout).toContain(`eit intensity ${action}`);
  expect(stdout).toContain('eit intensity fetch|import|show [FILE] [options]');
});
