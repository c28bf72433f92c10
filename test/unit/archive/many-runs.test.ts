import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runRecord } from '../report/records';
import { TestLedger } from './compacted';

/** More than DuckDB takes in one piece (2048), and more than a chunk beyond that. */
const JOBS = 7000;
const WINDOW = { sinceMs: Date.parse('2026-03-01T00:00:00Z'), untilMs: Date.parse('2026-04-01T00:00:00Z') };

test('a day with thousands of jobs is added up whole', async () => {
  const ledger = new TestLedger();
  try {
    const folder = join(ledger.dir, 'alpha/inbox/2026-03-02');
    mkdirSync(folder, { recursive: true });
    const lines = Array.from({ length: JOBS }, (_, i) =>
      runRecord({ job: i + 1, seq: i, seconds: 1 + (i % 300) }),
    );
    writeFileSync(join(folder, 'n1.ndjson'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

    const before = await ledger.report({ ...WINDOW, groupBy: ['user'] });
    expect(before.total.runs).toBe(JOBS);
    await ledger.compact('alpha', Date.parse('2026-03-04T12:00:00Z'));
    expect(await ledger.report({ ...WINDOW, groupBy: ['user'] })).toEqual(before);
  } finally {
    ledger.remove();
  }
}, 120_000);
