import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { differenceCounter } from '../../../src/attribution/counter';
import { type BmcParts, bmc, openBmc } from '../../../src/sources/bmc';
import { startProgram } from '../../../src/sources/bmc-poller';
import { type EnergyMeter, type Missing, isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree } from './tree';
import { SETTINGS } from './settings';

const SECOND_NS = 1_000_000_000n;
const fixture = (name: string): string => join(FIXTURES, 'dcmi', `${name}.txt`);
const print = (name: string): string => `cat '${fixture(name)}'`;

/** Programs, and what they leave behind for the test to look at. */
let dir: string;
let sys: Tree;
let meter: EnergyMeter | Missing | null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-bmc-'));
  chmodSync(dir, 0o755);
  sys = new Tree({ 'class/ipmi/ipmi0/dev': '240:0\n' });
  meter = null;
});
afterEach(async () => {
  if (meter !== null && !isMissing(meter)) meter.close();
  for (const pid of pidsIn('pids')) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await until(() => pidsIn('pids').every((pid) => !isAlive(pid)));
  rmSync(dir, { recursive: true, force: true });
  sys.remove();
});

function write(name: string, script: string, mode = 0o755): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\ncd '${dir}' || exit 9\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

function textOf(name: string): string {
  return existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : '';
}

function linesOf(name: string): string[] {
  return textOf(name)
    .split('\n')
    .filter((line) => line !== '');
}

function pidsIn(name: string): number[] {
  return linesOf(name).map(Number);
}

/** A dead one that nobody has waited for (the container's init may not) is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Waits for as long as it takes; jest has a bound for what never comes. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

interface Times {
  readonly interval_seconds?: number;
  readonly timeout_seconds?: number;
}

const ASKED_ONCE: Times = { interval_seconds: 600, timeout_seconds: 60 };
const ASKED_OFTEN: Times = { interval_seconds: 0.02, timeout_seconds: 60 };

function tryOpen(program: string, times: Times = ASKED_ONCE, parts: BmcParts = {}): EnergyMeter | Missing {
  const settings = { program, interval_seconds: 600, timeout_seconds: 60, ...times };
  meter = openBmc({ sys: sys.dir }, settings, { folders: [dir], ...parts });
  return meter;
}

function open(program: string, times?: Times, parts?: BmcParts): EnergyMeter {
  const opened = tryOpen(program, times, parts);
  if (isMissing(opened)) throw new Error(opened.missing);
  return opened;
}

function whyNot(program: string): string {
  const opened = tryOpen(program);
  return isMissing(opened) ? opened.missing : `serves ${opened.domains[0]?.source}`;
}

function readAt(from: EnergyMeter, monoNs = process.hrtime.bigint()): bigint | string {
  const [value, ...others] = from.read({ monoNs, wallMs: 0 });
  if (value === undefined || others.length > 0) throw new Error('not one value');
  return isMissing(value) ? value.missing : value;
}

/** Reads until there is energy. */
async function energyOf(from: EnergyMeter, now?: () => bigint): Promise<bigint> {
  for (;;) {
    const value = readAt(from, now?.());
    if (typeof value === 'bigint') return value;
    await sleep(5);
  }
}

/** Reads until it says why there is no energy, in words that hold `part`. */
async function reasonOf(from: EnergyMeter, part: string, now?: () => bigint): Promise<string> {
  for (;;) {
    const value = readAt(from, now?.());
    if (typeof value === 'string' && value.includes(part)) return value;
    await sleep(5);
  }
}

