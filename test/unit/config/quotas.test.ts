import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, loadQuotas } from '../../../src/config/config';
import { EitError } from '../../../src/errors';
import type { QuotaConfig } from '../../../src/generated/config';
import { codeBlocks, read } from '../docs/documents';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-quotas-')));
});
afterEach(() => rmSync(dir, { recursive: true }));

function load(text: string): readonly QuotaConfig[] {
  writeFileSync(join(dir, 'eit.yaml'), text);
  return loadQuotas(loadConfig({ path: join(dir, 'eit.yaml'), env: {} }));
}

/** Code and problems of what a config is refused for, each with its place. */
function refused(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return [
      error.code,
      ...error.message
        .split('\n')
        .slice(error.code === 'EIT_CONFIG_INVALID' ? 1 : 0)
        .map((line) => line.trim().replaceAll(`${dir}/`, '')),
    ];
  }
  throw new Error('it was taken');
}

const ALL = `
quotas:
  - { per: user, period: month, unit: kWh, each: 500, limits: { alice: 2000, root: none, '1003': 0, __proto__: 5 } }
  - per: account
    period: 30 days
    unit: kgCO2e
    limits:
      "a b": 1.5
`;

test('quotas stand in the config', () => {
  const [user, account] = load(ALL);
  expect(user).toMatchObject({ per: 'user', period: 'month', unit: 'kWh', each: 500 });
  expect(Object.entries(user?.limits ?? {})).toEqual([
    ['1003', 0],
    ['alice', 2000],
    ['root', 'none'],
    ['__proto__', 5],
  ]);
  expect(account).toEqual({ per: 'account', period: '30 days', unit: 'kgCO2e', limits: { 'a b': 1.5 } });
  expect(load('cluster: a\n')).toEqual([]);
});

test('or in a file of their own, which the config names', () => {
  writeFileSync(join(dir, 'quotas.yaml'), ALL);
  expect(load(`quotas_file: ${dir}/quotas.yaml\n`)).toHaveLength(2);
  writeFileSync(join(dir, 'quotas.yaml'), '# none yet\n');
  expect(load(`quotas_file: ${dir}/quotas.yaml\n`)).toEqual([]);
});

const one = (text: string): string => `quotas:\n  - {${text}}\n`;

test.each<[string, string, string[]]>([
  [
    'no list',
    'quotas: 5\n',
    [
      'eit.yaml:1:9: quotas is 5; expected a list, such as [a, b], each a quota, such as {per: user, period: month, unit: kWh, each: 500}',
    ],
  ],
  [
    'an item that is no quota',
    'quotas:\n  - 5\n',
    [
      'eit.yaml:2:5: quotas.0 is 5; expected a quota, such as {per: user, period: month, unit: kWh, each: 500}',
    ],
  ],
  [
    'an unknown key',
    one('per: user, period: day, unit: kWh, ech: 5, each: 1'),
    ['eit.yaml:2:41: unknown key quotas.0.ech; did you mean quotas.0.each?'],
  ],
  [
    'a key of another group',
    one('per: user, period: day, unit: kWh, each: 1, shade: 1'),
    ['eit.yaml:2:50: unknown key quotas.0.shade; known here: per, period, unit, each, limits'],
  ],
  [
    'another kind',
    one('per: group, period: day, unit: kWh, each: 1'),
    ['eit.yaml:2:11: quotas.0.per is "group"; expected one of user, account, partition, qos'],
  ],
  [
    'another period',
    one('per: user, period: week, unit: kWh, each: 1'),
    [
      'eit.yaml:2:25: quotas.0.period is "week"; expected day, month, quarter, year, or a number of days up to 999, such as 30 days',
    ],
  ],
  [
    'no days',
    one('per: user, period: 0 days, unit: kWh, each: 1'),
    [
      'eit.yaml:2:25: quotas.0.period is "0 days"; expected day, month, quarter, year, or a number of days up to 999, such as 30 days',
    ],
  ],
  [
    'another unit',
    one('per: user, period: day, unit: J, each: 1'),
    ['eit.yaml:2:36: quotas.0.unit is "J"; expected one of kWh, kgCO2e, cost'],
  ],
  [
    'a limit below 0',
    one('per: user, period: day, unit: kWh, each: -1'),
    ['eit.yaml:2:47: quotas.0.each is -1; expected a number from 0 to 1000000000000'],
  ],
  [
    'a limit that is none',
    one('per: user, period: day, unit: kWh, limits: {bob: much}'),
    ['eit.yaml:2:55: quotas.0.limits.bob is "much"; expected a number from 0 to 1000000000000, or none'],
  ],
  [
    'no limit at all',
    one('per: user, period: day, unit: kWh'),
    [
      'eit.yaml:2:5: quotas.0 has no limit; expected each, a number for everyone, or limits, names with numbers',
    ],
  ],
  [
    'limits without names',
    one('per: user, period: day, unit: kWh, limits: '),
    [
      'eit.yaml:2:5: quotas.0 has no limit; expected each, a number for everyone, or limits, names with numbers',
    ],
  ],
  [
    'money without a price',
    one('per: user, period: day, unit: cost, each: 1'),
    ['eit.yaml:2:5: quotas.0 is in money; expected site.price with it'],
  ],
  [
    'one twice',
    `${one('per: user, period: day, unit: kWh, each: 1')}  - {per: user, period: day, unit: kWh, limits: {a: 1}}\n`,
    ['eit.yaml:3:5: quotas.1 is per user, day and kWh as quotas.0 is; expected one of the two'],
  ],
  [
    'quotas here and in a file',
    `quotas_file: /q.yaml\n${one('per: user, period: day, unit: kWh, each: 1')}`,
    ['eit.yaml:3:3: quotas is a list; expected the quotas here or in quotas_file ("/q.yaml"), not in both'],
  ],
  [
    'a time zone of its own',
    'time_zone: Europe/Atlantis\n',
    [
      'eit.yaml:1:12: time_zone is "Europe/Atlantis", which this machine does not know; expected a name such as Europe/Berlin',
    ],
  ],
  [
    'a currency of its own',
    'currency: euro\n',
    ['eit.yaml:1:11: currency is "euro"; expected three capital letters (ISO 4217), such as EUR'],
  ],
  [
    'a folder in the ledger',
    'ledger: /srv\nquota_dir: /srv/quota\n',
    [
      'eit.yaml:2:12: quota_dir is "/srv/quota"; expected a folder outside ledger ("/srv"), which is shared, and this folder is for one host',
    ],
  ],
  [
    'a folder that the check would not find',
    'quota_dir:\n  /srv/quota\n',
    [
      'eit.yaml:2:3: quota_dir is "/srv/quota", but `eit quota check` reads it line by line, and it is not on one line with its key; expected one line such as quota_dir: /var/lib/eit/quota',
    ],
  ],
])('%s is refused', (_, text, expected) => {
  expect(refused(text)).toEqual(['EIT_CONFIG_INVALID', ...expected]);
});

