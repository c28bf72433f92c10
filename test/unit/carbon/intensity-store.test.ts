import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { intensityDir } from '../../../src/carbon/intensity-dir';
import { SkippedLines } from '../../../src/carbon/intensity-line';
import { appendSeries, readSeries, withSeriesLock } from '../../../src/carbon/intensity-store';
import { DAY_MS, START_MS, hourLine } from './series-lines';

let dir: string;
let file: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'eit-series-')), '_intensity');
  file = join(dir, 'DE/2026-03.ndjson');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const window = { fromMs: START_MS, toMs: START_MS + DAY_MS };
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

test('lines go to the file of the month in which they begin, whole, readable by everybody whatever the umask', async () => {
  const umask = process.umask(0o077);
  try {
    const lines = [hourLine(-24 * 5, 1), hourLine(0, 2), hourLine(1, 3)];
    expect(await appendSeries(dir, 'DE', lines)).toBe(3);
    expect(readdirSync(join(dir, 'DE'))).toEqual(['2026-02.ndjson', '2026-03.ndjson']);
    expect(linesOf(file).map((row) => JSON.parse(row) as object)).toEqual(lines.slice(1));
    expect([dir, join(dir, 'DE'), file].map(modeOf)).toEqual(['755', '755', '644']);
  } finally {
    process.umask(umask);
  }
});

test('what is there already is not added again; a changed value is, and the old one stays', async () => {
  const estimate = hourLine(0, 100, { estimated: true });
  const final = hourLine(0, 100, { fetched_at: '2026-03-12T00:00:00.000Z' });
  expect(await appendSeries(dir, 'DE', [estimate, estimate])).toBe(1);
  expect(await appendSeries(dir, 'DE', [{ ...estimate, fetched_at: '2026-03-11T00:00:00.000Z' }])).toBe(0);
  expect(await appendSeries(dir, 'DE', [final])).toBe(1);
  expect(await appendSeries(dir, 'DE', [hourLine(0, 110, { flow: 'production' })])).toBe(1);
  expect(readSeries(dir, 'DE', window)).toEqual([estimate, final, hourLine(0, 110, { flow: 'production' })]);
});

test('a value that changes and changes back is there again with its new time', async () => {
  for (const [i, grams] of [100, 110, 100].entries())
    expect(
      await appendSeries(dir, 'DE', [hourLine(0, grams, { fetched_at: `2026-03-1${i}T00:00:00.000Z` })]),
    ).toBe(1);
});

test('damage is passed over and counted with its place, and spoils nothing that comes after', async () => {
  await appendSeries(dir, 'DE', [hourLine(0, 100)]);
  appendFileSync(
    file,
    `\n{"zone":"DE"}\nnull\n${JSON.stringify({ ...hourLine(1, 5), zone: 'FR' })}\n{"zone":"DE","sta`,
  );
  const skipped = new SkippedLines();
  expect(readSeries(dir, 'DE', { ...window, skipped })).toEqual([hourLine(0, 100)]);
  expect(skipped.count).toBe(5);
  expect(skipped.places).toEqual([
    `${file}:2: empty line`,
    `${file}:3: refused by the schema`,
    `${file}:4: refused by the schema`,
    `${file}:5: of another zone`,
    `${file}:6: half line at the end`,
  ]);
  await appendSeries(dir, 'DE', [hourLine(2, 120)]);
  expect(readSeries(dir, 'DE', window)).toEqual([hourLine(0, 100), hourLine(2, 120)]);
});

test('a whole line without its line end is no value yet: readers drop it, so it is written again', async () => {
  await appendSeries(dir, 'DE', [hourLine(0, 100)]);
  appendFileSync(file, JSON.stringify(hourLine(1, 110)));
  expect(readSeries(dir, 'DE', window)).toEqual([hourLine(0, 100)]);
  expect(await appendSeries(dir, 'DE', [hourLine(1, 110), hourLine(2, 120)])).toBe(2);
  const skipped = new SkippedLines();
  expect(readSeries(dir, 'DE', { ...window, skipped }).at(-2)).toEqual(hourLine(1, 110));
  expect(skipped.count).toBe(0);
});

test('lines of months in disorder each go to their own, in the order given', async () => {
  const lines = [hourLine(1, 3), hourLine(-48, 1), hourLine(0, 2), hourLine(-47, 4)];
  expect(await appendSeries(dir, 'DE', lines)).toBe(4);
  expect(linesOf(file).map((row) => (JSON.parse(row) as { g_per_kwh: number }).g_per_kwh)).toEqual([3, 2]);
  expect(linesOf(join(dir, 'DE/2026-02.ndjson'))).toHaveLength(2);
});

