import { existsSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { erase } from '../../../src/archive/erase';
import { readManifest } from '../../../src/archive/manifest';
import { partOfWeighed } from '../../../src/archive/weighed-part';
import { EitError } from '../../../src/errors';
import type { EitReport } from '../../../src/generated/report';
import type { ReportQuery } from '../../../src/report/aggregate';
import type { WeightCurve } from '../../../src/runs/slot-weights';
import { SMALL, SmallLedger } from '../synthetic/small-ledger';
import { TestLedger } from './compacted';
import { madeCurve } from './made-curve';
import { allText } from './whole-ledger';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WINDOW = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2026-03-01T00:00:00Z') };
const CURVE = madeCurve(WINDOW.sinceMs, WINDOW.untilMs, HOUR_MS);
const OTHER = madeCurve(WINDOW.sinceMs, WINDOW.untilMs, 3 * HOUR_MS);
/** When both months are over, and one part each. */
const LATER = SMALL.untilMs + 100 * DAY_MS;

const small = new SmallLedger();
afterAll(() => small.remove());

let ledger: TestLedger;
beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(() => {
  ledger.remove();
  expect(ledger.warnings).toEqual([]);
});

const folder = (): string => join(ledger.dir, 'small/parts/kind=weighed');
/** Files, from the folder on. */
const weighed = (): string[] =>
  readdirSync(folder(), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
const compact = (nowMs: number, curve: WeightCurve | null = CURVE) =>
  ledger.compact('small', nowMs, { curveOf: () => curve });

async function report(given: Partial<ReportQuery> = {}, curve = CURVE): Promise<EitReport> {
  const asked = { ...WINDOW, groupBy: ['user' as const, 'partition' as const], ...given };
  return ledger.report(asked, undefined, { curve, zone: 'UTC' });
}

/** What a report is without anything weighed before. */
async function slowly(given: Partial<ReportQuery> = {}, curve = CURVE): Promise<EitReport> {
  const whole = folder();
  const kept = `${whole}.away`;
  renameSync(whole, kept);
  try {
    return await report(given, curve);
  } finally {
    renameSync(kept, whole);
  }
}

/** Makes what was weighed before something else. */
async function falsify(): Promise<void> {
  await withDuckDb({ ...REPORT_LIMITS }, async (connection) => {
    for (const name of weighed()) {
      const path = join(folder(), name);
      await connection.run(
        `CREATE OR REPLACE TABLE weighed AS SELECT * REPLACE (uj_usage_co2e * 2 AS uj_usage_co2e) FROM read_parquet('${path}')`,
      );
      await connection.run(`COPY weighed TO '${path}' (FORMAT parquet)`);
    }
  });
}

test('energies of months that are over are weighed once, and reports are what they are without', async () => {
  ledger.ship(small.records());
  await compact(SMALL.untilMs - 12 * HOUR_MS);
  expect(existsSync(folder())).toBe(false);
  await compact(LATER);
  await compact(LATER + HOUR_MS);
  const names = weighed();
  expect(names.length).toBeGreaterThan(1);
  for (const given of [
    {},
    { policy: 'allocation' as const },
    { policy: 'hybrid' as const, groupBy: ['account' as const] },
    { groupBy: ['cluster' as const] },
    { filter: { users: [{ name: 'user0001' }], partitions: new Set(['cpu']) } },
    { groupBy: ['user' as const, 'day' as const] },
    { groupBy: ['month' as const] },
    { sinceMs: Date.parse('2026-01-31T00:00:00Z') },
    { untilMs: Date.parse('2026-02-02T05:00:00Z') },
  ])
    expect(await report(given)).toEqual(await slowly(given));
  expect(await report({}, OTHER)).toEqual(await slowly({}, OTHER));
  await compact(LATER + 2 * HOUR_MS);
  expect(weighed()).toEqual(names);
});

test('they are read where they are of these weights, this part and no time', async () => {
  ledger.ship(small.records());
  await compact(LATER);
  const honest = await report();
  await falsify();
  const co2eKg = async (given: Partial<ReportQuery>, curve = CURVE) =>
    (await report(given, curve)).total.co2e_kg;
  expect((await report()).groups[0]?.co2e_kg).not.toBeCloseTo(honest.groups[0]?.co2e_kg ?? 0, 9);
  expect(await co2eKg({ groupBy: ['user', 'day'] })).toBe(
    await slowly({ groupBy: ['user', 'day'] }).then(({ total }) => total.co2e_kg),
  );
  expect(await report({}, OTHER)).toEqual(await slowly({}, OTHER));
  // Not all of a month.
  const cut = { untilMs: Date.parse('2026-02-02T00:00:00Z'), sinceMs: Date.parse('2026-02-01T00:00:00Z') };
  expect(await report(cut)).toEqual(await slowly(cut));
});

test('where one is damaged a report does without them', async () => {
  ledger.ship(small.records());
  await compact(LATER);
  const honest = await report();
  for (const name of weighed()) writeFileSync(join(folder(), name), 'PAR1 and no more');
  expect(await report()).toEqual(honest);
});

test('what comes late makes them anew; those of before, and of other weights, go after a day', async () => {
  const [late, ...rest] = small.records();
  ledger.ship(rest);
  await compact(LATER);
  const before = weighed();
  ledger.ship([late!]);
  await compact(LATER + HOUR_MS);
  expect(await report()).toEqual(await slowly());
  // Files are as old as the clock of this test says.
  const touch = (atMs: number): void => {
    for (const name of weighed()) utimesSync(join(folder(), name), atMs / 1000, atMs / 1000);
  };
  touch(LATER);
  await compact(LATER + 30 * DAY_MS, OTHER);
  touch(LATER + 30 * DAY_MS);
  expect(weighed()).toHaveLength(4);
  await compact(LATER + 32 * DAY_MS, OTHER);
  const manifest = await readManifest(join(ledger.dir, 'small'));
  const parts = new Set(manifest?.parts.map(({ path }) => partOfWeighed(path)));
  const after = weighed();
  expect(after).toHaveLength(2);
  expect(after.filter((name) => !parts.has(partOfWeighed(name)))).toEqual([]);
  expect(after.filter((name) => before.includes(name))).toEqual([]);
  expect(await report({}, OTHER)).toEqual(await slowly({}, OTHER));
});

test('a name that is erased is gone from them too', async () => {
  ledger.ship(small.records());
  await compact(LATER);
  const named = async () => {
    const texts = await allText(join(ledger.dir, 'small'));
    return [...texts].filter(([path, text]) => path.includes('kind=weighed') && /user0001/.test(text)).length;
  };
  expect(await named()).toBeGreaterThan(0);
  await erase({
    ...{
      ledger: ledger.dir,
      cluster: 'small',
      asked: 'user0001',
      systemUid: null,
      nowMs: LATER,
      timeZone: 'UTC',
    },
    privacy: { mode: 'open' as const },
    warn: (message: string) => ledger.warnings.push(message),
  });
  expect(await named()).toBe(0);
});

test('where weights cannot be read that is told, and all else is done', async () => {
  ledger.ship(small.records());
  await ledger.compact('small', LATER, {
    curveOf: () => {
      throw new EitError('EIT_INTENSITY', 'a broken line');
    },
  });
  expect(ledger.warnings.splice(0)).toEqual([
    'energies were not weighed, reports by the hour take longer: EIT_INTENSITY: a broken line',
  ]);
  expect(existsSync(folder())).toBe(false);
  await compact(LATER + HOUR_MS);
  expect(weighed()).toHaveLength(2);
});
