import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StepWatch } from '../../../src/sources/step-watch';
import { Tree } from './tree';

type Listener = (type: string, name: string | null) => void;

let tree: Tree;
let errors: string[];
let steps: StepWatch | undefined;
/** Directories that are watched now, once for each watcher, and who is told of their events. */
let watched: { path: string; listener: Listener }[];
/** Which directories cannot be watched. */
let isFull: (path: string) => boolean;

beforeEach(() => {
  tree = new Tree();
  errors = [];
  watched = [];
  isFull = () => false;
});
afterEach(() => {
  steps?.close();
  steps = undefined;
  tree.remove();
});

const recordingWatch = ((dir: string, options: object, listener: Listener) => {
  const path = dir.slice(tree.dir.length + 1);
  if (isFull(path)) throw Object.assign(new Error('ENOSPC: no watches left'), { code: 'ENOSPC' });
  const watcher = watch(dir, options, listener);
  const entry = { path, listener };
  watched.push(entry);
  const close = watcher.close.bind(watcher);
  watcher.close = () => {
    watched = watched.filter((each) => each !== entry);
    close();
  };
  return watcher;
}) as unknown as typeof watch;

function follow(version: 1 | 2, ...scopes: string[]): StepWatch {
  steps ??= new StepWatch({
    onEnd: () => undefined,
    onError: (reason) => errors.push(reason),
    cgroupRoot: tree.dir,
    watch: recordingWatch,
  });
  steps.follow(scopes.map((path) => ({ version, dir: tree.path(path), node: null })));
  return steps;
}

function addStep(dir: string, usec = 1): void {
  tree.write(`${dir}/user/cpu.stat`, `usage_usec ${usec}\n`);
  tree.write(`${dir}/user/cgroup.events`, 'populated 1\n');
}

/** Waits until all of inotify's events so far have been told: they come in order. */
async function eventsTold(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'eit-events-'));
  await new Promise<void>((resolve) => {
    const watcher = watch(dir, () => {
      watcher.close();
      resolve();
    });
    writeFileSync(join(dir, 'mark'), '');
  });
  rmSync(dir, { recursive: true });
}

