import { join } from 'node:path';
import fc from 'fast-check';
import { embodiedRates } from '../../../src/carbon/embodied';
import { loadEquivalents } from '../../../src/carbon/equivalents';
import type { SideFactors } from '../../../src/carbon/side-factors';
import { loadSocialCosts, socialCostOf } from '../../../src/carbon/social-cost';
import { weightCurve } from '../../../src/carbon/weight-curve';
import type { RunRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { parseColumns } from '../../../src/report/column-choice';
import { csv } from '../../../src/report/csv';
import { json } from '../../../src/report/json';
import { buildReport, type SiteFactors } from '../../../src/report/report';
import { table } from '../../../src/report/table';
import { aggregate, factors, query, report } from './asked';
import { hostRecord, runRecord } from './records';

const data = join(__dirname, '../../../data');
const costs = loadSocialCosts(data);

const side = (given: Partial<SideFactors> = {}, country = 'USA'): { side: SideFactors } => ({
  side: {
    wueLPerKwh: null,
    pricePerKwh: null,
    currency: 'EUR',
    marketGPerKwh: null,
    socialCost: socialCostOf(country, costs),
    embodied: null,
    ...given,
  },
});

/** So many kWh of IT energy. */
const itKwh = (kwh: number, rest: Partial<RunRecord> = {}): RunRecord =>
  runRecord({ measured_uj: { 'package-0': [kwh * 3.6e12, 0, 0] }, ...rest });

const view = { columns: null, header: true, isOwn: true, timeZone: 'UTC', skipped: [], terminal: null };

function text(made: EitReport, columns?: string): string {
  return [
    ...table.render(made, { ...view, columns: columns === undefined ? null : parseColumns(columns) }),
  ].join('');
}

function valid(made: EitReport): EitReport {
  expect([validate(made), validate.errors]).toEqual([true, null]);
  return made;
}

test("the paper's Carbon Impact Statement: 24.344 kWh and 8.021 kg in the USA cost $0.38 ($0.00, $0.95)", () => {
  const { total } = valid(
    report([itKwh(24.344)], {}, { alpha: { ...side(), pue: 1, intensityGPerKwh: (8.021 / 24.344) * 1000 } }),
  );
  expect(total.energy_kwh.total).toBeCloseTo(24.344, 9);
  expect(total.co2e_kg).toBeCloseTo(8.021, 9);
  const { country, world } = total.social_cost_usd!;
  expect([country!.median, country!.low, country!.high].map((usd) => usd.toFixed(2))).toEqual([
    '0.38',
    '0.00',
    '0.95',
  ]);
  expect(world.median).toBeCloseTo(8.021e-3 * 417.5055, 9);
});

describe('water, cost and what the contract says', () => {
  // 10 kWh of IT energy are 15 kWh with the tests' PUE, 6 kg at 400 g/kWh.
  const all = side({ wueLPerKwh: 1.8, pricePerKwh: 0.3, marketGPerKwh: 50 });

  test('are of IT energy, and of energy with PUE', () => {
    const { total, factors: told } = valid(report([itKwh(10)], {}, { alpha: all }));
    expect(total.water_l).toBeCloseTo(18, 9);
    expect(total.cost).toBeCloseTo(4.5, 9);
    expect(total.co2e_market_kg).toBeCloseTo(0.75, 9);
    expect(total.co2e_kg).toBeCloseTo(6, 9);
    expect(told.currency).toBe('EUR');
    expect(told.by_cluster[0]).toMatchObject({
      wue_l_per_kwh: 1.8,
      price_per_kwh: 0.3,
      market_g_per_kwh: 50,
    });
  });

  test('change neither energy nor CO2e', () => {
    const plain = report([itKwh(10)]).total;
    const { total } = report([itKwh(10)], {}, { alpha: all });
    expect([total.energy_kwh, total.co2e_kg]).toEqual([plain.energy_kwh, plain.co2e_kg]);
  });

  test('are nowhere where nothing is configured', () => {
    const made = valid(report([itKwh(10)], {}, { alpha: side() }));
    for (const name of ['water_l', 'cost', 'co2e_market_kg', 'embodied'])
      expect(made.total).not.toHaveProperty(name);
    expect(made.factors).not.toHaveProperty('currency');
    expect(text(made)).not.toMatch(/Water|Cost|Market|Embodied/);
    const [header] = [...csv.render(made, view)];
    expect(header).not.toMatch(/Water|Cost|Market|Embodied/);
  });

  test('are there, and 0, where nothing ran', () => {
    const made = valid(report([], { embodied: true }, { '': all }));
    expect(made.total).toMatchObject({
      water_l: 0,
      cost: 0,
      co2e_market_kg: 0,
      social_cost_usd: { world: { median: 0 } },
      embodied: { co2e_kg: 0, node_hours: 0 },
    });
    // No cluster is there to have a factor.
    expect(text(made)).not.toMatch(/^(MarketCO2e|Water|Cost): /m);
    expect([...csv.render(made, view)][0]).toContain(',MarketCO2e_kg,EmbodiedCO2e_kg,Water_l,Cost,');
  });

  test('are columns, with a line each that says what they are', () => {
    const shown = text(report([itKwh(10)], {}, { alpha: all }));
    expect(shown).toMatch(/CO2e +MarketCO2e +Water +Cost/);
    expect(shown).toMatch(/6\.00 kg +750 g +18\.0 l +4\.50/);
    expect(shown).toContain(
      'MarketCO2e: 50 g/kWh, by contract (GHG Protocol scope 2, market-based); CO2e is location-based.',
    );
    expect(shown).toContain('Water: 1.8 l/kWh of IT energy, before PUE.');
    expect(shown).toContain('Cost: 0.3 EUR/kWh of Energy.');
    const [header, row] = [...csv.render(report([itKwh(10)], {}, { alpha: all }), view)];
    expect(header).toContain(',CO2e_kg,MarketCO2e_kg,Water_l,Cost,Coverage,');
    expect(row).toContain(',6,0.75,18,4.5,');
  });

  test('of two clusters are added up, and unknown where one has none', () => {
    const records = [itKwh(10), itKwh(10, { cluster: 'beta', job: 2 })];
    const made = valid(
      report(
        records,
        { groupBy: ['cluster'] },
        { alpha: all, beta: side({ pricePerKwh: 0, marketGPerKwh: 100 }) },
      ),
    );
    expect(made.total.cost).toBeCloseTo(4.5, 9);
    expect(made.total.co2e_market_kg).toBeCloseTo(2.25, 9);
    expect(made.total.water_l).toBeNull();
    expect(made.groups.map(({ water_l: water }) => water)).toEqual([18, undefined]);
    const shown = text(made);
    expect(shown).toContain('Water: alpha 1.8 l/kWh, beta not set of IT energy');
    expect(shown).toContain('Cost: alpha 0.3 EUR/kWh, beta 0 EUR/kWh of Energy.');
    expect(shown).toMatch(/Total .* 2\.25 kg +- +4\.50/);
  });
});

test('of any runs, the groups add up to the total', () => {
  const embodied = embodiedRates({ node_classes: [{ nodes: 'n1', kg: 900 }, { kg: 400 }] }, '');
  const factorsOf = {
    alpha: side({ wueLPerKwh: 1.8, pricePerKwh: -0.01, marketGPerKwh: 50, embodied }, 'DEU'),
    beta: side({ wueLPerKwh: 0, pricePerKwh: 0.4, marketGPerKwh: 0, embodied }, 'USA'),
  };
  const one = fc.record({
    cluster: fc.constantFrom('alpha', 'beta'),
    node: fc.constantFrom('n1', 'n2'),
    user: fc.constantFrom('alice', 'bob', 'carol'),
    kwh: fc.nat(1000),
    cpus: fc.integer({ min: 1, max: 80 }),
  });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 8 }), (runs) => {
      const hosts = ['alpha', 'beta'].flatMap((cluster) =>
        ['n1', 'n2'].map((host) => hostRecord({ cluster, host, nodes: [host], hardware: { threads: 64 } })),
      );
      const made = runs.map(({ kwh, ...rest }, job) => itKwh(kwh, { ...rest, job: job + 1 }));
      const { groups, total } = report([...hosts, ...made], { embodied: true }, factorsOf);
      const figuresOf = (row: typeof total): (number | undefined)[] => [
        row.water_l ?? undefined,
        row.cost ?? undefined,
        row.co2e_market_kg ?? undefined,
        row.social_cost_usd?.country?.high,
        row.social_cost_usd?.world.low,
        row.embodied?.co2e_kg ?? undefined,
        row.embodied?.node_hours,
      ];
      const all = figuresOf(total);
      expect(all).not.toContain(undefined);
      for (const [i, whole] of all.entries()) {
        expect(groups.reduce((sum, group) => sum + figuresOf(group)[i]!, 0)).toBeCloseTo(whole!, 6);
      }
      const hours = runs.reduce((sum, { cpus }) => sum + (Math.min(cpus, 64) / 64) * (300 / 3600), 0);
      expect(total.embodied!.node_hours).toBeCloseTo(hours, 9);
    }),
    { numRuns: 50 },
  );
});

