import Ajv from 'ajv';
import fc from 'fast-check';
import reportSchema from '../../../schemas/report.schema.json';
import type { QuotaConfig } from '../../../src/generated/config';
import type { QuotaState } from '../../../src/generated/report';
import type { RunRecord } from '../../../src/generated/record';
import { concerning, limitOf, type QuotaData, quotaStates, unknownUse } from '../../../src/quota/evaluate';
import { periodAt } from '../../../src/quota/period';
import { USERS_KEYS, usageBy, usersRuns } from '../../../src/quota/usage';
import { quotaLines } from '../../../src/report/quota-lines';
import { aggregate, factors, report } from '../report/asked';
import { runRecord } from '../report/records';

const validateState = new Ajv({ discriminator: true, allowUnionTypes: true }).compile({
  definitions: reportSchema.definitions,
  $ref: '#/definitions/quotaState',
});

const NOW_MS = Date.parse('2026-03-20T12:00:00Z');
const rates = { factorsOf: () => factors, pricePerKwhOf: () => 0.2 };

/** So many kWh with the tests' PUE of 1.5. */
const kwh = (n: number): Pick<RunRecord, 'measured_uj'> => ({
  measured_uj: { 'package-0': [(n * 3.6e12) / 1.5, 0, 0] },
});

function data(quotas: QuotaConfig[], records: RunRecord[], more: Partial<QuotaData> = {}): QuotaData {
  const periods = new Map(
    quotas.map(({ period }) => {
      const of = periodAt(period, NOW_MS, 'UTC');
      const { groups } = aggregate(records, { groupBy: USERS_KEYS, sinceMs: of.startMs, untilMs: NOW_MS });
      return [period, { period: of, runs: usersRuns(groups), rates }] as const;
    }),
  );
  return { quotas, periods, dataUntilMs: NOW_MS, currency: 'EUR', uids: new Map(), ...more };
}

const brief = (states: QuotaState[]): unknown[] =>
  states.map(({ per, name, used, limit, state }) => [per, name, Number(used.toPrecision(9)), limit, state]);

const perUser = (more: Partial<QuotaConfig> = {}): QuotaConfig => ({
  per: 'user',
  period: 'month',
  unit: 'kWh',
  each: 10,
  ...more,
});

let job = 0;
const run = (given: Parameters<typeof runRecord>[0] = {}): RunRecord =>
  runRecord({ job: ++job, node: `n${job}`, ...kwh(1), ...given });
const bob = { uid: 1002, user: 'bob', account: 'biology' };

describe('whose limit it is', () => {
  const quota = perUser({ limits: { alice: 2000, '1003': 0, root: 'none' } });
  test.each([
    ['by name', { name: 'alice', uid: 1001 }, 2000],
    ['by uid', { name: 'carol', uid: 1003 }, 0],
    ['nobody’s', { name: 'root', uid: 0 }, null],
    ['everyone’s', { name: 'bob', uid: 1002 }, 10],
    ['of a name that every object has', { name: 'constructor', uid: 7 }, 10],
  ])('%s', (_, subject, limit) => {
    expect(limitOf(quota, subject)).toBe(limit);
  });

  test('nobody has one where only others are named', () => {
    expect(
      limitOf({ per: 'account', period: 'year', unit: 'kWh', limits: { a: 1 } }, { name: 'b', uid: null }),
    ).toBeNull();
  });
});

test('what is used is what a report of the same time says, in each unit', () => {
  const records = [run(), run({ ...kwh(2.5), cluster: 'beta' }), run(bob)];
  const { groups } = report(records);
  const units = (['kWh', 'kgCO2e', 'cost'] as const).map((unit) =>
    perUser({ unit, limits: { bob: 'none' } }),
  );
  const states = quotaStates(data(units, records), null);
  const alice = groups.find(({ user }) => user === 'alice')!;
  expect(alice.energy_kwh.total).toBeCloseTo(3.5, 9);
  const used = Object.fromEntries(states.map((state) => [state.unit, state.used]));
  expect(used['kWh']).toBeCloseTo(alice.energy_kwh.total, 12);
  expect(used['kgCO2e']).toBeCloseTo(alice.co2e_kg, 12);
  expect(used['EUR']).toBeCloseTo(alice.energy_kwh.total * 0.2, 12);
});

