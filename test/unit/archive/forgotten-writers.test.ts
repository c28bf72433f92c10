import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { checkArchive } from '../../../src/archive/check-archive';
import { runTask } from '../../../src/archive/compact-task';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { readManifest } from '../../../src/archive/manifest';
import { readState, REMEMBERED_MS, type StoredState } from '../../../src/archive/taken-state';
import type { EitRecord, RunRecord } from '../../../src/generated/record';
import { utcMs } from '../../../src/ledger/utc-time';
import { scaled } from '../../scale';
import { report } from '../report/asked';
import { later, runRecord } from '../report/records';
import { TestLedger } from './compacted';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** Three years before it is compacted. */
const T = '2023-03-02T10:00:00.000Z';
const NOW_MS = Date.parse('2026-03-02T12:00:00Z');
const ALL = { sinceMs: Date.parse('2020-01-01T00:00:00Z'), untilMs: Date.parse('2050-01-01T00:00:00Z') };
const UNTOLD = 'too old to tell whether it was counted';
jest.setTimeout(scaled(180_000, 3_600_000));

let ledger: TestLedger;
beforeEach(() => (ledger = new TestLedger()));
afterEach(() => ledger.remove());

/** Lines of 300 s of a job on a host, from a day after {@link T} on. */
function lines(host: string, day: number, seqs: readonly number[], given: Partial<RunRecord> = {}) {
  return seqs.map((seq) =>
    runRecord({
      ...{ node: host, host, job: 1 + Number(host.slice(1)), seq, slurm_start: 1 },
      ...{ started: later(T, day * 86_400), from: later(T, day * 86_400 + seq * 300) },
      ...given,
    }),
  );
}

const energies = async () => (await ledger.report({ ...ALL, groupBy: ['job', 'node'] })).groups;
const expected = (records: EitRecord[]) => report(records, { ...ALL, groupBy: ['job', 'node'] }).groups;

/** What compaction put aside. */
async function refusedLines(): Promise<RunRecord[]> {
  const { refused, problems } = await withDuckDb(REPORT_LIMITS, (connection) =>
    checkArchive(connection, join(ledger.dir, 'alpha'), 'alpha', Infinity),
  );
  expect(problems).toEqual([]);
  expect(refused.every(({ reason }) => reason === UNTOLD)).toBe(true);
  return refused.map(({ line }) => JSON.parse(line!) as RunRecord);
}

const OLD = [0, 1, 2, 3].flatMap((day) => ['n1', 'n2'].flatMap((host) => lines(host, day * 200, [0, 1, 2])));

/** Each of its hosts and days another agent instance. */
const OLD_LEDGER = OLD.map((record) => ({
  ...record,
  instance: `${record.from.slice(0, 10).replaceAll('-', '')}abcd`,
}));

