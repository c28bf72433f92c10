import { chmodSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentHome } from './agent-home';
import { describeTerminal } from '../fake-nvidia-smi/describe-terminal';
import { RealTerminal } from './terminal';

const EIT = join(__dirname, '../../dist/eit.js');
const AGENT = 'agent: { interval_seconds: 10, live_seconds: 0.5, record_seconds: 10, linger_seconds: 60 }';
const EVIL = 'mallory\x1b]0;owned\x07\x1b[31m';

let home: AgentHome;
let worker: NodeJS.Timeout | undefined;
let terminal: RealTerminal;

/** `eit top` behind a shell, which stays: so that what is left of the screen can be seen. */
async function open(
  args: readonly string[] = [],
  options: {
    readonly columns?: number;
    readonly rows?: number;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<void> {
  const { columns = 80, rows = 24, env = {} } = options;
  const command = `echo before; ${process.execPath} ${EIT} top --interval 0.5 ${args.join(' ')}; echo "after $?"; stty -a | grep -o ' echo '; sleep 60`;
  terminal = new RealTerminal('/bin/bash', ['-c', command], {
    columns,
    rows,
    env: {
      PATH: process.env.PATH ?? '',
      EIT_CONFIG: home.config,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      ...env,
    },
  });
  if (env['TERM'] !== 'dumb') await terminal.shows(/^ +7 ada +\d/m);
}

/** What was there before, and a terminal as it was. */
async function expectRestored(status: number): Promise<void> {
  await terminal.shows(new RegExp(`^after ${status}$`, 'm'));
  await terminal.shows(/ echo/);
  expect(terminal.isAlternate).toBe(false);
  expect(terminal.lines()[0]).toBe('before');
  expect(terminal.text()).not.toContain('eit top -');
  // The cursor is shown again, and lines wrap.
  expect(terminal.written.lastIndexOf('\x1b[?25h')).toBeGreaterThan(
    terminal.written.lastIndexOf('\x1b[?25l'),
  );
  expect(terminal.written.lastIndexOf('\x1b[?7h')).toBeGreaterThan(terminal.written.lastIndexOf('\x1b[?7l'));
}

function topPid(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[1]);
      if (parent === terminal.pty.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('eit.js'))
        return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error('eit top is not there');
}

describeTerminal('eit top in a real terminal', () => {
  beforeAll(async () => {
    home = new AgentHome([AGENT, 'site: { zone: DE, pue: 1.25 }']);
    chmodSync(home.dir, 0o755);
    await home.start();
    home.hook('prolog', 7);
    home.hook('prolog', 8, { SLURM_JOB_USER: EVIL, SLURM_JOB_UID: '1001' });
    let cpuS = 0;
    worker = setInterval(() => {
      cpuS += 0.02;
      home.spend(2, 0.05);
      home.setCpu(7, cpuS, cpuS * 1.5);
      home.setCpu(8, cpuS / 2, cpuS * 1.5);
    }, 50);
  });
  afterAll(async () => {
    clearInterval(worker);
    await home.remove();
  });
  afterEach(() => terminal.end());

  test('80 columns: host, watts, jobs, energy; q gives the screen back', async () => {
    await open();
    const text = await terminal.shows(
      /^[\d.]+ W {2}CPU [\d.]+ {2}\| jobs [\d.]+ {2}idle [\d.]+ {2}system [\d.]+$/m,
    );
    expect(terminal.isAlternate).toBe(true);
    const lines = text.split('\n');
    expect(lines).toHaveLength(24);
    expect(lines[0]).toMatch(/^eit top - \S+ {2}\d\d:\d\d:\d\d {2}2 jobs {2}CPUs [\d.?]+\/2/);
    expect(text).toMatch(/today [\d.]+ m?Wh {2}[\d.]+ m?g CO2e {2}\(DE \d+ g\/kWh.*, PUE 1.25\)/);
    expect(text).toMatch(/^ +JOB USER +WATTS .*CPU W +ENERGY +CO2e/m);
    expect(lines[23]).toMatch(/^q quit {2}h help/);
    terminal.pty.write('q');
    await expectRestored(0);
  });

  test('names of others write no codes', async () => {
    await open([], { columns: 120 });
    await terminal.shows(/^ +8 mallory\+? /m);
    expect(terminal.written).not.toContain('\x1b]0;');
    expect(terminal.written).not.toContain('\x1b[31m');
  });

  test('keys: sort, select, detail, filter, help', async () => {
    await open();
    terminal.pty.write('j');
    terminal.pty.write('\r');
    await terminal.shows(/^DOMAIN +WATTS +ENERGY +HOW\npackage-0 +[\d.]+ +[\d.]+ m?Wh {2}measured/m);
    await terminal.shows(/^Job 7 {2}ada {2}account phys/m);
    // The next one is 8, which draws less.
    terminal.pty.write('\x1b[B');
    await terminal.shows(/^Job 8 /m);
    terminal.pty.write('\x1b');
    await terminal.shows(/^ +JOB USER/m);
    terminal.pty.write('e');
    await terminal.shows(/s sort \(energy\)/);
    terminal.pty.write('/ada\r');
    await terminal.shows(/\/ filter \(ada\)/);
    expect(terminal.text()).not.toMatch(/^ +8 /m);
    terminal.pty.write('h');
    await terminal.shows(/q Ctrl-C +quit/);
    terminal.pty.write('\x03');
    await expectRestored(0);
  });

  test('another size is another screen', async () => {
    await open();
    expect(terminal.text()).not.toContain('PARTITION');
    terminal.resize(140, 30);
    const wide = await terminal.shows(/ACCOUNT +PARTITION/);
    expect(wide.split('\n')[29]).toMatch(/^q quit/);
    terminal.resize(40, 10);
    await terminal.shows(/^ +JOB USER +WATTS +CPU W +ENERGY$/m);
    for (const line of terminal.lines()) expect(line.length).toBeLessThanOrEqual(40);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s gives the screen back', async (signal) => {
    await open();
    process.kill(topPid(), signal);
    await expectRestored(0);
  });

  test('Ctrl-Z gives the screen back, and fg takes it again', async () => {
    await open();
    const pid = topPid();
    terminal.pty.write('\x1a');
    await terminal.shows(/^before$/m);
    expect(terminal.isAlternate).toBe(false);
    process.kill(pid, 'SIGCONT');
    await terminal.shows(/^eit top - /m);
    expect(terminal.isAlternate).toBe(true);
    terminal.pty.write('q');
    await expectRestored(0);
  });

  test('what did not change is not written again', async () => {
    await open([], { env: { NO_COLOR: '1' } });
    await sleep(1500);
    const full = terminal.written.lastIndexOf('\x1b[2J');
    expect(full).toBeGreaterThan(-1);
    const before = terminal.bytes;
    const screen = terminal.text().length;
    await sleep(3000);
    // Six looks: of each only some numbers are others.
    expect(terminal.bytes - before).toBeGreaterThan(0);
    expect(terminal.bytes - before).toBeLessThan(6 * 400);
    expect(screen).toBeGreaterThan(400);
    expect(terminal.written.slice(full + 4)).not.toContain('\x1b[2J');
    for (const colour of ['31', '32', '33']) expect(terminal.written).not.toContain(`\x1b[${colour}m`);
  });

  test('a dumb terminal gets plain lines', async () => {
    await open([], { env: { TERM: 'dumb' } });
    await terminal.shows(/^ +7 ada +\d[\s\S]*^ +7 ada +\d/m);
    expect(terminal.written).not.toContain('\x1b');
  });

  test('the agent ends: it is said, and the screen stays', async () => {
    await open();
    await home.end();
    await terminal.shows(/s old|EIT_LIVE|no agent of this host can be asked/);
    terminal.pty.write('q');
    await expectRestored(0);
  });
});