describe('the social cost', () => {
  test('is a column where it is asked for, with the world beside it', () => {
    const shown = text(
      report([itKwh(10)], {}, { alpha: side({}, 'DEU') }),
      'User,CO2e,SocialCost,SocialCostLow,SocialCostHigh,WorldSocialCost',
    );
    // 6 kg: -5.0469, -8.4587, -1.6103 and 417.5055 USD a tonne.
    expect(shown).toMatch(/-0\.03 USD +-0\.05 USD +-0\.0097 USD +2\.51 USD/);
    expect(shown).toContain('Social cost in USD of 2010 per tonne: DEU -5.047, WLD 417.5; Ricke et al. 2018');
  });

  test('of a country that the source has not is the world’s alone, and that is said', () => {
    const made = valid(report([itKwh(10)], {}, { alpha: side({}, 'SGP') }));
    expect(made.total.social_cost_usd).toMatchObject({
      country: null,
      world: { median: expect.closeTo(2.505, 3) as number },
    });
    expect(text(made, 'User,SocialCost,WorldSocialCost')).toContain('none of SGP there, WLD 417.5');
  });

  test('of clusters in two countries is added up', () => {
    const records = [itKwh(10), itKwh(10, { cluster: 'beta', job: 2 })];
    const { total } = report(records, {}, { alpha: side(), beta: side({}, 'DEU') });
    expect(total.social_cost_usd!.country!.median).toBeCloseTo(0.006 * (47.8216 - 5.0469), 9);
  });
});