test('a file where a folder of series should be is told', async () => {
  writeFileSync(dir, '');
  expect(() => readSeries(dir, 'DE', window)).toThrow(
    expect.objectContaining({
      code: 'EIT_INTENSITY',
      message: expect.stringContaining(
        'a part of this path is a file; expected folders, look at intensity_dir',
      ) as string,
    }),
  );
});

test('only what reaches into the time is given, also from the month before', async () => {
  const long = hourLine(-40, 50, { end: new Date(START_MS + DAY_MS / 2).toISOString() });
  await appendSeries(dir, 'DE', [long, hourLine(-1, 1), hourLine(0, 2), hourLine(23, 3), hourLine(24, 4)]);
  expect(long.start.slice(0, 7)).toBe('2026-02');
  expect(readSeries(dir, 'DE', window).map(({ g_per_kwh }) => g_per_kwh)).toEqual([50, 2, 3]);
});

test('links and folders in place of a file are not read', async () => {
  await appendSeries(dir, 'DE', [hourLine(0, 100)]);
  renameSync(file, `${file}.real`);
  symlinkSync(`${file}.real`, file);
  const skipped = new SkippedLines();
  expect(readSeries(dir, 'DE', { ...window, skipped })).toEqual([]);
  mkdirSync(join(dir, 'FR/2026-03.ndjson'), { recursive: true });
  expect(readSeries(dir, 'FR', { ...window, skipped })).toEqual([]);
  expect(skipped.places).toEqual([
    `${file}: symbolic link`,
    `${join(dir, 'FR/2026-03.ndjson')}: not a plain file`,
  ]);
  expect(skipped).toMatchObject({ count: 2, files: 2 });
});

test('two writers do not meet: the second is told, and a dead one keeps the next out for a minute only', async () => {
  await appendSeries(dir, 'DE', [hourLine(0, 100)]);
  await withSeriesLock(join(dir, 'DE'), async () => {
    await expect(appendSeries(dir, 'DE', [hourLine(1, 100)])).rejects.toMatchObject({
      code: 'EIT_INTENSITY_LOCKED',
      message: expect.stringContaining(join(dir, 'DE/.lock')) as string,
    });
    await appendSeries(dir, 'FR', [hourLine(1, 100, { zone: 'FR' })]);
  });
  expect(await appendSeries(dir, 'DE', [hourLine(1, 100)])).toBe(1);
});

test('a lock that is taken away is told before the next write, and the one who has it then keeps it', async () => {
  await appendSeries(dir, 'DE', [hourLine(0, 100)]);
  const lockPath = join(dir, 'DE/.lock');
  const work = withSeriesLock(
    join(dir, 'DE'),
    async (checkOurs) => {
      checkOurs();
      rmSync(lockPath, { recursive: true });
      mkdirSync(lockPath);
      // A second until it is looked at.
      for (let i = 0; i < 100; i++) {
        await sleep(100);
        checkOurs();
      }
    },
    2000,
  );
  await expect(work).rejects.toMatchObject({
    code: 'EIT_INTENSITY_LOCKED',
    message: expect.stringContaining('was taken away or has gone') as string,
  });
  expect(statSync(lockPath).isDirectory()).toBe(true);
});

test('a place that cannot be written says what to do', async () => {
  writeFileSync(join(dir, '..', 'file'), '');
  await expect(appendSeries(join(dir, '..', 'file'), 'DE', [hourLine(0, 1)])).rejects.toMatchObject({
    code: 'EIT_INTENSITY',
    message: expect.stringMatching(
      /cannot write the intensity series .*\/file.*: .*; run it as the user/,
    ) as string,
  });
  if (process.getuid?.() === 0) return;
  await appendSeries(dir, 'DE', [hourLine(0, 1)]);
  chmodSync(file, 0);
  expect(() => readSeries(dir, 'DE', window)).toThrow(expect.objectContaining({ code: 'EIT_INTENSITY' }));
});

test('the folder is beside the clusters of the ledger, or where the config says', () => {
  expect(intensityDir({ ledger: '/srv/eit' })).toBe('/srv/eit/_intensity');
  expect(intensityDir({ ledger: '/srv/eit', intensity_dir: '/data/grid' })).toBe('/data/grid');
});