describe('directories that are made anew', () => {
  test('the jobs of a scope that slurmd made anew are seen at once, after the next look for scopes', async () => {
    addStep('scope/job_1/step_0');
    tree.write('new/system/cgroup.procs', '');
    const followed = follow(2, 'scope');
    tree.remove('scope');
    renameSync(tree.path('new'), tree.path('scope'));
    follow(2, 'scope');
    expect(followed.takeEnded()).toEqual([{ dir: tree.path('scope/job_1'), userNs: null }]);
    // Whole, as one event.
    addStep('made/job_2/step_0', 7);
    renameSync(tree.path('made/job_2'), tree.path('scope/job_2'));
    await eventsTold();
    expect(followed.userNs(tree.path('scope/job_2'))).toBe(7000n);
    expect(watched.filter(({ path }) => path === 'scope')).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  test('version 1: the user’s directory made anew within one turn is watched once, its job ends once', async () => {
    const file = 'uid_1/job_7/step_0/task_0/cpuacct.usage';
    for (const at of ['scope', 'new']) tree.write(`${at}/${file}`, '5\n');
    for (const at of ['scope', 'new']) tree.write(`${at}/${dirname(dirname(file))}/cpuacct.usage`, '5\n');
    const followed = follow(1, 'scope');
    const before = watched.map(({ path }) => path).toSorted();
    mkdirSync(tree.path('old'));
    renameSync(tree.path('scope/uid_1'), tree.path('old/uid_1'));
    renameSync(tree.path('new/uid_1'), tree.path('scope/uid_1'));
    await eventsTold();
    expect(followed.takeEnded()).toEqual([{ dir: tree.path('scope/uid_1/job_7'), userNs: 5n }]);
    expect(watched.map(({ path }) => path).toSorted()).toEqual(before);
    followed.close();
    expect(watched).toEqual([]);
  });

  test('a job, and a user, that were made anew without an event are others', () => {
    const usage = (at: string, ns: number): void => {
      for (const dir of ['step_0', 'step_0/task_0']) tree.write(`${at}/${dir}/cpuacct.usage`, `${ns}\n`);
    };
    isFull = () => true;
    usage('scope/uid_1/job_7', 5);
    usage('new/uid_1/job_7', 3);
    const followed = follow(1, 'scope');
    const job = tree.path('scope/uid_1/job_7');
    expect(followed.userNs(job)).toBe(5n);
    tree.remove('scope/uid_1');
    renameSync(tree.path('new/uid_1'), tree.path('scope/uid_1'));
    followed.refresh();
    expect(followed.takeEnded()).toEqual([{ dir: job, userNs: 5n }]);
    expect(followed.userNs(job)).toBe(3n);
    usage('new/job_7', 2);
    tree.remove('scope/uid_1/job_7');
    renameSync(tree.path('new/job_7'), job);
    followed.refresh();
    expect(followed.takeEnded()).toEqual([{ dir: job, userNs: 3n }]);
    expect(followed.userNs(job)).toBe(2n);
  });
});

describe('what fails', () => {
  /** A path of which the system says ELOOP, which nobody expects. */
  function breakDirectory(path: string): void {
    tree.remove(path);
    symlinkSync(tree.path(path), tree.path(path));
  }

  test('while an event is handled is told, and ends nothing', () => {
    addStep('scope/job_1/step_0');
    const followed = follow(2, 'scope');
    const listeners = watched.splice(0).map(({ listener }) => listener);
    breakDirectory('scope');
    for (const listener of listeners)
      for (const name of ['job_1', 'step_0', 'user', null])
        expect(() => listener('rename', name)).not.toThrow();
    expect(errors).toEqual([expect.stringMatching(/^cannot read .*ELOOP/)]);
    expect(followed.hasFailed).toBe(true);
  });

  test('in one scope or job does not cost the others', () => {
    addStep('scope/job_1/step_0');
    addStep('scope/job_2/step_0', 2);
    tree.write('bad/system/cgroup.procs', '');
    const followed = follow(2, 'bad', 'scope');
    breakDirectory('bad');
    breakDirectory('scope/job_1');
    addStep('scope/job_3/step_0', 3);
    expect(() => followed.refresh()).not.toThrow();
    expect(() => followed.check(tree.path('bad/job_1'))).not.toThrow();
    expect(['job_2', 'job_3'].map((name) => followed.userNs(tree.path(`scope/${name}`)))).toEqual([
      2000n,
      3000n,
    ]);
    expect(followed.hasFailed).toBe(true);
  });

  test('is told once a spell, which is over after two looks without it', () => {
    addStep('scope/job_1/step_0');
    addStep('scope/job_2/step_0');
    isFull = () => true;
    const followed = follow(2, 'scope');
    followed.refresh();
    followed.refresh();
    expect(errors).toEqual([expect.stringMatching(/scope: ENOSPC/)]);
    isFull = () => false;
    followed.refresh();
    // Jobs may have come and gone since the look before.
    expect(followed.hasFailed).toBe(true);
    followed.refresh();
    expect(followed.hasFailed).toBe(false);
    isFull = () => true;
    addStep('scope/job_3/step_0');
    followed.refresh();
    expect(followed.hasFailed).toBe(true);
    expect(errors).toHaveLength(2);
  });

  test('to be watched is tried again at each look, every directory', () => {
    addStep('scope/job_1/step_0');
    const paths = ['scope', 'scope/job_1', 'scope/job_1/step_0/user'];
    for (const path of paths) {
      isFull = (each) => each === path;
      const followed = follow(2, 'scope');
      const isWatched = () => watched.some((each) => each.path === path);
      expect(isWatched()).toBe(false);
      isFull = () => false;
      followed.refresh();
      expect(isWatched()).toBe(true);
      followed.close();
      steps = undefined;
    }
  });
});

describe('a job with very many steps', () => {
  const addSteps = (count: number): void => {
    for (let i = 0; i < count; i++) addStep(`scope/job_1/step_${i}`);
  };

  test('is followed up to 256', () => {
    addSteps(256);
    expect(follow(2, 'scope').userNs(tree.path('scope/job_1'))).toBe(256_000n);
  });

  test.each([
    ['version 2', 2, 'scope/job_1', () => addSteps(257)],
    ['version 2, while it runs', 2, 'scope/job_1', () => addSteps(256)],
    [
      'version 1, by its tasks',
      1,
      'scope/uid_1/job_1',
      () => {
        tree.write('scope/uid_1/job_1/step_0/cpuacct.usage', '1\n');
        for (let i = 0; i < 512; i++) {
          tree.write(`scope/uid_1/job_1/step_0/task_${i}/cpuacct.usage`, '1\n');
        }
      },
    ],
  ] as const)('%s: beyond that it is not, and holds nothing', (_, version, job, add) => {
    add();
    const followed = follow(version, 'scope');
    if (version === 2) addStep('scope/job_1/step_999');
    followed.refresh();
    expect(followed.userNs(tree.path(job))).toBeUndefined();
    expect(watched.filter(({ path }) => path.startsWith(job)).map(({ path }) => path)).toEqual([]);
    expect(
      readdirSync('/proc/self/fd')
        .map(linkOf)
        .filter((path) => path.startsWith(tree.dir)),
    ).toEqual([]);
    tree.remove(job);
    followed.check(tree.path(job));
    expect(followed.takeEnded()).toEqual([{ dir: tree.path(job), userNs: null }]);
  });
});

/** What a descriptor of this process is of; empty where it is closed meanwhile. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

test('version 1: a task that nobody told of yet is not slurmstepd', () => {
  const step = 'scope/uid_1/job_7/step_0';
  const write = (usage: Readonly<Record<string, number>>): void => {
    for (const [dir, ns] of Object.entries(usage)) tree.write(`${step}/${dir}/cpuacct.usage`, `${ns}\n`);
  };
  isFull = () => true;
  write({ '.': 100, task_0: 40 });
  const followed = follow(1, 'scope');
  const job = tree.path('scope/uid_1/job_7');
  expect(followed.userNs(job)).toBe(40n);
  write({ '.': 200, task_1: 90 });
  expect(followed.userNs(job)).toBe(130n);
  // What is left of a task that has gone is in the total alone, with the 70 ns of slurmstepd.
  tree.remove(`${step}/task_0`);
  write({ '.': 230 });
  expect(followed.userNs(job)).toBe(160n);
});
