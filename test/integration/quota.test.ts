import Ajv from 'ajv';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import reportSchema from '../../schemas/report.schema.json';
import type { EitReport, QuotaState } from '../../src/generated/report';
import validateReport from '../../src/generated/report-validator';
import { parseStateFile, parseUserNames } from '../../src/quota/state-file';
import { noOtherUser, testUnless } from '../test-unless';
import { codeBlocks, read } from '../unit/docs/documents';
import { runRecord } from '../unit/report/records';
import { appendByDay, copyRecentLedger } from './recent-ledger';
import { type Outcome, ReportCommand } from './report-command';

const asRoot = testUnless(noOtherUser);
const { definitions } = reportSchema;
const validateList = new Ajv({ discriminator: true }).compile({
  definitions,
  $ref: '#/definitions/quotaList',
});

const QUOTAS = [
  {
    per: 'user',
    period: '30 days',
    unit: 'kWh',
    each: 0.08,
    limits: { root: 'none', alice: 0.5, '1666': 0 },
  },
  { per: 'account', period: '30 days', unit: 'kgCO2e', limits: { physics: 0.02, '../../escape': 1 } },
  { per: 'partition', period: '30 days', unit: 'cost', each: 100 },
  { per: 'qos', period: '90 days', unit: 'kWh', each: 5 },
  { per: 'user', period: 'month', unit: 'cost', each: 1000 },
];

let command: ReportCommand;
let ledger: string;
let dir: string;
beforeAll(() => {
  command = new ReportCommand();
  ledger = join(command.dir, 'ledger');
  dir = join(command.dir, 'quota');
  copyRecentLedger(ledger, Date.now());
  config(QUOTAS);
});
afterAll(() => command.remove());
beforeEach(() => rmSync(dir, { recursive: true, force: true }));

function config(quotas: unknown, more: Readonly<Record<string, unknown>> = {}): void {
  const site = { price_per_kwh: 0.25, zone: 'DE' };
  const lines = {
    ledger,
    site,
    admins: [String(process.getuid?.())],
    quotas,
    time_zone: 'Europe/Berlin',
    ...more,
  };
  // `eit quota check` reads this one by itself, at the left edge of a line.
  const yaml = Object.entries({ ...lines, quota_dir: dir }).map(
    ([key, value]) => `${key}: ${JSON.stringify(value)}\n`,
  );
  command.configText('eit.yaml', yaml.join(''));
}

const eit = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit'), ...args]);
const check = (...args: string[]): Promise<Outcome> =>
  command.run(process.execPath, [command.script('eit-quota'), ...args]);

async function refresh(): Promise<void> {
  const stderr = expect.stringMatching(/^(eit: Not read: \d+ lines or files? .*\n)?$/) as string;
  expect(await eit('quota', 'refresh')).toEqual({ status: 0, stdout: '', stderr });
}

async function list(): Promise<QuotaState[]> {
  const { status, stdout } = await eit('quota', '--json');
  expect(status).toBe(0);
  const made = JSON.parse(stdout) as { quotas: QuotaState[] };
  expect([validateList(made), validateList.errors]).toEqual([true, null]);
  return made.quotas;
}

/** Every file of the state, by path. */
function stateFiles(): Map<string, string> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true });
  return new Map(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(dir.length + 1), readFileSync(path, 'utf8')]),
  );
}

