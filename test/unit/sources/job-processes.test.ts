import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { type JobOfProcesses, openJobProcessesCpu } from '../../../src/sources/job-processes';
import { ProcessTable, readProcessTable } from '../../../src/sources/process-table';
import { readSlurmstepdNode } from '../../../src/sources/slurmstepd';
import { Tree, isRoot } from './tree';

let tree: Tree;
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  tree?.remove();
});

interface Fake {
  pid: number;
  parent?: number;
  uid?: number;
  comm?: string;
  title?: string;
  own?: number;
  waited?: number;
  start?: number;
  /** Paths of the sockets it holds. */
  sockets?: readonly string[];
}

const USER = 1000;
const STEPD: Fake = { pid: 10, comm: 'slurmstepd', title: 'slurmstepd: [7.0]' };

/** A /proc of exactly these processes. */
function proc(...processes: readonly Fake[]): void {
  tree ??= new Tree();
  tree.remove('');
  tree.write('uptime', '1 1\n');
  for (const fake of processes) {
    const { pid, parent = 1, uid = 0, comm = 'task', title = comm, own = 0, waited = 0, start = 5 } = fake;
    const stat = `${pid} (${comm}) S ${parent} 1 1 0 -1 0 0 0 0 0 ${own} 0 ${waited} 0 20 0 1 0 ${start} 0 0\n`;
    tree.write(`${pid}/stat`, stat);
    tree.write(`${pid}/status`, `Name:\t${comm}\nUid:\t${uid}\t0\t0\t0\nGid:\t0\t0\t0\t0\n`);
    tree.write(`${pid}/cmdline`, `${title}\0\0\0`);
    const sockets = fake.sockets ?? [];
    const lines = sockets.map((path, i) => `0000: 00000002 00000000 00010000 0001 01 ${pid}00${i} ${path}`);
    tree.write(`${pid}/net/unix`, ['Num RefCount Protocol Flags Type St Inode Path', ...lines].join('\n'));
    sockets.forEach((_, i) => tree.link(`${pid}/fd/${i}`, `socket:[${pid}00${i}]`));
  }
}

function open(job: Partial<JobOfProcesses> = {}) {
  tree ??= new Tree();
  const byPid = (): ProcessTable =>
    new ProcessTable([...readProcessTable(tree.dir).all()].toSorted((a, b) => a.pid - b.pid));
  const counter = openJobProcessesCpu({ proc: tree.dir }, { jobId: 7, uid: USER, ...job }, byPid);
  return { ticks: () => toTicks(counter.read()) };
}

function toTicks(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value / 10_000_000n) : value;
}

beforeEach(() => {
  tree = new Tree();
});

