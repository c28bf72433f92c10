import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefusedLines } from '../../../src/archive/refused-lines';

test('all refused lines are counted, and only so many put aside', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'eit-refused-'));
  const refused = new RefusedLines();
  for (let i = 0; i < 25_000; i++)
    refused.add({ day: '2026-03-01', host: 'n1', offset: i, line: '' }, 'empty line');
  await refused.write(dir);
  const [file] = readdirSync(join(dir, 'aside'));
  const kept = readFileSync(join(dir, 'aside', file!), 'utf8')
    .split('\n')
    .slice(0, -1);
  rmSync(dir, { recursive: true });
  expect(kept).toHaveLength(10_000);
  expect(refused.counts.get('2026-03-01')?.get('empty line')).toBe(25_000);
});
