import { chmodSync } from 'node:fs';
import { quotaCheck } from '../../../src/cli/quota-check';
import { asNobody, isRoot, Tree } from '../sources/tree';

const NOW_S = 1_795_683_900;
const LATER_S = NOW_S + 86_400;

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
  state('user/1001', ['over 612 500 kWh month', 'within 2 10 EUR year']);
  state('user/@others', ['within 0 500 kWh month']);
  state('account/physics', ['within 5000 10000 kgCO2e year']);
  state('account/astro%2Elab', ['over 12 10 kgCO2e year']);
  for (const kind of ['account', 'partition', 'qos']) state(`${kind}/@others`, []);
  tree.write('quota/users', 'eit-quota-users 1\n1001 alice\n1002 bob\nend\n');
});
afterEach(() => tree.remove());

function state(path: string, lines: string[], dataUntilS = NOW_S - 300, untilS = LATER_S): void {
  const text = [
    `eit-quota 1 ${dataUntilS} within ${lines.length}`,
    ...lines.map((line) => `${line} ${untilS}`),
    'end',
  ];
  tree.write(`quota/${path}`, `${text.join('\n')}\n`);
}

const check = (...args: string[]) =>
  quotaCheck(['--dir', tree.path('quota'), ...args], { env: {}, uid: 1001, nowMs: NOW_S * 1000 });
const said = (...args: string[]): string => {
  const { status, text } = check(...args);
  return `${status} ${text.trimEnd().replaceAll(tree.path('quota'), 'DIR')}`;
};

test.each<[string[], string]>([
  [
    ['--user', 'alice'],
    '3 over: user alice, month: 612 kWh of 500 kWh, 112 kWh over, until 2026-11-27T09:05:00Z; data until 2026-11-26T09:00:00Z',
  ],
  [
    [],
    '3 over: user 1001, month: 612 kWh of 500 kWh, 112 kWh over, until 2026-11-27T09:05:00Z; data until 2026-11-26T09:00:00Z',
  ],
  [
    ['-u', '1002', '-A', 'physics'],
    '0 within: account physics, year: 5.00 t of 10.0 t, until 2026-11-27T09:05:00Z\n' +
      'within: user 1002, month: 0 Wh of 500 kWh, until 2026-11-27T09:05:00Z; data until 2026-11-26T09:00:00Z',
  ],
  [
    ['--user=nobody-knows-him', '--account=astro.lab'],
    '3 over: account astro.lab, year: 12.0 kg of 10.0 kg, 2.00 kg over, until 2026-11-27T09:05:00Z; data until 2026-11-26T09:00:00Z',
  ],
  [
    ['-A', 'chemistry', '-p', 'gpu', '-q', 'high'],
    '0 within: no quota concerns this; data until 2026-11-26T09:00:00Z',
  ],
])('%j: %s', (args, expected) => {
  expect(said(...args)).toBe(expected);
});

describe('it is unknown', () => {
  test.each<[string, () => void, string[], string]>([
    [
      'data over two hours old',
      () => state('user/1002', [], NOW_S - 7201),
      ['-u', '1002'],
      '4 unknown: user 1002: the data are 120 min old',
    ],
    [
      'data without records',
      () => state('user/1002', [], 0),
      ['-u', '1002'],
      '4 unknown: user 1002: the ledger had no records',
    ],
    [
      'half a file',
      () => tree.write('quota/user/1002', 'eit-quota 1 1795'),
      ['-u', 'bob'],
      '4 unknown: user bob: DIR/user/1002 is damaged',
    ],
    [
      'half a list of names',
      () => tree.write('quota/users', 'eit-quota-users 1\n1'),
      ['-u', 'bob'],
      '4 unknown: user bob: DIR/users is damaged',
    ],
    [
      'no refresh yet',
      () => tree.remove('quota'),
      ['-A', 'physics'],
      '4 unknown: account physics: there is no DIR/account/@others; run eit quota refresh on this host',
    ],
    [
      'no list of names',
      () => tree.remove('quota/users'),
      ['-u', 'bob'],
      '4 unknown: user bob: there is no DIR/users; run eit quota refresh on this host',
    ],
    [
      'a name too long for a file',
      () => undefined,
      ['-A', '.'.repeat(70)],
      `4 unknown: account ${'.'.repeat(70)}: the name is too long for a file`,
    ],
    [
      'an account that is a folder',
      () => tree.write('quota/account/x/y', ''),
      ['-A', 'x'],
      '4 unknown: account x: cannot read DIR/account/x: EISDIR',
    ],
  ])('with %s', (_, prepare, args, expected) => {
    prepare();
    expect(said(...args)).toBe(expected);
  });

  test('with data of two hours to the second it is not yet', () => {
    state('user/1002', [], NOW_S - 7200);
    expect(check('-u', '1002').status).toBe(0);
    expect(check('-u', '1002', '--max-age', '119').status).toBe(4);
    state('user/1002', [], NOW_S - 7201);
    expect(check('-u', '1002', '--max-age', '121').status).toBe(0);
  });

  test('of one, and over of the other: over', () => {
    state('user/1002', [], NOW_S - 9999);
    expect(said('-u', '1002', '-A', 'astro.lab')).toMatch(
      /^3 over: account astro\.lab.*\nunknown: user 1002/,
    );
  });
});

