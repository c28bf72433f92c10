import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MetricsFile, writeMetricsFile } from '../../../src/metrics/metrics-file';

let dir: string;
let mask: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-metrics-file-'));
  mask = process.umask(0o077);
});
afterEach(() => {
  process.umask(mask);
  rmSync(dir, { recursive: true });
});

test('others may read it, whatever the umask, and nothing is left beside it', async () => {
  const file = join(dir, 'eit.prom');
  await writeMetricsFile(file, 'a 1\n');
  await writeMetricsFile(file, 'a 2\n');
  expect(readFileSync(file, 'utf8')).toBe('a 2\n');
  expect(statSync(file).mode & 0o777).toBe(0o644);
  expect(readdirSync(dir)).toEqual(['eit.prom']);
});

test('a link under the name of the temporary file, or of the file, leads nowhere', async () => {
  const victim = join(dir, 'victim');
  writeFileSync(victim, 'as it was');
  const file = join(dir, 'eit.prom');
  symlinkSync(victim, `${file}.tmp`);
  symlinkSync(victim, file);
  await writeMetricsFile(file, 'a 1\n');
  expect(readFileSync(victim, 'utf8')).toBe('as it was');
  expect(readFileSync(file, 'utf8')).toBe('a 1\n');
  expect(statSync(victim).mode & 0o777).toBe(0o600);
});

test('it is written no more often than it should be, and not while it is being written', async () => {
  const metrics = new MetricsFile(dir, 1000, () => undefined);
  expect(metrics.isDue(0)).toBe(true);
  metrics.write('a 1\n', 0);
  expect(metrics.isDue(5000)).toBe(false);
  await metrics.remove();
  expect(metrics.isDue(999)).toBe(false);
  expect(metrics.isDue(1000)).toBe(true);
});

test('taken away while it is being written it is gone', async () => {
  const metrics = new MetricsFile(dir, 1000, () => undefined);
  metrics.write('a 1\n', 0);
  await metrics.remove();
  expect(existsSync(metrics.path)).toBe(false);
  expect(readdirSync(dir)).toEqual([]);
});

test('trouble is told once, and its end', async () => {
  const told: (string | null)[] = [];
  const metrics = new MetricsFile(join(dir, 'none'), 0, (trouble) => told.push(trouble));
  for (let i = 0; i < 3; i++) {
    metrics.write('a 1\n', i);
    await metrics.settled();
  }
  expect(told).toEqual([expect.stringContaining('ENOENT')]);
});
