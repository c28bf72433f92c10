import fc from 'fast-check';
import { ledgerClusters } from '../../../src/ledger/inbox-files';
import type { EitReport } from '../../../src/generated/report';
import type { ReportQuery } from '../../../src/report/aggregate';
import { scaled } from '../../scale';
import { hostRecord, later, runRecord } from '../report/records';
import { TestLedger } from './compacted';
import { anyLife, BEGIN_MS, END_MS } from './random-life';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY = '2026-03-02';
const at = (time: string): number => Date.parse(`${DAY}T${time}:00Z`);
const hour = (begin: string, end: string) => ({
  since: `${DAY}T${begin}:00.000Z`,
  until: `${DAY}T${end}:00.000Z`,
});

/** An hour and a half of one run on one host, 12 lines an hour. */
const LINES = Array.from({ length: 18 }, (_, i) => {
  const from = later(`${DAY}T10:00:00.000Z`, i * 300);
  return [
    runRecord({ from, started: `${DAY}T10:00:00.000Z`, seq: 2 * i }),
    hostRecord({ from, to: later(from, 300), seq: 2 * i + 1 }),
  ];
}).flat();

describe('a window that begins or ends within a slot of the archive', () => {
  const ledger = new TestLedger();
  beforeAll(async () => {
    ledger.ship(LINES);
    await ledger.compact('alpha', at('12:00'));
  });
  afterAll(() => ledger.remove());
  const cutIn = async (since: string, until: string, given: Partial<ReportQuery> = {}) =>
    (await ledger.report({ sinceMs: at(since), untilMs: at(until), ...given })).cut_slots;

  test('is told, once where both ends are in one, and the figures are those of the slot', async () => {
    const given = { sinceMs: at('10:30'), untilMs: at('10:40') };
    const found = await ledger.report(given);
    expect(found.cut_slots).toEqual([hour('10:00', '11:00')]);
    // What the hosts' row says, and the run's: all of 10:00 to 11:00.
    expect(found.total.elapsed_seconds).toBe(3600);
    expect(await cutIn('10:30', '11:10')).toEqual([hour('10:00', '11:00'), hour('11:00', '12:00')]);
    expect(await cutIn('10:30', '11:00')).toEqual([hour('10:00', '11:00')]);
    expect(await cutIn('10:30', '10:40', { withUnattributed: false })).toEqual([hour('10:00', '11:00')]);
  });

  test.each([
    ['the borders of slots', '10:00', '11:00'],
    ['a time after all that there is, as now is', '10:00', '11:45'],
    ['a time at which what there is ends', '11:00', '11:30'],
    ['a time before all that there is', '09:30', '11:00'],
  ])('is not: %s', async (_, since, until) => {
    expect(await cutIn(since, until)).toBeUndefined();
  });

  test('is not where those whom the report is of did nothing there', async () => {
    const given = { filter: { users: [{ name: 'bob' }] }, withUnattributed: false };
    expect(await cutIn('10:30', '10:40', given)).toBeUndefined();
  });

  test('is not before compaction: lines are told apart', async () => {
    const inbox = new TestLedger();
    inbox.ship(LINES);
    const found = await inbox.report({ sinceMs: at('10:30'), untilMs: at('10:40') });
    expect(found).not.toHaveProperty('cut_slots');
    expect(found.total.elapsed_seconds).toBe(600);
    inbox.remove();
  });
});

// Beside other work each report can take a second.
const patienceMs = scaled(600_000, 7_200_000);

const anyWindow = fc.record({
  fromMinutes: fc.integer({ min: 0, max: (END_MS - BEGIN_MS) / MINUTE_MS }),
  minutes: fc.integer({ min: 1, max: 3000 }),
  groupBy: fc.constantFrom<ReportQuery['groupBy']>(['user'], ['job']),
  withUnattributed: fc.boolean(),
});

/** What depends on how far the inbox is read, not on the window. */
const UNCOMPARED = ['data_until', 'skipped_records', 'cpu_models', 'gpu_models'];
const comparable = (found: EitReport): unknown =>
  JSON.parse(JSON.stringify(found, (key, value: unknown) => (UNCOMPARED.includes(key) ? undefined : value)));

test(
  'law: where no slot is said to be cut, the report is that of the records, whatever the window',
  async () => {
    let [exact, cut] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        anyLife,
        fc.array(anyWindow, { minLength: 12, maxLength: 12 }),
        async (records, windows) => {
          const [plain, archived] = [new TestLedger(), new TestLedger()];
          try {
            plain.ship(records);
            archived.ship(records);
            for (const cluster of await ledgerClusters(archived.dir))
              await archived.compact(cluster, END_MS + 48 * HOUR_MS);
            for (const { fromMinutes, minutes, ...asked } of windows) {
              const sinceMs = BEGIN_MS + fromMinutes * MINUTE_MS;
              const given = { ...asked, sinceMs, untilMs: sinceMs + minutes * MINUTE_MS };
              const found = await archived.report(given);
              if (found.cut_slots === undefined) {
                exact++;
                expect(comparable(found)).toEqual(comparable(await plain.report(given)));
              } else cut++;
              for (const { since, until } of found.cut_slots ?? []) {
                const ends = [given.sinceMs, given.untilMs];
                expect(ends.some((ms) => ms > Date.parse(since) && ms < Date.parse(until))).toBe(true);
              }
            }
          } finally {
            plain.remove();
            archived.remove();
          }
        },
      ),
      { numRuns: scaled(3, 200) },
    );
    expect(Math.min(exact, cut)).toBeGreaterThan(0);
  },
  patienceMs,
);