test('what was used of a period that has ended counts no more', () => {
  state('user/1001', ['over 612 500 kWh month'], NOW_S - 300, NOW_S);
  expect(said('-u', '1001')).toBe(
    '0 within: user 1001, month: 0 Wh of 500 kWh, until 2026-11-26T09:05:00Z; data until 2026-11-26T09:00:00Z',
  );
});

test('as JSON', () => {
  const { status, text } = check('-u', 'alice', '-A', 'physics', '--json');
  expect(status).toBe(3);
  expect(JSON.parse(text)).toMatchObject({
    state: 'over',
    data_until: '2026-11-26T09:00:00Z',
    reason: null,
    quotas: [
      {
        per: 'user',
        name: 'alice',
        state: 'over',
        used: 612,
        limit: 500,
        over_by: 112,
        unit: 'kWh',
        period: 'month',
      },
      { per: 'account', state: 'within', over_by: 0, until: '2026-11-27T09:05:00Z' },
      { per: 'user', unit: 'EUR' },
    ],
  });
});

test('names reach no path and no terminal', () => {
  tree.write('secret', 'eit-quota 1 1795683800 within 0\nend\n');
  expect(said('-A', '../../secret')).toBe(
    '0 within: no quota concerns this; data until 2026-11-26T09:00:00Z',
  );
  state('account/%1B%5B31m', ['over 2 1 kWh month']);
  expect(said('-A', '\u001b[31m')).toMatch(/^3 over: account \\u\{1b\}\[31m, month/);
  expect(check('-A', '\u009b31m', '--json', '-u', '\u202e').text).toMatch(/^[ -~]+\n$/);
});

test.each<[string[], string]>([
  [['--usr', 'x'], "EIT_USAGE: Unknown option '--usr'"],
  [['--user'], "EIT_USAGE: Option '-u, --user <value>' argument missing"],
  [['alice'], 'EIT_USAGE: Unexpected argument'],
  [['--user', ''], 'EIT_USAGE: --user is empty'],
  [['--max-age', '2h'], 'EIT_USAGE: --max-age takes a whole number of minutes above 0, not "2h"'],
])('%j is refused: %s', (args, expected) => {
  expect(() => check(...args)).toThrow(
    expect.objectContaining({
      code: expected.slice(0, expected.indexOf(':')),
      message: expect.stringContaining(expected.slice(expected.indexOf(': ') + 2)),
    }),
  );
});

describe('quota_dir', () => {
  const ask = (text: string) => {
    tree.write('eit.yaml', text);
    return quotaCheck(['-u', '1002'], {
      env: { EIT_CONFIG: tree.path('eit.yaml') },
      uid: 0,
      nowMs: NOW_S * 1000,
    });
  };

  test.each(['quota_dir: DIR', 'ledger: /x\nquota_dir: "DIR"  # here\nquotas: []', "quota_dir: 'DIR'"])(
    'is read from the config without YAML: %s',
    (text) => {
      expect(ask(`${text.replace('DIR', tree.path('quota'))}\n`).status).toBe(0);
    },
  );

  test.each(['quota_dir: relative', 'quota_dir:\n  /x', 'quota_dir: /a\\b'])('is refused: %j', (text) => {
    expect(() => ask(text)).toThrow(expect.objectContaining({ code: 'EIT_CONFIG_INVALID' }));
  });

  test('of a config that is not there is an error', () => {
    const env = { EIT_CONFIG: tree.path('none.yaml') };
    expect(() => quotaCheck([], { env, uid: 0, nowMs: 0 })).toThrow(
      expect.objectContaining({ code: 'EIT_CONFIG_UNREADABLE' }),
    );
  });
});

test('help says what each exit status means', () => {
  expect(check('--help')).toMatchObject({
    status: 0,
    text: expect.stringContaining('3: over one; 4: unknown'),
  });
});

test('what may not be read is unknown, and says so', () => {
  chmodSync(tree.path('quota/user/1001'), 0o000);
  const text = isRoot ? asNobody(() => said('-u', '1001')) : said('-u', '1001');
  expect(text).toBe('4 unknown: user 1001: cannot read DIR/user/1001: EACCES');
});
