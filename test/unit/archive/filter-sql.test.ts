import { REPORT_LIMITS, withDuckDb } from '../../../src/archive/duckdb';
import { filterSql } from '../../../src/archive/read-archive';

/** How many of the jobs 1 to 40000 a filter lets through. */
async function matching(jobs: Iterable<number>): Promise<number> {
  const where = filterSql({ jobs: new Set(jobs) }).join(' AND ');
  return withDuckDb(REPORT_LIMITS, async (connection) => {
    const from = '(SELECT range AS job FROM range(1, 40001))';
    const rows = await connection.runAndReadAll(`SELECT count(*) FROM ${from} WHERE ${where}`);
    return Number(rows.getRows()[0]?.[0]);
  });
}

test.each([
  ['none', [], 0],
  ['a few', [3, 5, 50_000], 2],
])('%s of the jobs', async (_, jobs, count) => {
  expect(await matching(jobs)).toBe(count);
});

test('of more than can be listed all between come along, for the report to look at', async () => {
  const even = Array.from({ length: 10_001 }, (_, i) => 2 * i + 10);
  expect(await matching(even)).toBe(20_001);
});