describe('whose processes are counted', () => {
  test.each<[string, Fake[], number | 'gone']>([
    [
      'those below slurmstepd, at any depth',
      [
        STEPD,
        { pid: 11, parent: 10, uid: USER, own: 5 },
        { pid: 12, parent: 11, uid: USER, own: 30 },
        { pid: 13, parent: 12, uid: USER, own: 200 },
      ],
      235,
    ],
    [
      'those of every step',
      [
        STEPD,
        { ...STEPD, pid: 20, title: 'slurmstepd: [7.batch]' },
        { pid: 11, parent: 10, uid: USER, own: 5 },
        { pid: 21, parent: 20, uid: USER, own: 30 },
      ],
      35,
    ],
    [
      'of a part of a heterogeneous job',
      [
        { ...STEPD, title: 'slurmstepd: [7+1.0]' },
        { pid: 11, parent: 10, uid: USER, own: 5 },
      ],
      5,
    ],
    [
      'children that have ended',
      [
        { ...STEPD, waited: 100 },
        { pid: 11, parent: 10, uid: USER, own: 5, waited: 40 },
      ],
      145,
    ],
    ['slurmstepd itself is not', [{ ...STEPD, own: 999 }], 0],
    [
      'its helpers are not, what they waited for is',
      [STEPD, { pid: 11, parent: 10, own: 999, waited: 4 }, { pid: 12, parent: 11, uid: USER, own: 5 }],
      9,
    ],
    [
      'a child that slurmstepd has forked and not yet made the task is not',
      [STEPD, { ...STEPD, pid: 11, parent: 10, own: 999 }],
      0,
    ],
    ['the user\u2019s other processes are not', [STEPD, { pid: 50, uid: USER, own: 999 }], 0],
    [
      'another job\u2019s are not',
      [
        { ...STEPD, title: 'slurmstepd: [77.0]' },
        { pid: 11, parent: 10, uid: USER, own: 999 },
      ],
      'gone',
    ],
    [
      'a title that another user gave itself is not believed',
      [
        { ...STEPD, uid: USER },
        { pid: 11, parent: 10, uid: USER, own: 999 },
      ],
      'gone',
    ],
    [
      'nor a process of root with such a title and another name',
      [
        { ...STEPD, comm: 'bash' },
        { pid: 11, parent: 10, uid: USER, own: 999 },
      ],
      'gone',
    ],
    [
      'nor such a title further on',
      [
        { ...STEPD, title: 'sh -c slurmstepd: [7.0]' },
        { pid: 11, parent: 10, uid: USER, own: 999 },
      ],
      'gone',
    ],
    ['slurmstepd before it has its title', [{ ...STEPD, title: '/usr/sbin/slurmstepd' }], 'gone'],
    ['nothing runs', [], 'gone'],
  ])('%s', (_, processes, expected) => {
    proc(...processes);
    expect(open().ticks()).toBe(expected);
  });

  test('slurmd may run as another user', () => {
    proc({ ...STEPD, uid: 64_030 }, { pid: 11, parent: 10, uid: USER, own: 5 });
    expect(open().ticks()).toBe('gone');
    expect(open({ slurmdUid: 64_030 }).ticks()).toBe(5);
  });

  test('a task that is still slurmd\u2019s user\u2019s is counted once it is the job\u2019s', () => {
    const counter = open();
    proc(STEPD, { pid: 11, parent: 10, own: 3 });
    expect(counter.ticks()).toBe(0);
    proc(STEPD, { pid: 11, parent: 10, uid: USER, own: 4 });
    expect(counter.ticks()).toBe(4);
  });

  test('a slurmstepd is found when it gets its title', () => {
    const counter = open();
    proc({ ...STEPD, title: 'slurmstepd' });
    expect(counter.ticks()).toBe('gone');
    proc(STEPD, { pid: 11, parent: 10, uid: USER, own: 4 });
    expect(counter.ticks()).toBe(4);
  });

  test('a tree deeper than any stack', () => {
    proc(STEPD);
    const chain = Array.from({ length: 20_000 }, (_, i) => ({
      ...{ pid: 10 + i, parentPid: i === 0 ? 1 : 9 + i, comm: i === 0 ? 'slurmstepd' : 'task' },
      ...{ startTicks: 5, ownTicks: 0, waitedTicks: 1 },
    }));
    const job = { jobId: 7, uid: USER };
    const counter = openJobProcessesCpu({ proc: tree.dir }, job, () => new ProcessTable(chain));
    expect(toTicks(counter.read())).toBe(20_000);
  });

  test('of two nodes on one host, each counts its own', () => {
    proc(
      { ...STEPD, sockets: ['/run/systemd/notify', '/spool/n1/n1_7.4294967291'] },
      { pid: 11, parent: 10, uid: USER, own: 5 },
      { ...STEPD, pid: 20, sockets: ['/spool/n2/n2_7.0.1'] },
      { pid: 21, parent: 20, uid: USER, own: 30 },
    );
    expect(open({ node: 'n1' }).ticks()).toBe(5);
    expect(open({ node: 'n2' }).ticks()).toBe(30);
    expect(open({ node: 'n3' }).ticks()).toBe('gone');
    expect(open().ticks()).toBe(35);
  });

  test('a slurmstepd whose node cannot be told is taken at the second look', () => {
    proc(STEPD, { pid: 11, parent: 10, uid: USER, own: 5 });
    const counter = open({ node: 'n1' });
    expect([counter.ticks(), counter.ticks()]).toEqual(['gone', 5]);
    proc({ ...STEPD, sockets: ['/spool/n2/n2_7.0'] }, { pid: 11, parent: 10, uid: USER, own: 5 });
    const other = open({ node: 'n1' });
    expect([other.ticks(), other.ticks()]).toEqual(['gone', 'gone']);
  });

  test.each([
    ['/spool/n1/n1_7.4294967295', 'n1'],
    ['/spool/a_b/a_b_7.0', 'a_b'],
    ['/spool/n1/n1_s0123456789ABC.0', 'n1'],
    ['/spool/n1/n1_7', null],
    ['/run/dbus', null],
  ])('the socket %s is of node %s', (path, node) => {
    proc({ ...STEPD, sockets: [path] });
    expect(readSlurmstepdNode(tree.dir, 10)).toBe(node);
  });
});

