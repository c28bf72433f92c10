import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { QuotaConfig } from '../../../src/generated/config';
import { type QuotaData, quotaStates } from '../../../src/quota/evaluate';
import { periodAt } from '../../../src/quota/period';
import { parseStateFile, parseUserNames } from '../../../src/quota/state-file';
import { writeState } from '../../../src/quota/state-folder';
import { stateTree } from '../../../src/quota/state-tree';
import { USERS_KEYS, usersRuns } from '../../../src/quota/usage';
import { aggregate, factors } from '../report/asked';
import { runRecord } from '../report/records';
import { Tree } from '../sources/tree';

const NOW_MS = Date.parse('2026-03-20T12:00:00Z');
const DATA_MS = NOW_MS - 60_000;
const QUOTAS: QuotaConfig[] = [
  { per: 'user', period: 'month', unit: 'kWh', each: 500, limits: { root: 'none', mallory: 0 } },
  { per: 'account', period: '30 days', unit: 'cost', limits: { '../../x': 5, ['long'.repeat(60)]: 1 } },
];

function data(quotas: QuotaConfig[] = QUOTAS): QuotaData {
  const rates = { factorsOf: () => factors, pricePerKwhOf: () => 0.2 };
  const runs = usersRuns(aggregate([runRecord()], { groupBy: USERS_KEYS }).groups);
  return {
    quotas,
    periods: new Map(
      quotas.map(({ period }) => [period, { period: periodAt(period, NOW_MS, 'UTC'), runs, rates }] as const),
    ),
    dataUntilMs: DATA_MS,
    currency: 'EUR',
    uids: new Map([
      ['root', 0],
      ['mallory', 1666],
    ]),
  };
}

const made = (given = data()) => stateTree(quotaStates(given, null), given, NOW_MS);

test('each kind has its files, and one for all others', () => {
  const { files, leftOut } = made();
  expect([...files.keys()].sort()).toEqual([
    'account/%2E%2E%2F%2E%2E%2Fx',
    'account/@others',
    'partition/@others',
    'qos/@others',
    'user/0',
    'user/1001',
    'user/1666',
    'user/@others',
    'users',
  ]);
  expect(leftOut).toEqual([`account ${'long'.repeat(60)}`]);
  expect(parseUserNames(files.get('users')!)).toEqual(
    new Map([
      ['root', 0],
      ['alice', 1001],
      ['mallory', 1666],
    ]),
  );
});

test('a file tells the quotas that its subject has, and how old the data are', () => {
  const { files } = made();
  const quotasOf = (path: string) =>
    parseStateFile(files.get(path)!)?.quotas.map(({ used, limit }) => [used, limit]);
  expect(quotasOf('user/1001')).toEqual([[expect.closeTo(0.00125), 500]]);
  expect(quotasOf('user/@others')).toEqual([[0, 500]]);
  expect(quotasOf('user/0')).toEqual([]);
  expect(quotasOf('account/@others')).toEqual([]);
  expect(quotasOf('account/%2E%2E%2F%2E%2E%2Fx')).toEqual([[0, 5]]);
  expect(files.get('user/1666')).toBe(
    `eit-quota 1 ${DATA_MS / 1000} over 1\nover 0 0 kWh month ${Date.UTC(2026, 3, 1) / 1000}\nend\n`,
  );
  for (const [path, text] of files) {
    if (path !== 'users') expect(parseStateFile(text)?.dataUntilS).toBe(DATA_MS / 1000);
  }
});

test('without quotas nothing concerns anyone, and nothing is out of date', () => {
  const { files } = made({ ...data([]), dataUntilMs: null });
  expect(files.get('user/@others')).toBe(`eit-quota 1 ${NOW_MS / 1000} within 0\nend\n`);
});

test('without records the age of the data is unknown', () => {
  const { files } = made({ ...data(), dataUntilMs: null });
  expect(files.get('user/1001')).toMatch(/^eit-quota 1 0 /);
});

describe('the folder', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree();
  });
  afterEach(() => tree.remove());

  test('is open to its group and to nobody else, and no file lies outside of it', () => {
    const dir = tree.path('var/quota');
    writeState(dir, made().files, NOW_MS);
    for (const path of ['', 'user', 'account/..', 'qos'])
      expect(statSync(join(dir, path)).mode & 0o7777).toBe(0o750);
    for (const path of made().files.keys()) expect(statSync(join(dir, path)).mode & 0o7777).toBe(0o640);
    expect(readdirSync(tree.path('var'))).toEqual(['quota']);
  });

  test('loses the files of those whom no quota concerns any more, and nothing else', () => {
    const dir = tree.path('quota');
    writeState(dir, made().files, NOW_MS);
    mkdirSync(join(dir, 'user/kept'));
    writeFileSync(join(dir, 'README'), 'an admin’s');
    const none = made({ ...data([]), uids: new Map() });
    writeState(dir, none.files, NOW_MS);
    expect(readdirSync(join(dir, 'user')).sort()).toEqual(['@others', 'kept']);
    expect(readdirSync(join(dir, 'account'))).toEqual(['@others']);
    expect(existsSync(join(dir, 'README'))).toBe(true);
  });

  test('loses what a refresh that was killed left, but not what another one writes now', () => {
    const dir = tree.path('quota');
    writeState(dir, made().files, NOW_MS);
    for (const [name, ageS] of [
      ['.11.tmp', 7200],
      ['.12.tmp', 10],
    ] as const) {
      writeFileSync(join(dir, name), 'eit-quota 1 17');
      utimesSync(join(dir, name), NOW_MS / 1000 - ageS, NOW_MS / 1000 - ageS);
    }
    writeState(dir, made().files, NOW_MS);
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual(['.12.tmp']);
  });

  test('that cannot be written says which and what to do', () => {
    tree.write('quota', 'a file');
    expect(() => writeState(tree.path('quota'), made().files, NOW_MS)).toThrow(
      expect.objectContaining({
        code: 'EIT_QUOTA_DIR',
        message: expect.stringMatching(
          /quota: Error: EEXIST.*; make quota_dir of eit\.yaml a folder of the user/,
        ),
      }),
    );
    expect(readFileSync(tree.path('quota'), 'utf8')).toBe('a file');
  });
});
