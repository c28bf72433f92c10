import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HookHome, JOB, SHELLS, testUnless } from './hook-home';

const WHITELIST = [
  'SLURMD_NODENAME',
  'SLURM_CLUSTER_NAME',
  'SLURM_JOB_ID',
  'SLURM_JOB_UID',
  'SLURM_JOB_GID',
  'SLURM_JOB_USER',
  'SLURM_JOB_ACCOUNT',
  'SLURM_JOB_PARTITION',
  'SLURM_JOB_RESTART_COUNT',
  'SLURM_JOB_START_TIME',
  'SLURM_JOB_END_TIME',
  'SLURM_JOB_NUM_NODES',
  'SLURM_JOB_NODELIST',
  'SLURM_NODELIST',
  'SLURM_JOB_CPUS_PER_NODE',
  'SLURM_JOB_GPUS',
  'CUDA_VISIBLE_DEVICES',
  'ROCR_VISIBLE_DEVICES',
  'ZE_AFFINITY_MASK',
  'SLURM_HET_JOB_ID',
  'SLURM_JOB_SLUID',
  'SLURM_JOB_QOS',
  'SLURM_JOB_RESERVATION',
  'SLURM_JOB_OVERSUBSCRIBE',
  'SLURM_JOB_EXCLUSIVE',
  'SLURM_JOB_EXIT_CODE',
  'SLURM_JOB_EXIT_CODE2',
  'SLURM_JOB_DERIVED_EC',
];

const noStrace = spawnSync('/usr/bin/strace', ['true']).status === 0 ? undefined : 'needs strace';

