import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HookHome, SHELLS, noMounts, testUnless } from './hook-home';

describe.each(SHELLS)('state_dir as %s %j finds it', (shell, args) => {
  let home: HookHome;
  beforeEach(() => {
    home = new HookHome();
    rmSync(home.program); // no agent: only where the event goes is asked here
  });
  afterEach(() => home.remove());

  function run(config: string): void {
    writeFileSync(home.config, config.replaceAll('{state}', home.stateDir));
    const result = home.exec([shell, ...args, home.path('prolog')]);
    expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
  }

  test.each([
    ['plain', 'state_dir: {state}\n'],
    ['plain, more blanks', 'state_dir: \t {state}  \t\n'],
    ['plain with a comment', 'state_dir: {state} # where the events are\n'],
    ['in double quotes', 'state_dir: "{state}"\n'],
    ['in single quotes', "state_dir: '{state}'\n"],
    ['in quotes with a comment', `state_dir: "{state}"  # "events"\n`],
    ['without a newline at the end', 'state_dir: {state}'],
    ['with Windows line ends', 'cluster: c\r\nstate_dir: {state}\r\nadmins: []\r\n'],
    [
      'after keys like it',
      'xstate_dir: /x\nstate_dirs: /x\n#state_dir: /x\na:\n  state_dir: /x\nstate_dir: {state}\n',
    ],
    ['before more keys', '---\nstate_dir: {state}\nspool_dir: /x\n'],
    ['with a # that is no comment', 'state_dir: {state}/a#b\n', 'a#b'],
    ['with blanks in it', `state_dir: '{state}/a b'\n`, 'a b'],
    ['with what sh might expand', `state_dir: "{state}/$(x)*'"\n`, `$(x)*'`],
  ])('%s', (_what, config, below = '') => {
    mkdirSync(join(home.stateDir, below, 'events'), { recursive: true, mode: 0o700 });
    run(config);
    const events = join(home.stateDir, below, 'events');
    expect(home.eventNamesIn(events)).toHaveLength(1);
  });

  test.each([
    ['relative', 'state_dir: state\n'],
    ['empty', 'state_dir:\n'],
    ['a null', 'state_dir: ~\n'],
    ['a block', 'state_dir: >-\n  {state}\n'],
    ['an escape', 'state_dir: "{state}\\x41"\n'],
    ['not closed', 'state_dir: "{state}\n'],
    ['more after the quotes', 'state_dir: "{state}" {state}\n'],
  ])('refuses one that is %s', (_what, config) => {
    run(config);
    expect(home.eventNames()).toEqual([]);
  });
});

describe('the config', () => {
  let home: HookHome;
  beforeEach(() => {
    home = new HookHome();
    rmSync(home.program);
  });
  afterEach(() => home.remove());

  testUnless(noMounts)('is /etc/eit/eit.yaml, and without one the state folder is /run/eit', () => {
    const root = (config: string): string => `
      mount -t tmpfs tmpfs /run
      mount -t tmpfs -o mode=755 tmpfs /etc
      mkdir -p /etc/eit
      ${config}`;
    const show = `${home.path('prolog')}; ls -d /run/*/events/* >>${home.logFile}`;
    const { SLURM_JOB_ID = '' } = home.env();
    home.execWithMounts(root(''), { SLURM_JOB_ID }, show);
    home.execWithMounts(root('echo "state_dir: /run/other" >/etc/eit/eit.yaml'), { SLURM_JOB_ID }, show);
    expect(home.log().filter((line) => line.startsWith('/run/'))).toEqual([
      expect.stringMatching(/^\/run\/eit\/events\/prolog\.4711\./),
      expect.stringMatching(/^\/run\/other\/events\/prolog\.4711\./),
    ]);
  });

  testUnless(noMounts)('must be named by an absolute path', () => {
    expect(home.execWithMounts('', { ...home.env(), EIT_CONFIG: 'eit.yaml\u001b[2J' }).status).toBe(0);
    expect(home.eventNames()).toEqual([]);
    expect(home.log()).toEqual([
      "-t eit -p daemon.err -- prolog: EIT_CONFIG must be an absolute path: 'eit.yaml?[2J'",
    ]);
  });

  testUnless(noMounts)('that is no file is said and not waited for', () => {
    rmSync(home.config);
    home.exec(['/usr/bin/mkfifo', home.config]);
    expect(home.execWithMounts('')).toMatchObject({ status: 0, stderr: '' });
    expect(home.log()).toEqual([expect.stringContaining(`cannot read ${home.config}; mend:`)]);
  });
});