describe('eit quota', () => {
  test('takes a price from a file by time, and the currency of the site', async () => {
    const used = async (): Promise<unknown[]> =>
      (await list())
        .filter(({ per }) => per === 'partition')
        .map(({ name, used: amount, unit }) => [name, amount, unit]);
    const constant = await used();
    expect(constant.length).toBeGreaterThan(0);
    const file = join(command.dir, 'price.csv');
    // Of all time twice the price.
    writeFileSync(file, 'from,value\n2020,0.5\n2021-01,0.5\n');
    config(QUOTAS, { site: { price: 0.25, price_file: file, zone: 'DE', currency: 'CHF' } });
    try {
      expect(await used()).toEqual(
        constant.map((line) => {
          const [name, amount] = line as [string, number];
          return [name, expect.closeTo(amount * 2, 9), 'CHF'];
        }),
      );
    } finally {
      config(QUOTAS);
    }
  });

  test('lists all quotas by share, with what the report of the same time says', async () => {
    const states = await list();
    const { stdout } = await command.report(['--json', '-S', 'now-30days', '--group-by', 'user', '-a']);
    const { groups } = JSON.parse(stdout) as EitReport;
    const used = new Map(groups.map(({ user, energy_kwh: { total } }) => [user, total]));
    const rolling = states.filter(({ per, period }) => per === 'user' && period === '30 days');
    expect(rolling.map(({ name }) => name)).toEqual(['uid:1666', 'bob', 'alice', 'uid:1234']);
    for (const state of rolling.slice(1)) expect(state.used).toBeCloseTo(used.get(state.name)!, 9);
    expect(states.map(({ share }) => share ?? Infinity)).toEqual(
      states.map(({ share }) => share ?? Infinity).toSorted((a, b) => b - a),
    );
    expect(states.find(({ name }) => name === 'physics')).toMatchObject({
      unit: 'kgCO2e',
      state: 'over',
      until: null,
    });
    expect(states.find(({ name }) => name === 'bob')).toMatchObject({
      state: 'over',
      uid: 1002,
      limit: 0.08,
    });
    expect(states.find(({ per }) => per === 'partition')).toMatchObject({ unit: 'EUR', state: 'within' });
  });

  test('as a table, with what no run tells beside it', async () => {
    const { status, stdout, stderr } = await eit('quota');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Quota +Used +Limit +Share +Forecast +Until\n/);
    expect(stdout).toMatch(/^user bob, last 30 days +97\.6 Wh +80\.0 Wh +121\.9 % +- +-$/m);
    expect(stdout).toMatch(
      /^Quotas: data until .*, running jobs included\. Forecast: .* Reached: 3 of \d+\./m,
    );
    expect(stderr).toMatch(
      /^eit: 164 Wh of runs that do not tell their qos are in no quota per qos \(90 days\)$/m,
    );
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(
      /^Defaults in force: pue 1\.58 \(default: .*; set site\.pue\); node_overhead 1 \(.*\)\.$/m,
    );
  });

  test('names the defaults that its figures rest on: a zone where they are CO2e', async () => {
    const defaults = async (unit: string): Promise<unknown> => {
      config([{ per: 'user', period: '30 days', unit, each: 1 }], { site: { pue: 1.2 } });
      const { stdout } = await eit('quota', '--json');
      const made = JSON.parse(stdout) as { defaults_used: string[] };
      expect([validateList(made), validateList.errors]).toEqual([true, null]);
      return made.defaults_used.map((text) => text.split(' ')[0]);
    };
    try {
      expect(await defaults('kgCO2e')).toEqual(['zone', 'node_overhead']);
      expect(await defaults('kWh')).toEqual(['node_overhead']);
    } finally {
      config(QUOTAS);
    }
  });

  test('says that there are none', async () => {
    config([]);
    expect(await eit('quota')).toEqual({
      status: 0,
      stdout: '',
      stderr: 'eit: the site has no quotas: `quotas` in eit.yaml\n',
    });
    config(QUOTAS);
  });

  asRoot('shows a user his own, and those of his accounts and partitions', async () => {
    chmodSync(command.dir, 0o755);
    const { stdout } = await command.run(process.execPath, [command.script('eit'), 'quota', '--json'], {
      uid: 1001,
      gid: 1001,
    });
    const { quotas } = JSON.parse(stdout) as { quotas: QuotaState[] };
    expect(quotas.map(({ per, name, period }) => `${per} ${name} ${period}`).sort()).toEqual([
      'account physics 30 days',
      'partition cpu 30 days',
      'user alice 30 days',
      'user alice month',
    ]);
  });

  test.each([
    [['quota', 'mend'], 2, /^eit: EIT_USAGE: Invalid values:/],
    [['quota', '--user', 'alice'], 2, /^eit: EIT_USAGE: --user is an option of eit quota check$/m],
    [['quota', 'check', '--frob'], 2, /^eit quota check: EIT_USAGE: Unknown option '--frob'/],
  ])('%j ends with %d', async (args, expected, message) => {
    const { status, stderr } = await eit(...args);
    expect(status).toBe(expected);
    expect(stderr).toMatch(message);
  });
});

