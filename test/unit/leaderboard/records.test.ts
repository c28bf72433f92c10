import { join } from 'node:path';
import { POLICIES, type Policy } from '../../../src/attribution/policy';
import type { RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { RawSums, type RawFigures } from '../../../src/leaderboard/recompute';
import { recordOfRow, WholeRows } from '../../../src/leaderboard/row-record';
import { RecordVeil } from '../../../src/leaderboard/veil-record';
import { readInbox } from '../../../src/ledger/inbox';
import { Skipped } from '../../../src/ledger/record-line';
import { SliceRows } from '../../../src/runs/slice-row';

const FIXTURES = join(__dirname, '../../fixtures/ledger');

/** What hosts wrote of the runs of one cluster. */
async function linesOf(fixture: string, cluster: string): Promise<RunRecord[]> {
  const lines: RunRecord[] = [];
  const query = {
    clusters: [cluster],
    fromMs: Date.UTC(2020, 0),
    toMs: Date.UTC(2030, 0),
    skipped: new Skipped(),
  };
  for await (const record of readInbox(join(FIXTURES, fixture), query))
    if (record.kind === 'run') lines.push(record);
  return lines;
}

/** By job; null: an id of several jobs. */
function summed(
  records: readonly RunRecord[],
  policy: Policy,
  nodeOverhead: number,
): Map<number, RawFigures | null> {
  const sums = new RawSums(policy);
  for (const record of records) expect(sums.add(record)).toBeNull();
  const jobs = [...new Set(records.map(({ job }) => job))];
  const factors = { node_overhead: nodeOverhead, pue: 1, zone: '', g_per_kwh: 0, source: '' };
  return sums.finish(jobs.map((run) => ({ run, factors })));
}

describe.each([
  ['two-clusters', 'alpha'],
  ['gpus', 'epsilon'],
])('%s %s', (fixture, cluster) => {
  let lines: RunRecord[];
  beforeAll(async () => {
    lines = await linesOf(fixture, cluster);
    expect(lines.length).toBeGreaterThan(3);
  });

  test.each(POLICIES)('veiled records are records, give the same figures (%s), and name nobody', (policy) => {
    const veil = new RecordVeil();
    const veiled = lines.map((line) => veil.veil(line, line.job));
    for (const record of veiled) expect(validateRecord(record)).toBe(true);
    const before = summed(lines, policy, 1.2);
    const after = summed(veiled, policy, 1.2);
    expect([...before.values()].filter((one) => one !== null).length).toBeGreaterThan(1);
    for (const [job, figures] of before)
      if (figures !== null) expect([job, after.get(job)]).toEqual([job, figures]);
    const text = JSON.stringify(veiled);
    for (const { user, account, host, node, cluster: its } of lines)
      for (const name of [user, account, host, node, its])
        // Ours are c1, n1, n2, ... too.
        if (name !== undefined && !/^[nc]\d+$/.test(name)) expect(text).not.toContain(JSON.stringify(name));
    expect(text).not.toMatch(/"(uid|user|account|partition|nodelist|sluid|het_job|top_processes)"/);
  });

  test.each(POLICIES)("records of an archive's rows give the figures of the lines in them (%s)", (policy) => {
    const rows = new SliceRows(3_600_000);
    for (const line of lines) rows.add(line);
    const whole = new WholeRows();
    for (const row of rows.rows) for (const each of POLICIES) whole.add(each, row);
    const records = [...whole.all].map((row, seq) => recordOfRow(cluster, row, seq, '0.0.1'));
    expect(records.length).toBeLessThan(lines.length);
    for (const record of records)
      expect([validateRecord(record), validateRecord.errors]).toEqual([true, null]);
    const [before, after] = [summed(lines, policy, 1.2), summed(records, policy, 1.2)];
    for (const [job, figures] of before)
      if (figures !== null) expect([job, after.get(job)]).toEqual([job, figures]);
  });
});