describe('the sum never goes back and loses nothing', () => {
  const task: Fake = { pid: 11, parent: 10, uid: USER, own: 50 };
  const child: Fake = { pid: 12, parent: 11, uid: USER, own: 30 };

  test.each<[string, Fake[][], (number | 'gone')[]]>([
    [
      'a child that slurmstepd has forked and that still looks like it',
      [[{ ...STEPD, pid: 5, parent: 10, waited: 5 }, STEPD], [{ ...STEPD, waited: 6 }]],
      [5, 6],
    ],
    [
      'a child that its parent waited for',
      [
        [STEPD, task, child],
        [STEPD, { ...task, waited: 33 }],
      ],
      [80, 83],
    ],
    [
      'a child whose parent ignores its end',
      [
        [STEPD, task, child],
        [STEPD, { ...task, own: 55 }],
        [STEPD, { ...task, own: 60 }],
      ],
      [80, 85, 90],
    ],
    [
      'two such children and one waited for',
      [
        [STEPD, task, child, { ...child, pid: 13, own: 7 }, { ...child, pid: 14, own: 4 }],
        [STEPD, { ...task, waited: 7 }],
      ],
      [91, 91],
    ],
    [
      'a task that slurmstepd waited for',
      [[STEPD, { ...task, waited: 3 }], [{ ...STEPD, waited: 54 }]],
      [53, 54],
    ],
    ['parent and child that end together', [[STEPD, task, child], [{ ...STEPD, waited: 85 }]], [80, 85]],
    [
      'parent and child that end together, the child not waited for',
      [[STEPD, task, child], [{ ...STEPD, waited: 50 }]],
      [80, 80],
    ],
    [
      'a child whose parent ends goes on',
      [
        [STEPD, task, child],
        [
          { ...STEPD, waited: 50 },
          { ...child, parent: 1, own: 35 },
        ],
        [{ ...STEPD, waited: 50 }],
      ],
      [80, 85, 85],
    ],
    [
      'an orphan\u2019s own children',
      [
        [STEPD, task, child],
        [
          { ...STEPD, waited: 50 },
          { ...child, parent: 1 },
          { pid: 15, parent: 12, uid: USER, own: 9, start: 8 },
        ],
        [
          { ...STEPD, waited: 50 },
          { ...child, parent: 1 },
          { pid: 15, parent: 12, uid: USER, own: 10, start: 8 },
        ],
        [
          { ...STEPD, waited: 50 },
          { ...child, parent: 1, waited: 10 },
        ],
      ],
      [80, 89, 90, 90],
    ],
    [
      'a step that ends, and the next',
      [
        [STEPD, task],
        [
          { ...STEPD, pid: 20 },
          { ...task, pid: 21, parent: 20, own: 6 },
        ],
      ],
      [50, 56],
    ],
    [
      'all ends; what comes then begins at 0',
      [
        [STEPD, task],
        [],
        [
          { ...STEPD, pid: 20 },
          { ...task, pid: 21, parent: 20, own: 6 },
        ],
      ],
      [50, 'gone', 6],
    ],
    [
      'a pid that is used again',
      [
        [STEPD, task],
        [STEPD, { ...task, own: 2, start: 900 }],
      ],
      [50, 52],
    ],
    [
      'a pid that another user uses again',
      [
        [STEPD, task],
        [STEPD, { pid: 11, uid: 0, own: 999, start: 900 }],
      ],
      [50, 50],
    ],
    [
      'a child that ends while the table is read is seen twice',
      [
        [STEPD, task, child],
        [STEPD, { ...task, waited: 30 }, child],
        [STEPD, { ...task, waited: 30, own: 90 }],
      ],
      [80, 110, 120],
    ],
    [
      'or not at all',
      [
        [STEPD, task, child],
        [STEPD, task],
        [STEPD, { ...task, waited: 30, own: 51 }],
      ],
      [80, 80, 81],
    ],
  ])('%s', (_, tables, expected) => {
    const counter = open();
    const sums = tables.map((table) => {
      proc(...table);
      return counter.ticks();
    });
    expect(sums).toEqual(expected);
  });

  test('a /proc that cannot be read is missing', () => {
    const counter = openJobProcessesCpu({ proc: '/nonexistent' }, { jobId: 7, uid: USER });
    expect(counter.read()).toEqual({ missing: expect.stringContaining('/nonexistent: ENOENT') });
  });
});

