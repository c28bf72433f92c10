import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  GpuRelease,
  formatGpuRelease,
  gpuReleasePaths,
  parseGpuRelease,
} from '../../../src/agent/gpu-release';
import { Tree } from '../sources/tree';

let tree: Tree;
let release: GpuRelease;
let calls: boolean[];
let hasEnded: boolean;
let logged: string[];
beforeEach(() => {
  tree = new Tree();
  calls = [];
  logged = [];
  hasEnded = true;
  const releaseGpus = (isReleased: boolean): Promise<boolean> => {
    calls.push(isReleased);
    return Promise.resolve(hasEnded);
  };
  release = new GpuRelease(tree.dir, { releaseGpus }, (_, text) => logged.push(text));
});
afterEach(() => tree.remove());

const paths = () => gpuReleasePaths(tree.dir);
const wish = (untilMs: number): void =>
  writeFileSync(paths().wish, formatGpuRelease({ untilMs, isHeld: false }));
const done = () => (existsSync(paths().done) ? parseGpuRelease(readFileSync(paths().done, 'utf8')) : null);
const soon = () => new Promise(setImmediate);

test('a wish lets go, is answered, and is over when its time has come', async () => {
  release.look(1000);
  wish(5000);
  release.look(1000);
  await soon();
  expect([calls, done()]).toEqual([[false, true], { untilMs: 5000, isHeld: false }]);
  release.look(4999);
  release.look(5000);
  expect([calls, done(), existsSync(paths().wish)]).toEqual([[false, true, false], null, false]);
  expect(logged).toEqual([expect.stringContaining('let go until'), 'GPUs are read again']);
});

test('a wish that is made longer is answered anew', async () => {
  wish(5000);
  release.look(1000);
  wish(9000);
  release.look(2000);
  await soon();
  expect(done()).toEqual({ untilMs: 9000, isHeld: false });
});

test('that a process does not end is in the answer', async () => {
  hasEnded = false;
  wish(5000);
  release.look(1000);
  await soon();
  expect(done()).toEqual({ untilMs: 5000, isHeld: true });
  expect(logged.at(-1)).toBe('GPUs are not let go: a process that reads them does not end');
});

test('what an ended agent left is taken away, or goes on', async () => {
  wish(500);
  writeFileSync(paths().done, '500\n');
  release.look(1000);
  expect([existsSync(paths().wish), done(), logged]).toEqual([false, null, []]);
  const next = new GpuRelease(tree.dir, { releaseGpus: () => Promise.resolve(true) }, () => undefined);
  wish(9000);
  next.look(1000);
  await soon();
  expect(done()).toEqual({ untilMs: 9000, isHeld: false });
});

test.each(['', 'soon', '-5', '12.5\n', '1 held by me\n', '9'.repeat(40)])('%j is no wish', (text) => {
  expect(parseGpuRelease(text)).toBeNull();
});
