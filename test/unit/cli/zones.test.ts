import { existsSync, readFileSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type Outcome, ReportCommand } from '../../integration/report-command';

let command: ReportCommand;
beforeAll(() => {
  command = new ReportCommand();
});
afterAll(() => command.remove());

const eit = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), ...args]);

async function json(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await eit(...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('eit zones', () => {
  test('list has every zone, in columns and as JSON', async () => {
    const { status, stdout } = await eit('zones', 'list');
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^Zone +Name +Country +Year +g\/kWh +NoCarbon +Renewable$/);
    expect(lines.find((line) => line.startsWith('CA-QC '))).toMatch(
      /^CA-QC +Québec +CAN +2024 +35\.0 +98\.7 % +96\.4 %$/,
    );
    expect(stdout).toContain('made available under the ODbL');
    const zones = (await json('zones', 'list')) as { zone: string; g_per_kwh: number }[];
    expect(zones).toHaveLength(352);
    expect(zones.find(({ zone }) => zone === 'EE')).toEqual({
      zone: 'EE',
      name: 'Estonia',
      country: 'EST',
      year: 2024,
      basis: 'average-lifecycle',
      g_per_kwh: 291.52,
      carbon_free_percent: 69.76,
      renewable_percent: 54.88,
      source: expect.stringContaining('Electricity Maps (2025). Estonia') as string,
    });
  });

  test('top and bottom sort by the basis', async () => {
    const of = async (...args: string[]) =>
      ((await json('zones', ...args)) as { g_per_kwh: number; zone: string }[]).map((row) => row.g_per_kwh);
    const top = await of('top', '-n', '4');
    const bottom = await of('bottom', '-n', '4', '--basis', 'direct');
    expect(top).toEqual(top.toSorted((a, b) => b - a));
    expect(bottom).toEqual(bottom.toSorted((a, b) => a - b));
    expect([top.length, bottom.length]).toEqual([4, 4]);
    expect(top[0]).toBeGreaterThan(700);
    expect(bottom[0]).toBeLessThan(1);
    expect(await of('bottom')).toHaveLength(10);
  });

  test('list of another year has the zones of that year', async () => {
    const zones = (await json('zones', 'list', '--year', '2019')) as {
      zone: string;
      year: number;
      g_per_kwh: number;
    }[];
    expect(zones.find(({ zone }) => zone === 'EE')).toMatchObject({ year: 2019, g_per_kwh: 1043.692 });
    expect(zones.every(({ year }) => year === 2019)).toBe(true);
  });

  test('show says what is known of a zone, and which year is taken', async () => {
    const { stdout } = await eit('zones', 'show', 'FR', '--year', '2017');
    expect(stdout).toMatch(/^Intensity +55\.9982 gCO2eq\/kWh \(average-lifecycle\), average of 2019$/m);
    expect(stdout).toMatch(/^Note +2019 in place of 2017, for which no table has FR/m);
    expect(stdout).toMatch(/^Part of +WORLD$/m);
    expect(await json('zones', 'show', 'CA-QC', '--year', '2019')).toMatchObject({
      zone: 'CA-QC',
      country: 'CAN',
      parents: ['CA', 'WORLD'],
      g_per_kwh: 30,
      year: 2019,
      departures: [],
      years: [{ year: 2024, lifecycle_g_per_kwh: 35.04, direct_g_per_kwh: 5.48 }, { year: 2019 }],
    });
  });

  test('show has zones of older tables too', async () => {
    expect(await json('zones', 'show', 'US-UT')).toMatchObject({ zone: 'US-UT', year: 2019, country: 'USA' });
  });

  test.each<[string[], object]>([
    [['--lat', '40.344', '--lon', '-74.651'], { zone: 'US-MIDA-PJM', region: 'New Jersey', country: 'USA' }],
    [['--lat=-33.45', '--lon=-70.66'], { zone: 'CL-SEN', region: 'Chile', approximate: null }],
    [['--cloud', 'aws/eu-west-1'], { zone: 'IE', region: 'Dublin, Ireland' }],
    [['--country', 'EST'], { zone: 'EE' }],
    [['--country', 'EE', '--year', '2019'], { zone: 'EE', g_per_kwh: 1043.692, year: 2019 }],
    [
      ['--country', 'UKR'],
      {
        ...{ zone: 'UA', g_per_kwh: 303.0392, year: 2019 },
        departures: ['2019 in place of 2024, for which no table has UA (average-lifecycle)'],
      },
    ],
    [['--lat', '50.45', '--lon', '30.52'], { zone: 'UA', region: 'Ukraine', year: 2019 }],
    [
      ['--country', 'AND'],
      { zone: 'WORLD', departures: ['zone WORLD in place of AD, which is in no table'] },
    ],
  ])('locate %j', async (args, found) => {
    expect(await json('zones', 'locate', ...args)).toMatchObject(found);
  });

  test('locate tells what to write into the config', async () => {
    const { stdout } = await eit('zones', 'locate', '--lat', '40.344', '--lon', '-74.651');
    expect(stdout).toMatch(/^Zone +US-MIDA-PJM \(PJM Interconnection\)$/m);
    expect(stdout).toMatch(/^Approximate +the zone's borders are not the region's$/m);
    expect(stdout).toMatch(/^In eit\.yaml +site: \{ zone: US-MIDA-PJM \}$/m);
  });

  test.each<[string[], string]>([
    [['show'], 'eit zones show lacks the zone'],
    [['show', 'DEU'], 'unknown zone "DEU"; did you mean DE?'],
    [['list', 'DE'], 'eit zones list takes no zone; eit zones show DE does'],
    [['list', '--lat', '3'], '--lat is an option of eit zones locate'],
    [['show', 'DE', '-n', '3'], '--number is an option of eit zones top and bottom'],
    [['top', '-n', '0'], '--number takes a whole number above 0, not "0"'],
    [['list', '--year', 'x'], '--year takes a year such as 2019, not "x"'],
    [['list', '--year', '1999'], 'no table has the year 1999'],
    [['list', '--basis', 'marginal'], 'Invalid values'],
    [['locate'], 'eit zones locate takes one place'],
    [['locate', '--lat', '3'], 'eit zones locate takes one place'],
    [['locate', '--cloud', 'aws/eu-west-1', '--country', 'DE'], 'eit zones locate takes one place'],
    [['locate', '--lat', '1e9', '--lon', '3'], '--lat takes degrees such as 52.5 or -0.12, not "1e9"'],
    [
      ['locate', '--lat', '0', '--lon', '0'],
      'latitude 0, longitude 0 is in no country; the nearest zone is GH',
    ],
    [['locate', '--cloud', 'foo'], '"foo" is no region of a cloud that is known'],
    [['locate', '--country', '\u001b[2J'], '"\\u{1b}[2J" is no country'],
    [['locate', '--ip', 'file:///etc/passwd'], '--ip takes the URL of a service'],
  ])('%j is refused', async (args, message) => {
    const { status, stdout, stderr } = await eit('zones', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('eit zones locate --ip', () => {
  let server: Server;
  let url: string;
  const asked: { method: string | undefined; path: string | undefined; headers: object; body: string }[] = [];
  let answer: { status: number; body: string; headers?: Record<string, string>; never?: boolean };

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += String(piece)));
      request.on('end', () => {
        asked.push({ method: request.method, path: request.url, headers: request.headers, body });
        if (answer.never === true) {
          request.socket.destroy();
          return;
        }
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
        response.end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/json?key=1`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => asked.splice(0));

  test.each<[string, unknown]>([
    ['latitude and longitude', { ip: '192.0.2.1', latitude: 59.43, longitude: 24.74 }],
    ['lat and lon, as texts', { status: 'success', lat: '59.43', lon: '24.74' }],
    ['loc', { city: 'Tallinn', loc: '59.43,24.74' }],
  ])('takes %s', async (_, body) => {
    answer = { status: 200, body: JSON.stringify(body) };
    const { status, stdout, stderr } = await eit('zones', 'locate', '--ip', url, '--json');
    expect({ status, zone: (JSON.parse(stdout) as { zone: string }).zone }).toEqual({
      status: 0,
      zone: 'EE',
    });
    expect(stderr).toContain(`asks ${new URL(url).host}, which sees the address of this machine`);
    expect(stderr).not.toContain('key=1');
  });

  test('sends one question and nothing of this machine', async () => {
    answer = { status: 200, body: '{"lat": 59.43, "lon": 24.74}' };
    await eit('zones', 'locate', '--ip', url);
    expect(asked).toHaveLength(1);
    const [{ headers, ...rest } = { headers: {} }] = asked;
    expect(rest).toEqual({ method: 'GET', path: '/json?key=1', body: '' });
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'accept-language',
      'connection',
      'host',
      'sec-fetch-mode',
      'user-agent',
    ]);
    expect(headers).toMatchObject({ 'user-agent': 'node', 'accept-language': '*' });
  });

  test.each<[string, typeof answer, string]>([
    ['an error', { status: 500, body: '' }, 'it answers with HTTP status 500'],
    ['a limit of questions', { status: 429, body: '{}' }, 'it answers with HTTP status 429'],
    [
      'another address, which is not asked',
      { status: 302, body: '', headers: { location: '/elsewhere' } },
      'it answers with HTTP status 302',
    ],
    [
      'a page',
      { status: 200, body: '<html></html>' },
      'its answer is no JSON with a latitude and a longitude',
    ],
    ['nothing', { status: 200, body: '' }, 'its answer is no JSON'],
    ['null', { status: 200, body: 'null' }, 'its answer is no JSON'],
    ['half a place', { status: 200, body: '{"lat": 1}' }, 'its answer is no JSON'],
    ['a place that is none', { status: 200, body: '{"lat": "x", "lon": []}' }, 'its answer is no JSON'],
    ['too much', { status: 200, body: ' '.repeat(100_000) }, 'its answer is longer than 65536 bytes'],
    ['no answer', { status: 0, body: '', never: true }, 'does not tell where this machine is'],
  ])('tells of %s', async (_, given, message) => {
    answer = given;
    const { status, stdout, stderr } = await eit('zones', 'locate', '--ip', url);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('EIT_IP_LOOKUP');
    expect(stderr).toContain(message);
    expect(stderr).toContain('give --lat and --lon');
    expect(asked).toHaveLength(1);
  });

  test('a place in the sea is told as any other', async () => {
    answer = { status: 200, body: '{"lat": 0, "lon": 0}' };
    const { status, stderr } = await eit('zones', 'locate', '--ip', url);
    expect(status).toBe(2);
    expect(stderr).toContain('latitude 0, longitude 0 is in no country');
  });

  test('no other command asks anyone', async () => {
    await eit('zones', 'locate', '--country', 'EE');
    expect(asked).toEqual([]);
  });
});

describe('eit regions', () => {
  interface Line {
    name: string;
    kind: string;
    zone: string | null;
    g_per_kwh: number;
    pue: number | null;
  }

  test('sorts the regions of a provider', async () => {
    const lines = (await json('regions', 'aws')) as Line[];
    expect(lines.every(({ name }) => name.startsWith('aws/'))).toBe(true);
    expect(lines.length).toBeGreaterThan(30);
    const grams = lines.map((line) => line.g_per_kwh);
    expect(grams).toEqual(grams.toSorted((a, b) => a - b));
    expect(lines.find(({ name }) => name === 'aws/ca-central-1')).toEqual({
      name: 'aws/ca-central-1',
      kind: 'region',
      provider: 'aws',
      place: 'Montreal, Canada',
      zone: 'CA-QC',
      approximate: false,
      basis: 'average-lifecycle',
      g_per_kwh: 35.04,
      pue: null,
    });
  });

  test('puts ways to make electricity where they belong', async () => {
    const lines = (await json('regions', '--fuels')) as Line[];
    const of = (name: string) => lines.find((line) => line.name === name);
    expect(of('Coal')).toMatchObject({ kind: 'generation', zone: null, g_per_kwh: 820 });
    const medians = {
      'Gas (combined cycle)': 490,
      Biomass: 230,
      'Solar PV (utility)': 48,
      'Solar PV (rooftop)': 41,
      Hydropower: 24,
      'Wind (offshore)': 12,
      Nuclear: 12,
      'Wind (onshore)': 11,
    };
    for (const [name, grams] of Object.entries(medians))
      expect([name, of(name)?.g_per_kwh]).toEqual([name, grams]);
    const grams = lines.map((line) => line.g_per_kwh);
    expect(grams).toEqual(grams.toSorted((a, b) => a - b));
    expect(of('gcp/us-central1')?.pue).toBe(1.11);
  });

  test('is a table with its sources', async () => {
    const { status, stdout } = await eit('regions', 'gcp', '--fuels');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Region +Place +Zone +PUE +g\/kWh$/m);
    expect(stdout).toMatch(/^gcp\/us-central1 +Council Bluffs, Iowa +US-MIDW-MISO +1\.11 +\d+\.\d$/m);
    expect(stdout).toMatch(/^= Coal +820\.0$/m);
    expect(stdout).toMatch(/^~: the zone may be another/m);
    expect(stdout).toContain('averages of 2024: contains information from Electricity Maps (2025), ODbL.');
    expect(stdout).toContain('IPCC AR5 (2014)');
  });

  test('draws a picture whose bars are as long as the figures say', async () => {
    const file = join(command.dir, 'regions.svg');
    const { status, stdout } = await eit('regions', '--fuels', '--plot', file);
    expect({ status, stdout: stdout.replace(/\d+ bars/, 'N bars') }).toEqual({
      status: 0,
      stdout: `${file} has N bars.\n`,
    });
    const svg = readFileSync(file, 'utf8');
    expect(XMLValidator.validate(svg)).toBe(true);
    const parsed = new XMLParser({ ignoreAttributes: false, parseAttributeValue: true }).parse(svg) as {
      svg: {
        text: { '#text': string | number; '@_y': number }[];
        rect: { '@_y'?: number; '@_height': number; '@_width': number }[];
      };
    };
    const bars = parsed.svg.rect.filter((rect) => rect['@_height'] === 11);
    const lines = (await json('regions', '--fuels')) as Line[];
    expect(bars).toHaveLength(lines.length);
    const longest = lines.at(-1)?.g_per_kwh ?? 0;
    const perGram = (bars.at(-1)?.['@_width'] ?? 0) / longest;
    bars.forEach((rect, i) =>
      expect(Math.abs(rect['@_width'] - (lines[i]?.g_per_kwh ?? 0) * perGram)).toBeLessThan(0.2),
    );
    expect(svg).toContain('Montreal, Canada (aws/ca-central-1)');
    rmSync(file);
  });

  test.each<[string[], string]>([
    [['aw'], 'no regions of "aw" are known; there are: aws, gcp, azure'],
    [['--fuels', '--basis', 'direct'], 'the figures of --fuels are by life cycle'],
    [['--plot', '/nonexistent/x.svg'], '--plot cannot write /nonexistent/x.svg'],
  ])('%j is refused', async (args, message) => {
    const { status, stdout, stderr } = await eit('regions', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(existsSync('/nonexistent')).toBe(false);
  });
});

describe('a report of a site', () => {
  const factors = async (site: object) => {
    command.config('place.yaml', { ledger: join(__dirname, '../../fixtures/ledger/two-clusters'), site });
    const { status, stdout, stderr } = await command.report([
      '-S',
      '2000-01-01',
      '--allusers',
      '--json',
      '--config',
      join(command.dir, 'place.yaml'),
    ]);
    expect({ status, stderr: stderr.replaceAll(/^.*not read.*\n/gim, '') }).toMatchObject({ status: 0 });
    return (JSON.parse(stdout) as { factors: Record<string, unknown> }).factors;
  };

  test('that says its point has the zone of that, and says that it is not sure', async () => {
    expect(await factors({ lat: 40.344, lon: -74.651 })).toMatchObject({
      zone: 'US-MIDA-PJM',
      intensity_g_per_kwh: 400.21,
      defaults_used: expect.arrayContaining([
        expect.stringMatching(/^zone US-MIDA-PJM \(approximate: New Jersey/),
      ]) as string[],
    });
    const { stdout } = await command.report([
      '-S',
      '2000-01-01',
      '--allusers',
      '--config',
      join(command.dir, 'place.yaml'),
    ]);
    expect(stdout).toContain('zone US-MIDA-PJM (approximate)');
  });

  test('may be by direct emissions', async () => {
    expect(await factors({ zone: 'EE', intensity_basis: 'direct' })).toMatchObject({
      intensity_g_per_kwh: 241.94,
      intensity_basis: 'average-direct',
    });
  });

  test('in the sea is an error with the key', async () => {
    command.config('place.yaml', { ledger: command.dir, site: { lat: 0, lon: 0 } });
    const { status, stderr } = await command.report(['--config', join(command.dir, 'place.yaml')]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/EIT_PLACE: site\.lat in .*place\.yaml: latitude 0, longitude 0 is in no country/);
  });
});
