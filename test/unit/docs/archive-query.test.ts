import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { readManifest } from '../../../src/archive/manifest';
import { rowsOf } from '../../../src/archive/part';
import { TestLedger } from '../archive/compacted';
import { read } from './documents';

const { text } = read('docs/scale.md');

/** As a reader of the page does it, but for the folder that he is in. */
test("the page's query with DuckDB gives the report's energy by account, whatever files lie beside the valid ones", async () => {
  const ledger = new TestLedger('two-clusters');
  try {
    const nowMs = Date.parse('2026-02-01T12:00:00Z');
    await ledger.compact('alpha', nowMs);
    const dir = join(ledger.dir, 'alpha');
    const { parts } = (await readManifest(dir))!;
    const slices = parts.find(({ kind }) => kind === 'slices')!;
    cpSync(join(dir, slices.path), join(dir, slices.path.replace(/[^/]+$/, 'replaced.parquet')));

    const sql = /```sql\n(.*?)```/s.exec(text)![1]!;
    const [set = '', query = ''] = sql
      .replace('list(part.path)', `list('${dir}/' || part.path)`)
      .replace("'manifest.json'", `'${dir}/manifest.json'`)
      .split(';\n');
    const rows = await withDuckDb(REPORT_LIMITS, async (connection) => {
      await connection.run(set);
      return rowsOf(connection, query);
    });
    const window = { sinceMs: Date.parse('2025-01-01T00:00:00Z'), untilMs: nowMs };
    const report = await ledger.report({
      ...window,
      groupBy: ['account'],
      filter: { clusters: new Set(['alpha']) },
    });
    const measured = report.groups.filter(({ measured_fraction: fraction }) => fraction === 1);
    expect(measured.length).toBeGreaterThan(0);
    for (const { account, energy_kwh: kwh } of measured) {
      const found = rows.find((row) => row['account'] === account);
      expect([account, found?.['kwh']]).toEqual([account, expect.closeTo(kwh.it ?? 0, 12)]);
    }
  } finally {
    ledger.remove();
  }
}, 60_000);