describe('a report', () => {
  test('of one user has the quotas that concern her', async () => {
    const { stdout } = await command.report(['-u', 'alice', '-S', 'now-30days', '--json']);
    const report = JSON.parse(stdout) as EitReport;
    expect(validateReport(report)).toBe(true);
    expect(report.quotas?.map(({ per, name, state }) => [per, name, state])).toEqual([
      ['account', 'physics', 'over'],
      ['user', 'alice', 'within'],
      ['partition', 'cpu', 'within'],
      ['user', 'alice', 'within'],
    ]);
    expect(report.quotas?.[1]?.used).toBeCloseTo(report.total.energy_kwh.total, 9);
    // What was not read is counted once, however often the ledger was read.
    expect(report.skipped_records).toBe(2);
  });

  test('of one user who has used nothing has her limit', async () => {
    const { stdout } = await command.report(['-u', '4711', '--json']);
    expect((JSON.parse(stdout) as EitReport).quotas).toMatchObject([
      { name: '4711', uid: 4711, used: 0, limit: 0.08 },
      { name: '4711', period: 'month' },
    ]);
  });

  test.each([
    [['-a']],
    [['-u', 'alice,bob']],
    [['-u', 'alice', '-E', 'now-1hour']],
    [['-u', 'alice', '-j', '101']],
    [['-u', 'alice', '--no-quotas']],
  ])('%j has none', async (args) => {
    const { stdout } = await command.report([...args, '-S', 'now-30days', '--json']);
    expect(JSON.parse(stdout)).not.toHaveProperty('quotas');
  });

  test('as CSV has none', async () => {
    const { stdout } = await command.report(['-u', 'alice', '-S', 'now-30days', '--csv']);
    expect(stdout.trimEnd().split('\r\n')).toHaveLength(5);
  });
});