describe('which program asks', () => {
  test('none, where eit.yaml says so', () => {
    write('ipmitool', print('ipmitool-activated'));
    expect(whyNot('none')).toBe('switched off in eit.yaml (bmc.program: none)');
  });

  test.each<[string, () => void]>([
    ['no such folder', () => sys.remove('class')],
    ['nothing in it', () => sys.remove('class/ipmi/ipmi0')],
  ])('none by itself, where the kernel shows no controller: %s', (_name, spoil) => {
    write('ipmitool', print('ipmitool-activated'));
    spoil();
    expect(whyNot('auto')).toMatch(
      /^no management controller \(BMC\) below .*class\/ipmi; .* modules ipmi_si .* and ipmi_devintf$/,
    );
  });

  test('none, where neither is installed: which packages have them', () => {
    expect(whyNot('auto')).toMatch(/neither ipmi-dcmi nor ipmitool .* freeipmi-tools .* ipmitool$/);
  });

  test('ipmi-dcmi before ipmitool, wherever they are', () => {
    write('ipmitool', print('ipmitool-activated'));
    expect(whyNot('auto')).toBe('serves bmc: ipmitool');
    const second = new Tree({ 'ipmi-dcmi': '#!/bin/sh\n' });
    chmodSync(second.path('ipmi-dcmi'), 0o755);
    meter = openBmc(
      { sys: sys.dir },
      { program: 'auto', interval_seconds: 10, timeout_seconds: 5 },
      { folders: [dir, second.dir] },
    );
    second.remove();
    expect(meter).toMatchObject({ domains: [{ source: 'bmc: ipmi-dcmi' }] });
  });

  test('the one that eit.yaml names, though the kernel shows no controller', () => {
    sys.remove('class');
    expect(whyNot(write('ipmi-dcmi', ''))).toBe('serves bmc: ipmi-dcmi');
    expect(whyNot(write('ipmitool-over-lan', ''))).toBe('serves bmc: ipmitool');
  });

  test.each<[string, () => string, RegExp]>([
    ['is not there', () => join(dir, 'ipmitool'), /bmc\.program of eit\.yaml: there is no .*\/ipmitool$/],
    ['may not be run', () => write('ipmitool', '', 0o644), /may not run .*\/ipmitool \(EACCES\)$/],
    ['is a folder', () => folder('ipmitool'), /\/ipmitool is not a program$/],
    ['is not absolute', () => 'ipmitool', /ipmitool is not an absolute path$/],
    [
      'is neither',
      () => write('racadm', ''),
      /the name of .*\/racadm is neither ipmi-dcmi nor ipmitool; a script/,
    ],
    ['goes in a circle', () => circle('ipmitool'), /cannot run .*\/ipmitool: ELOOP$/],
    ['others could replace', () => write('ipmitool', '', 0o777), /someone else could replace .*\/ipmitool/],
    ['holds a NUL', () => `${dir}/ipmitool\0`, /cannot run .*: ERR_INVALID_ARG_VALUE$/],
  ])('none, where the one that eit.yaml names %s', (_name, make, reason) => {
    expect(whyNot(make())).toMatch(reason);
  });

  test('one that others could replace is passed over for one that they could not', () => {
    write('ipmi-dcmi', '', 0o777);
    expect(whyNot('auto')).toMatch(/someone else could replace .*\/ipmi-dcmi/);
    write('ipmitool', '');
    expect(whyNot('auto')).toBe('serves bmc: ipmitool');
  });

  test('its own folders, not those of the environment', () => {
    const settings = { program: 'auto', interval_seconds: 10, timeout_seconds: 5 };
    const path = process.env['PATH'];
    write('ipmitool', '');
    process.env['PATH'] = dir;
    try {
      const opened = openBmc({ sys: sys.dir }, settings);
      // A machine that has one of them for itself has it elsewhere.
      expect(JSON.stringify(opened)).not.toContain(dir);
    } finally {
      process.env['PATH'] = path;
    }
  });
});

function folder(name: string): string {
  mkdirSync(join(dir, name));
  return join(dir, name);
}

function circle(name: string): string {
  symlinkSync(name, join(dir, name));
  return join(dir, name);
}

test('one domain: the whole node, measured, added up here', () => {
  write('ipmitool', '');
  expect(open('auto', { interval_seconds: 10, timeout_seconds: 5 }).domains).toEqual([
    {
      name: 'node',
      class: 'whole',
      quality: 'measured',
      source: 'bmc: ipmitool',
      maxPowerW: 65_534 * 36,
      isNode: true,
      isIntegrated: true,
      lagS: 15,
      note: expect.stringMatching(/^.*averages.*chassis.{1,60}$/),
    },
  ]);
  expect(bmc).toMatchObject({ name: 'bmc', unit: 'W' });
});

test('the source takes its settings from eit.yaml', () => {
  const roots = { sys: sys.dir, proc: '/proc', cgroup: '/sys/fs/cgroup' };
  const settings = { ...SETTINGS, bmc: { program: 'none', interval_seconds: 10, timeout_seconds: 5 } };
  expect(bmc.open(roots, settings)).toEqual({
    missing: 'switched off in eit.yaml (bmc.program: none)',
  });
});

