import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { loadConfig, siteFor } from '../../../src/config/config';
import { currencyOf, priceOf } from '../../../src/config/site-problems';
import { EitError } from '../../../src/errors';

let dir: string;
let file: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-config-')));
  file = join(dir, 'eit.yaml');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const load = (text: string | Uint8Array) => {
  writeFileSync(file, text);
  return loadConfig({ path: file, env: {} });
};

/** Code and message of what a call throws, the folder's name left out. */
function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message.replaceAll(dir, '')}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}
/** The problems of a config, one a line, without file name. */
const problems = (text: string): string[] =>
  failure(() => load(text))
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replace('/eit.yaml:', ''));

describe('the file', () => {
  test('is the one that is named, else that of EIT_CONFIG, else the default', () => {
    for (const name of ['named', 'env', 'default']) writeFileSync(join(dir, name), `cluster: ${name}\n`);
    const defaultPath = join(dir, 'default');
    const env = { EIT_CONFIG: join(dir, 'env') };
    const cluster = (options: Parameters<typeof loadConfig>[0]) => {
      const { config, path } = loadConfig({ ...options, defaultPath });
      return [config.cluster, path];
    };
    expect(cluster({ path: join(dir, 'named'), env })).toEqual(['named', join(dir, 'named')]);
    expect(cluster({ env })).toEqual(['env', join(dir, 'env')]);
    expect(cluster({ env: {} })).toEqual(['default', defaultPath]);
    // As in the hooks: ${EIT_CONFIG:-...}
    expect(cluster({ env: { EIT_CONFIG: '' } })).toEqual(['default', defaultPath]);
  });

  test('that is absent is all defaults, where nobody named it', () => {
    const { config, path, set } = loadConfig({ env: {}, defaultPath: join(dir, 'absent') });
    expect(path).toBeNull();
    expect([...set]).toEqual([]);
    expect(config.agent).toEqual({
      interval_seconds: 10,
      live_seconds: 2,
      record_seconds: 300,
      linger_seconds: 60,
      top_processes: 0,
    });
    expect(config).toMatchObject({
      state_dir: '/run/eit',
      ledger: '/var/lib/eit/ledger',
      site: {},
      clusters: {},
    });
  });

  test('may be named relative to the working folder', () => {
    writeFileSync(file, 'cluster: here\n');
    expect(loadConfig({ path: relative(process.cwd(), file), env: {} }).config.cluster).toBe('here');
  });

  test.each<[string, () => unknown, string]>([
    [
      'absent, though named',
      () => loadConfig({ path: join(dir, 'no'), env: {} }),
      'cannot read /no, named on the command line: there is no such file; create it (slurm-examples/eit.yaml shows every key) or name another',
    ],
    [
      'absent, though EIT_CONFIG names it',
      () => loadConfig({ env: { EIT_CONFIG: join(dir, 'no') } }),
      'cannot read /no, named by EIT_CONFIG: there is no such file; create it (slurm-examples/eit.yaml shows every key) or name another',
    ],
    [
      'named relative by EIT_CONFIG, which the hooks refuse',
      () => loadConfig({ env: { EIT_CONFIG: 'eit.yaml\u001b[2J' } }),
      'EIT_CONFIG is "eit.yaml\\u{1b}[2J"; expected an absolute path, such as /etc/eit/eit.yaml',
    ],
    [
      'a folder',
      () => loadConfig({ path: dir, env: {} }),
      'cannot read , named on the command line: it is not a file; name a file',
    ],
    [
      'a device',
      () => loadConfig({ path: '/dev/null', env: {} }),
      'cannot read /dev/null, named on the command line: it is not a file; name a file',
    ],
    [
      'below a file',
      () => {
        writeFileSync(file, '');
        return loadConfig({ env: {}, defaultPath: join(file, 'eit.yaml') });
      },
      'cannot read /eit.yaml/eit.yaml: ENOTDIR; name a file that can be read',
    ],
    [
      '10 MB long',
      () => load(`cluster: a\n#${'x'.repeat(10_000_000)}\n`),
      'cannot read /eit.yaml, named on the command line: it has 10000013 bytes; a config has at most 262144',
    ],
    [
      'not UTF-8',
      () => load(Uint8Array.from([0x63, 0x3a, 0x20, 0xff])),
      'cannot read /eit.yaml, named on the command line: it is not UTF-8; save it as UTF-8',
    ],
  ])('is refused that is %s', (_, call, message) => {
    expect(failure(call)).toBe(`EIT_CONFIG_UNREADABLE: ${message}`);
  });

  test('that is a named pipe is refused and not waited for', () => {
    execFileSync('mkfifo', [file]);
    expect(failure(() => loadConfig({ path: file, env: {} }))).toMatch(
      /^EIT_CONFIG_UNREADABLE: .* it is not a file/,
    );
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? test : test.skip)(
    `that another user may not read is refused${isRoot ? '' : ' (skipped: needs root)'}`,
    () => {
      mkdirSync(join(dir, 'private'), { mode: 0o700 });
      const secret = join(dir, 'private', 'eit.yaml');
      writeFileSync(secret, '');
      chmodSync(dir, 0o755);
      process.seteuid?.(65534);
      try {
        expect(failure(() => loadConfig({ env: {}, defaultPath: secret }))).toBe(
          'EIT_CONFIG_UNREADABLE: cannot read /private/eit.yaml: permission denied; let this user read it and enter the folders above it',
        );
      } finally {
        process.seteuid?.(0);
      }
    },
  );
});

describe('what the file gives', () => {
  test('is told from what is default', () => {
    const { config, set } = load(
      'cluster: a\nagent: {interval_seconds: 1}\nadmins: [root, ada]\nsite:\n  pue: 1.58\nclusters:\n  b.c: {zone: NO}\n',
    );
    expect([...set]).toEqual([
      'cluster',
      'agent.interval_seconds',
      'admins',
      'site.pue',
      'clusters.b.c.zone',
    ]);
    expect(config.agent).toEqual({
      interval_seconds: 1,
      live_seconds: 2,
      record_seconds: 300,
      linger_seconds: 60,
      top_processes: 0,
    });
    expect(config.clusters['b.c']).toEqual({ zone: 'NO' });
  });

  test.each([
    '',
    '# nothing\n',
    '---\n',
    '~\n',
    'agent:\nroots:\nsite:\nclusters:\n',
    'agent: # none\n  #linger_seconds: 1\n',
  ])('may be nothing: %j', (text) => {
    const { config, set } = load(text);
    expect([...set]).toEqual([]);
    expect(config).toEqual(loadConfig({ env: {}, defaultPath: join(dir, 'absent') }).config);
  });

  test('may be a cluster with nothing of its own', () => {
    expect(siteFor(load('clusters:\n  b:\nsite: {pue: 1.3}\n').config, 'b')).toEqual({ pue: 1.3 });
  });

  test('is not changed by a config read before', () => {
    load('').config.agent.interval_seconds = 1;
    expect(load('').config.agent.interval_seconds).toBe(10);
  });
});

describe('a cluster', () => {
  const { config } = (() => {
    const folder = mkdtempSync(join(tmpdir(), 'eit-config-'));
    const path = join(folder, 'eit.yaml');
    writeFileSync(
      path,
      'site: {zone: DE, country: DEU, pue: 1.3}\nclusters: {b: {pue: 1.1}, c: {zone: FR}, d: {zone: FR, country: MCO}, e: {lat: 1, lon: 2}, f: {cloud: aws/eu-west-3}, g: {pue_file: /p}, constructor: {pue: 2}}\n',
    );
    const loaded = loadConfig({ path, env: {} });
    rmSync(folder, { recursive: true });
    return loaded;
  })();

  test.each([
    ['that is not named is as the site', 'a', { zone: 'DE', country: 'DEU', pue: 1.3 }],
    ['has its own keys over those of the site', 'b', { zone: 'DE', country: 'DEU', pue: 1.1 }],
    ['in a zone of its own is not in the country of the site', 'c', { zone: 'FR', pue: 1.3 }],
    ['at a point of its own is not in the zone of the site', 'e', { lat: 1, lon: 2, pue: 1.3 }],
    ['in a cloud of its own is not in the zone of the site', 'f', { cloud: 'aws/eu-west-3', pue: 1.3 }],
    ['may name its own country', 'd', { zone: 'FR', country: 'MCO', pue: 1.3 }],
    ['may be called as a method of objects', 'constructor', { zone: 'DE', country: 'DEU', pue: 2 }],
    [
      'with a file of its own has no constant of the site',
      'g',
      { zone: 'DE', country: 'DEU', pue_file: '/p' },
    ],
    ['called as a method of objects has nothing of it', 'toString', { zone: 'DE', country: 'DEU', pue: 1.3 }],
    ['may not reach the prototype', '__proto__', { zone: 'DE', country: 'DEU', pue: 1.3 }],
  ])('%s', (_, cluster, site) => {
    expect(siteFor(config, cluster)).toEqual(site);
  });
});

test('a price, its currency and those of a cluster go by either name', () => {
  const old = load(
    'currency: CHF\nsite: {price_per_kwh: 0.2}\nclusters: {b: {price: 0.3}, c: {price_file: /p}}\n',
  ).config;
  expect(currencyOf(old)).toBe('CHF');
  expect(['a', 'b', 'c'].map((name) => priceOf(siteFor(old, name)))).toEqual([0.2, 0.3, undefined]);
  const now = load('site: {price: 0.1, currency: USD}\nclusters: {b: {price_per_kwh: 0.3}}\n').config;
  expect(currencyOf(now)).toBe('USD');
  expect(['a', 'b'].map((name) => priceOf(siteFor(now, name)))).toEqual([0.1, 0.3]);
});

describe('a wrong config', () => {
  test('gets all its problems at once, in the order of the file', () => {
    const text = `agnet: {}
pue: 1.2
site:
  pue: 0.9
  zone: germany
  zoen: DE
  country: Germany
shade: green
agent:
  interval_seconds: "5"
  record_seconds: 1.5
policy: fair
admins: root
state_dir: run/eit
roots: /sys
clusters:
  a/b: {}
  b:
    pueue: 1
  c: 3
`;
    expect(failure(() => load(text))).toBe(
      `EIT_CONFIG_INVALID: /eit.yaml has 16 problems:
  /eit.yaml:1:1: unknown key agnet; did you mean agent?
  /eit.yaml:2:1: unknown key pue; did you mean site.pue or clusters.<name>.pue?
  /eit.yaml:4:8: site.pue is 0.9; expected a number from 1 to 10
  /eit.yaml:5:9: site.zone is "germany"; expected a zone's key, such as DE or US-CAL-CISO
  /eit.yaml:6:3: unknown key site.zoen; did you mean site.zone or site.lon?
  /eit.yaml:7:12: site.country is "Germany"; expected three capital letters (ISO 3166 alpha-3), such as DEU
  /eit.yaml:8:1: unknown key shade; known here: cluster, ledger, state_dir, var_dir, spool_dir, spool_max_mb, ledger_user, shipper, admins, privacy, coordinators, policy, agent, roots, nvidia_smi, gpu, bmc, site, clusters, currency, keep, quotas, quotas_file, quota_dir, publish_dir, slot_minutes, intensity_dir, intensity, time_zone, slurm
  /eit.yaml:10:21: agent.interval_seconds is "5"; expected a number from 0.1 to 60
  /eit.yaml:11:19: agent.record_seconds is 1.5; expected a whole number from 1 to 3600
  /eit.yaml:12:9: policy is "fair"; expected one of usage, allocation, hybrid
  /eit.yaml:13:9: admins is "root"; expected a list, such as [a, b], each a user's name
  /eit.yaml:14:12: state_dir is "run/eit"; expected an absolute path, such as /srv/eit
  /eit.yaml:15:8: roots is "/sys"; expected keys below it: sys, proc, cgroup
  /eit.yaml:17:3: clusters.a/b is no cluster's name; expected at most 64 letters, digits, dots, dashes and underscores, a letter or digit first
  /eit.yaml:19:5: unknown key clusters.b.pueue; did you mean clusters.b.pue?
  /eit.yaml:20:6: clusters.c is 3; expected keys below it: zone, lat, lon, cloud, intensity_basis, country, pue, node_overhead, pue_file, price, price_per_kwh, price_file, currency, wue, market_g_per_kwh, embodied`,
    );
  });

  test('with very many problems gets the first of them', () => {
    const text = Array.from({ length: 30 }, (_, i) => `wrong${i}: 1\n`).join('');
    const lines = problems(text);
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('and 10 more');
  });

  const clusterName = 'at most 64 letters, digits, dots, dashes and underscores, a letter or digit first';
  test.each<[string, string, string[]]>([
    ['a cluster with a slash', 'cluster: a/b\n', [`1:10: cluster is "a/b"; expected ${clusterName}`]],
    ['a cluster that is above', 'cluster: ..\n', [`1:10: cluster is ".."; expected ${clusterName}`]],
    [
      'a number for a text',
      'cluster: 42\n',
      [`1:10: cluster is 42; expected ${clusterName}; put it in quotes, or it is no text`],
    ],
    ['no value', 'cluster:\n', [`1:9: cluster is empty; expected ${clusterName}`]],
    ['a list for a text', 'cluster: [a]\n', [`1:10: cluster is a list; expected ${clusterName}`]],
    [
      'a group for a text',
      'cluster: {a: b}\n',
      [`1:10: cluster is a group of keys; expected ${clusterName}`],
    ],
    [
      'a long text',
      `nvidia_smi: ${'x/'.repeat(500)}\n`,
      [`1:13: nvidia_smi is "${'x/'.repeat(40)}…"; expected a program's name or absolute path`],
    ],
    [
      'a program that depends on the working folder',
      'bmc: { program: ipmitool, interval_seconds: 1 }\n',
      [
        '1:17: bmc.program is "ipmitool"; expected auto, none, or the absolute path of an ipmi-dcmi or ipmitool',
        '1:45: bmc.interval_seconds is 1; expected a number from 2 to 300',
      ],
    ],
    [
      'a program that is no path',
      'nvidia_smi: ./smi\n',
      [`1:13: nvidia_smi is "./smi"; expected a program's name or absolute path`],
    ],
    [
      'an item of a list',
      'admins:\n  - root\n  - 0\n',
      [`3:5: admins.1 is 0; expected a user's name; put it in quotes, or it is no text`],
    ],
    [
      'a zone and a point',
      'site: {zone: DE, lat: 52.5, lon: 13.4}\n',
      [
        '1:23: site.zone and site.lat and site.lon say where it is, each by itself; expected one of them, the others left out',
      ],
    ],
    [
      'a zone and a cloud, on a cluster',
      'clusters: {b: {cloud: aws/eu-west-1, zone: IE}}\n',
      [
        '1:23: clusters.b.zone and clusters.b.cloud say where it is, each by itself; expected one of them, the others left out',
      ],
    ],
    ['half a point', 'site: {lat: 52.5}\n', ['1:13: site.lat is 52.5; expected site.lon with it']],
    ['the other half', 'site: {lon: 13.4}\n', ['1:13: site.lon is 13.4; expected site.lat with it']],
    [
      'a point with its numbers swapped',
      'site: {lat: -122.2, lon: 37.4}\n',
      [
        '1:13: site.lat is -122.2; expected degrees north, from -90 to 90 (lat is the latitude, lon the longitude)',
      ],
    ],
    [
      'no region of a cloud',
      'site: {cloud: aws}\n',
      ['1:15: site.cloud is "aws"; expected a provider and a region, such as aws/eu-west-1'],
    ],
    [
      'another basis',
      'site: {intensity_basis: marginal}\n',
      ['1:25: site.intensity_basis is "marginal"; expected one of lifecycle, direct'],
    ],
    [
      'a series from nobody, with keys that there are not',
      'intensity:\n  - {zone: germany, provider: neso}\n  - {zone: DE, provider: windy, token: abc}\n  - {zone: DE, provider: eia, url: "https://user:pw@x/", basis: marginal}\n',
      [
        `2:12: intensity.0.zone is "germany"; expected a zone's key, such as DE or US-CAL-CISO`,
        '3:26: intensity.1.provider is "windy"; expected one of electricitymaps, neso, caiso, entsoe, eia, watttime',
        '3:33: unknown key intensity.1.token; known here: zone, provider, provider_zone, basis, token_file, url',
        '4:36: intensity.2.url is "https://user:pw@x/"; expected an address such as https://mirror.example.org',
        '4:65: intensity.2.basis is "marginal"; expected one of average-lifecycle, average-direct',
      ],
    ],
    ['infinity', 'site: {pue: .inf}\n', ['1:13: site.pue is Infinity; expected a number from 1 to 10']],
    ['no number', 'site: {pue: .nan}\n', ['1:13: site.pue is NaN; expected a number from 1 to 10']],
    [
      'a list for the file',
      '- cluster\n',
      ['1:1: the file is a list; expected keys and values, such as cluster: alpha'],
    ],
    [
      'a text for the file',
      'alpha\n',
      ['1:1: the file is "alpha"; expected keys and values, such as cluster: alpha'],
    ],
    [
      'a key with its group before it',
      'agent.interval_seconds: 5\n',
      [
        '1:1: unknown key agent.interval_seconds; keys stand below their group: agent: on one line, then interval_seconds: on the next, further in',
      ],
    ],
    [
      'a key of a lower group',
      'interval_seconds: 5\n',
      ['1:1: unknown key interval_seconds; did you mean agent.interval_seconds or bmc.interval_seconds?'],
    ],
    ['a key of another case', 'Cluster: a\n', ['1:1: unknown key Cluster; did you mean cluster?']],
  ])('%s', (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });
});

describe('values that are impossible together', () => {
  test.each<[string, string, string[]]>([
    [
      'records shorter than readings',
      'agent:\n  interval_seconds: 30\n  record_seconds: 20\n',
      [
        '3:19: agent.record_seconds is 20; expected at least agent.interval_seconds (30): a record covers one reading or more',
      ],
    ],
    [
      'records shorter than the default readings',
      'agent: {record_seconds: 5}\n',
      [
        '1:25: agent.record_seconds is 5; expected at least agent.interval_seconds (10, the default): a record covers one reading or more',
      ],
    ],
    [
      'a ledger that is lost at the next boot',
      'ledger: /run/eit/../eit//ledger\n',
      [
        '1:9: ledger is "/run/eit/../eit//ledger"; expected a folder outside state_dir ("/run/eit", the default), which does not outlive a reboot',
      ],
    ],
    [
      'a ledger in the spool',
      'spool_dir: /var/lib/\n',
      [
        '1:12: ledger is "/var/lib/eit/ledger", the default; expected a folder outside spool_dir ("/var/lib/"), where records only wait for the ledger',
      ],
    ],
    [
      'the spool as ledger',
      'ledger: /srv/eit\nspool_dir: /srv/./eit/\n',
      ['1:9: ledger is "/srv/eit"; expected another folder than spool_dir ("/srv/./eit/")'],
    ],
    [
      'series among the clusters of the ledger',
      'ledger: /srv/eit\nintensity_dir: /srv/eit/\n',
      [
        `2:16: intensity_dir is "/srv/eit/"; expected another folder than ledger ("/srv/eit"), such as one in the ledger that is no cluster's name`,
      ],
    ],
    [
      'a series twice',
      'intensity: [{zone: GB, provider: neso}, {provider: neso, zone: GB}]\n',
      ['1:12: intensity is a list; expected each series once'],
    ],
    [
      'folders of a host on shared storage',
      'ledger: /srv/eit\nspool_dir: /srv/eit/spool\nvar_dir: /srv/eit/var\nstate_dir: /srv/eit/run\n',
      [
        ['2:12', 'spool_dir', 'spool'],
        ['3:10', 'var_dir', 'var'],
        ['4:12', 'state_dir', 'run'],
      ].map(
        ([place, key, name]) =>
          `${place}: ${key} is "/srv/eit/${name}"; expected a folder outside ledger ("/srv/eit"), which is shared, and this folder is for one host`,
      ),
    ],
    [
      'two prices under two names',
      'site: {price: 0.3, price_per_kwh: 0.2}\nclusters: {b: {price: 1, price_per_kwh: 1.0}, c: {price: 1, price_per_kwh: 2}}\n',
      [
        '1:35: site.price_per_kwh is 0.2; expected price (0.3), of which it is another name',
        '2:76: clusters.c.price_per_kwh is 2; expected price (1), of which it is another name',
      ],
    ],
    [
      'two currencies',
      'currency: CHF\nsite: {currency: USD}\nclusters: {b: {currency: CHF}, c: {currency: USD}}\n',
      [
        '2:18: site.currency is "USD"; expected currency ("CHF"), which is the same',
        '3:26: clusters.b.currency is "CHF"; expected "USD": costs of all clusters are added up',
      ],
    ],
    [
      'one folder for two things',
      'var_dir: /run/eit\n',
      ['1:10: state_dir is "/run/eit", the default; expected another folder than var_dir ("/run/eit")'],
    ],
  ])('%s', (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test.each([
    'ledger: /run/eit-ledger\n',
    'ledger: /srv/eit\nvar_dir: /srv/eit-var\n',
    'agent: {record_seconds: 10}\n',
    'ledger: /srv/eit\nintensity_dir: /srv/eit/_grid\n',
    'intensity: [{zone: GB, provider: neso}, {zone: GB, provider: neso, provider_zone: "13"}]\n',
    'state_dir: /srv/a\nspool_dir: /srv/a/spool\nvar_dir: /srv/a/var\n',
  ])('but not %j', (text) => {
    expect(() => load(text)).not.toThrow();
  });

  test('are not told of values that are wrong by themselves', () => {
    expect(problems('agent: {record_seconds: 5, interval_seconds: -1}\n')).toEqual([
      '1:46: agent.interval_seconds is -1; expected a number from 0.1 to 60',
    ]);
    expect(problems('agent: 5\n')).toHaveLength(1);
  });
});

describe('hostile YAML', () => {
  const bomb = [
    'a: &a [x]',
    ...Array.from({ length: 20 }, (_, i) => `k${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *a]`),
  ];
  test.each<[string, string, string]>([
    ['aliases that multiply', `${bomb.join('\n')}\n`, '1:7: an anchor (&) is not for this file; remove it'],
    ['an alias of nothing', 'cluster: *a\n', '1:10: an alias (*) is not for this file; write the value out'],
    ['a merge', '<<: {cluster: a}\n', '1:1: unknown key <<; known here:'],
    ['a prototype', '__proto__: {cluster: a}\n', '1:1: unknown key __proto__; known here:'],
    [
      'a prototype of the clusters',
      'clusters:\n  __proto__: {pue: 2}\n',
      "2:3: clusters.__proto__ is no cluster's name;",
    ],
    [
      'a key twice',
      'cluster: a\npolicy: usage\ncluster: b\n',
      '3:1: the key cluster stands here a second time; keep one',
    ],
    [
      'a key twice in a group',
      'site: {pue: 1.2, "pue": 1.3}\n',
      '1:18: the key site.pue stands here a second time; keep one',
    ],
    ['a tag', 'cluster: !!binary aGk=\n', '1:19: a tag (!) is not for this file; remove it'],
    ['a tag of its own', 'cluster: !ruby/object a\n', '1:23: a tag (!) is not for this file; remove it'],
    ['a list as key', '? [a]\n: 1\n', '1:3: a key must be a plain word'],
    ['no key', ': 1\n', '1:1: unknown key ;'],
    [
      'a second document',
      'cluster: a\n---\ncluster: b\n',
      '2:1: a second document begins (---); one file is one document',
    ],
    ['another YAML', '%YAML 1.1\n---\ncluster: a\n', '1:1: YAML 1.1 is asked for; it is read as YAML 1.2'],
    ['no YAML', 'cluster: "a\n', '2:1: not YAML: Missing closing "quote'],
    ['a tab as indent', 'site:\n\tpue: 1.2\n', '2:1: not YAML: Tabs are not allowed as indentation'],
    ['brackets in brackets', '['.repeat(200_000), ': nested too deeply'],
    [
      'a control character',
      'cluster: a\n# \u001b[2J\n',
      '2:3: the character \\u{1b} has no place in this file; remove it',
    ],
    [
      'a null byte',
      'state_dir: /run/\0eit\n',
      '1:17: the character \\u{0} has no place in this file; remove it',
    ],
    [
      'a lone carriage return',
      'cluster: a\rstate_dir: /x\n',
      '1:11: the character \\u{d} has no place in this file; remove it',
    ],
    [
      'a line separator',
      'cluster: a\u2028\n',
      '1:11: the character \\u{2028} has no place in this file; remove it',
    ],
    [
      'a byte order mark',
      '\uFEFFcluster: a\n',
      '1:1: the file begins with a byte order mark; save it as UTF-8 without one',
    ],
    ['terminal codes', 'cluster: "\\e[2J\\u202e"\n', '1:10: cluster is "\\u{1b}[2J\\u{202e}"; expected'],
    ['terminal codes in a key', '"\\e[2J": 1\n', '1:1: unknown key \\u{1b}[2J; known here:'],
  ])('%s is refused', (_, text, expected) => {
    const [first = ''] = problems(text);
    expect(first.slice(-expected.length) === expected || first.startsWith(expected) ? expected : first).toBe(
      expected,
    );
  });

  test('leaves every object as it was', () => {
    failure(() =>
      load('__proto__: {polluted: 1}\nclusters: {__proto__: {pue: 2}, constructor: {prototype: {x: 1}}}\n'),
    );
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(({} as { pue?: number }).pue).toBeUndefined();
  });
});