test('where the price was below 0 less than nothing is used, and the share is 0', () => {
  const made = data([perUser({ unit: 'cost' })], [run()]);
  const below = { factorsOf: () => factors, pricePerKwhOf: () => -0.2 };
  const periods = new Map([...made.periods].map(([name, of]) => [name, { ...of, rates: below }]));
  const [state] = quotaStates({ ...made, periods }, null);
  expect(state).toMatchObject({ share: 0, state: 'within', used: expect.closeTo(-0.2, 9) as number });
  expect(state!.forecast).toBeLessThan(0);
  expect(validateState(state)).toBe(true);
  const view = { timeZone: 'UTC', terminal: { width: 120, bars: true, colours: false } };
  expect(quotaLines([state!], view)[1]!.text).toMatch(/-0\.20 EUR +10\.00 EUR +0 % +-0\.32 EUR/);
});

test('a cluster has its own price and factors', () => {
  const { used } = usageBy(
    'user',
    usersRuns(aggregate([run(), run({ cluster: 'beta' })], { groupBy: USERS_KEYS }).groups),
    {
      factorsOf: (cluster) => (cluster === 'beta' ? { ...factors, pue: 3, intensityGPerKwh: 100 } : factors),
      pricePerKwhOf: (cluster) => (cluster === 'beta' ? 1 : 0.2),
    },
  );
  const [alice] = used.values();
  expect(alice?.amounts.kWh).toBeCloseTo(1 + 2, 9);
  expect(alice?.amounts.kgCO2e).toBeCloseTo(0.4 + 0.2, 9);
  expect(alice?.amounts.cost).toBeCloseTo(0.2 + 2, 9);
});

