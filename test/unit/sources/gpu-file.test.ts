import { chmodSync, symlinkSync } from 'node:fs';
import { GpuFile } from '../../../src/sources/gpu-file';
import { isMissing } from '../../../src/sources/source';
import { Tree, asNobody, isRoot } from './tree';

let tree: Tree;
let file: GpuFile;
/** Steps that the clock takes, at each look at it (ms). */
let steps: number[];
beforeEach(() => {
  tree = new Tree({ value: '5\n', 'power/runtime_status': 'active\n' });
  steps = [];
  let nowNs = 0n;
  file = new GpuFile(tree.path('value'), tree.dir, () => (nowNs += BigInt(steps.shift() ?? 0) * 1_000_000n));
});
afterEach(() => {
  file.close();
  tree.remove();
});

/** Reads, taking so long, so long after the last time (ms). */
function read(takes = 0, after = 0): string {
  steps = [after, takes];
  const text = file.read();
  return isMissing(text) ? text.missing : text;
}

test('is read each time', () => {
  expect(read()).toBe('5\n');
  tree.write('value', '6\n');
  expect(read()).toBe('6\n');
});

test.each(['suspended', 'suspending'])(
  'of a GPU that is %s is not read, and is again when it is awake',
  (status) => {
    tree.remove('value'); // reading would say so
    tree.write('power/runtime_status', `${status}\n`);
    expect(read()).toBe(
      `the GPU sleeps (${tree.path('power/runtime_status')} says ${status}); reading would wake it`,
    );
    tree.write('value', '7\n');
    tree.write('power/runtime_status', 'active\n');
    expect(read()).toBe('7\n');
  },
);

test('of a kernel without runtime power management is read', () => {
  tree.remove('power');
  expect(read()).toBe('5\n');
});

test('that took long is left alone for a hundred times as long', () => {
  expect(read(51)).toBe('5\n');
  tree.write('value', '6\n');
  expect(read(0, 0)).toMatch(/value took 51 ms: the GPU may hang/);
  expect(read(0, 5099)).toMatch(/took 51 ms/);
  expect(read(0, 1)).toBe('6\n');
  expect(read()).toBe('6\n');
});

test('that took long and failed is left alone too', () => {
  tree.remove('value');
  expect(read(2000)).toMatch(/^cannot read .*ENOENT/);
  expect(read()).toMatch(/took 2000 ms/);
});

test('that takes some milliseconds each time is read each time', () => {
  for (let i = 0; i < 5; i++) expect(read(50)).toBe('5\n');
});

test('that fails is a reason, and the next reading may work', () => {
  tree.remove('value');
  symlinkSync('/proc/self/mem', tree.path('value'));
  expect(read()).toMatch(/^cannot read .*EIO/);
});

const name = 'that may not be read';
(isRoot ? test : test.skip)(isRoot ? name : `${name} (skipped: needs root)`, () => {
  chmodSync(tree.path('value'), 0o400);
  expect(asNobody(() => read())).toMatch(/EACCES.*; run the agent as root$/);
});
