import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkOwnFolder } from '../../../src/cli/own-folder';
import { takeRunNumber } from '../../../src/cli/run-numbers';
import type { EitRecord } from '../../../src/generated/record';
import { writeRunLines } from '../../../src/own-run/run-lines';
import { slurmStep } from '../../../src/own-run/slurm-step';
import { ownFactsOf, parseFactLines } from '../../../src/science/fact-lines';

let dir: string;
let folder: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-numbers-'));
  folder = join(dir, 'runs');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Takes a number on a node of a step, or in none. */
async function take(node: string | null, nodes = 2, stepId = '0'): Promise<string> {
  const env = {
    ...{ SLURM_JOB_ID: '77', SLURM_CLUSTER_NAME: 'lab', SLURM_JOB_START_TIME: '1772445600' },
    ...{ SLURM_STEP_ID: stepId, SLURM_STEP_NODELIST: 'n[1-9]', SLURM_STEP_NUM_NODES: String(nodes) },
    ...(node === null ? {} : { SLURMD_NODENAME: node }),
  };
  const { job, isFirst } = await takeRunNumber(folder, {
    ...{ ledger: join(dir, 'site'), nowMs: Date.parse('2026-03-02T10:00:00Z'), tags: { set: 'a' } },
    step: node === null ? null : slurmStep(env),
  });
  return `${job}${isFirst ? '' : ' joined'}`;
}

test('several runs in one step are several: on one node, and on several the first of each, the second of each', async () => {
  expect([await take('n1', 1), await take('n1', 1), await take(null), await take(null)]).toEqual([
    ...['1', '2', '3', '4'],
  ]);
  // n1 is through with its second before n2 and n3 begin with their first.
  expect([await take('n1'), await take('n1')]).toEqual(['5', '6']);
  expect([await take('n2'), await take('n2'), await take('n2')]).toEqual(['5 joined', '6 joined', '7']);
  expect([await take('n3'), await take('n1')]).toEqual(['5 joined', '7 joined']);
  expect(await take('n3', 2, '1')).toBe('8');
  expect([await take('n3'), await take('n3'), await take('n3')]).toEqual(['6 joined', '7 joined', '9']);
  const { lines, bad } = parseFactLines(readFileSync(join(folder, 'facts.ndjson'), 'utf8'));
  expect(bad).toEqual([]);
  const facts = ownFactsOf(lines);
  expect(facts.jobsTagged([{ key: 'set', value: 'a' }])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a node whose name no fact can hold takes numbers too', async () => {
  const name = `\u001b[2J${'x'.repeat(300)}`;
  expect([await take(name), await take(name), await take('n1')]).toEqual(['1', '2', '1 joined']);
  expect(parseFactLines(readFileSync(join(folder, 'facts.ndjson'), 'utf8')).bad).toEqual([]);
});

test("in a site's ledger, or what looks like one, nothing is made", async () => {
  const site = join(dir, 'site');
  mkdirSync(join(site, 'lab/inbox/2026-03-02'), { recursive: true });
  mkdirSync(join(dir, 'other/lab/inbox/2026-03-02'), { recursive: true });
  symlinkSync(site, join(dir, 'link'));
  for (const name of [
    'site',
    'link',
    'link/lab',
    'site/lab',
    'site/new/deep',
    'link/new',
    'other',
    'other/lab',
  ]) {
    folder = join(dir, name);
    await expect(take(null)).rejects.toThrow(/is a site's ledger.*--dir DIR/);
    expect({ name, made: existsSync(join(folder, 'own')) }).toEqual({ name, made: false });
    expect(() => checkOwnFolder(folder, site, { code: 'EIT_IMPORT', option: '--to' })).toThrow(
      expect.objectContaining({ code: 'EIT_IMPORT' }),
    );
  }
  expect(existsSync(join(site, 'new'))).toBe(false);
  folder = join(dir, 'mine');
  expect(await take(null)).toBe('1');
  expect(await take(null)).toBe('2');
  // Somebody's config has it as its ledger: it stays his.
  const own = { code: 'EIT_IMPORT', option: '--to' } as const;
  expect(() => checkOwnFolder(folder, folder, own)).not.toThrow();
  expect(() => checkOwnFolder(join(folder, 'own'), folder, own)).toThrow("is a site's ledger");
  expect(() => checkOwnFolder(join(dir, 'none'), join(dir, 'none'), own)).toThrow("is a site's ledger");
});

test('records tell who ran what: others than his group cannot read them, whatever the umask', async () => {
  const before = process.umask(0);
  try {
    await take(null);
    writeRunLines(folder, [{ to: '2026-03-02T10:00:00.000Z', host: 'h', instance: 'i' } as EitRecord]);
  } finally {
    process.umask(before);
  }
  const mode = (path: string): string => (statSync(join(folder, path)).mode & 0o777).toString(8);
  expect(['.', 'own', 'own/inbox', 'own/inbox/2026-03-02'].map(mode)).toEqual(['750', '750', '750', '750']);
  expect([mode('own/inbox/2026-03-02/h.i.ndjson'), mode('facts.ndjson')]).toEqual(['640', '600']);
});