test('however runs are spread, users, accounts and partitions each add up to the whole', () => {
  const one = fc.record({
    uid: fc.integer({ min: 1, max: 4 }),
    account: fc.constantFrom('a', 'b', undefined),
    partition: fc.constantFrom('cpu', 'gpu', undefined),
    cluster: fc.constantFrom('alpha', 'beta'),
    amount: fc.integer({ min: 0, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), (runs) => {
      const records = runs.map(({ uid, account, partition, cluster, amount }) => {
        const {
          account: _a,
          partition: _p,
          ...rest
        } = run({ uid, user: `u${uid}`, cluster, ...kwh(amount) });
        return { ...rest, ...(account && { account }), ...(partition && { partition }) };
      });
      const whole = runs.reduce((sum, { amount }) => sum + amount, 0);
      for (const per of ['user', 'account', 'partition', 'qos'] as const) {
        const { used, unknown } = usageBy(
          per,
          usersRuns(aggregate(records, { groupBy: USERS_KEYS }).groups),
          rates,
        );
        const sum = [...used.values()].reduce((all, { amounts }) => all + amounts.kWh, unknown.kWh);
        expect(sum).toBeCloseTo(whole, 6);
      }
    }),
  );
});

test('a limit is reached at the limit, and one of 0 by nothing', () => {
  const quotas = [perUser({ each: 1, limits: { bob: 1.0001, carol: 0 } })];
  const states = quotaStates(data(quotas, [run(), run(bob)]), null);
  expect(brief(states)).toEqual([
    ['user', 'carol', 0, 0, 'over'],
    ['user', 'alice', 1, 1, 'over'],
    ['user', 'bob', 1, 1.0001, 'within'],
  ]);
  expect(states.map(({ share }) => share)).toEqual([null, 1, expect.closeTo(1 / 1.0001)]);
});

test('the highest share comes first, whatever it is a share of', () => {
  const quotas = [
    perUser({ each: 100, limits: { bob: 2 } }),
    { per: 'account', period: 'year', unit: 'kgCO2e', limits: { physics: 1 } } as const,
  ];
  expect(brief(quotaStates(data(quotas, [run(), run(bob)]), null))).toEqual([
    ['user', 'bob', 1, 2, 'within'],
    ['account', 'physics', 0.4, 1, 'within'],
    ['user', 'alice', 1, 100, 'within'],
  ]);
});

test('a period has what lies in it, with its ends and the forecast', () => {
  const records = [run({ from: '2026-02-28T23:00:00.000Z' }), run({ from: '2026-03-01T00:00:00.000Z' })];
  const quotas = [perUser(), perUser({ period: 'year' }), perUser({ period: '25 days' })];
  const states = new Map(quotaStates(data(quotas, records), null).map((state) => [state.period, state]));
  expect(states.get('month')).toMatchObject({
    since: '2026-03-01T00:00:00.000Z',
    until: '2026-04-01T00:00:00.000Z',
    used: expect.closeTo(1),
    forecast: expect.closeTo(31 / 19.5),
  });
  expect(states.get('year')).toMatchObject({ used: expect.closeTo(2), until: '2027-01-01T00:00:00.000Z' });
  expect(states.get('25 days')).toMatchObject({ used: expect.closeTo(2), until: null, forecast: null });
});

test('users are told by uid: renamed ones are one, and a line without a uid is of whom others name so', () => {
  const { uid: _, ...nameless } = run({ user: 'alicia', from: '2026-03-03T10:00:00.000Z' });
  const records = [
    run({ from: '2026-03-02T10:00:00.000Z' }),
    run({ from: '2026-03-05T10:00:00.000Z', user: 'alicia' }),
    nameless as RunRecord,
  ];
  expect(brief(quotaStates(data([perUser({ limits: { alicia: 5 } })], records), null))).toEqual([
    ['user', 'alicia', 3, 5, 'within'],
  ]);
});

test('who used something in one period has a state in each', () => {
  const quotas = [perUser(), perUser({ period: 'day', each: 3 })];
  expect(brief(quotaStates(data(quotas, [run()]), null))).toEqual([
    ['user', 'alice', 1, 10, 'within'],
    ['user', 'alice', 0, 3, 'within'],
  ]);
});

test('who is named or asked for is there with nothing used', () => {
  const quotas = [perUser({ limits: { dave: 7, '1005': 8, root: 'none' } })];
  const made = data(quotas, [], { uids: new Map([['dave', 1004]]) });
  expect(
    quotaStates(made, { name: 'eve', uid: 1006 }).map(({ name, uid, limit }) => [name, uid, limit]),
  ).toEqual([
    ['dave', 1004, 7],
    ['eve', 1006, 10],
    ['uid:1005', 1005, 8],
  ]);
});

describe('what a run does not tell', () => {
  const quotas: QuotaConfig[] = [{ per: 'qos', period: 'month', unit: 'kWh', each: 5 }];
  const records = [run({ start: { by: 'prolog', qos: 'high' } }), run(kwh(3))];

  test('is in nobody’s quota, and said', () => {
    const made = data(quotas, records);
    expect(quotaStates(made, null)).toMatchObject([
      { name: 'high', used: expect.closeTo(1), unknown: expect.closeTo(3) },
    ]);
    expect(unknownUse(made)).toEqual([{ per: 'qos', period: 'month', kWh: expect.closeTo(3) }]);
  });

  test('is unknown for a run whose first line lies before the period', () => {
    const began = run({ from: '2026-02-28T23:55:00.000Z', start: { by: 'prolog', qos: 'high' } });
    const { start: _, ...later } = {
      ...began,
      seq: 1,
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-01T00:05:00.000Z',
    };
    const made = data(quotas, [began, later]);
    expect(quotaStates(made, null)).toEqual([]);
    expect(unknownUse(made)).toMatchObject([{ kWh: expect.closeTo(1) }]);
  });
});

test('a user is concerned by her own, and by what her runs are under', () => {
  const quotas: QuotaConfig[] = [
    perUser(),
    { per: 'account', period: 'year', unit: 'kWh', each: 50 },
    { per: 'partition', period: 'year', unit: 'kWh', each: 60 },
  ];
  const made = data(quotas, [run(), run({ ...bob, partition: 'gpu' }), run({ ...bob, account: 'physics' })]);
  const states = concerning(
    quotaStates(made, { name: 'alice', uid: 1001 }),
    { uid: 1001, name: 'alice' },
    made,
  );
  expect(brief(states)).toEqual([
    ['user', 'alice', 1, 10, 'within'],
    ['account', 'physics', 2, 50, 'within'],
    ['partition', 'cpu', 2, 60, 'within'],
  ]);
  expect(concerning(states, { uid: 7, name: 'alice' }, made)).toEqual([]);
});
