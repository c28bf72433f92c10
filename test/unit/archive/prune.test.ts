import { chmodSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { checkArchive } from '../../../src/archive/check-archive';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { erase } from '../../../src/archive/erase';
import { type Keep, prune, type Pruned } from '../../../src/archive/prune';
import { pseudonymOf } from '../../../src/archive/veil';
import { readPseudonymKey } from '../../../src/archive/pseudonym-key';
import type { ReportQuery } from '../../../src/report/aggregate';
import type { TestLedger } from './compacted';
import { allText, energyOf, wholeLedger } from './whole-ledger';

const LONG = 180_000;
const WINDOW = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2026-04-01T00:00:00Z') };
/** Two months after February: January is old, February is not. */
const APRIL = Date.parse('2026-04-03T12:00:00Z');
const JANUARY_ONLY: Keep = { pseudonym_months: 2 };

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await wholeLedger();
  await ledger.compact('alpha', APRIL);
});
afterEach(() => ledger.remove());

async function pruned(keep: Keep, given: { isDryRun?: boolean; onStep?: (step: string) => void } = {}) {
  return prune({
    ...{
      ledger: ledger.dir,
      cluster: 'alpha',
      keep,
      nowMs: APRIL,
      timeZone: 'UTC',
      privacy: { mode: 'open' as const },
      isDryRun: false,
    },
    ...given,
  });
}

async function problems(): Promise<readonly string[]> {
  return withDuckDb(REPORT_LIMITS, async (connection) => {
    const check = await checkArchive(connection, join(ledger.dir, 'alpha'), 'alpha', Infinity);
    return check.problems;
  });
}

/** Tables of rows of users in which a pattern stands; refused lines are kept as they came. */
async function named(pattern: RegExp): Promise<string[]> {
  const texts = await allText(join(ledger.dir, 'alpha'));
  return [...texts]
    .filter(([path, text]) => !path.startsWith('aside/') && pattern.test(text))
    .map(([path]) => path);
}

const report = (given: Partial<ReportQuery>) =>
  ledger.report({ ...WINDOW, ...given, filter: { ...given.filter, clusters: new Set(['alpha']) } });

test(
  'curves go when they are old, to the day, and nothing else does',
  async () => {
    const before = await report({ groupBy: ['job'] });
    const energy = await energyOf(ledger, 'alpha');
    // 61 days before April 3 is February 1; the curves are of January 31.
    expect(await pruned({ series_days: 63 })).toMatchObject({ series: { rows: 0, before: '2026-01-30' } });
    const would = await pruned({ series_days: 61 }, { isDryRun: true });
    expect(would.series).toEqual({ rows: 2, before: '2026-02-01' });
    expect(await named(/power_w/)).not.toEqual([]);
    expect(await pruned({ series_days: 61 })).toEqual(would);
    expect(await pruned({ series_days: 61 })).toMatchObject({ series: { rows: 0 } });
    await ledger.compact('alpha', APRIL + 2 * 86_400_000);
    expect(await named(/power_w/)).toEqual([]);
    expect(await energyOf(ledger, 'alpha')).toEqual(energy);
    expect({ ...(await report({ groupBy: ['job'] })), data_until: null }).toEqual({
      ...before,
      data_until: null,
    });
  },
  LONG,
);