describe('embodied CO2e', () => {
  const embodied = embodiedRates(
    {
      node_classes: [
        { nodes: 'gpu[1-2]', kg: 2 * 43.83 },
        { cpu_model: '*epyc*', kg: 43.83 },
      ],
      gpus: [{ model: '*A100*', kg: 4.383, lifetime_years: 1 }],
    },
    'site.embodied',
  );
  const hardware = (host: string, cpu: string, gpu?: string) =>
    hostRecord({
      host,
      nodes: [host],
      hardware: {
        threads: 64,
        cpu,
        ...(gpu === undefined ? {} : { gpus: { 'gpu-3b:00.0': { model: gpu } } }),
      },
    });
  const hour = { seconds: 3600, slurm_start: 1 };

  test('is by the hours and parts of nodes, and by the hours of GPUs', () => {
    const records = [
      hardware('n1', 'AMD EPYC 7763'),
      hardware('gpu1', 'Xeon', 'NVIDIA A100-SXM4-80GB'),
      // 16 of 64 CPUs for an hour: 1/4 h x 1 g/h. All of gpu1 and two GPUs for an hour: 2 g + 2 x 0.5 g.
      runRecord({ ...hour, cpus: 16 }),
      runRecord({
        ...hour,
        job: 2,
        node: 'gpu1',
        cpus: 64,
        gpus: 2,
        measured_uj: { 'gpu-3b:00.0': [1e9, 1e9, 1e9] },
      }),
    ];
    const made = valid(report(records, { embodied: true, groupBy: ['job'] }, { alpha: side({ embodied }) }));
    expect(made.groups.map(({ embodied: one }) => one?.co2e_kg)).toEqual([
      expect.closeTo(0.00025, 9),
      expect.closeTo(0.003, 9),
    ]);
    expect(made.total.embodied).toEqual({
      co2e_kg: expect.closeTo(0.00325, 9) as number,
      node_hours: 1.25,
      gpu_hours: 2,
      unknown_node_hours: 0,
      unknown_gpu_hours: 0,
    });
    expect(text(made)).toContain(
      'Embodied CO2e, in no other figure: 3.25 g of 1.25 node-hours and 2 GPU-hours.',
    );
    const plain = report(records, { groupBy: ['job'] }, { alpha: side({ embodied }) });
    expect(plain.total).not.toHaveProperty('embodied');
    expect(made.total.co2e_kg).toBe(plain.total.co2e_kg);
  });

  test('of what fits no class is unknown, which is not 0', () => {
    const records = [
      hardware('n1', 'Xeon'),
      runRecord({ ...hour, cpus: 64, gpus: 1 }),
      // Nobody told what part of n2 it had.
      runRecord({ ...hour, job: 2, node: 'n2' }),
    ];
    const made = valid(report(records, { embodied: true }, { alpha: side({ embodied }) }));
    expect(made.total.embodied).toEqual({
      co2e_kg: null,
      node_hours: 0,
      gpu_hours: 0,
      unknown_node_hours: 2,
      unknown_gpu_hours: 1,
    });
    expect(text(made)).toContain(
      'Embodied CO2e is not known: set site.embodied, with classes that fit; 2 node-hours and 1 GPU-hours have none.',
    );
  });
});