describe('a ledger of three years ago that is compacted for the first time', () => {
  test('counts as a whole, and a second time nothing', async () => {
    ledger.ship(OLD_LEDGER);
    expect(await energies()).toEqual(expected(OLD_LEDGER));
    expect(await ledger.compact('alpha', NOW_MS)).toMatchObject({
      ...{ records: 24, duplicates: 0, refused: 0, removedInboxFiles: 8 },
    });
    expect(await energies()).toEqual(expected(OLD_LEDGER));
    expect(await ledger.compact('alpha', NOW_MS + DAY_MS)).toMatchObject({ records: 0, refused: 0 });
    // All of it once more, from a backup.
    ledger.ship(OLD_LEDGER);
    expect(await ledger.compact('alpha', NOW_MS + 2 * DAY_MS)).toMatchObject({
      ...{ records: 0, duplicates: 24, refused: 0 },
    });
    expect(await energies()).toEqual(expected(OLD_LEDGER));
    expect(ledger.warnings).toEqual([]);
  });

  test('counts as a whole by the tasks of a plan, and what one of them left counts after the others', async () => {
    ledger.ship(OLD_LEDGER);
    let ran = 0;
    await ledger.compact('alpha', NOW_MS, {
      workers: {
        count: 4,
        leastBytes: 1,
        run: async (plan, task) => {
          ran++;
          const asked = { ledger: ledger.dir, cluster: 'alpha', plan, task, nowMs: NOW_MS };
          if (task !== 0) await runTask({ ...asked, privacy: { mode: 'open' } });
        },
      },
    });
    expect(ran).toBe(4);
    expect(ledger.warnings).toEqual([expect.stringContaining('task 0')]);
    expect(await refusedLines()).toEqual([]);
    expect(await energies()).toEqual(expected(OLD_LEDGER));
  });

  test('and whose older half comes a year later, counts as a whole too', async () => {
    const isLate = ({ from }: RunRecord) => from < '2024';
    ledger.ship(OLD_LEDGER.filter((record) => !isLate(record)));
    await ledger.compact('alpha', NOW_MS);
    ledger.ship(OLD_LEDGER.filter(isLate));
    expect(await ledger.compact('alpha', NOW_MS + YEAR_MS)).toMatchObject({ records: 12, refused: 0 });
    expect(await energies()).toEqual(expected(OLD_LEDGER));
  });
});

describe('after a writer was forgotten', () => {
  const forgotten = lines('n1', 0, [0, 1, 2, 3]);
  /** Its first lines are as old, and it writes to this day. */
  const known = lines('n2', 0, [0, 1, 2], { instance: 'ba9876543210' });
  const later100 = lines('n2', 100, [3], { instance: 'ba9876543210' });
  const FIRST_MS = utcMs(T) + 2 * DAY_MS;
  const THEN_MS = utcMs(T) + 100 * DAY_MS + REMEMBERED_MS;

  beforeEach(async () => {
    ledger.ship([...forgotten.slice(0, 3), ...known]);
    await ledger.compact('alpha', FIRST_MS);
    ledger.ship(later100);
    // n1's writer goes with this, n2's does not.
    await ledger.compact('alpha', THEN_MS);
    const { state } = (await readManifest(join(ledger.dir, 'alpha')))!;
    const { writers, forgottenMs } = await readState(join(ledger.dir, 'alpha', state));
    expect([[...writers.keys()], forgottenMs]).toEqual([['n2\0ba9876543210'], utcMs(forgotten[2]!.to)]);
  });

  test('its lines are refused, a known one’s are judged by their numbers, and reports say the same before and after', async () => {
    // The fourth is newer than all that was forgotten.
    ledger.ship([...forgotten, ...lines('n2', 0, [0, 2, 4], { instance: 'ba9876543210' })]);
    const counted = [
      ...forgotten,
      ...known,
      ...later100,
      ...lines('n2', 0, [4], { instance: 'ba9876543210' }),
    ];
    const before = await ledger.report({ ...ALL, groupBy: ['job', 'node'] });
    expect(before.groups).toEqual(expected(counted));
    expect(before.skipped_records).toBe(3);
    expect(await ledger.compact('alpha', THEN_MS)).toMatchObject({ records: 2, duplicates: 2, refused: 3 });
    const after = await ledger.report({ ...ALL, groupBy: ['job', 'node'] });
    expect([after.groups, after.skipped_records]).toEqual([before.groups, 3]);
    expect((await refusedLines()).map(({ seq }) => seq)).toEqual([0, 1, 2]);
    // Nothing has them but the file: it stays, and why is said.
    const path = ledger.inboxFile(forgotten[0]!);
    expect(existsSync(path)).toBe(true);
    expect(ledger.warnings).toEqual([
      `${path} stays: 3 of its lines are too old to tell whether they were counted (docs/scale.md), and are nowhere else`,
    ]);
  });

  test('and writes again, its old lines are not counted a second time', async () => {
    const fresh = lines('n1', 101, [9]);
    ledger.ship(fresh);
    expect(await ledger.compact('alpha', THEN_MS)).toMatchObject({ records: 1, refused: 0 });
    ledger.ship(forgotten.slice(0, 3));
    expect(await ledger.compact('alpha', THEN_MS)).toMatchObject({ records: 0, refused: 3 });
    expect(await energies()).toEqual(expected([...forgotten.slice(0, 3), ...known, ...later100, ...fresh]));
  });
});

