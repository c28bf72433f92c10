import { chmodSync, mkdirSync } from 'node:fs';
import { checkArchives, checkHosts, checkLedgerOwner } from '../../../src/cli/doctor-archive';
import { checkCarbon } from '../../../src/cli/doctor-carbon';
import type { Check } from '../../../src/cli/doctor-check';
import { checkClock, checkLedgerClock, parseTracking } from '../../../src/cli/doctor-clock';
import { checkQuotaReader, checkQuotas } from '../../../src/cli/doctor-quota';
import { checkUnits } from '../../../src/cli/doctor-timers';
import type { LedgerHost } from '../../../src/cli/ledger-hosts';
import { probeClock } from '../../../src/cli/ledger-probe';
import { ledgerStatus } from '../../../src/cli/status-ledger';
import { loadConfig } from '../../../src/config/config';
import { formatStateFile } from '../../../src/quota/state-file';
import { parseConfLines } from '../../../src/slurm/slurm-conf-tree';
import { hostRecord } from '../report/records';
import { Tree } from '../sources/tree';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const verdicts = (checks: readonly Check[]): string[] =>
  checks.map(({ name, verdict }) => `${name}: ${verdict}`);

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

/** A program of this name that prints a text. */
function program(name: string, text: string, status = 0): void {
  tree.write(`bin/${name}`, `#!/bin/sh\ncat <<'END'\n${text}\nEND\nexit ${status}\n`);
  chmodSync(tree.path(`bin/${name}`), 0o755);
}
const env = () => ({ PATH: tree.path('bin') });

describe('the clock', () => {
  const tracking = (slowS: string, leap = 'Normal'): string =>
    `C0A80001,192.168.0.1,3,1795683900.1,${slowS},0.000001,0.000031,-11.2,0.0,0.02,0.01,0.0005,64.2,${leap}`;

  test.each([
    ['0.000012', 'Normal', 'ok'],
    ['-2.5', 'Normal', 'warning'],
    ['31', 'Normal', 'problem'],
    ['0.000012', 'Not synchronised', 'warning'],
  ])('that chrony says is %s s slow and %s: %s', async (slowS, leap, verdict) => {
    program('chronyc', tracking(slowS, leap));
    expect((await checkClock(env())).verdict).toBe(verdict);
  });

  test('is ahead where chrony says that it is fast', () => {
    expect(parseTracking(tracking('-2.5'))).toEqual({ offsetS: 2.5, isSynchronised: true });
    expect(parseTracking('506 Cannot talk to daemon')).toBeNull();
  });

  test('that the kernel says nobody keeps is a warning', async () => {
    program('chronyc', '506 Cannot talk to daemon', 1);
    program('timedatectl', 'no');
    expect((await checkClock(env(), { timesync: tree.path('none') })).verdict).toBe('warning');
    program('timedatectl', 'yes');
    expect((await checkClock(env(), { timesync: tree.path('none') })).verdict).toBe('ok');
  });

  test("is held against that of the ledger's file system by a file that is made there and removed", async () => {
    mkdirSync(tree.path('ledger'));
    const look = await probeClock(tree.path('ledger'), null);
    expect(verdicts(checkLedgerClock(look))).toEqual(['ledger clock: ok']);
    expect(await probeClock(tree.path('gone'), null)).toEqual({
      reason: expect.stringContaining('ENOENT') as string,
    });
  });

  test.each([
    [10_000, 'problem', 'behind'],
    [99_990, 'ok', 'same'],
    [96_000, 'warning', 'ahead of'],
  ])('a file of %d ms made between 100,000 and 100,100 is %s', (shiftMs, verdict, words) => {
    const fileMs = verdict === 'problem' ? 100_100 + 40_000 : shiftMs;
    const [check] = checkLedgerClock({ beforeMs: 100_000, afterMs: 100_100, fileMs });
    expect(check).toMatchObject({ verdict, text: expect.stringContaining(words) as string });
  });
});