test(
  'users of old months have pseudonyms: the same in all of them, by which only the key leads back, and reports are as they were',
  async () => {
    const february = { sinceMs: Date.parse('2026-02-01T00:00:00Z'), untilMs: WINDOW.untilMs };
    const [byUser, byAccount, later] = [
      await report({ groupBy: ['user'], untilMs: february.sinceMs }),
      await report({ groupBy: ['partition', 'day'], policy: 'allocation' }),
      await report({ ...february, groupBy: ['job'] }),
    ];
    const energy = await energyOf(ledger, 'alpha');
    const would = await pruned(JANUARY_ONLY, { isDryRun: true });
    expect(readPseudonymKey(ledger.dir)).toBeNull();
    const done = await pruned(JANUARY_ONLY);
    expect(done).toEqual<Pruned>(would);
    expect(done).toMatchObject({ pseudonyms: { jobs: 3, before: '2026-02' } });
    expect(await pruned(JANUARY_ONLY)).toMatchObject({ pseudonyms: { rows: 0, jobs: 0 } });

    expect((await named(/alice|"uid":100[12]|carol/i)).filter((path) => !path.includes('=2026-02'))).toEqual(
      [],
    );
    expect(await named(/alice|carol/i)).toEqual([]);
    expect(await named(/"(job|job_id)":(101|901|902)\b/)).toEqual([]);
    expect(await energyOf(ledger, 'alpha')).toEqual(energy);
    expect(await problems()).toEqual([]);
    expect(await report({ ...february, groupBy: ['job'] })).toEqual(later);
    expect(await report({ groupBy: ['partition', 'day'], policy: 'allocation' })).toEqual(byAccount);

    const key = readPseudonymKey(ledger.dir);
    expect(statSync(join(ledger.dir, 'pseudonym.key')).mode & 0o777).toBe(0o600);
    const after = await report({ groupBy: ['user'], untilMs: february.sinceMs });
    const energies = (groups: typeof after.groups) =>
      new Map(groups.map(({ user = '', energy_kwh: kwh }) => [user, kwh.total]));
    const hidden = energies(after.groups);
    for (const [user, kwh] of energies(byUser.groups)) {
      const name = user === '(unknown)' ? user : pseudonymOf(key!, 'alpha', user);
      expect([user, hidden.get(name)]).toEqual([user, kwh]);
    }
    expect(after.total.energy_kwh).toEqual(byUser.total.energy_kwh);
    // What sacct told is joined as before.
    expect(after.total.slurm).toEqual(byUser.total.slurm);
  },
  LONG,
);

test(
  'pseudonyms that are ended at any step are finished by the next, and are the same',
  async () => {
    const energy = await energyOf(ledger, 'alpha');
    const ended = new Set<string>();
    for (let isDone = false; !isDone;) {
      isDone = true;
      await pruned(JANUARY_ONLY, {
        onStep: (step) => {
          if (ended.has(step)) return;
          ended.add(step);
          isDone = false;
          throw new Error(`ended at ${step}`);
        },
      }).catch((error: Error) => expect(error.message).toMatch(/^ended at /));
      expect(await energyOf(ledger, 'alpha')).toEqual(energy);
      expect(await problems()).toEqual([]);
    }
    expect([...ended].sort()).toEqual(['jobs 2026-01', 'old parts', 'series', 'slices of 2026-01', 'totals']);
    expect(await named(/alice|carol/i)).toEqual([]);
    const users = (await report({ groupBy: ['user'] })).groups.map(({ user }) => user);
    expect(users.filter((user) => user?.startsWith('~'))).toHaveLength(3);
  },
  LONG,
);

test(
  'one who has a pseudonym can be found and erased by the key, and without it cannot',
  async () => {
    await pruned(JANUARY_ONLY);
    const key = readFileSync(join(ledger.dir, 'pseudonym.key'));
    const alice = pseudonymOf(Buffer.from(key.toString().trim(), 'hex'), 'alpha', 'alice');
    expect(await named(new RegExp(alice))).not.toEqual([]);
    const options = { ledger: ledger.dir, cluster: 'alpha', asked: 'alice', systemUid: 1001, nowMs: APRIL };
    const given = { ...options, timeZone: 'UTC', privacy: { mode: 'open' as const }, warn: () => undefined };
    expect((await erase(given)).slices).toBeGreaterThan(3);
    expect(await named(new RegExp(alice))).toEqual([]);

    unlinkSync(join(ledger.dir, 'pseudonym.key'));
    expect(await erase({ ...given, asked: 'bob', systemUid: 1002 })).toMatchObject({ jobs: 0 });
    expect((await report({ groupBy: ['user'] })).groups.some(({ user }) => user?.startsWith('~'))).toBe(true);
  },
  LONG,
);

test('a key that others may read is refused', async () => {
  await pruned(JANUARY_ONLY);
  chmodSync(join(ledger.dir, 'pseudonym.key'), 0o640);
  await expect(pruned(JANUARY_ONLY)).rejects.toMatchObject({ code: 'EIT_PATH_UNTRUSTED' });
});

