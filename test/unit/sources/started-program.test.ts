import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProgram, isAlive, killProgram } from '../../../src/sources/started-program';
import { Tree } from './tree';

/** /proc/<pid>/stat of a process in this state that began at this tick. */
const stat = (state: string, startTicks = 181_234): string =>
  `4711 (a) Z) b) ${state} ${Array.from({ length: 18 }, () => '0').join(' ')} ${startTicks} 0 0\n`;
const PROGRAM = { pid: 4711, startTicks: 181_234 };

let tree: Tree;
beforeEach(() => {
  tree = new Tree({});
});
afterEach(() => tree.remove());

test.each(['R', 'S', 'D', 'T'])('in state %s it lives', (state) => {
  tree.write('4711/stat', stat(state));
  expect(identifyProgram(tree.dir, 4711)).toEqual(PROGRAM);
  expect(isAlive(tree.dir, PROGRAM)).toBe(true);
});

test('one that is not there does not live', () => {
  expect(identifyProgram(tree.dir, 4711)).toBeNull();
  expect(isAlive(tree.dir, PROGRAM)).toBe(false);
});

test('another one that has its number is not it', () => {
  tree.write('4711/stat', stat('S', 181_235));
  expect(isAlive(tree.dir, PROGRAM)).toBe(false);
});

test('one that nobody has waited for has ended, unless a thread of it has not', () => {
  tree.write('4711/stat', stat('Z'));
  tree.write('4711/task/4711/stat', '');
  expect(isAlive(tree.dir, PROGRAM)).toBe(false);
  tree.write('4711/task/4712/stat', '');
  expect(isAlive(tree.dir, PROGRAM)).toBe(true);
});

test('what is no such file does not live', () => {
  tree.write('4711/stat', 'Segmentation fault');
  expect(identifyProgram(tree.dir, 4711)).toBeNull();
  expect(isAlive(tree.dir, PROGRAM)).toBe(false);
});

describe('killing', () => {
  let child: ChildProcess;
  let pid: number;
  let end: Promise<unknown>;
  beforeEach(() => {
    child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    pid = child.pid ?? 0;
    end = new Promise((resolve) => child.on('close', (_status, signal) => resolve(signal)));
  });
  afterEach(async () => {
    child.kill('SIGKILL');
    await end;
  });

  test('ends it', async () => {
    const program = identifyProgram('/proc', pid) ?? PROGRAM;
    expect(program.pid).toBe(pid);
    killProgram('/proc', program);
    expect(await end).toBe('SIGKILL');
    expect(isAlive('/proc', program)).toBe(false);
  });

  test('leaves another one alone that has its number', async () => {
    const { startTicks } = identifyProgram('/proc', pid) ?? PROGRAM;
    killProgram('/proc', { pid, startTicks: startTicks - 1 });
    await sleep(50);
    expect({ status: child.exitCode, signal: child.signalCode }).toEqual({ status: null, signal: null });
  });
});
