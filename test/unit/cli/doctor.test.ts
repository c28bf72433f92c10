import { chmodSync, chownSync, copyFileSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { checkAgent } from '../../../src/cli/doctor-agent';
import type { Check, Patient } from '../../../src/cli/doctor-check';
import {
  checkConfig,
  checkKillSwitch,
  checkLocal,
  checkPrograms,
  checkTrust,
  mountOf,
} from '../../../src/cli/doctor-config';
import { checksText } from '../../../src/cli/doctor';
import {
  checkCheckpoint,
  checkEvents,
  checkLedger,
  checkShipper,
  checkWriting,
  checkSpool,
} from '../../../src/cli/doctor-records';
import { checkCgroups, checkHooks, readMachinesConf } from '../../../src/cli/doctor-slurm';
import { checkSources, checkTopology } from '../../../src/cli/doctor-sources';
import { type LedgerLook, probeLedger } from '../../../src/cli/ledger-probe';
import { loadConfig } from '../../../src/config/config';
import { addPruned, noPruning } from '../../../src/ledger/pruned';
import { isMissing } from '../../../src/sources/source';
import { hostName } from '../../../src/config/host-name';
import { TOP } from '../docs/documents';
import { noOtherUser, testUnless } from '../../test-unless';
import { Tree, asNobody } from '../sources/tree';

const asRoot = testUnless(noOtherUser);
const NOW_MS = Date.now();

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

/** A config whose folders and roots are all in the tree. */
function patient(more: object = {}, isPatientRoot = true): Patient {
  const paths = {
    state_dir: tree.path('state'),
    var_dir: tree.path('var'),
    spool_dir: tree.path('spool'),
    ledger: tree.path('var/ledger'),
    roots: { sys: tree.path('sys'), proc: tree.path('proc'), cgroup: tree.path('cgroup') },
  };
  // A line a key: the hooks read state_dir too.
  const lines = Object.entries({ ...paths, ...more }).map(([key, value]) => `${key}: ${plain(value)}\n`);
  tree.write('eit.yaml', lines.join(''));
  const loaded = loadConfig({ path: tree.path('eit.yaml'), env: {} });
  return {
    loaded,
    env: {},
    isRoot: isPatientRoot,
    host: hostName(),
    proc: tree.path('kernel'),
    nowMs: NOW_MS,
  };
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const verdicts = (checks: readonly Check[]): string[] =>
  checks.map(({ name, verdict }) => `${name}: ${verdict}`);

describe('the config', () => {
  test('of a wrapper script is not what hooks read by themselves', () => {
    patient();
    const { checks } = checkConfig(undefined, { EIT_CONFIG: tree.path('eit.yaml') });
    expect(verdicts(checks)).toEqual(['config: warning', 'state_dir: ok']);
    expect(checks[0]?.text).toContain('named by EIT_CONFIG');
  });

  test('that is wrong is a problem with every reason, and gives no folders to look at', () => {
    tree.write('eit.yaml', 'legder: /x\nstate_dir: run\n');
    const { checks, loaded } = checkConfig(tree.path('eit.yaml'), {});
    expect(loaded).toBeNull();
    expect(verdicts(checks)).toEqual(['config: problem']);
    expect(checks[0]?.text).toMatch(/^EIT_CONFIG_INVALID: .*2 problems:\n.*legder.*\n.*state_dir/s);
  });

  test('that is not there is one', () => {
    expect(verdicts(checkConfig(tree.path('none.yaml'), {}).checks)).toEqual(['config: problem']);
  });

  test('whose state_dir the hooks would read otherwise is a problem', () => {
    tree.write('eit.yaml', `agent: {}\n"state_dir": ${tree.path('state')}\n`);
    const { checks } = checkConfig(tree.path('eit.yaml'), {});
    expect(checks[0]).toMatchObject({
      verdict: 'problem',
      text: expect.stringContaining("the hooks' shell reads it too") as string,
    });
  });
});

test('the switch that turns the hooks off is a warning', () => {
  expect(checkKillSwitch(tree.dir).verdict).toBe('ok');
  tree.write('disabled', '');
  expect(checkKillSwitch(tree.dir)).toMatchObject({
    verdict: 'warning',
    mend: `rm ${tree.path('disabled')}`,
  });
});

test('a program that the hooks need and do not find is a problem', () => {
  for (const name of ['flock', 'logger', 'setsid', 'timeout', 'stat']) tree.write(`bin/${name}`, '');
  expect(checkPrograms(tree.path('bin'))[1]).toMatchObject({
    verdict: 'problem',
    text: expect.stringContaining(': renice') as string,
  });
  tree.write('more/renice', '');
  expect(checkPrograms(`${tree.path('bin')}:${tree.path('more')}`)[1]?.verdict).toBe('ok');
});

describe('folders', () => {
  const mounts = [
    '/dev/vda / ext4 rw 0 0',
    'fs:/home /home nfs4 rw 0 0',
    'tmpfs /home/local tmpfs rw 0 0',
    'fs:/x /srv/with\\040blank lustre rw 0 0',
  ].join('\n');

  test.each([
    ['/var/lib/eit', { at: '/', type: 'ext4' }],
    ['/home/eit', { at: '/home', type: 'nfs4' }],
    ['/homes', { at: '/', type: 'ext4' }],
    ['/home/local/eit', { at: '/home/local', type: 'tmpfs' }],
    ['/srv/with blank/eit', { at: '/srv/with blank', type: 'lustre' }],
  ])('%s is on %j', (path, mount) => {
    expect(mountOf(mounts, path)).toEqual(mount);
  });

  test('on a shared file system are a problem, and are not touched', () => {
    tree.write('kernel/self/mounts', `/dev/vda / ext4 rw 0 0\nfs:/ ${tree.path('spool')} nfs rw 0 0\n`);
    const checks = checkLocal(patient());
    expect(verdicts(checks)).toEqual(['spool_dir: problem']);
    expect(checks[0]?.text).toContain('on nfs');
  });

  asRoot('that somebody else could replace are a problem, each with its mending', () => {
    const sick = patient();
    mkdirSync(tree.path('var'));
    chownSync(tree.path('var'), 54_321, 0);
    tree.write('dist/eit-agent.js', '');
    const checks = checkTrust(sick, tree.path('dist/eit-agent.js'), 'root');
    expect(verdicts(checks)).toEqual(['trust: problem']);
    expect(checks[0]?.text).toContain(`chown root ${tree.path('var')}`);
    chownSync(tree.path('var'), 0, 0);
    expect(verdicts(checkTrust(sick, tree.path('dist/eit-agent.js'), 'root'))).toEqual(['trust: ok']);
  });

  test('an agent that is not beside this program is told', () => {
    const checks = checkTrust(patient(), tree.path('dist/eit-agent.js'), 'root');
    expect(verdicts(checks)).toContain('agent program: warning');
  });
});

describe('sources', () => {
  const ZONE = 'sys/class/powercap/intel-rapl:0';
  const zone = (energyUj: bigint, more: Record<string, string> = {}): void => {
    const files = {
      name: 'package-0',
      max_energy_range_uj: '262143328850',
      energy_uj: String(energyUj),
      ...more,
    };
    for (const [name, text] of Object.entries(files)) tree.write(join(ZONE, name), `${text}\n`);
  };
  /** Time passes while somebody sleeps, and the package draws 50 W. */
  const clock = (powerW = 50) => {
    let ms = 0;
    return {
      now: () => ({ monoNs: BigInt(ms) * 1_000_000n, wallMs: ms }),
      sleep: (more: number) => {
        ms += more;
        tree.write(join(ZONE, 'energy_uj'), `${1_000_000 + ms * 1000 * powerW}\n`);
        return Promise.resolve();
      },
    };
  };

  test('show the power now, the unit and how long the counter may go unread', async () => {
    zone(1_000_000n);
    const [first] = await checkSources(patient(), clock());
    expect(first).toMatchObject({ name: 'domain package-0', verdict: 'ok' });
    // 262143 J at 1000 W, less half a second.
    expect(first?.text).toMatch(
      /^50\.0 W now, measured by powercap, in µJ; may go unread for 261 s, .* is 10$/,
    );
  });

  test('a counter that can wrap twice between two readings is a problem', async () => {
    zone(1_000_000n, { max_energy_range_uj: '9000000000' });
    const [first] = await checkSources(patient(), clock());
    expect(first).toMatchObject({
      verdict: 'problem',
      text: expect.stringContaining('unread for 8 s') as string,
      mend: 'set agent.interval_seconds below 4',
    });
  });

  test('a counter that stands still is a warning', async () => {
    zone(1_000_000n);
    const [first] = await checkSources(patient(), clock(0));
    expect(first).toMatchObject({
      verdict: 'warning',
      text: expect.stringContaining('stands still') as string,
    });
  });

  test('a counter that says nonsense is a problem', async () => {
    zone(1_000_000n, { energy_uj: 'soon' });
    const still = { now: () => ({ monoNs: 0n, wallMs: 0 }), sleep: () => Promise.resolve() };
    let ms = 0;
    const passing = {
      now: () => ({ monoNs: BigInt(ms) * 1_000_000n, wallMs: ms }),
      sleep: (more: number) => ((ms += more), still.sleep()),
    };
    const [first] = await checkSources(patient(), passing);
    expect(first).toMatchObject({ verdict: 'problem', text: expect.stringContaining('"soon') as string });
  });

  asRoot('what only root may read is unknown to others, and a problem to root', async () => {
    zone(1_000_000n);
    chmodSync(tree.path(join(ZONE, 'energy_uj')), 0o400);
    const sick = patient({}, false);
    const checks = await asNobody(() => checkSources(sick, clock()));
    expect(verdicts(checks)).toContain('source powercap: unknown');
    expect(checks.find(({ name }) => name === 'source powercap')?.text).toContain('needs root: may not read');
  });

  test('none at all is a problem', async () => {
    const checks = await checkSources(patient(), clock());
    expect(verdicts(checks)).toContain('energy: problem');
    expect(checks.find(({ name }) => name === 'source powercap')?.text).toContain('no powercap zones');
  });

  test.each([
    [null, 'usage', 'ok'],
    [null, 'hybrid', 'warning'],
    [{ 'package-0': { idle_w: 4, seconds: 600, samples: 60, percentile: 10 } }, 'hybrid', 'ok'],
    [{ 'package-9': { idle_w: 4, seconds: 600, samples: 60, percentile: 10 } }, 'hybrid', 'warning'],
    [{ 'package-0': { idle_w: -4 } }, 'hybrid', 'problem'],
  ])('with the calibration %j under %s: %s', async (domains, policy, verdict) => {
    zone(1_000_000n);
    const calibration = { version: 1, tool: 'x', host: hostName(), at: '2026-01-01T00:00:00Z', domains };
    if (domains !== null) tree.write('var/calibration.json', JSON.stringify(calibration));
    expect(verdicts(await checkSources(patient({ policy }), clock())).at(-1)).toBe(`calibration: ${verdict}`);
  });

  test('each source that serves nothing says why, and is no fault', async () => {
    zone(1_000_000n);
    const checks = await checkSources(patient({ bmc: { program: 'none' } }), clock());
    const sources = checks.filter(({ name }) => name.startsWith('source '));
    expect(sources.every(({ verdict }) => verdict === 'ok')).toBe(true);
    expect(Object.fromEntries(sources.map(({ name, text }) => [name.slice('source '.length), text]))).toEqual(
      {
        nvidia: expect.stringMatching(/^not used: no driver of NVIDIA is loaded: /) as string,
        amdgpu: expect.stringMatching(/^not used: no GPU of AMD below /) as string,
        intel_gpu: expect.stringMatching(/^not used: no GPU of Intel below /) as string,
        cray: expect.stringMatching(/^not used: no .*pm_counters: not a Cray node$/) as string,
        hwmon: expect.stringMatching(/^not used: no sensor of energy or power below /) as string,
        bmc: 'not used: switched off in eit.yaml (bmc.program: none)',
        'cpu-model': expect.stringContaining('cpuinfo') as string,
        'dram-model': expect.stringContaining('meminfo') as string,
      },
    );
  });

  test('a program that eit.yaml names and that cannot be run is a problem', async () => {
    zone(1_000_000n);
    const checks = await checkSources(patient({ bmc: { program: '/nonexistent/ipmitool' } }), clock());
    expect(checks.find(({ name }) => name === 'source bmc')).toEqual({
      name: 'source bmc',
      verdict: 'problem',
      text: 'bmc.program of eit.yaml: there is no /nonexistent/ipmitool',
      mend: 'mend or leave out that key of eit.yaml',
    });
  });

  test('a sensor of power has its watts after a second look, and the module that holds others says so', async () => {
    const parts = { Module: 312, Grace: 101, CPU: 45, SysIO: 23 };
    for (const [i, [part, powerW]] of Object.entries(parts).entries()) {
      const dir = `sys/class/hwmon/hwmon${i}`;
      tree.write(`${dir}/name`, 'power_meter\n');
      tree.write(`${dir}/device/power1_oem_info`, `${part} Power Socket 0\n`);
      tree.write(`${dir}/device/power1_average`, `${powerW * 1e6}\n`);
    }
    const checks = await checkSources(patient(), clock());
    const domains = checks.filter(({ name }) => name.startsWith('domain '));
    expect(domains.map(({ name, verdict, text }) => `${name}: ${verdict}, ${text.split(',')[0]}`)).toEqual([
      'domain package-0: ok, 45.0 W now',
      'domain sysio-0: ok, 23.0 W now',
      'domain dram-0: ok, 33.0 W now',
      'domain module-0: ok, 312.0 W now',
    ]);
    expect(domains.at(-1)?.text).toContain(
      'holds others: shown beside them, never added; holds Grace and the GPU',
    );
  });

  test('CPUs and packages are counted', () => {
    expect(checkTopology(patient()).verdict).toBe('warning');
    for (const cpu of [0, 1, 2, 3]) {
      const topology = `sys/devices/system/cpu/cpu${cpu}/topology`;
      tree.write(`${topology}/physical_package_id`, `${cpu % 2}\n`);
    }
    expect(checkTopology(patient())).toMatchObject({ verdict: 'ok', text: '4 online, 2 packages' });
  });
});

describe('cgroups', () => {
  const SCOPE = 'cgroup/system.slice/n1_slurmstepd.scope';

  test('of v2 with what divides energy in them are well', () => {
    tree.write(`${SCOPE}/cpu.stat`, 'usage_usec 1\n');
    tree.write(`${SCOPE}/cgroup.subtree_control`, 'cpuset cpu memory\n');
    mkdirSync(tree.path(`${SCOPE}/job_7`));
    expect(checkCgroups(patient())).toEqual([
      {
        name: 'cgroups n1',
        verdict: 'ok',
        text: `v2, ${tree.path(SCOPE)}, 1 job now; with cpuset, cpu, memory`,
      },
    ]);
  });

  test.each([
    ['cpu\n', 'without memory and cpuset'],
    ['cpuset\n', 'without memory:'],
    ['memory\n', 'without cpuset:'],
  ])('whose jobs have only %j are a warning', (served, text) => {
    tree.write(`${SCOPE}/cpu.stat`, 'usage_usec 1\n');
    tree.write(`${SCOPE}/cgroup.subtree_control`, served);
    const [check] = checkCgroups(patient());
    expect(check?.verdict).toBe('warning');
    expect(check?.text).toContain(text);
  });

  test('of v1 are well where memory and cpuset have the same path', () => {
    const dir = 'slurm/uid_1000/job_3';
    for (const mount of ['cpu,cpuacct', 'memory', 'cpuset'])
      mkdirSync(tree.path(`cgroup/${mount}/${dir}`), { recursive: true });
    tree.write('cgroup/cpu,cpuacct/slurm/cpuacct.usage', '1\n');
    expect(checkCgroups(patient())[0]).toMatchObject({ name: 'cgroups', verdict: 'ok' });
    tree.remove('cgroup/memory');
    expect(checkCgroups(patient())[0]).toMatchObject({ verdict: 'warning' });
  });

  test('that are not there are a warning, with the jobs that have none', () => {
    mkdirSync(tree.path('cgroup'));
    mkdirSync(tree.path('proc'));
    expect(checkCgroups(patient())[0]?.text).toContain("no directory of slurmd's");
    tree.write('proc/50/stat', `50 (slurmstepd) S 1 ${'0 '.repeat(17)}9 0 0\n`);
    tree.write('proc/50/status', 'Uid:\t0\t0\t0\t0\n');
    tree.write('proc/50/cmdline', 'slurmstepd: [12.batch]\0');
    expect(checkCgroups(patient())[0]).toMatchObject({
      verdict: 'warning',
      text: expect.stringContaining('job 12 without a cgroup') as string,
    });
  });
});

describe('slurm.conf', () => {
  const slurm = (text: string, unit = tree.path('none')): Check[] => {
    tree.write('slurm.conf', text.replaceAll('DIR', tree.dir));
    const conf = readMachinesConf({}, [tree.path('none'), tree.path('slurm.conf')]);
    if (isMissing(conf)) throw new Error(conf.missing);
    return checkHooks(conf.tree, { unit });
  };
  const hooks = (): void => {
    for (const hook of ['prolog', 'epilog']) {
      mkdirSync(tree.path('eit'), { recursive: true });
      copyFileSync(join(TOP, hook), tree.path(`eit/${hook}`));
    }
  };
  const script = (path: string, text: string, mode = 0o755): void => {
    tree.write(path, text);
    chmodSync(tree.path(path), mode);
  };

  test('that names our hooks is well', () => {
    hooks();
    const checks = slurm('Prolog=DIR/eit/prolog\nEpilog=DIR/eit/epilog\nPrologFlags=Contain\n');
    expect(verdicts(checks)).toEqual(['Prolog: ok', 'Epilog: ok', 'PrologFlags: ok']);
  });

  test('our hooks are found in a folder by a link, and behind a script that calls them', () => {
    hooks();
    script('prolog.d/10-site', '#!/bin/sh\n');
    script('prolog.d/20-off', '#!/bin/sh\n', 0o644);
    tree.link('prolog.d/50-eit', tree.path('eit/prolog'));
    script('epilog.sh', `#!/bin/sh\nEIT_CONFIG=/x ${tree.path('eit/epilog')}\n`);
    const checks = slurm('Prolog=DIR/prolog.d/*\nEpilog=DIR/epilog.sh\n');
    expect(verdicts(checks).slice(0, 2)).toEqual(['Prolog: ok', 'Epilog: ok']);
  });

  test.each([
    ['no lines', '', 'no Prolog='],
    ['a script of somebody else', 'Prolog=DIR/other', 'leads to no script of EIT'],
    ['the other hook', 'Prolog=DIR/eit/epilog', 'leads to no script of EIT'],
    ['a script that is not there', 'Prolog=DIR/gone', 'which drains the node'],
    ['a folder without a match', 'Prolog=DIR/eit/*.sh', 'which drains the node'],
    ['a script that is not executable', 'Prolog=DIR/eit/off-prolog', 'is not executable'],
  ])('%s is a problem', (_, text, message) => {
    hooks();
    script('other', '#!/bin/sh\necho epilog\n');
    copyFileSync(join(TOP, 'prolog'), tree.path('eit/off-prolog'));
    chmodSync(tree.path('eit/off-prolog'), 0o644);
    const check = slurm(text).find(({ name }) => name === 'Prolog');
    expect(check).toMatchObject({ verdict: 'problem', text: expect.stringContaining(message) as string });
    expect(check?.mend).toBeDefined();
  });

  test('one that the controller sends, or an included file may have, is unknown', () => {
    expect(verdicts(slurm('Prolog=prolog\nInclude hooks.conf\n')).slice(0, 2)).toEqual([
      'Prolog: unknown',
      'Epilog: unknown',
    ]);
  });

  test('that is nowhere is unknown', () => {
    expect(readMachinesConf({ SLURM_CONF: tree.path('none') })).toEqual({
      missing: `none of ${tree.path('none')} is here`,
    });
  });

  test.each([
    ['', 'warning'],
    ['PrologFlags=Alloc', 'ok'],
    ['PrologFlags=contain,Serial', 'ok'],
    ['PrologFlags=RunInJob', 'warning'],
  ])('%s: %s', (text, verdict) => {
    expect(slurm(text).at(-1)).toMatchObject({ name: 'PrologFlags', verdict });
  });

  test('RunInJob is well where the agent is a service', () => {
    tree.write('unit', '');
    expect(slurm('PrologFlags=RunInJob', tree.path('unit')).at(-1)?.verdict).toBe('ok');
  });
});

describe('the agent', () => {
  const agent = {
    pid: 7,
    uid: 0,
    gid: 0,
    sinceMs: 0,
    aliveS: 100,
    cpuS: 1,
    rssBytes: null,
    anonymousBytes: null,
  };
  const none = { missing: 'no agent runs' };
  const checkpoint = (atMs: number, host = hostName()): void =>
    tree.write(
      'var/agent-checkpoint.json',
      JSON.stringify({ version: 2, host, state: { at: { wallMs: atMs }, runs: {} } }),
    );
  const lock = (isHeld: boolean): void => {
    tree.write('state/agent.lock', '');
    const { ino } = statSync(tree.path('state/agent.lock'));
    const line = `1: FLOCK  ADVISORY  WRITE 7 fe:01:${isHeld ? ino : ino + 1} 0 EOF\n2: POSIX  ADVISORY  WRITE 7 fe:01:${ino} 0 EOF\n`;
    tree.write('kernel/locks', line);
  };
  beforeEach(() => {
    mkdirSync(tree.path('proc'));
  });

  test('that reads is well', () => {
    lock(true);
    checkpoint(NOW_MS - 40_000);
    expect(verdicts(checkAgent(patient(), agent))).toEqual(['agent: ok', 'last reading: ok']);
  });

  test('whose last reading is old is a problem', () => {
    lock(true);
    checkpoint(NOW_MS - 200_000);
    expect(verdicts(checkAgent(patient(), agent))).toEqual(['agent: ok', 'last reading: problem']);
  });

  test('without its lock is a problem', () => {
    lock(false);
    checkpoint(NOW_MS);
    expect(verdicts(checkAgent(patient(), agent))[0]).toBe('agent: problem');
  });

  test('that is not there is a problem with systemd, and without where a job is', () => {
    expect(checkAgent(patient(), none, { systemd: tree.dir })[0]?.verdict).toBe('problem');
    const systemd = tree.path('none');
    expect(checkAgent(patient(), none, { systemd })[0]?.verdict).toBe('ok');
    mkdirSync(tree.path('cgroup/system.slice/slurmstepd.scope/job_5'), { recursive: true });
    expect(checkAgent(patient(), none, { systemd })[0]).toMatchObject({
      verdict: 'problem',
      text: 'no agent runs, though job 5 is here',
    });
    lock(true);
    expect(checkAgent(patient(), none, { systemd })[0]?.verdict).toBe('warning');
  });

  test("a checkpoint that is another host's, or was refused, is told", () => {
    checkpoint(NOW_MS, 'other');
    tree.write('var/agent-checkpoint.json.refused', '');
    expect(verdicts(checkCheckpoint(patient()))).toEqual(['checkpoint: warning', 'checkpoint: warning']);
    tree.write('var/agent-checkpoint.json', '{');
    expect(verdicts(checkCheckpoint(patient()))[0]).toBe('checkpoint: problem');
    tree.remove('var');
    expect(verdicts(checkCheckpoint(patient()))).toEqual(['checkpoint: ok']);
  });
});

describe('events', () => {
  const event = (ageS: number): void => {
    tree.write('state/events/prolog.5.100.0', '');
    utimesSync(tree.path('state/events/prolog.5.100.0'), NOW_MS / 1000, NOW_MS / 1000 - ageS);
  };

  test.each([
    [10, false, 'ok'],
    [120, false, 'problem'],
    [120, true, 'ok'],
    [700, true, 'problem'],
  ])('of %d s, agent there: %s: %s', (ageS, isThere, verdict) => {
    event(ageS);
    expect(checkEvents(patient(), isThere)[0]?.verdict).toBe(verdict);
  });

  test('that were none are a warning', () => {
    tree.write('state/refused-events/prolog.5.100.0', '');
    expect(verdicts(checkEvents(patient(), true))).toEqual(['events: ok', 'events: warning']);
  });
});

describe('records', () => {
  const writable: LedgerLook = { kind: 'writable', asUid: null };
  const spool = (ageS: number): Check[] => {
    const to = new Date(NOW_MS - ageS * 1000).toISOString();
    tree.write(`spool/lab/${to.slice(0, 10)}.ndjson`, `{"kind":"host","to":"${to}"}\n`);
    return checkSpool(patient(), writable);
  };

  test.each([
    [100, 'ok'],
    [700, 'warning'],
    [4000, 'problem'],
  ])('that wait for %d s: %s', (ageS, verdict) => {
    expect(spool(ageS)[0]?.verdict).toBe(verdict);
  });

  test('that wait for their turn in a long stretch are not late', () => {
    const to = new Date(NOW_MS - 4000_000).toISOString();
    tree.write(`spool/lab/${to.slice(0, 10)}.ndjson`, `{"kind":"host","to":"${to}"}\n`);
    const long = patient({ agent: { record_seconds: 3600 } });
    expect(checkSpool(long, writable)[0]?.verdict).toBe('ok');
  });

  test.each([
    ['context', { contexts: 5 }, 'warning'],
    ['energy', { energyLines: 1, hostUj: 9_000_000 }, 'problem'],
  ] as const)('of which %s had to go are said until somebody has seen it', (_, gone, verdict) => {
    mkdirSync(tree.path('spool'));
    addPruned(tree.path('spool'), { ...noPruning(), ...gone }, NOW_MS);
    const [, said] = checkSpool(patient(), writable);
    expect(said).toMatchObject({ verdict, mend: expect.stringContaining('pruned.json') as string });
    tree.remove('spool/pruned.json');
    expect(checkSpool(patient(), writable)).toHaveLength(1);
  });

  test('that nobody carries, since the unit does not run, are a problem', () => {
    expect(checkShipper(patient())).toEqual([]);
    const unit = patient({ shipper: 'unit' });
    expect(checkShipper(unit)).toMatchObject([
      { verdict: 'problem', mend: 'systemctl enable --now eit-shipper' },
    ]);
    tree.write('spool/.shipper/lock', '');
    const { ino } = statSync(tree.path('spool/.shipper/lock'));
    tree.write('kernel/locks', `1: FLOCK  ADVISORY  WRITE 77 fe:00:${ino} 0 EOF\n`);
    expect(checkShipper(unit)).toMatchObject([{ verdict: 'ok' }]);
  });

  test('that were refused are a warning', () => {
    tree.write('spool/lab/refused.ndjson', '{}\n');
    expect(verdicts(checkSpool(patient(), writable))).toEqual(['spool: ok', 'spool: warning']);
  });

  test.each([
    ['EROFS', 'its file system is read-only', 'read-write'],
    ['EACCES', 'its owner and mode do not let that user', "the agent's user"],
    ['EIO', 'as uid 7: EIO; records wait', "the agent's user"],
  ])('whose spool answers %s: it says so, and not that it is full', (reason, text, mend) => {
    mkdirSync(tree.path('spool'));
    expect(checkSpool(patient(), { kind: 'refused', reason, asUid: 7 })).toMatchObject([
      { verdict: 'ok' },
      {
        verdict: 'problem',
        text: expect.stringContaining(text) as string,
        mend: expect.stringContaining(mend) as string,
      },
    ]);
  });

  const log = (...lines: string[]): Check[] => {
    tree.write('state/agent.log', lines.map((line) => `2026-05-01T10:00:00.000Z warn ${line}\n`).join(''));
    return checkWriting(patient());
  };
  test('records that cannot be written are shown until they are', () => {
    const line = (text: string) => `2026-05-01T10:00:00.000Z ${text}\n`;
    const trouble = line('error EIT_SPOOL: cannot write /x: ENOSPC; kept in memory and tried again');
    tree.write('state/agent.log', trouble);
    expect(checkWriting(patient())).toMatchObject([
      { verdict: 'problem', text: expect.stringContaining('ENOSPC') as string },
    ]);
    tree.write('state/agent.log', trouble + line('info records are written again'));
    expect(checkWriting(patient())).toEqual([]);
  });

  test("the shipper's trouble is shown as long as it lasts", () => {
    const trouble = 'shipper: EIT_LEDGER_UNWRITABLE: cannot write /srv/x';
    expect(log('source x: y')).toEqual([]);
    expect(log(trouble)).toMatchObject([
      { verdict: 'problem', text: `${trouble} (since 2026-05-01T10:00:00.000Z)` },
    ]);
    expect(log(trouble, 'shipper: the ledger can be written again')).toEqual([]);
    const none = 'no shipper, records wait in the spool: EIT_LEDGER_USER: ledger_user: x';
    expect(log(none)).toHaveLength(1);
    expect(log(none, 'the shipper can be started again')).toEqual([]);
    expect(log('shipper: the ledger can be written again', trouble)).toHaveLength(1);
    // Another agent's, and it may be over.
    expect(log(trouble, 'agent 0.1.0 begins (process 7)')).toEqual([]);
  });
});

describe('the ledger', () => {
  const look = async (ledger: string, as: { uid: number; gid: number } | null = null) => {
    const sick = patient({ ledger });
    return checkLedger(sick, await probeLedger(ledger, as));
  };

  test('that can be written is well', async () => {
    mkdirSync(tree.path('ledger'));
    expect((await look(tree.path('ledger'))).verdict).toBe('ok');
  });

  test("is made below the host's own folder, and has to be there elsewhere", async () => {
    expect((await look(tree.path('var/ledger'))).verdict).toBe('ok');
    expect(await look(tree.path('srv/ledger'))).toMatchObject({
      verdict: 'problem',
      mend: expect.stringContaining('install -d -m 0711') as string,
    });
  });

  test('that is no folder is a problem', async () => {
    tree.write('ledger', '');
    expect(await look(tree.path('ledger'))).toMatchObject({
      verdict: 'problem',
      text: expect.stringContaining('not a folder') as string,
    });
  });

  asRoot("is looked at as the agent's user", async () => {
    mkdirSync(tree.path('ledger'), { mode: 0o755 });
    expect(await look(tree.path('ledger'), { uid: 65534, gid: 65534 })).toMatchObject({
      verdict: 'problem',
      text: expect.stringContaining('as uid 65534: EACCES') as string,
    });
    chownSync(tree.path('ledger'), 65534, 65534);
    expect((await look(tree.path('ledger'), { uid: 65534, gid: 65534 })).verdict).toBe('ok');
  });

  test('whose file system hangs is given up', async () => {
    expect(checkLedger(patient(), await probeLedger(tree.dir, null, 0))).toMatchObject({
      verdict: 'problem',
      text: expect.stringContaining('gave no answer in 0 s') as string,
    });
  });
});

describe('what is printed', () => {
  const checks: Check[] = [
    { name: 'config', verdict: 'ok', text: '/etc/eit/eit.yaml' },
    { name: 'ledger', verdict: 'problem', text: 'first\nsecond \u001b[2J', mend: 'mount it' },
    { name: 'spool', verdict: 'unknown', text: 'needs root' },
  ];

  test('a line a check, the mending below it, nothing that a terminal obeys', () => {
    expect([...checksText(checks, false)].join('')).toBe(
      [
        'ok       config  /etc/eit/eit.yaml',
        'problem  ledger  first',
        '                 second \\u{1b}[2J',
        '                 mend: mount it',
        'unknown  spool   needs root',
        '',
        '1 problem, 0 warnings',
        '1 unknown; as root more can be looked at',
        '',
      ].join('\n'),
    );
  });
});