describe('the answer', () => {
  test.each([
    ['ipmi-dcmi', 'ipmi-dcmi-active', 418n],
    ['ipmitool', 'ipmitool-activated', 236n],
    ['ipmitool', 'ipmitool-joined-lines', 1215n],
  ])('of %s (%s) is power, and energy is power over time', async (name, text, powerW) => {
    write(name, print(text));
    let nowNs = 1000n * SECOND_NS;
    const now = (): bigint => nowNs;
    const asked = open('auto', ASKED_ONCE, { now });
    expect(await energyOf(asked, now)).toBe(0n);
    nowNs += 10n * SECOND_NS;
    expect(readAt(asked, nowNs)).toBe(powerW * 10_000_000n);
  });

  test('is of the time when it came in, on the clock of the readings', async () => {
    write('ipmitool', print('ipmitool-activated'));
    const beforeNs = process.hrtime.bigint();
    const asked = open('auto');
    await energyOf(asked);
    const afterNs = process.hrtime.bigint();
    const energyUj = Number(readAt(asked, afterNs + 10n * SECOND_NS));
    expect(energyUj).toBeGreaterThanOrEqual(236 * 10e6);
    expect(energyUj).toBeLessThanOrEqual(236 * (10e6 + Number(afterNs - beforeNs) / 1e3));
  });

  test('is asked for in English, with the arguments of the program and nothing of our surroundings', async () => {
    write('ipmi-dcmi', `echo "$@" >args; env | sort >env; ${print('ipmi-dcmi-active')}`);
    process.env['EIT_SECRET'] = 'x';
    try {
      await energyOf(open('auto'));
    } finally {
      delete process.env['EIT_SECRET'];
    }
    expect(linesOf('args')).toEqual(['--get-system-power-statistics']);
    const names = linesOf('env').map((line) => line.replace(/=.*/, ''));
    // The shell of the script itself puts in what is not LC_ALL and PATH.
    expect(names.filter((name) => !['OLDPWD', 'PWD', 'SHLVL', '_'].includes(name))).toEqual([
      'LC_ALL',
      'PATH',
    ]);
    expect(linesOf('env')).toContain('LC_ALL=C');
  });

  test('of ipmitool is asked for by its arguments', async () => {
    write('ipmitool', `echo "$@" >args; ${print('ipmitool-activated')}`);
    await energyOf(open('auto'));
    expect(linesOf('args')).toEqual(['dcmi power reading']);
  });

  test.each<[string, string, RegExp]>([
    [
      'an error',
      'echo "ipmi_cmd_dcmi_get_power_reading: bad completion code" >&2; exit 1',
      /status 1: "ipmi_cmd_dcmi_/,
    ],
    [
      'an error though it prints power',
      `${print('ipmi-dcmi-active')}; exit 3`,
      /ended with status 3: "Current Power/,
    ],
    [
      'an error that only its text shows',
      'echo "    DCMI request failed because: x" >&2',
      /says "DCMI request failed/,
    ],
    [
      'what a real ipmitool says where there is no controller',
      `${print('ipmitool-no-device')} >&2; exit 1`,
      /ended with status 1: "Could not open device at \/dev\/ipmi0 or .*"$/,
    ],
    [
      'what a real ipmitool says of one without DCMI',
      `${print('ipmitool-simulator')} >&2; exit 1`,
      /status 1: "DCMI request failed because: Invalid command \(c1\)"$/,
    ],
    ['nothing', ':', /ipmi-dcmi says ""$/],
    ['a signal', 'kill -SEGV $$', /ended with SIGSEGV: ""$/],
    ['no power', print('ipmi-dcmi-not-available'), /ipmi-dcmi: the controller measures no power now/],
    ['0 W', `${print('ipmi-dcmi-active')} | sed 's/: 418/: 0/'`, /ipmi-dcmi: the controller says 0 W/],
    ['100 kW', `${print('ipmi-dcmi-active')} | sed 's/: 418/: 100000/'`, /100000 W, which no node draws/],
    ['codes for a terminal', String.raw`printf '\033]0;x\007\n' >&2; exit 1`, /status 1: "\?\]0;x\?"$/],
  ])('that is %s is missing energy, and the reason is told', async (_name, script, reason) => {
    write('ipmi-dcmi', script);
    expect(await reasonOf(open('auto'), 'ipmi-dcmi')).toMatch(reason);
  });

  test('that never comes, because the program cannot be started', async () => {
    const path = write('ipmitool', '');
    writeFileSync(path, '#!/nonexistent/interpreter\n');
    expect(await reasonOf(open('auto'), 'cannot be started')).toMatch(/ipmitool cannot be started: .*ENOENT/);
  });

  test('that never comes, because the system starts no process, is asked for again', async () => {
    write('ipmitool', print('ipmitool-activated'));
    let failures = 3;
    const asked = open('auto', ASKED_OFTEN, {
      start: (path, args) => {
        failures -= 1;
        if (failures >= 0) throw new Error('spawn ENOMEM');
        return startProgram(path, args);
      },
    });
    expect(readAt(asked)).toMatch(/ipmitool cannot be started: Error: spawn ENOMEM$/);
    await energyOf(asked);
  });

  test('holds for three intervals and the time of an answer, no longer', async () => {
    write('ipmitool', print('ipmitool-activated'));
    const nowNs = 1000n * SECOND_NS;
    const asked = open('auto', { interval_seconds: 600, timeout_seconds: 60 }, { now: () => nowNs });
    await energyOf(asked, () => nowNs);
    expect(readAt(asked, nowNs + 1860n * SECOND_NS)).toBe(236n * 1_860_000_000n);
    expect(readAt(asked, nowNs + 1860n * SECOND_NS + 1n)).toBe('no power was read for more than 1860 s');
  });

  test('that is the last for a while: then the reason is told, and energy goes on with the next one', async () => {
    write('ipmitool', `test ! -e broken || { echo gone >&2; exit 1; }; ${print('ipmitool-activated')}`);
    let nowNs = 1000n * SECOND_NS;
    const asked = open('auto', ASKED_OFTEN, { now: () => nowNs });
    await energyOf(asked, () => nowNs);
    writeFileSync(join(dir, 'broken'), '');
    expect(await reasonOf(asked, 'gone', () => nowNs + 120n * SECOND_NS)).toMatch(
      /^no power was read for more than 60\.06 s: .*\/ipmitool ended with status 1: "gone"$/,
    );
    rmSync(join(dir, 'broken'));
    nowNs += 1000n * SECOND_NS;
    await energyOf(asked, () => nowNs);
  });

  test('that rises as far as it can, as late as it can, is no reset of the counter', async () => {
    write(
      'ipmitool',
      `powerW=$(cat power) || exit; sed "s/ 236 / $powerW /" '${fixture('ipmitool-activated')}'`,
    );
    const show = (powerW: number): void => {
      writeFileSync(join(dir, 'new'), String(powerW));
      renameSync(join(dir, 'new'), join(dir, 'power'));
    };
    show(1);
    let nowNs = 1000n * SECOND_NS;
    const asked = open('auto', ASKED_OFTEN, { now: () => nowNs });
    await energyOf(asked, () => nowNs);
    rmSync(join(dir, 'power'));
    await reasonOf(asked, 'status 1', () => nowNs + 120n * SECOND_NS);
    nowNs += 60_060_000_000n;

    const before = { energyUj: await energyOf(asked, () => nowNs), monoNs: nowNs };
    show(65_534);
    let energyUj = before.energyUj;
    while (energyUj === before.energyUj) {
      await sleep(5);
      energyUj = await energyOf(asked, () => nowNs);
    }
    expect(energyUj).toBe((65_535n * 60_060_000n) / 2n);
    const [domain] = asked.domains;
    if (domain === undefined) throw new Error('no domain');
    expect(differenceCounter(domain, before, { energyUj, monoNs: nowNs })).toMatchObject({ kind: 'growth' });
  });
});

