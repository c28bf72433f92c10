import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkArchive } from '../../../src/archive/check-archive';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { countErasable, erase, type Erased } from '../../../src/archive/erase';
import type { ReportQuery } from '../../../src/report/aggregate';
import type { TestLedger } from './compacted';
import { allText, energyOf, wholeLedger } from './whole-ledger';

const NOW = Date.parse('2026-02-20T12:00:00Z');
/** When inbox files are too young to be taken away by compaction. */
const SOON = Date.parse('2026-02-02T12:00:00Z');
const LONG = 180_000;
const WINDOW = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2026-04-01T00:00:00Z') };

/** What is of others, or of nobody. */
const OTHERS: Partial<ReportQuery>[] = [
  { groupBy: ['job'], filter: { users: [{ uid: 1002, name: 'bob' }] } },
  { groupBy: ['user', 'day'], filter: { users: [{ name: 'bob' }, { name: 'carol' }] } },
  { groupBy: ['node', 'partition'] },
  { groupBy: ['cluster', 'day'], policy: 'allocation' },
  { groupBy: ['job'], filter: { users: [{ uid: 1002, name: 'bob' }] }, policy: 'hybrid' },
];

function options(ledger: TestLedger, onStep?: (step: string) => void) {
  return {
    ...{ ledger: ledger.dir, cluster: 'alpha', asked: 'alice', systemUid: null, nowMs: NOW, timeZone: 'UTC' },
    privacy: { mode: 'open' as const },
    warn: (message: string) => ledger.warnings.push(message),
    ...(onStep === undefined ? {} : { onStep }),
  };
}

async function reports(ledger: TestLedger, asked: readonly Partial<ReportQuery>[]) {
  const found = [];
  for (const given of asked) {
    const report = await ledger.report({ ...WINDOW, ...given });
    // What sacct told of her jobs goes, so Slurm's word on sums over all is one on fewer jobs.
    const isOfAll = given.filter === undefined;
    const of = <T extends { readonly slurm?: unknown }>(sums: T) =>
      isOfAll ? { ...sums, slurm: null } : sums;
    found.push({ ...report, groups: report.groups.map(of), total: of(report.total) });
  }
  return found;
}

/** Files in which a name stands, or a uid as such. */
async function namedIn(ledger: TestLedger, name: RegExp): Promise<string[]> {
  const texts = await allText(join(ledger.dir, 'alpha'));
  return [...texts].filter(([, text]) => name.test(text)).map(([path]) => path);
}

async function problems(ledger: TestLedger): Promise<readonly string[]> {
  return withDuckDb(REPORT_LIMITS, async (connection) => {
    const check = await checkArchive(connection, join(ledger.dir, 'alpha'), 'alpha', Infinity);
    return check.problems;
  });
}

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await wholeLedger();
});
afterEach(() => ledger.remove());

test(
  'an erasure leaves the energy of each row and nothing of the user, whatever file one looks into',
  async () => {
    await ledger.compact('alpha', NOW, { inboxDays: 60 });
    const before = await reports(ledger, OTHERS);
    const energy = await energyOf(ledger, 'alpha');
    expect(await namedIn(ledger, /alice/i)).not.toEqual([]);

    // What was published for her and for those who coordinate her account.
    for (const folder of ['by-user/1001', 'by-account/physics']) {
      mkdirSync(join(ledger.dir, 'alpha', folder), { recursive: true });
      writeFileSync(join(ledger.dir, 'alpha', folder, 'index.json'), '{"user":"alice"}');
    }
    const counted = await countErasable(options(ledger));
    expect(counted).toMatchObject({ series: 1, jobs: 3, aside: 2 });
    const done = await erase(options(ledger));
    expect(done).toEqual<Erased>(counted);
    expect(done.slices).toBeGreaterThan(3);

    expect(await namedIn(ledger, /alice/i)).toEqual([]);
    // Carol had the uid before, and what is hers is there still.
    expect(await namedIn(ledger, /carol/)).not.toEqual([]);
    expect(await namedIn(ledger, /"(job|job_id)":(101|901)\b/)).toEqual([]);
    expect(await namedIn(ledger, /"cancelled_by_uid":1001/)).toEqual([]);
    expect(await energyOf(ledger, 'alpha')).toEqual(energy);
    expect(await reports(ledger, OTHERS)).toEqual(before);
    expect(await problems(ledger)).toEqual([]);
    expect(ledger.warnings).toEqual([]);

    const [byUser] = await reports(ledger, [{ groupBy: ['user'] }]);
    expect(byUser?.groups.map(({ user }) => user)).toContain('(erased)');
    const note = readFileSync(join(ledger.dir, 'alpha/erasures.ndjson'), 'utf8');
    expect(JSON.parse(note)).toMatchObject({
      at: new Date(NOW).toISOString(),
      slices: done.slices,
      series: 1,
    });

    // A second time there is nothing, and no second note.
    expect(await erase(options(ledger))).toMatchObject({ slices: 0, series: 0, jobs: 0, aside: 0 });
    expect(readFileSync(join(ledger.dir, 'alpha/erasures.ndjson'), 'utf8')).toBe(note);
  },
  LONG,
);

test(
  'an erasure that is ended at any step is finished by the next',
  async () => {
    await ledger.compact('alpha', NOW, { inboxDays: 60 });
    const before = await reports(ledger, OTHERS);
    const energy = await energyOf(ledger, 'alpha');
    const ended = new Set<string>();
    for (;;) {
      let at: string | null = null;
      const result = await erase(
        options(ledger, (step) => {
          if (ended.has(step)) return;
          ended.add((at = step));
          throw new Error(`ended at ${step}`);
        }),
      ).catch((error: unknown) => error as Error);
      expect(await energyOf(ledger, 'alpha')).toEqual(energy);
      expect(await problems(ledger)).toEqual([]);
      if (at === null) break;
      expect(result).toEqual(new Error(`ended at ${String(at)}`));
    }
    expect([...ended].sort()).toEqual([
      ...['aside', 'inbox', 'jobs 2026-01', 'note', 'old parts', 'series'],
      ...['slices of 2026-01', 'totals'],
    ]);
    expect(await namedIn(ledger, /alice/i)).toEqual([]);
    expect(await reports(ledger, OTHERS)).toEqual(before);
  },
  LONG,
);

test(
  'lines of the inbox that were not wholly taken stay and are told of',
  async () => {
    const path = join(ledger.dir, 'alpha/inbox/2026-01-31/a9.ndjson');
    const text = readFileSync(path, 'utf8');
    // A host is in the middle of a line.
    writeFileSync(path, text.slice(0, -5));
    const done = await erase({ ...options(ledger), nowMs: SOON });
    expect(done.inboxLeft).toEqual([path]);
    writeFileSync(path, text);
    expect(await erase({ ...options(ledger), nowMs: SOON })).toMatchObject({
      inboxFiles: 1,
      inboxLeft: [],
      slices: 0,
    });
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    expect(await namedIn(ledger, /alice/i)).toEqual([]);
  },
  LONG,
);

test('a uid that two people had is not guessed at', async () => {
  await ledger.compact('alpha', NOW);
  await expect(erase({ ...options(ledger), asked: '1001' })).rejects.toThrow(/alice, carol|carol, alice/);
});