describe('eit quota refresh', () => {
  test('leaves files that the check answers from, without the ledger', async () => {
    await refresh();
    config(QUOTAS, { ledger: '/nonexistent' });
    const outcomes = await Promise.all(
      [
        ['--user', 'alice'],
        ['--user', '1002'],
        ['--user', 'alice', '--account', 'physics'],
        ['--user', 'someone-new', '--partition', 'gpu', '--qos', 'high'],
        ['--user', '1666'],
        ['--user', 'root'],
      ].map((args) => check(...args)),
    );
    config(QUOTAS);
    expect(outcomes.map(({ status }) => status)).toEqual([0, 3, 3, 0, 3, 0]);
    expect(outcomes[1]?.stdout).toMatch(
      /^over: user 1002, 30 days: 97\.6 Wh of 80\.0 Wh, 17\.6 Wh over; data until /,
    );
    // The same under the longer name.
    expect(await eit('quota', 'check', '--user', '1002')).toEqual(outcomes[1]);
  });

  test('keeps the age of the data, not of itself', async () => {
    const old = join(command.dir, 'old-ledger');
    copyRecentLedger(old, Date.now(), 3 * 3600);
    config(QUOTAS, { ledger: old });
    await refresh();
    config(QUOTAS);
    const { status, stdout } = await check('-u', '1002');
    expect({ status, stdout }).toEqual({
      status: 4,
      stdout: 'unknown: user 1002: the data are 180 min old\n',
    });
    expect((await check('-u', '1002', '--max-age', '200')).status).toBe(3);
  });

  test('never says that data are newer than now, where a node’s clock is ahead', async () => {
    const ahead = join(command.dir, 'ahead-ledger');
    copyRecentLedger(ahead, Date.now(), -1800);
    config(QUOTAS, { ledger: ahead });
    await refresh();
    const states = await list();
    config(QUOTAS);
    const nowS = Date.now() / 1000;
    for (const [path, text] of stateFiles()) {
      if (path !== 'users') expect(parseStateFile(text)?.dataUntilS).toBeLessThanOrEqual(nowS);
    }
    for (const { data_until: until } of states)
      expect(Date.parse(until ?? '')).toBeLessThanOrEqual(Date.now());
  });

  test('fails without touching what is there where the ledger cannot be read', async () => {
    await refresh();
    const before = stateFiles();
    config(QUOTAS, { ledger: '/nonexistent' });
    expect((await eit('quota', 'refresh')).status).toBe(1);
    config(QUOTAS);
    expect(stateFiles()).toEqual(before);
  });

  test('takes accounts of whatever name, and writes nowhere else', async () => {
    const hostile = [
      '../../escape',
      '..',
      '.',
      '/etc/x',
      'a\nover 9 1 kWh',
      '\u001b[31mred',
      '@others',
      '-rf',
      'ü'.repeat(90),
    ];
    const wild = join(command.dir, 'wild/ledger');
    const inbox = join(wild, 'alpha/inbox');
    mkdirSync(inbox, { recursive: true });
    const from = new Date(Math.floor(Date.now() / 1000) * 1000 - 600_000).toISOString();
    hostile.forEach((account, i) =>
      appendByDay(
        inbox,
        'n1.ndjson',
        JSON.stringify(runRecord({ from, account, job: i + 1, seq: i, user: account })),
      ),
    );
    const around = readdirSync(command.dir).toSorted();
    config(
      [
        { per: 'account', period: '30 days', unit: 'kWh', each: 1e-6 },
        { per: 'user', period: 'day', unit: 'kWh', each: 1 },
      ],
      { ledger: wild },
    );
    const { status, stderr } = await eit('quota', 'refresh');
    const answers = await Promise.all(hostile.map((account) => check(`--account=${account}`)));
    const shown = await eit('quota');
    config(QUOTAS);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^eit: no file of 1 name: without a uid, or too long: account ü+\n$/);
    expect(readdirSync(command.dir).toSorted()).toEqual(
      around.includes('quota') ? around : [...around, 'quota'].sort(),
    );
    expect(readdirSync(join(dir, 'account'))).toHaveLength(hostile.length);
    expect(answers.map((answer) => answer.status)).toEqual([...hostile.slice(1).map(() => 3), 4]);
    for (const text of [...answers.map(({ stdout }) => stdout), shown.stdout]) {
      expect(text).not.toMatch(/[^\P{Cc}\n]/u);
      expect(text).not.toMatch(/^over 9/m);
    }
    for (const [path, text] of stateFiles()) {
      expect([path, path === 'users' ? parseUserNames(text) : parseStateFile(text)]).not.toContain(null);
    }
  });

  asRoot('leaves nothing for other users', async () => {
    await refresh();
    const args = [command.script('eit-quota'), '--user', '1001'];
    const { status, stdout } = await command.run(process.execPath, args, { uid: 1001, gid: 1001 });
    expect({ status, stdout }).toEqual({ status: 4, stdout: expect.stringMatching(/^unknown: .*EACCES\n$/) });
    expect(statSync(dir).mode & 0o7777).toBe(0o750);
  });

  test('killed at any moment leaves whole files', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => [`account-${i}`, i] as const);
    config([{ per: 'account', period: 'day', unit: 'kWh', limits: Object.fromEntries(names) }]);
    await refresh();
    let killed = 0;
    for (let round = 0; round < 6; round++) {
      const before = statSync(join(dir, 'users')).mtimeMs;
      const child = spawn(process.execPath, [command.script('eit'), 'quota', 'refresh'], {
        env: { PATH: process.env['PATH'], EIT_CONFIG: join(command.dir, 'eit.yaml') },
        stdio: 'ignore',
      });
      const ended = new Promise<NodeJS.Signals | null>((resolve) =>
        child.on('exit', (_, signal) => resolve(signal)),
      );
      while (child.exitCode === null && statSync(join(dir, 'users')).mtimeMs === before) await sleep(1);
      await sleep(round * 8);
      child.kill('SIGKILL');
      if ((await ended) === 'SIGKILL') killed++;
      for (const [path, text] of stateFiles()) {
        // Its own temporary file is no part of the state.
        if (path.startsWith('.')) continue;
        expect([path, path === 'users' ? parseUserNames(text) : parseStateFile(text)]).not.toContain(null);
      }
      expect((await check('--account', 'account-0')).status).toBe(3);
      expect((await check('--account', 'account-2999')).status).toBe(0);
    }
    config(QUOTAS);
    expect(killed).toBeGreaterThan(1);
    await refresh();
    expect(existsSync(join(dir, 'account/account-0'))).toBe(false);
  });
});

test('the lines of sh in docs/quotas.md read the files', async () => {
  await refresh();
  const script = codeBlocks(read('docs/quotas.md'), '')
    .find((block) => block.startsWith('file='))!
    .replaceAll('/var/lib/eit/quota', dir)
    .replace('$(id -u)', '$1');
  const states = await Promise.all(
    ['1001', '1002', '9999'].map((uid) => command.run('sh', ['-c', script, 'sh', uid])),
  );
  expect(states.map(({ stdout }) => stdout)).toEqual(['within\n', 'over\n', 'within\n']);
});
