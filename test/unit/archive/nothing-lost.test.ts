import fc from 'fast-check';
import type { EitRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import { slotMsOf } from '../../../src/archive/slot';
import { ledgerClusters } from '../../../src/ledger/inbox-files';
import type { ReportQuery } from '../../../src/report/aggregate';
import { scaled } from '../../scale';
import { report } from '../report/asked';
import { TestLedger } from './compacted';
import { madeCurve } from './made-curve';
import { anyLife, BEGIN_MS } from './random-life';
import { anyExactQuery, WHOLE, ZONES } from './random-query';

const HOUR_MS = 3_600_000;

const CURVES = new Map(
  [60, 30, 5].map((minutes) => [minutes, madeCurve(WHOLE.sinceMs, WHOLE.untilMs, minutes * 60_000)]),
);

/** One step in a ledger's life. */
const anyStep = fc.record({
  /** Of the lines that have not been shipped, so many percent are. */
  ships: fc.constantFrom(0, 20, 60, 100),
  /** Of those that were, so many percent come again. */
  repeats: fc.constantFrom(0, 0, 3, 30),
  damage: fc.constantFrom(null, null, 'half', 'garbage', 'empty', 'newer'),
  compacts: fc.constantFrom('no', 'all', 'all', 'all', 'first'),
  /** Hours from the life's beginning to when it compacts. */
  hour: fc.oneof(fc.integer({ min: 12, max: 200 }), fc.integer({ min: 200, max: 2000 })),
  inboxDays: fc.constantFrom(1, 1, 7),
});

const anyHistory = fc.constantFrom(...ZONES).chain((zone) =>
  fc.record({
    zone: fc.constant(zone),
    records: anyLife,
    order: fc.array(fc.nat(), { minLength: 37, maxLength: 37 }),
    steps: fc.array(anyStep, { minLength: 2, maxLength: scaled(3, 5) }),
    queries: fc.array(anyExactQuery(zone), { minLength: 2, maxLength: scaled(4, 6) }),
    /** How often factors change, minutes; null: never. */
    factorsChange: fc.constantFrom(null, 60, 30, 5),
  }),
);

/** Records in some order: an agent's lines mostly come as it wrote them, hosts' in any. */
function shuffled(records: readonly EitRecord[], order: readonly number[]): EitRecord[] {
  const keyed = records.map((record, i) => ({
    record,
    key: (i * 7919 + (order[i % order.length] ?? 0)) % 10_007,
  }));
  return keyed.sort((a, b) => a.key - b.key).map(({ record }) => record);
}

/**
 * As every way of reading must give it. Only a report of everything knows of the newest record and of all hardware: the inbox is read of the days
 * around the window.
 */
function comparable(found: EitReport, asked: Partial<ReportQuery>): unknown {
  const isAll = asked.sinceMs === WHOLE.sinceMs && asked.filter?.clusters === undefined;
  const left = isAll
    ? ['generated_at']
    : ['generated_at', 'data_until', 'skipped_records', 'cpu_models', 'gpu_models'];
  return JSON.parse(JSON.stringify(found, (key, value: unknown) => (left.includes(key) ? undefined : value)));
}

const patienceMs = scaled(600_000, 7_200_000);

test(
  'whatever is shipped in whatever order and compacted whenever, each report is that of the records',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async ({ zone, records, order, steps, queries, factorsChange }) => {
        const weighed = factorsChange === null ? undefined : { curve: CURVES.get(factorsChange)!, zone };
        const slotMs = slotMsOf(zone, Date.now());
        const weighing =
          weighed === undefined ? null : { curveOf: () => weighed.curve, slotMsOf: () => slotMs };
        const plain = new TestLedger();
        const archived = new TestLedger();
        try {
          const waiting = shuffled(JSON.parse(JSON.stringify(records)) as EitRecord[], order);
          const shipped: EitRecord[] = [];
          for (const [at, step] of steps.entries()) {
            const fresh = waiting.splice(0, Math.ceil((waiting.length * step.ships) / 100));
            const again = shipped.filter((_, i) => (i * 61 + at) % 100 < step.repeats);
            for (const ledger of [plain, archived]) {
              ledger.ship([...again.slice(0, again.length / 2), ...fresh, ...again.slice(again.length / 2)]);
            }
            shipped.push(...fresh);
            const [victim] = shipped;
            if (victim !== undefined && step.damage !== null) {
              for (const ledger of [plain, archived]) ledger.damage(victim, damageOf(step.damage, victim));
            }
            if (step.compacts !== 'no') {
              // What ends later is of a clock that is ahead.
              const newestMs = shipped.reduce((ms, { to }) => Math.max(ms, Date.parse(to)), 0);
              const nowMs = Math.max(BEGIN_MS + step.hour * HOUR_MS, newestMs);
              for (const cluster of (await ledgerClusters(archived.dir)).slice(
                0,
                step.compacts === 'all' ? 9 : 1,
              )) {
                await archived.compact(cluster, nowMs, {
                  timeZone: zone,
                  inboxDays: step.inboxDays,
                  curveOf: () => weighed?.curve ?? null,
                });
              }
            }
            for (const asked of [{ ...WHOLE, timeZone: zone, groupBy: ['job'] as const }, ...queries]) {
              const given = { ...asked, groupBy: [...(asked.groupBy ?? [])] };
              const expected = await plain.report(given, undefined, weighed);
              const direct = report(shipped, given, {}, null, weighing);
              expect(comparable({ ...direct, skipped_records: expected.skipped_records }, given)).toEqual(
                comparable(expected, given),
              );
              expect(comparable(await archived.report(given, undefined, weighed), given)).toEqual(
                comparable(expected, given),
              );
            }
          }
          expect(archived.warnings).toEqual([]);
        } finally {
          plain.remove();
          archived.remove();
        }
      }),
      { numRuns: scaled(3, 300), endOnFailure: process.env['EIT_TEST_SHRINK'] !== '1' },
    );
  },
  patienceMs,
);

function damageOf(kind: string, victim: EitRecord): string {
  const line = JSON.stringify(victim);
  switch (kind) {
    case 'half':
      return line.slice(0, line.length / 2);
    case 'garbage':
      return 'no record\n';
    case 'newer':
      return `${JSON.stringify({ ...victim, schema: 2 })}\n`;
    default:
      return '\n';
  }
}