describe('quotas', () => {
  const quotas = [{ per: 'user' as const, period: 'month', unit: 'kWh' as const, each: 1 }];
  const look = (conf: string | null, given = quotas): Check[] =>
    checkQuotas(
      { quotas: given, quota_dir: tree.path('quota') },
      conf === null ? null : { path: tree.path('slurm.conf'), tree: { lines: parseConfLines(conf) } },
      NOW_MS,
    );
  const snapshot = (ageS: number | null): void => {
    const dataUntilS = ageS === null ? null : NOW_MS / 1000 - ageS;
    tree.write('quota/user/@others', formatStateFile({ dataUntilS, quotas: [] }, NOW_MS / 1000));
    chmodSync(tree.path('quota'), 0o750);
  };

  test('that are not set are nothing to look for', () => {
    expect(verdicts(look(null, []))).toEqual(['quotas: ok']);
  });

  test('of which no state is there, or an old or a damaged one, are a problem', () => {
    expect(verdicts(look(null))).toEqual(['quotas: problem', 'job_submit: unknown']);
    snapshot(7300);
    expect(verdicts(look(null))[0]).toBe('quotas: problem');
    snapshot(7000);
    expect(verdicts(look(null))[0]).toBe('quotas: ok');
    snapshot(null);
    expect(verdicts(look(null))[0]).toBe('quotas: warning');
    tree.write('quota/user/@others', 'eit-quota 1 17');
    expect(verdicts(look(null))[0]).toBe('quotas: problem');
  });

  test('that everybody may read are a problem', () => {
    snapshot(60);
    chmodSync(tree.path('quota'), 0o755);
    expect(look(null)[0]).toMatchObject({
      verdict: 'problem',
      mend: expect.stringContaining('chmod o-rwx') as string,
    });
  });

  test('that the user of slurmctld may not read are a problem', async () => {
    snapshot(60);
    const reader = async (user: string): Promise<string[]> =>
      verdicts(await checkQuotaReader(tree.path('quota'), user));
    expect(await reader('root')).toEqual(['quota readers: ok']);
    expect(await reader('nosuchuser')).toEqual(['quota readers: unknown']);
    for (const path of ['quota', 'quota/user', 'quota/user/@others']) chmodSync(tree.path(path), 0o755);
    expect(await reader('nobody')).toEqual(['quota readers: ok']);
    chmodSync(tree.path('quota/user'), 0o750);
    expect(await reader('nobody')).toEqual(['quota readers: problem']);
  });

  test.each([
    ['', null, 'warning', 'no submission is asked'],
    ['JobSubmitPlugins=lua', null, 'problem', 'would not start'],
    ['JobSubmitPlugins=job_submit/lua', 'return 1', 'warning', 'asks for no quota'],
    [
      'JobSubmitPlugins=all_partitions,lua',
      'local QUOTA_DIR = "/else"\n"^eit%-quota 1"',
      'problem',
      'reads /else',
    ],
    ['JobSubmitPlugins=lua', 'local QUOTA_DIR = "@"\n"^eit%-quota 1"', 'ok', 'asks for quotas'],
  ])('submissions with %j and %j: %s', (conf, script, verdict, words) => {
    snapshot(60);
    if (script !== null) tree.write('job_submit.lua', script.replace('@', tree.path('quota')));
    expect(look(conf)[1]).toMatchObject({
      name: 'job_submit',
      verdict,
      text: expect.stringContaining(words) as string,
    });
  });
});

