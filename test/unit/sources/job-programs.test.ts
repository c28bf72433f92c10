import fc from 'fast-check';
import { programName, readJobPrograms } from '../../../src/sources/job-programs';
import { Tree } from './tree';

let tree: Tree;
afterEach(() => tree?.remove());

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

test.each([
  ['python3', 'python3'],
  [bytes('größe'), 'größe'],
  ['\u001b]0;x\u0007', '?]0;x?'],
  [bytes('a\u202eb'), 'a?b'],
  [bytes('a\u2028b'), 'a?b'],
  ['\xff\xfe', '\ufffd\ufffd'],
  ['a b)(', 'a b)('],
  ['', ''],
])('the name %j is %j', (comm, name) => {
  expect(programName(comm)).toBe(name);
});

test('no name holds anything but text, or is longer than a record allows', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (comm) => {
      const name = programName(Buffer.from(comm).toString('latin1'));
      expect(name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(name.length).toBeLessThanOrEqual(16);
    }),
  );
});

test.each([
  [1, 'step_0/task_0'],
  [2, 'step_0/user/task_0'],
] as const)('version %i: of many processes the first 512', (version, dir) => {
  const pids = Array.from({ length: 600 }, (_, i) => i + 100);
  tree = new Tree({
    'job/cgroup.procs': '',
    [`job/${dir}/cgroup.procs`]: pids.map((pid) => `${pid}\n`).join(''),
    ...(version === 2 ? { 'job/step_0/user/cgroup.procs': '' } : {}),
  });
  for (const pid of pids)
    tree.write(`proc/${pid}/stat`, `${pid} (a) R 1 1 1 0 -1 0 0 0 0 0 7 0 0 0 20 0 1 0 5 0 0\n`);
  const programs = readJobPrograms({ proc: tree.path('proc') }, { version }, tree.path('job'));
  expect(programs).toHaveLength(512);
  expect(programs[0]).toEqual({ key: '100:5', name: 'a', ticks: 7 });
});

test('a job that is gone, and processes that are, have no programs', () => {
  tree = new Tree({ 'job/step_0/user/cgroup.procs': '99\n' });
  const roots = { proc: tree.path('proc') };
  expect(readJobPrograms(roots, { version: 2 }, tree.path('job'))).toEqual([]);
  expect(readJobPrograms(roots, { version: 2 }, tree.path('gone'))).toEqual([]);
});
