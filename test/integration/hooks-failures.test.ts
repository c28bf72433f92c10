import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { until } from '../cluster/until';
import { HookHome, JOB, SHELLS, noMounts, noOtherUser, testUnless } from './hook-home';

const QUIET_SUCCESS = { status: 0, signal: null, stdout: '', stderr: '' };

/** Puts a script in the place of a program of the machine, for the mount namespace alone. */
const replace = (program: string, file: string): string =>
  `mount --bind '${file}' "$(readlink -f "$(command -v ${program})")"`;

describe.each(['prolog', 'epilog'] as const)('%s ends with 0 and prints nothing', (hook) => {
  let home: HookHome;
  beforeEach(() => {
    home = new HookHome();
    mkdirSync(home.eventsDir, { recursive: true, mode: 0o700 });
  });
  afterEach(() => home.remove());

  /** What is asked in most of these: no file half written, one line that says so. */
  function expectSaid(line: string | RegExp): void {
    expect(home.eventNames()).toEqual([]);
    const said = typeof line === 'string' ? expect.stringContaining(line) : expect.stringMatching(line);
    expect(home.log()).toEqual([said]);
  }

  testUnless(noMounts)('where /etc/eit/disabled is there: it does nothing at all', () => {
    const etc = 'mount -t tmpfs -o mode=755 tmpfs /etc; mkdir /etc/eit; : >/etc/eit/disabled';
    expect(home.execWithMounts(etc, home.env(), home.path(hook))).toMatchObject(QUIET_SUCCESS);
    expect([home.eventNames(), home.log(), home.processes()]).toEqual([[], [], []]);
  });

  testUnless(noMounts)('where the disk is full', () => {
    const full = `
      mount -t tmpfs -o mode=755,size=64k tmpfs '${home.stateDir}'
      mkdir '${home.eventsDir}'
      dd if=/dev/zero of='${home.stateDir}/fill' bs=4k 2>/dev/null || true`;
    const after = `${home.path(hook)}; echo $? left: $(ls -A ${home.eventsDir}) >>${home.logFile}`;
    const job = { ...JOB, SLURM_JOB_ACCOUNT: 'x'.repeat(10_000) };
    expect(home.execWithMounts(full, home.env(job), after)).toMatchObject(QUIET_SUCCESS);
    expect(home.log()).toEqual([
      `-t eit -p daemon.err -- ${hook}: job 4711 is not recorded: cannot write to ${home.eventsDir}`,
      '0 left:',
    ]);
  });

  testUnless(noMounts)('where no file can be made any more', () => {
    const full = `
      mount -t tmpfs -o mode=755,nr_inodes=3 tmpfs '${home.stateDir}'
      mkdir '${home.eventsDir}'
      : >'${home.stateDir}/fill'`;
    expect(home.execWithMounts(full, home.env(), home.path(hook))).toMatchObject(QUIET_SUCCESS);
    expectSaid('job 4711 is not recorded');
  });

  testUnless(noMounts)('where the state folder is read-only', () => {
    const readOnly = `mount --bind '${home.stateDir}' '${home.stateDir}'; mount -o remount,ro,bind '${home.stateDir}'`;
    expect(home.execWithMounts(readOnly, home.env(), home.path(hook))).toMatchObject(QUIET_SUCCESS);
    expectSaid('job 4711 is not recorded');
  });

  testUnless(noMounts)('where there is no state folder and none can be made', () => {
    writeFileSync(home.config, 'state_dir: /mnt/state\n');
    const readOnly = 'mount -t tmpfs -o mode=755,ro tmpfs /mnt';
    expect(home.execWithMounts(readOnly, home.env(), home.path(hook))).toMatchObject(QUIET_SUCCESS);
    expectSaid('cannot create /mnt/state/events');
  });

  testUnless(noOtherUser)("as an unprivileged user, before root's state folder", () => {
    const asNobody = ['/usr/sbin/runuser', '-u', 'nobody', '--', home.path(hook)];
    expect(home.exec(asNobody)).toMatchObject(QUIET_SUCCESS);
    expect(home.eventNames()).toEqual([]);
    expect(home.processes()).toEqual([]);
  });

  testUnless(noOtherUser)("as an unprivileged user, before root's config", () => {
    chmodSync(home.config, 0o600);
    const asNobody = ['/usr/sbin/runuser', '-u', 'nobody', '--', home.path(hook)];
    expect(home.exec(asNobody)).toMatchObject(QUIET_SUCCESS);
    expect(home.eventNames()).toEqual([]);
  });

  testUnless(noMounts)('where a program is missing', () => {
    for (const program of ['logger', 'mv', 'stat', 'timeout', 'setsid', 'tr', 'flock', 'sleep', 'readlink']) {
      const gone = `mount --bind /dev/null "$(readlink -f "$(command -v ${program})")"`;
      for (const env of [home.env(), home.env({ SLURM_JOB_ID: 'x' })]) {
        expect(home.execWithMounts(gone, env, home.path(hook))).toMatchObject(QUIET_SUCCESS);
      }
    }
  });

  describe('where no log of the system takes what it says', () => {
    const noLog = '[ ! -e /dev/log ] || mount --bind /dev/null /dev/log';
    const notes = () => readFileSync(join(home.stateDir, 'hooks.log'), 'utf8').split('\n').slice(0, -1);
    const run = (setup = noLog) => {
      const done = home.execWithMounts(setup, home.env(), home.path(hook));
      expect(done).toMatchObject(QUIET_SUCCESS);
    };
    const noProgram = expect.stringMatching(
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z ${hook}: agent not started: dist/eit-agent.js .*mend: set EIT_HOME`,
      ),
    );

    testUnless(noMounts)('it is a line of hooks.log in the state folder', () => {
      rmSync(home.program);
      run();
      run(`${noLog}; ${replace('logger', '/bin/false')}`);
      expect(notes()).toEqual([noProgram, noProgram]);
      expect(readdirSync(home.stateDir).toSorted()).toEqual(['events', 'hooks.log']);
    });

    testUnless(noMounts)('that keeps the last 200', () => {
      rmSync(home.program);
      const old = Array.from({ length: 300 }, (_, i) => `old ${i}`);
      writeFileSync(join(home.stateDir, 'hooks.log'), `${old.join('\n')}\n`);
      run();
      expect(notes()).toEqual([...old.slice(-199), noProgram]);
    });

    testUnless(noMounts)('and a link at its place is replaced, what it leads to is not written to', () => {
      rmSync(home.program);
      writeFileSync(join(home.dir, 'precious'), 'x\n');
      symlinkSync(join(home.dir, 'precious'), join(home.stateDir, 'hooks.log'));
      run();
      expect(readFileSync(join(home.dir, 'precious'), 'utf8')).toBe('x\n');
      expect(lstatSync(join(home.stateDir, 'hooks.log')).isFile()).toBe(true);
    });

    testUnless(noMounts)('but nothing is written into a state folder that others could replace', () => {
      chmodSync(home.stateDir, 0o777);
      run();
      expect(readdirSync(home.stateDir)).toEqual(['events']);
      expect(home.log()).toEqual([expect.stringContaining('refused: others than root could replace')]);
    });

    testUnless(noMounts)('what the agent’s start says is there too', async () => {
      mkdirSync(join(home.stateDir, 'agent.lock'));
      run();
      await until('the line', 30_000, () => existsSync(join(home.stateDir, 'hooks.log')) || undefined);
      expect(notes()).toEqual([expect.stringContaining('Z agent not started: cannot open ')]);
    });
  });

  testUnless(noMounts)('where the log hangs', () => {
    const hung = home.script(join(home.dir, 'hung'), 'exec sleep 600');
    const env = home.env({ SLURM_JOB_ID: 'x' });
    expect(home.execWithMounts(replace('logger', hung), env, home.path(hook))).toMatchObject(QUIET_SUCCESS);
  });

  testUnless(noMounts)('where there is no program to start: the event is written all the same', () => {
    rmSync(home.program);
    expect(home.execWithMounts('', home.env(), home.path(hook))).toMatchObject(QUIET_SUCCESS);
    expect(home.eventNames()).toHaveLength(1);
    expect(home.log()).toEqual([expect.stringContaining('agent not started: dist/eit-agent.js')]);
  });

  testUnless(noMounts)('where it gets SIGTERM while it works', () => {
    const mv = home.script(join(home.dir, 'mv'), 'kill -TERM $PPID');
    expect(home.execWithMounts(replace('mv', mv), home.env(), home.path(hook))).toMatchObject(QUIET_SUCCESS);
    expect(home.eventNames()).toEqual([expect.stringMatching(/^\.tmp\./)]); // it ended there
  });

  test.each(['<&-', '>&-', '2>&-', '<&- >&-', '<&- >&- 2>&-'])('with %s', async (closed) => {
    await home.startAgent();
    expect(home.exec(['/bin/sh', '-c', `exec "$0" ${closed}`, home.path(hook)])).toMatchObject(QUIET_SUCCESS);
    expect(home.fields().at(-1)).toBe('end');
  });

  test('from a wrapper with `set -e`, after which the rest of it runs', () => {
    const wrapper = home.script(join(home.dir, 'wrapper'), `set -eu\n'${home.path(hook)}'\necho after`);
    expect(home.exec([wrapper])).toMatchObject({ ...QUIET_SUCCESS, stdout: 'after\n' });
    expect(home.exec([wrapper], {})).toMatchObject({ ...QUIET_SUCCESS, stdout: 'after\n' });
  });

  test.each(SHELLS)('in %s %j, on every way through it', async (shell, args) => {
    const run = (env: NodeJS.ProcessEnv): void => {
      expect(home.exec([shell, ...args, home.path(hook)], env)).toMatchObject(QUIET_SUCCESS);
    };
    run({});
    run({ EIT_CONFIG: '/dev/null/x', SLURM_JOB_ID: '1' });
    run({ EIT_CONFIG: home.dir, SLURM_JOB_ID: '1' });
    run({ EIT_CONFIG: 'relative', SLURM_JOB_ID: '1' });
    expect(home.eventNames()).toEqual([]);
    run(home.env());
    await home.agent();
    run(home.env());
    expect(home.eventNames()).toHaveLength(2);
  });

  testUnless(noMounts)('and what it says is one line of plain text, not longer than it must be', () => {
    const job = { SLURM_JOB_ID: `\u001b[31m\n-x ${'long'.repeat(10_000)}` };
    expect(home.execWithMounts('', home.env(job), home.path(hook))).toMatchObject(QUIET_SUCCESS);
    expectSaid(
      /^-t eit -p daemon.err -- (pro|epi)log: SLURM_JOB_ID is not a job's number: '\?\[31m\?-x (long)+l?o?n?$/,
    );
    expect(home.log()[0]?.length).toBeLessThan(600);
  });
});