describe('the factors', () => {
  const look = (lines: readonly string[]): Check[] => {
    tree.write(
      'eit.yaml',
      `ledger: ${tree.path('ledger')}\nintensity_dir: ${tree.path('series')}\n${lines.join('\n')}\n`,
    );
    return checkCarbon(loadConfig({ path: tree.path('eit.yaml'), env: {} }), NOW_MS);
  };
  const value = (agoH: number, hours = 1, zone = 'DE'): void => {
    const at = (ms: number): string => new Date(ms).toISOString();
    const endMs = NOW_MS - agoH * 3_600_000;
    const line = {
      zone,
      start: at(endMs - hours * 3_600_000),
      end: at(endMs),
      g_per_kwh: 300,
      basis: 'average-lifecycle',
      flow: 'consumption',
      source: 'x',
      estimated: false,
      fetched_at: at(endMs),
    };
    tree.write(`series/${zone}/${line.start.slice(0, 7)}.ndjson`, `${JSON.stringify(line)}\n`);
  };

  test('of a zone that is set are well, and the default is a warning', () => {
    expect(verdicts(look(['site: { zone: DE }']))).toEqual(['zone: ok']);
    expect(look([])[0]).toMatchObject({
      verdict: 'warning',
      text: expect.stringContaining('WORLD') as string,
    });
    expect(verdicts(look(['site: { zone: XX-NONE }']))).toEqual(['zone: problem']);
  });

  test('in a file that is not there or is damaged are a problem with the line', () => {
    const site = `site: { zone: DE, pue_file: ${tree.path('pue.csv')} }`;
    expect(verdicts(look([site]))).toEqual(['zone: ok', 'factor file: problem']);
    tree.write('pue.csv', 'from,value\n2026-01,1.2\n2026-02,many\n');
    expect(look([site])[1]?.text).toContain('pue.csv:3');
    tree.write('pue.csv', 'from,value\n2026-01,1.2\n2026-02,1.3\n');
    expect(verdicts(look([site]))).toEqual(['zone: ok', 'factor file: ok']);
  });

  test.each([
    [null, 'problem'],
    [2, 'ok'],
    [30, 'warning'],
    [80, 'problem'],
  ])('in a series whose newest value is %s hours old: %s', (agoH, verdict) => {
    if (agoH !== null) value(agoH);
    const checks = look([
      'site: { zone: DE }',
      'intensity: [{ zone: DE, provider: electricitymaps, token_file: /x }]',
    ]);
    expect(verdicts(checks)).toEqual(['zone: ok', `intensity DE: ${verdict}`]);
  });

  describe('in a series that is finer than the slots', () => {
    const slots = (...lines: string[]): string[] =>
      look(['site: { zone: DE }', ...lines]).flatMap(({ name, verdict, text, mend }) =>
        name === 'slot_minutes' ? [`${verdict}: ${text.split(':')[0]}; ${mend}`] : [],
      );
    const said = (zone: string, minutes: number, slot: number, mend: number): string =>
      `warning: the values of ${zone} are of ${minutes} min, the slots of ${slot}; slot_minutes: ${mend} in eit.yaml, before the first compaction of a cluster (docs/intensity.md)`;

    test('are a warning, whoever brought it', () => {
      value(2, 0.5, 'GB');
      value(2, 1, 'DE');
      value(2, 1 / 6, 'FR');
      expect(slots()).toEqual([said('FR', 10, 60, 5), said('GB', 30, 60, 30)]);
      expect(slots('slot_minutes: 30')).toEqual([said('FR', 10, 30, 5)]);
      expect(slots('slot_minutes: 5')).toEqual([]);
    });

    test('are one before anything was fetched too, by what its provider has', () => {
      const config = 'intensity: [{ zone: US-CAL-CISO, provider: caiso }, { zone: GB, provider: neso }]';
      expect(slots(config)).toEqual([said('US-CAL-CISO', 5, 60, 5), said('GB', 30, 60, 30)]);
      expect(slots('intensity: [{ zone: FR, provider: electricitymaps, token_file: /x }]')).toEqual([]);
      // What is there goes before what could be.
      value(2, 1, 'GB');
      expect(slots('intensity: [{ zone: GB, provider: neso }]')).toEqual([]);
    });
  });
});

describe('the ledger', () => {
  const config = () => ({ ledger: tree.dir, privacy: 'private' as const });

  test('of which nothing was compacted, and nothing brought from sacct, is a warning', async () => {
    tree.write('alpha/inbox/2026-03-02/n1.ndjson', `${JSON.stringify(hostRecord())}\n`);
    chmodSync(tree.path('alpha/inbox'), 0o700);
    expect(verdicts(await checkArchives(config(), NOW_MS))).toEqual([
      'clusters: ok',
      'archive alpha: warning',
      'sacct alpha: warning',
      'private alpha: ok',
    ]);
  });

  test('whose inbox everybody may look into is a problem', async () => {
    mkdirSync(tree.path('alpha/inbox'), { recursive: true });
    chmodSync(tree.path('alpha/inbox'), 0o755);
    const checks = await checkArchives(config(), NOW_MS);
    expect(checks.at(-1)).toMatchObject({
      name: 'private alpha',
      verdict: 'problem',
      text: 'everybody may look into inbox (755)',
    });
    expect(
      (await checkArchives({ ...config(), privacy: 'open' }, NOW_MS)).map(({ name }) => name),
    ).not.toContain('private alpha');
  });

  test.each([
    [1, 'ok'],
    [5, 'warning'],
    [30, 'problem'],
  ])("sacct's facts of %d hours ago: %s", async (hours, verdict) => {
    mkdirSync(tree.path('alpha/inbox'), { recursive: true });
    tree.write('alpha/jobs/sync.json', JSON.stringify({ schema: 1, until_s: NOW_MS / 1000 - hours * 3600 }));
    const checks = await checkArchives(config(), NOW_MS);
    expect(verdicts(checks)).toContain(`sacct alpha: ${verdict}`);
  });

  test('in which others may rename is a problem', () => {
    chmodSync(tree.dir, 0o755);
    expect(checkLedgerOwner(tree.dir).verdict).toBe('ok');
    chmodSync(tree.dir, 0o777);
    expect(checkLedgerOwner(tree.dir).verdict).toBe('problem');
  });
});

