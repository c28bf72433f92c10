import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../../../src/archive/manifest';
import { runRecord } from '../report/records';
import { TestLedger } from './compacted';

test('of a year, a job is looked for only in parts that can hold it', async () => {
  const ledger = new TestLedger();
  try {
    const records = [
      runRecord({ job: 7, seq: 0, from: '2026-02-10T10:00:00.000Z' }),
      runRecord({ job: 8, seq: 1, from: '2026-02-10T11:00:00.000Z' }),
      runRecord({ job: 9, seq: 2, from: '2026-03-10T10:00:00.000Z' }),
    ];
    ledger.ship(records);
    const asked = (job: number) => ({
      sinceMs: Date.parse('2026-01-01T00:00:00Z'),
      untilMs: Date.parse('2027-01-01T00:00:00Z'),
      groupBy: ['job' as const],
      filter: { jobs: new Set([job]) },
    });
    const before = await ledger.report(asked(9));
    expect(before.total.runs).toBe(1);
    await ledger.compact('alpha', Date.parse('2026-05-01T00:00:00Z'));
    const dir = join(ledger.dir, 'alpha');
    const { parts } = (await readManifest(dir))!;
    const slices = parts.filter(({ kind }) => kind === 'slices');
    expect(slices.map(({ month, jobs }) => [month, jobs])).toEqual([
      ['2026-02', [7, 8]],
      ['2026-03', [9, 9]],
    ]);
    // Whoever opens it anyway fails.
    unlinkSync(join(dir, slices[0]!.path));
    expect(await ledger.report(asked(9))).toEqual(before);
    await expect(ledger.report(asked(8))).rejects.toThrow('is missing');
  } finally {
    ledger.remove();
  }
});
