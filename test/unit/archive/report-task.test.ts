import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Surroundings } from '../../../src/cli/command';
import { type Division, readAggregate } from '../../../src/cli/ledger-aggregate';
import { Output } from '../../../src/cli/output';
import { planOf, readPlan, writePlan } from '../../../src/cli/report-plan';
import { readSums } from '../../../src/cli/report-sums';
import { runReportTask } from '../../../src/cli/report-task';
import type { EitConfig } from '../../../src/generated/config';
import { Skipped } from '../../../src/ledger/record-line';
import type { ReportQuery } from '../../../src/report/aggregate';
import { query } from '../report/asked';
import { runRecord } from '../report/records';
import { TestLedger } from './compacted';

const QUERY: Partial<ReportQuery> = { groupBy: ['job'] };

let folder: string;
let ledger: TestLedger;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'eit-task-'));
  ledger = new TestLedger();
  ledger.ship([runRecord({ job: 1 }), runRecord({ job: 2, seq: 1 })]);
  await ledger.compact('alpha', Date.parse('2026-03-04T00:00:00Z'));
  config('', 'site: {zone: DE}');
  await reported(async (division) => {
    const all = { cluster: 'alpha', from: 0, below: 9 };
    const times = { nowMs: Date.parse('2026-03-05T00:00:00Z'), asOfMs: null };
    await writePlan(folder, await planOf(division, [[all]], times));
  });
});
afterEach(() => {
  ledger.remove();
  rmSync(folder, { recursive: true });
});

function config(pue: string, site: string): void {
  writeFileSync(join(folder, 'pue.csv'), pue);
  writeFileSync(join(folder, 'eit.yaml'), `ledger: /nowhere\n${site}\n`);
}

/** The report whose runs somebody else adds up. */
async function reported(divide: (division: Division) => Promise<void>): Promise<number> {
  const access = {
    config: { ledger: ledger.dir, slot_minutes: 60 } as EitConfig,
    ...{ skipped: new Skipped(), output: null, uid: process.getuid?.() ?? 0, nowMs: Infinity, divide },
  };
  return (await readAggregate(access, query(QUERY))).total.runs;
}

function task(number = '0'): Promise<number> {
  const stream = () => new PassThrough() as never;
  const surroundings = { env: {}, output: new Output('eit', stream(), stream()) } as unknown as Surroundings;
  return runReportTask({ plan: folder, task: number, config: join(folder, 'eit.yaml') }, surroundings);
}

const failure = (): string => readFileSync(join(folder, '0.failed'), 'utf8');

test('a task leaves what it added up, for its user alone, wherever its eit.yaml has the ledger', async () => {
  expect(await task()).toBe(0);
  expect(statSync(join(folder, '0.sums')).mode & 0o777).toBe(0o600);
  expect(existsSync(join(folder, '0.failed'))).toBe(false);
  const { id: plan } = await readPlan(folder);
  expect(await reported(({ sink }) => readSums(folder, { plan, task: 0 }, sink))).toBe(2);
  writeFileSync(join(folder, '0.sums'), readFileSync(join(folder, '0.sums')).subarray(0, -90));
  await expect(reported(({ sink }) => readSums(folder, { plan, task: 0 }, sink))).rejects.toThrow(
    'what task 0 added up cannot be read: its last line is cut',
  );
});

test('other factors than those of the report are refused', async () => {
  config(
    'from,value\n2026-03-01,1.2\n2026-03-02T12:00,1.4\n',
    `site: {zone: DE, pue_file: ${folder}/pue.csv}`,
  );
  await expect(task()).rejects.toMatchObject({ code: 'EIT_INTENSITY' });
  expect(failure()).toMatch(
    /EIT_INTENSITY: alpha: PUE, price or carbon intensity by time are others here .* \(on \S+\)/,
  );
  expect(existsSync(join(folder, '0.sums'))).toBe(false);
});

test('a part that was replaced is told as that, and a file that was written anew', async () => {
  const { archives, ...plan } = await readPlan(folder);
  const [archive] = archives;
  const [{ path } = { path: '' }] = archive!.manifest.parts;
  await writePlan(folder, { ...plan, archives: [{ ...archive!, stamps: { [path]: '1 2' } }] });
  await expect(task()).rejects.toThrow(`${path} was replaced since the jobs were submitted`);
  await writePlan(folder, { ...plan, archives });
  unlinkSync(join(ledger.dir, 'alpha', path));
  await expect(task()).rejects.toThrow(`${path} was replaced since the jobs were submitted`);
  expect(failure()).toContain('EIT_ARCHIVE');
});

test('a plan that is not there, of another version or without this task', async () => {
  await expect(task('1')).rejects.toThrow('the plan has no task 1');
  const path = join(folder, 'plan.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"tool":"[^"]*"/, '"tool":"9.9.9"'));
  await expect(task()).rejects.toThrow(/made by EIT 9\.9\.9, and this is .*: install the same on all nodes/);
  unlinkSync(path);
  await expect(task()).rejects.toThrow(/cannot read the plan .* Do all nodes see that folder/);
});