describe('the hosts of the ledger', () => {
  const host = (name: string, minutesAgo: number, more: Partial<LedgerHost> = {}): LedgerHost => ({
    cluster: 'alpha',
    host: name,
    nodes: [],
    lastMs: NOW_MS - minutesAgo * 60_000,
    lagS: 40,
    version: '0.1.0',
    quality: 'measured',
    coverage: 1,
    ...more,
  });
  const look = (
    hosts: readonly LedgerHost[],
    nodes: Parameters<typeof ledgerStatus>[0]['nodes'] = [],
  ): string[] =>
    verdicts(
      checkHosts(
        ledgerStatus({
          ledger: '/l',
          nowMs: NOW_MS,
          silentForS: 900,
          hosts,
          archives: new Map(),
          nodes,
          cluster: 'alpha',
        }),
      ),
    );

  test('that all send are well', () => {
    expect(look([host('n1', 1)])).toEqual(['hosts: ok', 'nodes: ok', 'host clocks: ok', 'versions: ok']);
  });

  test.each<[string, readonly LedgerHost[], Parameters<typeof look>[1], string]>([
    ['none sends', [], [], 'hosts: problem'],
    ['all are silent', [host('n1', 99)], [], 'hosts: problem'],
    ['one is silent', [host('n1', 99), host('n2', 1)], [], 'hosts: warning'],
    ['a node never sent', [host('n1', 1)], [{ node: 'n9', state: 'idle' }], 'nodes: warning'],
    ['no sinfo answers', [host('n1', 1)], 'sinfo is not installed here', 'nodes: unknown'],
    ['a clock is ahead', [host('n1', 1, { lagS: -9 })], [], 'host clocks: warning'],
    ['a clock was ahead once', [host('n1', -60 * 24 * 365)], [], 'host clocks: warning'],
    ['two versions', [host('n1', 1, { version: '0.0.9' }), host('n2', 1)], [], 'versions: warning'],
    ['an agent is newer than its readers', [host('n1', 1, { version: '99.0.0' })], [], 'versions: problem'],
  ])('%s', (_, hosts, nodes, verdict) => {
    expect(look(hosts, nodes)).toContain(verdict);
  });
});

describe('units', () => {
  const units = () => checkUnits(env(), { systemd: tree.dir, folders: [tree.path('units')] });

  test('that are off or failed are told', async () => {
    for (const unit of ['eit-agent.service', 'eit-compact.service', 'eit-compact.timer', 'other.service'])
      tree.write(`units/${unit}`, '');
    tree.write(
      'bin/systemctl',
      '#!/bin/sh\ncase $* in\n"is-enabled eit-agent.service") echo enabled ;;\n"is-enabled eit-compact.timer") echo disabled; exit 1 ;;\n"is-failed eit-compact.service") echo failed ;;\n*) echo inactive; exit 1 ;;\nesac\n',
    );
    chmodSync(tree.path('bin/systemctl'), 0o755);
    expect(verdicts(await units())).toEqual([
      'eit-agent.service: ok',
      'eit-compact.service: problem',
      'eit-compact.timer: warning',
    ]);
  });

  test('without systemd are unknown, with the reason', async () => {
    tree.write('units/eit-agent.service', '');
    const [check] = await checkUnits(env(), { systemd: tree.path('none'), folders: [tree.path('units')] });
    expect(check).toMatchObject({
      verdict: 'unknown',
      text: expect.stringContaining('no systemd runs') as string,
    });
  });
});
