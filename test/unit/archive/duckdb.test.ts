import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDuckDb } from '../../../src/archive/duckdb';

const dir = mkdtempSync(join(tmpdir(), 'eit-archive-spill-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const LIMITS = { memoryBytes: 64 * 2 ** 20, threads: 1, temporaryDir: dir };
const ROWS = 4_000_000;

/** Makes a table that does not fit into memory, and adds it up. */
async function addedUp(factor: number, look = () => undefined as unknown): Promise<unknown[]> {
  return withDuckDb(LIMITS, async (connection) => {
    await connection.run(
      `CREATE TABLE made AS SELECT i * ${factor} AS a, hash(i * ${factor}) AS b, 'row ' || i AS c FROM range(${ROWS}) of(i)`,
    );
    look();
    const reader = await connection.runAndReadAll('SELECT sum(a)::VARCHAR, bit_xor(b)::VARCHAR FROM made');
    return reader.getRows()[0]!;
  });
}

test('databases that spill at the same time, as reports of two users do, do not read what the other wrote', async () => {
  const alone = [];
  for (const factor of [1, 3, 7]) alone.push(await addedUp(factor));
  const folders = new Set<string>();
  const look = () => {
    for (const name of readdirSync(dir)) {
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o700);
      if (readdirSync(join(dir, name)).length > 0) folders.add(name);
    }
  };
  const together = await Promise.all([1, 3, 7].map((factor) => addedUp(factor, look)));
  expect(together).toEqual(alone);
  expect(folders.size).toBeGreaterThan(1);
  expect(readdirSync(dir)).toEqual([]);
});

test('where nothing can be written what fits into memory is answered all the same', async () => {
  const limits = { ...LIMITS, temporaryDir: join(dir, 'gone') };
  const answer = await withDuckDb(limits, async (connection) =>
    (await connection.runAndReadAll('SELECT 42')).getRows(),
  );
  expect(answer).toEqual([[42]]);
});