test('a factor that changes with time is named with its file, and so is the time of which that says nothing', () => {
  const byTime: SiteFactors['byTime'] = [
    {
      factor: 'pue',
      file: '/etc/eit/pue.csv',
      value: 1.25,
      least: 1.2,
      most: 1.3,
      assumed: [{ fromMs: Date.parse('2026-03-30T00:00Z'), toMs: Date.parse('2026-04-01T00:00Z') }],
    },
  ];
  const made = valid(report([itKwh(10)], {}, { alpha: { pue: 1.25, byTime } }));
  expect(made.factors.by_time).toEqual([
    {
      cluster: 'alpha',
      factor: 'pue',
      file: '/etc/eit/pue.csv',
      value: 1.25,
      least: 1.2,
      most: 1.3,
      assumed: [{ since: '2026-03-30T00:00:00.000Z', until: '2026-04-01T00:00:00.000Z' }],
    },
  ]);
  expect(text(made)).toContain(
    'PUE is that of the times of use (1.2 to 1.3), by /etc/eit/pue.csv; it says nothing of ' +
      '2026-03-30 00:00:00 UTC to 2026-04-01 00:00:00 UTC: nearest value.',
  );
});

describe('the line of the intensity', () => {
  const told = (given: Partial<EitReport['factors']>): string => {
    const made = report([itKwh(10)]);
    const line = text(valid({ ...made, factors: { ...made.factors, ...given } })).match(/^Energy has .*$/m);
    return line![0];
  };
  const all = { series: 1, estimated: 0, neighbour: 0, same_hour: 0, yearly: 0, other_basis: 0 };

  test('has of each source who it is, once; the citation is in the JSON', () => {
    const two = 'a grid (2025). A long citation; a grid (2026). Another; a contract';
    expect(told({ intensity_source: two })).toContain('Intensity: a grid; a contract. Counted: ');
  });

  test('has the source, cut, and the year of an average where it is known', () => {
    expect(told({})).toContain(
      'CO2e: 400 g/kWh (average-lifecycle, average of 2024), zone DE. Intensity: a test. Counted: ',
    );
    expect(told({ intensity_year: 2024, intensity_source: `\u001b${'x'.repeat(100)}` })).toContain(
      `CO2e: 400 g/kWh (average-lifecycle, average of 2024), zone DE. Intensity: \\u{1b}${'x'.repeat(73)}+. Counted: `,
    );
    expect(told({ intensity_year: 2024, intensity_by_origin: all })).toContain(
      '(average-lifecycle), zone DE',
    );
  });

  test('names the basis that was taken, and of two how much of the energy is on each', () => {
    const other = (direct: number, given: Partial<EitReport['factors']> = {}): string =>
      told({
        intensity_by_origin: { ...all, other_basis: direct },
        intensity_by_basis: { lifecycle: 1 - direct, direct },
        ...given,
      });
    expect(other(1)).toContain('400 g/kWh (average-direct), zone DE, the mean of the times of use. ');
    expect(other(0.1)).toContain('(90 % average-lifecycle, 10 % average-direct), zone DE, the mean');
    expect(told({ intensity_by_basis: { lifecycle: 0.4, direct: 0.6 } })).toContain(
      '(60 % average-direct, 40 % average-lifecycle, average of 2024), zone DE. ',
    );
  });

  test('names the years of averages, and which of them are in place of others', () => {
    const years = [
      { year: 2019, in_place_of: [] },
      { year: 2019, in_place_of: [2015, 2016, 2017, 2020] },
      { year: 2024, in_place_of: [2022] },
    ];
    expect(told({ intensity_years: years.slice(2) })).toContain(
      '(average-lifecycle, average of 2024 in place of 2022)',
    );
    expect(told({ intensity_years: years })).toContain(
      '(average-lifecycle, averages of 2019; 2019 in place of 2015 to 2017 and 2020; 2024 in place of 2022)',
    );
    const mixed = { ...all, series: 0.7, estimated: 0.2, yearly: 0.1 };
    expect(told({ intensity_by_origin: mixed, intensity_year: 2019 })).toContain(
      '(of the energy 20 % estimated, 10 % by the average of 2019). ',
    );
  });

  test('has the time as of which it is', () => {
    expect(told({ as_of: '2026-03-04T23:30:00.000Z' })).toContain('as known on 2026-03-04 23:30:00 UTC. ');
  });
});