describe('real processes', () => {
  const needs = isRoot ? '' : ' (skipped: needs root)';

  /** CPU seconds that a process burns before it says so and waits to be told to end. */
  const BURN = `
    process.title = 'busy';
    const until = process.cpuUsage().user + Number(process.argv[1]) * 1e6;
    while (process.cpuUsage().user < until);
    console.log(JSON.stringify(process.cpuUsage()));`;

  /** A root process that looks like a job's slurmstepd and runs a shell of `nobody`, which runs the burner twice. */
  function startJob(jobId: number): ChildProcess {
    const binary = tree.path('slurmstepd');
    copyFileSync('/bin/bash', binary);
    chmodSync(binary, 0o755);
    const burn = (seconds: number) => `'${process.execPath}' -e "$BURN" ${seconds}`;
    const task = `${burn(0.2)}; ${burn(0.3)} & wait; echo waited; read -r line; ${burn(0.1)}; echo done; read -r line`;
    const child = spawn(
      binary,
      ['--norc', '-c', 'setpriv --reuid 65534 --clear-groups bash --norc -c "$TASK"; read -r line'],
      {
        argv0: `slurmstepd: [${jobId}.0]`,
        env: { PATH: process.env['PATH'], BURN, TASK: task, SLURM_JOB_ID: '4242' },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    children.push(child);
    return child;
  }

  function nextLines(child: ChildProcess, count: number): Promise<string[]> {
    return new Promise((resolve) => {
      let text = '';
      const onData = (chunk: Buffer) => {
        text += chunk.toString();
        const lines = text.split('\n');
        if (lines.length <= count) return;
        child.stdout?.off('data', onData);
        resolve(lines.slice(0, count));
      };
      child.stdout?.on('data', onData);
    });
  }

  function burntMs(lines: readonly string[]): number {
    const usages = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as NodeJS.CpuUsage);
    return usages.reduce((sum, { user, system }) => sum + (user + system) / 1000, 0);
  }

  (isRoot ? test : test.skip)(`their CPU time is found, ended children\u2019s too${needs}`, async () => {
    const jobId = 400_000_000 + process.pid;
    const child = startJob(jobId);
    const counter = openJobProcessesCpu({ proc: '/proc' }, { jobId, uid: 65_534 });
    const byEnvironment = openJobProcessesCpu({ proc: '/proc' }, { jobId: 4242, uid: 65_534 });
    // Not before the shell has waited for both: a table read while a process ends may show it nowhere.
    const first = await nextLines(child, 3);
    const milliseconds = () => Number(counter.read()) / 1e6;
    // Beyond what each burner tells: the ends of the burners and the shell, at most some ten milliseconds each.
    const isAbout = (measuredMs: number, toldMs: number) => {
      expect(measuredMs).toBeGreaterThan(toldMs - 30);
      expect(measuredMs).toBeLessThan(toldMs + 300);
    };
    isAbout(milliseconds(), burntMs(first));
    expect(byEnvironment.read()).toBe('gone');
    child.stdin?.write('\n');
    const second = await nextLines(child, 2);
    isAbout(milliseconds(), burntMs([...first, ...second]));
    const before = milliseconds();
    child.stdin?.write('\n');
    // The task has ended: slurmstepd has waited for it.
    while (namesBelow(child.pid).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(milliseconds()).toBeGreaterThanOrEqual(before);
    isAbout(milliseconds(), burntMs([...first, ...second]));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.stdin?.write('\n');
    await ended;
    expect(counter.read()).toBe('gone');
  });

  function namesBelow(pid: number | undefined): string[] {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
  }
});
