import { POLICIES } from '../../../src/attribution/policy';
import type { ReportQuery } from '../../../src/report/aggregate';
import { ledgerClusters } from '../../../src/ledger/inbox-files';
import { TestLedger } from './compacted';
import { madeCurve } from './made-curve';

const WINDOW = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2026-04-01T00:00:00Z') };

const QUERIES: Partial<ReportQuery>[] = [
  { groupBy: ['user', 'partition'] },
  { groupBy: ['account', 'cluster'] },
  { groupBy: ['job'] },
  { groupBy: ['node', 'day'] },
  { groupBy: ['month', 'account', 'cluster'] },
  { groupBy: ['week', 'user'] },
  { groupBy: ['day', 'partition'] },
  { groupBy: ['month', 'week'] },
  { groupBy: ['week'], timeZone: 'Europe/Berlin' },
  { groupBy: ['hour', 'user'] },
  { groupBy: ['cpumodel', 'day'] },
  { groupBy: ['gpumodel'] },
  { groupBy: ['job'], filter: { users: [{ uid: 1001, name: 'alice' }] } },
  { groupBy: ['job'], filter: { nodes: new Set(['a1']) } },
  { groupBy: ['user'], filter: { partitions: new Set(['cpu']), accounts: new Set(['physics']) } },
  { groupBy: ['user'], extrapolate: true },
  { groupBy: ['user'], embodied: true },
  { groupBy: ['month', 'account'], embodied: true },
  { groupBy: ['day'], timeZone: 'Europe/Berlin' },
];

const LEDGERS = [
  { fixture: 'two-clusters', now: '2026-02-01T12:00:00Z' },
  { fixture: 'gpus', now: '2026-03-10T12:00:00Z' },
];

const MINUTE_MS = 60_000;

const CURVES = [
  { curve: 'constant factors', weighed: undefined },
  ...[60, 5].map((minutes) => ({
    curve: `factors of each ${minutes} minutes`,
    weighed: { curve: madeCurve(WINDOW.sinceMs, WINDOW.untilMs, minutes * MINUTE_MS), zone: 'UTC' },
  })),
];

const CASES = LEDGERS.flatMap((ledger) => CURVES.map((curve) => ({ ...ledger, ...curve })));

describe.each(CASES)('a compacted ledger ($fixture, $curve)', ({ fixture, now, weighed }) => {
  const nowMs = Date.parse(now);
  const laterMs = nowMs + 60 * 86_400_000;
  const ledger = new TestLedger(fixture);
  afterAll(() => ledger.remove());

  // Beside other work each report can take a second.
  const patienceMs = 180_000;

  test(
    'gives the reports that its inbox gave, to the digit',
    async () => {
      const clusters = await ledgerClusters(ledger.dir);
      const asked = QUERIES.map((given, i) => ({
        ...WINDOW,
        ...given,
        // Totals are not asked where idle power is to be told.
        policy: POLICIES[i % (POLICIES.length - (i % 4 === 0 ? 0 : 1))]!,
      }));
      const before = [];
      for (const given of asked) before.push(await ledger.report(given, undefined, weighed));
      expect(before.some(({ total }) => total.energy_kwh.it > 0)).toBe(true);

      for (const cluster of clusters) {
        const done = await ledger.compact(cluster, nowMs);
        expect(done.records).toBeGreaterThan(0);
      }
      for (const [i, given] of asked.entries())
        expect(await ledger.report(given, undefined, weighed)).toEqual(before[i]);

      // Two months later the inbox is gone and the months are one part each.
      for (const cluster of clusters) {
        const done = await ledger.compact(cluster, laterMs);
        expect(done.records).toBe(0);
        expect(done.removedInboxFiles).toBeGreaterThan(0);
        expect(done.merges).toBeGreaterThan(0);
      }
      for (const [i, given] of asked.entries())
        expect(await ledger.report(given, undefined, weighed)).toEqual(before[i]);
      expect(ledger.warnings).toEqual([]);
    },
    patienceMs,
  );
});
