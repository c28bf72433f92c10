import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../cluster/until';
import { HookHome, JOB, SHELLS, noMounts, testUnless } from './hook-home';

const WAIT_MS = 30_000;

// The hooks that find the lock held wait 10 s for it.
jest.setTimeout(2 * WAIT_MS);

describe('the agent that a hook starts', () => {
  let home: HookHome;
  beforeEach(() => {
    home = new HookHome();
  });
  afterEach(() => home.remove());

  test.each(['prolog', 'epilog'] as const)('by the %s, is a process of its own', async (hook) => {
    home.run(hook);
    const agent = await home.agent();
    expect(agent.session).toBe(agent.pid);
    expect(agent.group).toBe(agent.pid);
  });

  test('gets the arguments and the environment that it is to have, and nothing of the job', async () => {
    home.run('prolog', {
      ...JOB,
      NODE_OPTIONS: '--require /x',
      NODE_EXTRA_CA_CERTS: '/x',
      HOME: '/x',
      PATH: '/x',
    });
    const agent = await home.agent();
    expect(agent.execArgv).toEqual(['--max-old-space-size=64', '--max-semi-space-size=1']);
    expect(agent.argv.slice(1)).toEqual([home.program, '--linger']);
    const { _: _script, PWD: _dir, ...env } = agent.env; // of the sh script that stands for node here
    expect(env).toEqual({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      EIT_CONFIG: home.config,
      EIT_AGENT_LOCK_FD: '9',
    });
  });

  test('holds nothing that the hook had open: its output ends when the hook ends', async () => {
    const open = join(home.dir, 'open');
    writeFileSync(open, '');
    const fds = [3, 4, 5, 6, 7, 8, 9].map((fd) => `${fd}>>'${open}'`).join(' ');
    // The output is read to its end, as slurmd does: if the agent held it this would not come back.
    const result = home.exec(['/bin/sh', '-c', `exec '${home.path('prolog')}' ${fds}`]);
    expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const agent = await home.agent();
    expect(home.processes()).toContain(agent.pid);
    expect(agent.fds).toMatchObject({ 0: '/dev/null', 1: '/dev/null', 2: '/dev/null' });
    expect(agent.fds[9]).toBe(join(home.stateDir, 'agent.lock'));
    expect(Object.values(agent.fds)).not.toContain(open);
  });

  test('survives what slurmd does to the process group as soon as the hook has ended', async () => {
    for (let round = 0; round < 8; round += 1) {
      const slurmd = ['/usr/bin/setsid', '-w', '/bin/sh', '-c', '"$0"; kill -KILL 0', home.path('prolog')];
      expect(home.exec(slurmd).signal).toBe('SIGKILL');
      const { pid } = await home.agent();
      expect(home.processes()).toContain(pid);
      process.kill(pid, 'SIGKILL');
      await until('the end of the agent', WAIT_MS, () => (home.processes().length === 0 ? true : undefined));
      rmSync(join(home.stateDir, 'agent.json'));
    }
    expect(home.eventNames()).toHaveLength(8);
  });

  test('is one, however many hooks start it at a time; its lock ends with it', async () => {
    const together = Array.from({ length: 6 }, () => `'${home.path('prolog')}' &`).join('\n');
    expect(home.exec(['/bin/sh', '-c', `${together}\nwait`]).status).toBe(0);
    const agent = await home.agent();
    expect(home.eventNames()).toHaveLength(6);
    // The others wait for the lock, which the living agent keeps, and give up.
    await until('the end of the others', WAIT_MS, () => (home.processes().length === 1 ? true : undefined));
    expect(readFileSync(join(home.stateDir, 'starts'), 'utf8')).toBe(`${agent.pid}\n`);

    const lock = ['/usr/bin/flock', '-n', join(home.stateDir, 'agent.lock'), '/bin/true'];
    expect(home.exec(lock).status).toBe(1);
    process.kill(agent.pid, 'SIGKILL');
    await until('the end of the agent', WAIT_MS, () => (home.processes().length === 0 ? true : undefined));
    // A process that is killed loses its command line before its files.
    await until('its lock', WAIT_MS, () => (home.exec(lock).status === 0 ? true : undefined));
  });

  test('is started anew after it was killed', async () => {
    const first = await home.startAgent();
    process.kill(first.pid, 'SIGKILL');
    await until('the end of the agent', WAIT_MS, () => (home.processes().length === 0 ? true : undefined));
    rmSync(join(home.stateDir, 'agent.json'));
    home.run('epilog');
    expect((await home.agent()).pid).not.toBe(first.pid);
  });

  test('is found by EIT_HOME and EIT_NODE, which go first', async () => {
    const other = new HookHome();
    try {
      const node = other.script(join(other.dir, 'other-node'), `exec '${process.execPath}' "$@"`);
      home.exec([home.path('prolog')], { ...home.env(), EIT_HOME: other.dir, EIT_NODE: node });
      expect((await home.agent()).argv[1]).toBe(other.program);
    } finally {
      await other.remove();
    }
  });

  testUnless(noMounts)(
    'gives back what slurmd has: its nice value and its safety from the OOM killer',
    async () => {
      const slurmd = `echo -999 >/proc/self/oom_score_adj; exec nice -n -5 '${home.path('prolog')}'`;
      expect(home.exec(['/bin/sh', '-c', slurmd]).status).toBe(0);
      expect(await home.agent()).toMatchObject({ nice: 0, oomScoreAdj: 300 });
    },
  );

  for (const [shell] of SHELLS) {
    testUnless(noMounts)(`is the same where /bin/sh is ${shell}`, async () => {
      home.execWithMounts(`mount --bind '${shell}' "$(readlink -f /bin/sh)"`);
      const agent = await home.agent();
      expect(agent.session).toBe(agent.pid);
      expect(agent.fds).toMatchObject({
        0: '/dev/null',
        1: '/dev/null',
        9: join(home.stateDir, 'agent.lock'),
      });
      expect(home.log()).toEqual([]);
    });
  }

  describe('where there is systemd', () => {
    const systemctl = (status: number): string => {
      const file = home.script(
        join(home.dir, 'systemctl'),
        `echo "systemctl $*" >>${home.logFile}; exit ${status}`,
      );
      return `
        mount -t tmpfs -o mode=755 tmpfs /run
        mkdir -p /run/systemd/system
        mount -t tmpfs -o mode=755 tmpfs /etc
        mkdir /etc/eit; cp '${home.config}' /etc/eit/eit.yaml
        mount --bind '${file}' "$(readlink -f "$(command -v systemctl)")"`;
    };

    /** Without EIT_CONFIG: the unit measures by the host's own config. */
    const hostEnv = (): NodeJS.ProcessEnv => {
      const { EIT_CONFIG: _, ...env } = home.env();
      return env;
    };

    testUnless(noMounts)('is its service', () => {
      home.execWithMounts(systemctl(0), hostEnv());
      expect(home.log()).toEqual(['systemctl --no-ask-password start --no-block eit-agent.service']);
      expect(home.eventNames()).toHaveLength(1);
      expect(home.processes()).toEqual([]);
    });

    testUnless(noMounts)('is its service, wherever the program is', () => {
      rmSync(home.program);
      home.execWithMounts(systemctl(0), hostEnv());
      expect(home.log()).toHaveLength(1);
      expect(home.eventNames()).toHaveLength(1);
    });

    testUnless(noMounts)('is started by the hook where that has no such service', async () => {
      home.execWithMounts(systemctl(5), hostEnv());
      const agent = await home.agent();
      expect(agent.session).toBe(agent.pid);
      expect(home.log()).toHaveLength(1);
    });

    testUnless(noMounts)(
      'is started by the hook where EIT_CONFIG names another config than the service’s',
      async () => {
        home.execWithMounts(systemctl(0));
        const agent = await home.agent();
        expect(agent.session).toBe(agent.pid);
        expect(home.log()).toEqual([]);
      },
    );
  });

  testUnless(noMounts)('is not started where its lock cannot be opened, and that is said', async () => {
    mkdirSync(join(home.stateDir, 'agent.lock'), { recursive: true, mode: 0o700 });
    home.execWithMounts('');
    await until('the log', WAIT_MS, () => (home.log().length > 0 ? true : undefined));
    expect(home.log()).toEqual([expect.stringContaining('agent not started: cannot open')]);
  });
});