describe('the event of a hook', () => {
  let home: HookHome;
  beforeEach(async () => {
    home = new HookHome();
    await home.startAgent();
  });
  afterEach(() => home.remove());

  const values = (): string[] => home.fields().slice(4, -1);

  describe.each(['prolog', 'epilog'] as const)('%s', (hook) => {
    test('says which hook, boot and uptime it is, and ends with a mark', () => {
      const before = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
      expect(home.run(hook)).toMatchObject({ status: 0, stdout: '', stderr: '' });
      const fields = home.fields();
      expect(fields.slice(0, 3)).toEqual([
        'eit-event 1',
        `hook=${hook}`,
        `boot=${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`,
      ]);
      const uptime = Number(/^uptime=([0-9]+\.[0-9]+)$/.exec(fields[3] ?? '')?.[1]);
      expect(uptime).toBeGreaterThanOrEqual(before);
      expect(uptime).toBeLessThanOrEqual(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]));
      expect(fields.at(-1)).toBe('end');
    });

    test('is one file, named by hook and job, for its owner only', () => {
      home.run(hook);
      const [name = '', ...more] = home.eventNames();
      expect(more).toEqual([]);
      expect(name).toMatch(new RegExp(`^${hook}\\.4711\\.[0-9]+\\.0$`));
      const { mode, mtimeMs } = statSync(join(home.eventsDir, name));
      expect(mode & 0o777).toBe(0o600);
      expect(Math.abs(Date.now() - mtimeMs)).toBeLessThan(60_000); // the event's time is its mtime
    });
  });

  test('holds every variable of the whitelist, in full and in order', () => {
    const job = Object.fromEntries(WHITELIST.map((name) => [name, `value of ${name}`]));
    home.run('epilog', { ...job, SLURM_JOB_ID: '99' });
    expect(values()).toEqual(
      WHITELIST.map((name) => (name === 'SLURM_JOB_ID' ? 'SLURM_JOB_ID=99' : `${name}=value of ${name}`)),
    );
  });

  test('holds no other variable', () => {
    home.run('prolog', {
      ...JOB,
      SLURM_JOB_COMMENT: 'secret',
      SLURM_JOB_WORK_DIR: '/secret',
      SPANK_X: 'secret',
      HOME: '/secret',
      line: 'secret',
      value: '/secret',
      written: '1',
      missing: '/secret',
      n: '7',
    });
    expect(values().sort()).toEqual(
      Object.entries(JOB)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  test('tells a variable that is empty from one that is not set', () => {
    home.run('prolog', { ...JOB, SLURM_JOB_GPUS: '' });
    expect(values()).toContain('SLURM_JOB_GPUS=');
    expect(values().filter((field) => field.startsWith('CUDA_VISIBLE_DEVICES'))).toEqual([]);
  });

  describe.each(SHELLS)('in %s %j', (shell, args) => {
    test.each([
      ['newlines', 'a\n\nb\n'],
      ['quotes and backslashes', `'"\\n\\0\\\\ \\c%s%n`],
      ['commands', '$(touch {dir}/ran)`touch {dir}/ran`;touch {dir}/ran|touch {dir}/ran&'],
      ['expansions', '${HOME}$x$((1/0))~/*{a,b}?[a-z]}"}'],
      ['an option', '--help -n'],
      ['a forged end', 'x\nend\nhook=epilog'],
      ['terminal codes', '\u001b]0;x\u0007\u001b[2J\r'],
      ['10 KB', '"$(x)\n\\'.repeat(1463)],
      ['100 KB', 'x'.repeat(100_000)],
    ])('%s pass through as they are, and nothing runs', (_what, template) => {
      const value = template.replaceAll('{dir}', home.dir);
      const job = { ...JOB, SLURM_JOB_ACCOUNT: value };
      const result = home.exec([shell, ...args, home.path('prolog')], home.env(job));
      expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(values()).toContain(`SLURM_JOB_ACCOUNT=${Buffer.from(value).toString('latin1')}`);
      expect(readdirSync(home.dir)).not.toContain('ran');
    });

    test('any bytes pass through, be they UTF-8 or not', () => {
      // Node cannot pass them: an environment value is text there. So a shell makes them.
      const codes = Array.from({ length: 255 }, (_, index) => index + 1);
      const octal = codes.map((code) => `\\${code.toString(8).padStart(3, '0')}`).join('');
      const make = `v=$(printf '${octal}x'); SLURM_JOB_USER="\${v%x}"; export SLURM_JOB_USER; exec "$@"`;
      home.exec(['/bin/sh', '-c', make, 'sh', shell, ...args, home.path('prolog')]);
      expect(values()).toContain(`SLURM_JOB_USER=${Buffer.from(codes).toString('latin1')}`);
    });
  });

  test('is never overwritten: not by a process of the same number, not through a planted link', () => {
    const victim = join(home.dir, 'victim');
    writeFileSync(victim, 'untouched');
    const plant = `
      cd '${home.eventsDir}'
      echo first >prolog.4711.$$.0
      echo unfinished >.tmp.prolog.4711.$$.1
      ln -s '${victim}' prolog.4711.$$.2
      ln -s '${victim}' .tmp.prolog.4711.$$.3
      ln -s '${home.dir}/not-there' .tmp.prolog.4711.$$.4
      exec '${home.path('prolog')}'`;
    expect(home.exec(['/bin/sh', '-c', plant])).toMatchObject({ status: 0, stderr: '' });
    const [first, , own, ...more] = home.eventNames().filter((name) => name.startsWith('prolog'));
    expect(more).toEqual([]);
    expect(first).toMatch(/\.0$/);
    expect(own).toMatch(/\.5$/);
    expect(readFileSync(join(home.eventsDir, first ?? ''), 'utf8')).toBe('first\n');
    expect(readFileSync(join(home.eventsDir, own ?? ''), 'utf8')).toMatch(/^eit-event 1\0/);
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(readdirSync(home.dir)).not.toContain('not-there');
  });

  test('comes twice where the hook runs twice for a job', () => {
    home.run('prolog');
    home.run('prolog');
    expect(home.eventNames()).toHaveLength(2);
  });

  test.each([
    ['not there', undefined],
    ['empty', ''],
    ['no number', '12a'],
    ['a path', '../../x'],
    ['negative', '-1'],
    ['two lines', '1\n2'],
    ['a number that is too long', '1'.repeat(300)],
    ['other digits', '１２'],
  ])('is not written where the job id is %s', (_what, id) => {
    const { SLURM_JOB_ID: _id, ...job } = JOB;
    const result = home.run('prolog', id === undefined ? job : { ...job, SLURM_JOB_ID: id });
    expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(home.eventNames()).toEqual([]);
  });

  testUnless(noStrace)('costs one `mv` and no other process while the agent runs', () => {
    const trace = join(home.dir, 'trace');
    const strace = ['/usr/bin/strace', '-f', '-e', 'trace=execve,openat', '-o', trace, home.path('prolog')];
    expect(home.exec(strace).status).toBe(0);
    const calls = readFileSync(trace, 'utf8');
    const programs = calls.match(/(?<=execve\(")[^"]+(?=".*= 0$)/gm);
    expect(programs).toEqual([home.path('prolog'), expect.stringMatching(/\/mv$/)]);
    // And what it makes was not there: no link that somebody put there in time is followed.
    expect(calls.match(/^.*O_CREAT.*$/gm)).toEqual([expect.stringMatching(/events\/\.tmp\.prolog.*O_EXCL/)]);
  });

  test('does not depend on the PATH that it is given', () => {
    for (const program of ['mv', 'logger', 'stat']) {
      home.script(join(home.dir, program), `: >'${home.dir}/ran'`);
    }
    for (const PATH of [home.dir, '/nonexistent', '']) {
      expect(home.exec([home.path('prolog')], { ...home.env(), PATH }).status).toBe(0);
    }
    expect(home.eventNames()).toHaveLength(3);
    expect(readdirSync(home.dir)).not.toContain('ran');
  });

  test('goes the same way through a link to the hook', () => {
    mkdirSync(join(home.dir, 'prolog.d'));
    symlinkSync('../prolog', join(home.dir, 'prolog.d', '50-eit'));
    expect(home.exec([join(home.dir, 'prolog.d', '50-eit')]).status).toBe(0);
    expect(home.fields()[1]).toBe('hook=prolog');
  });
});

test('prolog and epilog are the same from the marked line on', () => {
  const shared = ['prolog', 'epilog'].map((hook) => {
    const [head = '', ...tail] = readFileSync(join(__dirname, '..', '..', hook), 'utf8').split(
      '# Below this line',
    );
    expect(head.split('\n').at(-2)).toBe(`hook=${hook}`);
    return tail;
  });
  expect(shared[0]).toHaveLength(1);
  expect(shared[0]).toEqual(shared[1]);
});