describe('a price that changes with time', () => {
  const price = (least: number, most: number, given: Partial<SideFactors> = {}): Partial<SiteFactors> => ({
    ...side({ pricePerKwh: 0.3, ...given }),
    byTime: [{ factor: 'price', file: '/etc/eit/price.csv', value: 0.3, least, most, assumed: [] }],
  });

  test('is told as what a kWh cost when it was used, not as the mean of the time', () => {
    const always = { fromMs: 0, toMs: Infinity, isAssumed: false };
    const middle = Date.parse('2026-03-02T00:00:00.000Z');
    const by = weightCurve({
      intensity: [
        {
          fromMs: 0,
          toMs: Infinity,
          gPerKwh: 400,
          origin: 'yearly',
          isEstimate: false,
          basis: 'average-lifecycle',
        },
      ],
      pue: [{ ...always, value: 1.5 }],
      price: [
        { ...always, toMs: middle, value: 0.1 },
        { ...always, fromMs: middle, value: 0.5 },
      ],
      basis: 'average-lifecycle',
    });
    const weighing = { curveOf: () => by, slotMsOf: () => 3_600_000 };
    const of = (made: RunRecord[]): EitReport =>
      valid(report(made, {}, { alpha: price(0.1, 0.5) }, null, weighing));
    const late = itKwh(20, { job: 2, from: '2026-03-02T00:00:00.000Z' });
    const made = of([itKwh(10, { from: '2026-03-01T12:00:00.000Z' }), late]);
    expect(made.total.cost! / made.total.energy_kwh.total).toBeCloseTo((0.1 + 2 * 0.5) / 3, 9);
    expect(made.factors.by_time![0]!.value).toBe(0.3);
    expect(text(made)).toContain('Cost: 0.3667 EUR/kWh of Energy, the mean of the times of use.');
  });

  test('of energy that only monthly totals tell is its mean over the time of the report, whatever the other hours cost', () => {
    const always = { fromMs: 0, toMs: Infinity, isAssumed: false };
    const by = weightCurve({
      intensity: [
        {
          ...{ fromMs: 0, toMs: Infinity, gPerKwh: 400 },
          ...{ origin: 'yearly', isEstimate: false, basis: 'average-lifecycle' },
        },
      ],
      pue: [{ ...always, value: 1.5 }],
      price: [{ ...always, value: 0.5 }],
      basis: 'average-lifecycle',
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 }), (timed, timeless) => {
        const made = aggregate(timed === 0 ? [] : [itKwh(timed)], {}, null, {
          curveOf: () => by,
          slotMsOf: () => 3_600_000,
        });
        const sums = made.total.clusterEnergy('alpha');
        const { measuredUj } = sums;
        measuredUj.set('cpu', (measuredUj.get('cpu') ?? 0n) + BigInt(timeless) * 3_600_000_000_000n);
        const { total } = buildReport(made, {
          query: query(),
          // The mean of the window is 0.3, the hours that are known cost 0.5.
          factorsOf: () => ({ ...factors, ...price(0.1, 0.5) }),
          ...{ toolVersion: '', generatedAtMs: 0, skippedRecords: 0 },
        });
        expect(total.cost).toBeCloseTo(1.5 * (timed * 0.5 + timeless * 0.3), 9);
      }),
    );
  });

  test('of two clusters is a range where it is by time', () => {
    const two = [itKwh(10), itKwh(10, { cluster: 'beta', job: 2 })];
    const made = valid(report(two, {}, { alpha: price(-0.1, 0.5), beta: side({ pricePerKwh: 0.2 }) }));
    expect(text(made)).toContain('Cost: alpha -0.1 to 0.5 EUR/kWh, beta 0.2 EUR/kWh of Energy.');
  });
});