describe('the child process', () => {
  test('is started when the meter is first read, not before, and not after it is closed', async () => {
    let starts = 0;
    const parts: BmcParts = {
      start: (path, args) => {
        starts += 1;
        return startProgram(path, args);
      },
    };
    write('ipmitool', print('ipmitool-activated'));
    const asked = open('auto', ASKED_ONCE, parts);
    await sleep(20);
    expect(starts).toBe(0);
    await energyOf(asked);
    expect(starts).toBe(1);
    asked.close();
    asked.close();

    const never = open('auto', ASKED_OFTEN, parts);
    never.close();
    readAt(never);
    await sleep(60);
    expect(starts).toBe(1);
  });

  test('is asked each interval, and there are never two at once though an answer takes several intervals', async () => {
    write('ipmitool', `echo begin >>log; sleep 0.1; echo end >>log; ${print('ipmitool-activated')}`);
    const asked = open('auto', ASKED_OFTEN);
    await energyOf(asked);
    await until(() => linesOf('log').length >= 10);
    asked.close();
    const expected = linesOf('log').map((_, i) => (i % 2 === 0 ? 'begin' : 'end'));
    expect(linesOf('log')).toEqual(expected);
  });

  test('that hangs and ignores SIGTERM is given up with its own children, and the next one asked', async () => {
    write(
      'ipmitool',
      `test ! -e hung || { ${print('ipmitool-activated')}; exit; }
       trap '' TERM INT HUP; sleep 1000 & echo $! >>pids; echo $$ >>pids; touch hung; wait; sleep 1000`,
    );
    const asked = open('auto', { interval_seconds: 0.5, timeout_seconds: 0.2 });
    expect(await reasonOf(asked, 'was killed')).toMatch(
      /no power was read yet: .*\/ipmitool did not answer in 0\.2 s and was killed/,
    );
    await energyOf(asked);
    await until(() => pidsIn('pids').every((pid) => !isAlive(pid)));
    expect(pidsIn('pids').length).toBeGreaterThanOrEqual(2);
  });

  test('that hangs is not waited for by a reading', async () => {
    write('ipmitool', 'echo $$ >>pids; exec sleep 1000');
    const asked = open('auto');
    readAt(asked);
    await until(() => pidsIn('pids').length === 1);
    for (let i = 0; i < 1000; i += 1) expect(readAt(asked)).toBe('no power was read yet');
    expect(pidsIn('pids').map(isAlive)).toEqual([true]);
  });

  test('that cannot be killed is followed by no other until it has ended, and the reading says so', async () => {
    // Like one that waits in the kernel, what holds the pipes does not go when the program is killed.
    write(
      'ipmitool',
      `echo start >>log; test ! -e hung || { ${print('ipmitool-activated')}; exit; }
       setsid sleep 1000 & echo $! >>pids; touch hung; wait`,
    );
    const asked = open('auto', { interval_seconds: 0.02, timeout_seconds: 0.3 });
    await reasonOf(asked, 'did not answer in 0.3 s and was killed, but has not ended');
    const starts = linesOf('log').length;
    await sleep(300);
    expect(linesOf('log')).toHaveLength(starts);
    expect(pidsIn('pids').some(isAlive)).toBe(true);
    for (const pid of pidsIn('pids').filter(isAlive)) process.kill(pid, 'SIGKILL');
    await energyOf(asked);
  });

  test.each([
    ['its output', 'exec yes'],
    ['its complaints', 'exec yes >&2'],
  ])('that floods %s is killed', async (_name, script) => {
    write('ipmitool', `echo $$ >>pids; ${script}`);
    const asked = open('auto');
    expect(await reasonOf(asked, 'KiB')).toMatch(/\/ipmitool wrote more than 64 KiB and was killed/);
    await until(() => pidsIn('pids').every((pid) => !isAlive(pid)));
  });

  test('is killed with its own children when the meter is closed', async () => {
    write('ipmitool', "trap '' TERM INT HUP; sleep 1000 & echo $! >>pids; echo $$ >>pids; wait; sleep 1000");
    const asked = open('auto', ASKED_OFTEN);
    readAt(asked);
    await until(() => pidsIn('pids').length === 2);
    expect(pidsIn('pids').map(isAlive)).toEqual([true, true]);
    asked.close();
    await until(() => pidsIn('pids').every((pid) => !isAlive(pid)));
    await sleep(60);
    expect(pidsIn('pids')).toHaveLength(2);
  });

  test('keeps nobody from ending, nor do the timers', async () => {
    const children: ChildProcess[] = [];
    write('ipmitool', 'echo $$ >>pids; exec sleep 1000');
    const held = (): string[] =>
      process.getActiveResourcesInfo().filter((kind) => /Process|Pipe|Timeout/.test(kind));
    const before = held();
    const asked = open(
      'auto',
      { interval_seconds: 600, timeout_seconds: 600 },
      {
        start: (path, args) => {
          const child = startProgram(path, args);
          children.push(child);
          return child;
        },
      },
    );
    readAt(asked);
    const after = held();
    expect(children).toHaveLength(1);
    expect(after.sort()).toEqual(before.sort());

    // So that the line above can fail.
    const control = spawn('sleep', ['1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const withControl = held();
    control.kill('SIGKILL');
    expect(withControl.length).toBeGreaterThan(before.length);
    await until(() => pidsIn('pids').length === 1);
  });
});
