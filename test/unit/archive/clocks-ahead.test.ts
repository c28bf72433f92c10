import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkArchive } from '../../../src/archive/check-archive';
import { runTask } from '../../../src/archive/compact-task';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { readManifest } from '../../../src/archive/manifest';
import type { ArchiveManifest } from '../../../src/generated/manifest';
import { AHEAD_MS } from '../../../src/ledger/clock-ahead';
import { AuditAggregation } from '../../../src/report/audit-aggregation';
import { query, report } from '../report/asked';
import { hostRecord, later, runRecord } from '../report/records';
import { TestLedger } from './compacted';

const T = '2026-03-02T10:00:00.000Z';
const UNTIL = later(T, 900);
const NOW_MS = Date.parse(T) + 1_200_000;
const AHEAD = '2027-04-02T10:00:00.000Z';
const ALL = { sinceMs: Date.parse('2026-01-01T00:00:00Z'), untilMs: Date.parse('2028-01-01T00:00:00Z') };
jest.setTimeout(180_000);

let ledger: TestLedger;
beforeEach(() => (ledger = new TestLedger()));
afterEach(() => ledger.remove());

const right = [0, 1, 2].map((seq) =>
  runRecord({ started: T, from: later(T, seq * 300), seq, slurm_start: 1 }),
);
const ahead = [
  runRecord({ ...{ host: 'n9', node: 'n9' }, started: AHEAD, from: AHEAD, seq: 0, job: 9, slurm_start: 1 }),
  hostRecord({ host: 'n9', nodes: ['n9'], from: AHEAD, seq: 1 }),
];
/** By a clock that is ahead by less than matters. */
const nearly = hostRecord({ from: later(UNTIL, 300), to: new Date(NOW_MS + AHEAD_MS).toISOString(), seq: 9 });

const reportAt = (nowMs: number) => ledger.report({ ...ALL, groupBy: ['job'] }, undefined, undefined, nowMs);
const manifest = async (): Promise<ArchiveManifest> => (await readManifest(join(ledger.dir, 'alpha')))!;

test('a line of a clock that is a year ahead counts, and data do not go until then: in the inbox, in the archive, and when it is over', async () => {
  ledger.ship([...right, ...ahead]);
  const { groups } = report([...right, ...ahead], { ...ALL, groupBy: ['job'] });
  const before = await reportAt(NOW_MS);
  expect([before.groups, before.data_until]).toEqual([groups, UNTIL]);
  expect(await ledger.compact('alpha', NOW_MS)).toMatchObject({ records: 5, dataUntil: UNTIL });
  const after = await reportAt(NOW_MS);
  expect([after.groups, after.data_until]).toEqual([groups, UNTIL]);
  // Until the two hours are over of the rule of `eit quota check`, and longer.
  expect((await reportAt(NOW_MS + 86_400_000)).data_until).toBe(UNTIL);
  ledger.ship([nearly]);
  expect((await reportAt(NOW_MS)).data_until).toBe(nearly.to);
  expect(await ledger.compact('alpha', NOW_MS)).toMatchObject({ records: 1, dataUntil: nearly.to });
});

test('nor where the tasks of a plan take it', async () => {
  ledger.ship([...right, ...ahead]);
  const found: (number | null)[] = [];
  const run = async (plan: string, task: number): Promise<void> => {
    const asked = { ledger: ledger.dir, cluster: 'alpha', plan, task, nowMs: NOW_MS };
    const { dataUntilMs } = await runTask({ ...asked, privacy: { mode: 'open' } });
    found.push(dataUntilMs);
  };
  const done = await ledger.compact('alpha', NOW_MS, { workers: { count: 2, leastBytes: 1, run } });
  expect(done).toMatchObject({ records: 5, dataUntil: UNTIL });
  expect(found.filter((ms) => ms !== null)).toEqual([Date.parse(UNTIL)]);
});

describe('an archive that says of its data that they go into the future', () => {
  const write = async (): Promise<void> => {
    const path = join(ledger.dir, 'alpha/manifest.json');
    const known = JSON.parse(readFileSync(path, 'utf8')) as ArchiveManifest;
    writeFileSync(path, JSON.stringify({ ...known, data_until: later(AHEAD, 300) }));
  };

  test('is not believed, and says until when they go after the next compaction, though nothing is new', async () => {
    ledger.ship([...right, ...ahead]);
    await ledger.compact('alpha', NOW_MS);
    await write();
    expect((await reportAt(NOW_MS)).data_until).toBeNull();
    expect(await ledger.compact('alpha', NOW_MS)).toMatchObject({ records: 0, dataUntil: UNTIL });
    expect((await reportAt(NOW_MS)).data_until).toBe(UNTIL);
    const { generation } = await manifest();
    await ledger.compact('alpha', NOW_MS);
    expect((await manifest()).generation).toBe(generation);
  });

  test('has none where all that it holds is of the future', async () => {
    ledger.ship(ahead);
    expect(await ledger.compact('alpha', NOW_MS)).toMatchObject({ records: 2, dataUntil: null });
    await write();
    expect(await ledger.compact('alpha', NOW_MS)).toMatchObject({ dataUntil: null });
  });
});

test('eit ledger check counts the lines and names their host, until their time has come', async () => {
  ledger.ship([...right, ...ahead]);
  await ledger.compact('alpha', NOW_MS);
  const lookAt = (nowMs: number) =>
    withDuckDb(REPORT_LIMITS, (connection) =>
      checkArchive(connection, join(ledger.dir, 'alpha'), 'alpha', nowMs),
    );
  const lastMs = Date.parse(AHEAD) + 300_000;
  expect(await lookAt(NOW_MS)).toMatchObject({ problems: [], ahead: [{ host: 'n9', lines: 2, lastMs }] });
  expect(await lookAt(lastMs)).toMatchObject({ problems: [], ahead: [] });
});

test('an audit says until when data go without them', () => {
  const audit = (nowMs: number) => {
    const aggregation = new AuditAggregation(query(ALL), nowMs);
    for (const record of [...right, ...ahead]) aggregation.add(record);
    return aggregation.finish({ toolVersion: '0', generatedAtMs: 0, skippedRecords: 0 }).dataUntilMs;
  };
  expect(audit(NOW_MS)).toBe(Date.parse(UNTIL));
  expect(audit(Date.parse(AHEAD))).toBe(Date.parse(AHEAD) + 300_000);
});