test('a state that was written before forgotten writers were told of is read, and refuses nothing', async () => {
  ledger.ship(lines('n1', 0, [0, 1]));
  await ledger.compact('alpha', NOW_MS);
  const dir = join(ledger.dir, 'alpha');
  const path = join(dir, (await readManifest(dir))!.state);
  const stored = JSON.parse(gunzipSync(readFileSync(path)).toString()) as StoredState;
  const writers = stored.writers.map(([host, instance, lastMs, ranges]) => [host, instance, lastMs, ranges]);
  writeFileSync(path, gzipSync(JSON.stringify({ ...stored, writers })));
  ledger.ship([...lines('n1', 0, [1, 2]), ...lines('n2', 0, [0])]);
  expect(await ledger.compact('alpha', NOW_MS)).toMatchObject({ records: 2, duplicates: 1, refused: 0 });
  expect(await energies()).toEqual(expected([...lines('n1', 0, [0, 1, 2]), ...lines('n2', 0, [0])]));
});

test('whatever comes, and comes again, however late: no line counts twice, and only what may have been forgotten is refused', async () => {
  const anyStep = fc.record({
    /** Since the step before. */
    days: fc.constantFrom(1, 30, 200, 401, 900),
    lines: fc.array(
      fc.record({
        host: fc.constantFrom('n1', 'n2', 'n3'),
        seq: fc.nat(5),
        /** How many days ago it was written. */
        ago: fc.constantFrom(0, 0, 1, 300, 1000),
      }),
      { maxLength: 6 },
    ),
    repeats: fc.boolean(),
  });
  let [refusals, agains] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 2, maxLength: 5 }), async (steps) => {
      ledger.remove();
      ledger = new TestLedger();
      const written = new Map<string, RunRecord>();
      const counted = new Map<string, { record: RunRecord; takenDay: number }>();
      let [day, refusedBefore] = [1000, 0];
      for (const step of steps) {
        day += step.days;
        const fresh = step.lines.map(({ host, seq, ago }) => {
          // A number is of one line only.
          const record = written.get(`${host} ${seq}`) ?? lines(host, day - ago, [seq])[0]!;
          written.set(`${host} ${seq}`, record);
          return record;
        });
        const shipped = [
          ...fresh,
          ...(step.repeats ? [...counted.values()].map(({ record }) => record) : []),
        ];
        if (written.size === 0) continue;
        ledger.ship(shipped);
        await ledger.compact('alpha', utcMs(T) + (day + 1) * DAY_MS);
        const all = await refusedLines();
        const refused = new Set(all.map(({ host, seq }) => `${host} ${seq}`));
        const forgottenMs = Math.max(
          ...[...counted.values()].map(({ record, takenDay }) =>
            takenDay < day - 400 ? utcMs(record.to) : -Infinity,
          ),
        );
        for (const record of shipped) {
          const key = `${record.host} ${record.seq}`;
          if (counted.has(key)) agains++;
          else if (refused.has(key)) expect(utcMs(record.to)).toBeLessThanOrEqual(forgottenMs);
          else counted.set(key, { record, takenDay: day });
        }
        refusals += all.length - refusedBefore;
        refusedBefore = all.length;
        const records = [...counted.values()].map(({ record }) => record);
        expect(await energies()).toEqual(expected(records));
      }
    }),
    { numRuns: scaled(5, 300) },
  );
  // What is told here has happened.
  expect([refusals > 0, agains > 0]).toEqual([true, true]);
});