describe('months of which only totals are kept', () => {
  const FEBRUARY = Date.parse('2026-02-01T00:00:00Z');
  const ONE: Keep = { energy_months: 2 };
  const ASKED: Partial<ReportQuery>[] = [
    { groupBy: ['user'] },
    { groupBy: ['user', 'partition'], policy: 'allocation' },
    { groupBy: ['month', 'account'] },
    { groupBy: ['account'], filter: { users: [{ name: 'alice' }] } },
  ];
  /** What sacct told goes with the jobs, and a host's rows are one. */
  const told = async (given: Partial<ReportQuery>) => {
    const {
      groups,
      total,
      unattributed,
      data_until: dataUntil,
    } = await report({ untilMs: FEBRUARY, ...given });
    const plain = <T extends { readonly slurm?: unknown }>(sums: T) => ({ ...sums, slurm: null });
    return { groups: groups.map(plain), total: plain(total), unattributed, dataUntil };
  };

  test(
    'give the reports of whole months that their jobs gave, and nothing of shorter times',
    async () => {
      const before = [];
      for (const given of ASKED) before.push(await told(given));
      expect(before[0]!.unattributed?.idle_kwh).toBeGreaterThan(0);
      const later = await report({ sinceMs: FEBRUARY, groupBy: ['job'] });
      const energy = await energyOf(ledger, 'alpha');
      const would = await pruned(ONE, { isDryRun: true });
      expect(would.energy).toEqual({ months: ['2026-01'], jobs: 3, before: '2026-02' });
      expect(await pruned(ONE)).toEqual(would);
      expect((await pruned(ONE)).energy).toMatchObject({ months: [], jobs: 0 });
      await ledger.compact('alpha', APRIL + 2 * 86_400_000);

      for (const [i, given] of ASKED.entries()) expect(await told(given)).toEqual(before[i]);
      expect(await report({ sinceMs: FEBRUARY, groupBy: ['job'] })).toEqual(later);
      const days = await report({ groupBy: ['day'], untilMs: FEBRUARY - 86_400_000 });
      expect({ runs: days.total.runs, idle: days.unattributed?.idle_kwh }).toEqual({ runs: 0, idle: null });
      expect(await named(/"job":(101|901)\b/)).toEqual([]);
      const after = await energyOf(ledger, 'alpha');
      expect(after).toEqual(energy);
      expect(await problems()).toEqual([]);
    },
    LONG,
  );

  test(
    'are made wholly or not at all, wherever it ends',
    async () => {
      const before = await told({ groupBy: ['user'] });
      const ended = new Set<string>();
      for (let isDone = false; !isDone;) {
        isDone = true;
        await pruned(ONE, {
          onStep: (step) => {
            if (ended.has(step)) return;
            ended.add(step);
            isDone = false;
            throw new Error(`ended at ${step}`);
          },
        }).catch((error: Error) => expect(error.message).toMatch(/^ended at /));
        expect(await told({ groupBy: ['user'] })).toEqual(before);
        expect(await problems()).toEqual([]);
      }
      expect([...ended]).toContain('months 2026-01');
    },
    LONG,
  );

  test(
    'know users by pseudonyms when their time has come, and nothing of one who was erased',
    async () => {
      const energy = await energyOf(ledger, 'alpha');
      await pruned(ONE);
      const given = { ledger: ledger.dir, cluster: 'alpha', asked: 'alice', systemUid: 1001, nowMs: APRIL };
      const erased = await erase({
        ...given,
        timeZone: 'UTC',
        privacy: { mode: 'open' as const },
        warn: () => undefined,
      });
      expect(erased.months).toBeGreaterThan(0);
      expect(await named(/alice/i)).toEqual([]);
      expect((await pruned({ ...ONE, ...JANUARY_ONLY })).pseudonyms?.rows).toBeGreaterThan(0);
      expect(await named(/carol/i)).toEqual([]);
      expect((await pruned({ ...ONE, ...JANUARY_ONLY })).pseudonyms?.rows).toBe(0);
      expect(await energyOf(ledger, 'alpha')).toEqual(energy);
      expect(await problems()).toEqual([]);
    },
    LONG,
  );
});