test('the quotas that the documents show are taken', () => {
  const block = codeBlocks(read('docs/quotas.md'), '').find((text) => text.startsWith('site:'))!;
  expect(load(block).map(({ per, period }) => `${per} ${period}`)).toEqual([
    'user month',
    'account year',
    'user 30 days',
  ]);
  const shown = read('slurm-examples/eit.yaml').text.match(/^# {3}- \{ per: .*$/gm)!;
  const text = `quotas:\n${shown.map((line) => line.slice(1)).join('\n')}\nsite: { price_per_kwh: 1 }\n`;
  expect(load(text)).toEqual(load(block));
});

describe('a file of quotas', () => {
  const refusedFile = (text: string, more = ''): string[] => {
    writeFileSync(join(dir, 'quotas.yaml'), text);
    return refused(`${more}quotas_file: ${dir}/quotas.yaml\n`);
  };

  test.each<[string, string, string[]]>([
    [
      'another key',
      'quotas: []\nledger: /x\n',
      ['quotas.yaml:2:1: the key ledger has no place here; expected quotas alone'],
    ],
    [
      'a mistake',
      one('per: user, period: day, unit: kWh, each: x'),
      ['quotas.yaml:2:47: quotas.0.each is "x"; expected a number from 0 to 1000000000000'],
    ],
    [
      'money without a price',
      one('per: user, period: day, unit: cost, each: 1'),
      ['quotas.yaml:2:5: quotas.0 is in money; expected site.price with it'],
    ],
    ['a list alone', '- 5\n', ['quotas.yaml:1:1: the file is a list; expected the key quotas']],
    ['no YAML', 'quotas: [\n', [expect.stringMatching(/^quotas\.yaml:2:1: not YAML: /) as string]],
  ])('with %s is refused by its own place', (_, text, expected) => {
    expect(refusedFile(text)).toEqual(['EIT_CONFIG_INVALID', ...expected]);
  });

  test('that is not there says who named it', () => {
    expect(refused('quotas_file: /nonexistent/q.yaml\n')).toEqual([
      'EIT_CONFIG_UNREADABLE',
      expect.stringMatching(
        /^cannot read \/nonexistent\/q\.yaml, named by quotas_file: there is no such file/,
      ),
    ]);
  });

  test('takes the price of the config', () => {
    writeFileSync(join(dir, 'quotas.yaml'), one('per: user, period: day, unit: cost, each: 1'));
    expect(load(`site: {price_per_kwh: 0.3}\nquotas_file: ${dir}/quotas.yaml\n`)).toHaveLength(1);
  });
});