describe('equivalents', () => {
  const compared = buildReport(aggregate([itKwh(10)]), {
    query: query(),
    factorsOf: () => factors,
    toolVersion: '0.1.0',
    generatedAtMs: 0,
    skippedRecords: 0,
    equivalents: loadEquivalents(data),
  });

  test('are below the table and in JSON, with source and year', () => {
    const lines = text(valid(compared)).trimEnd().split('\n');
    expect(lines.slice(-8, -5)).toEqual([
      'As much CO2eq as each of these (homes: as much energy):',
      '- 34.3 km by car (Europe) (mean passenger car in Europe: Helmers et al. 2019, UK government conversion factors 2019; 2019)',
      '- 23.9 km by car (USA) (EPA, typical passenger vehicle: 404 g a mile (CO2 of the tailpipe alone); 2018)',
    ]);
    const told = (JSON.parse([...json.render(compared, view)].join('')) as EitReport).equivalents;
    expect(told).toHaveLength(7);
    expect(told![5]).toMatchObject({
      name: 'acre of forest',
      unit: 'years',
      text: '2.67 days of an acre of forest',
      year: 2018,
    });
  });

  test('are nowhere else', () => {
    expect([...csv.render(compared, view)].join('')).not.toContain('car');
    expect(text(report([itKwh(10)]))).not.toContain('car');
    expect(report([itKwh(10)])).not.toHaveProperty('equivalents');
  });
});
