import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from '../../../src/archive/whole-file';
import { changeFacts, FACTS_NAME } from '../../../src/cli/facts-file';
import { makeFolders } from '../../../src/cli/make-folders';
import { takeRunNumber } from '../../../src/cli/run-numbers';
import { importRuns, type ImportTarget, type TakenRun } from '../../../src/imports/import-folder';
import type { ImportedRun } from '../../../src/imports/imported-run';

let folder: string;
let facts: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eit-import-'));
  facts = join(folder, FACTS_NAME);
});
afterEach(() => rmSync(folder, { recursive: true }));

const runOf = (i: number, fromMs = Date.UTC(2025, 0, 1), lengthMs = 60_000): ImportedRun => ({
  ...{ source: 'tool', cluster: 'imported-codecarbon', identity: String(i).repeat(64), place: `row ${i}` },
  ...{ fromMs, toMs: fromMs + lengthMs, cpus: null, cpuModel: null, gpus: 0, gpuModel: null },
  ...{ toolPue: 1, tags: { project: `p${i}` }, notes: [], cpuSeconds: [] },
  domains: [
    {
      ...{ name: 'cpu', isEstimated: false },
      pieces: [{ fromMs, toMs: fromMs + lengthMs, powerW: 10, isMeasured: true, isObserved: true }],
    },
  ],
});

const take = (runs: readonly ImportedRun[], more: Partial<ImportTarget> = {}): Promise<TakenRun[]> =>
  importRuns(runs, {
    ...{ folder, owner: { uid: 1000, user: 'ada', tool: '1.0.0' }, writeWhole, makeFolders },
    facts: {
      name: FACTS_NAME,
      change: (make) => changeFacts(facts, make),
      of: ({ cluster, tags }, job) => ({ schema: 1, cluster, job, at: '2026-01-01T00:00:00.000Z', tags }),
    },
    ...more,
  });

/** Writes so many files, then the disk is full. */
function full(files: number): Pick<ImportTarget, 'writeWhole'> {
  let left = files;
  return {
    writeWhole: (...args) =>
      left-- > 0
        ? writeWhole(...args)
        : Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })),
  };
}

/** Tag `project` by job. */
function projects(): Record<number, string> {
  const lines = readFileSync(facts, 'utf8').trim().split('\n');
  const said = lines.map((line) => JSON.parse(line) as { job: number; tags: { project?: string } });
  return Object.fromEntries(said.map(({ job, tags }) => [job, tags.project ?? 'none']));
}

/** Job by file, of all records. */
function jobs(): Record<string, number> {
  const inbox = join(folder, 'imported-codecarbon/inbox');
  return Object.fromEntries(
    readdirSync(inbox, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson'))
      .map((name) => {
        const [first = ''] = readFileSync(join(inbox, name), 'utf8').split('\n');
        return [name, (JSON.parse(first) as { job: number }).job];
      }),
  );
}

const number = async (): Promise<number> =>
  (await takeRunNumber(folder, { ledger: '/nonexistent', step: null, tags: {}, nowMs: Date.now() })).job;

test('an import that stopped has the tags of what it wrote, and goes on with its numbers', async () => {
  const runs = [1, 2, 3].map((i) => runOf(i));
  await expect(take(runs, full(1))).rejects.toThrow(/cannot write to .*ENOSPC/);
  expect(projects()).toEqual({ 1: 'p1' });
  // The numbers of those that are to come are taken.
  expect(await number()).toBe(4);
  const taken = await take(runs);
  expect(taken.map(({ job, isKnown }) => [job, isKnown])).toEqual([
    [1, true],
    [2, false],
    [3, false],
  ]);
  expect(projects()).toEqual({ 1: 'p1', 2: 'p2', 3: 'p3', 4: 'none' });
  expect(await number()).toBe(5);
});

test('what a stopped import wrote of a run does not stay beside what the next one writes of it', async () => {
  const [fromMs, lengthMs] = [Date.UTC(2025, 0, 1, 23, 40), 1_800_000];
  await expect(take([runOf(1, fromMs, lengthMs)], full(1))).rejects.toThrow('ENOSPC');
  expect(Object.keys(jobs())).toEqual(['2025-01-01/codecarbon-111111111111.ndjson']);
  // In another time zone.
  await take([runOf(1, fromMs + 7_200_000, lengthMs)]);
  expect(jobs()).toEqual({ '2025-01-02/codecarbon-111111111111.ndjson': 1 });
});

test('runs of which the facts were lost get them', async () => {
  await take([runOf(1), runOf(2)]);
  rmSync(facts);
  expect((await take([runOf(1), runOf(2)])).every(({ isKnown }) => isKnown)).toBe(true);
  expect(projects()).toEqual({ 1: 'p1', 2: 'p2' });
  const before = readFileSync(facts, 'utf8');
  await take([runOf(1), runOf(2)]);
  expect(readFileSync(facts, 'utf8')).toBe(before);
});

test('numbers of runs of both kinds are apart, whoever takes them at once', async () => {
  const taken = await Promise.all([
    take([runOf(1), runOf(2)]).then((all) => all.map(({ job }) => job)),
    number(),
    number(),
    take([runOf(3)]).then((all) => all.map(({ job }) => job)),
  ]);
  expect(taken.flat().sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
});

test.each([
  [FACTS_NAME, '{"schema":1,"cluster":"own","job":41,"at":"2026-', /facts\.ndjson:1 half line at the end/],
  [FACTS_NAME, '{"schema":1,"cluster":"own","job":41}\n', /facts\.ndjson:1 refused by the schema/],
  ['imported.ndjson', '{"identity":"ab"}\n', /imported\.ndjson:1 is no line that eit import wrote/],
])('nothing is numbered over a line of %s that cannot be read (%#)', async (name, text, message) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  await expect(take([runOf(1)])).rejects.toMatchObject({
    code: 'EIT_IMPORT',
    message: expect.stringMatching(message) as string,
  });
  await expect(number()).rejects.toMatchObject({
    code: 'EIT_RUN',
    message: expect.stringMatching(message) as string,
  });
  expect(readFileSync(path, 'utf8')).toBe(text);
});
