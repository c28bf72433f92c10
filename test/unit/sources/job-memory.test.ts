import { chmodSync, readFileSync } from 'node:fs';
import { parseStatusMemoryBytes, readProcessesMemoryBytes } from '../../../src/sources/job-memory';
import { Tree, asNobody, isRoot } from './tree';

let tree: Tree | undefined;
afterEach(() => tree?.remove());

/** As the kernel writes it (5.14), shortened. */
function status(name: string, anonKb: number, shmemKb: number, hugeKb?: number): string {
  return [
    `Name:\t${name}`,
    'State:\tS (sleeping)',
    'Pid:\t4711',
    'VmPeak:\t  231584 kB',
    'VmRSS:\t   99999 kB',
    `RssAnon:\t${String(anonKb).padStart(8)} kB`,
    'RssFile:\t   11111 kB',
    `RssShmem:\t${String(shmemKb).padStart(8)} kB`,
    ...(hugeKb === undefined ? [] : [`HugetlbPages:\t${String(hugeKb).padStart(8)} kB`]),
    'Threads:\t1',
    '',
  ].join('\n');
}

describe('/proc/<pid>/status', () => {
  test.each([
    ['anonymous and shared memory, not files', status('sh', 100, 20), 120],
    ['huge pages too', status('sh', 100, 20, 2048), 2168],
    ['nothing at all', status('sh', 0, 0), 0],
  ])('%s', (_, text, kilobytes) => {
    expect(parseStatusMemoryBytes(text)).toBe(kilobytes * 1024);
  });

  test('a zombie holds nothing', () => {
    expect(parseStatusMemoryBytes('Name:\tsh\nState:\tZ (zombie)\nPid:\t12\nThreads:\t1\n')).toBe(0);
  });

  test('a name that looks like memory is a name', () => {
    // The kernel writes a newline in a name as `\n`, two characters.
    const text = status('RssAnon:\\nRssAnon: 1 kB', 100, 20);
    expect(parseStatusMemoryBytes(text)).toBe(120 * 1024);
    expect(parseStatusMemoryBytes(text.replace(/^RssAnon:.*\n/m, ''))).toEqual({
      missing: expect.stringContaining('RssAnon'),
    });
  });

  test.each([
    ['a kernel before 4.5', 'Name:\tsh\nState:\tS (sleeping)\nPid:\t12\nVmRSS:\t 123 kB\n'],
    ['nothing', ''],
    ['half a line', 'State:\tS (sleeping)\nVmRSS:\t1 kB\nRssAnon:\t 12'],
    ['another unit', status('sh', 1, 1).replaceAll(' kB', ' MB')],
  ])('%s is missing and not 0', (_, text) => {
    expect(parseStatusMemoryBytes(text)).toEqual({ missing: expect.stringContaining('RssAnon') });
  });

  test("this process' own is about its resident memory without files", () => {
    const text = readFileSync('/proc/self/status', 'utf8');
    const bytes = parseStatusMemoryBytes(text);
    const [rss = 0, file = 0] = ['VmRSS', 'RssFile'].map(
      (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1]) * 1024,
    );
    expect(bytes).toBe(rss - file);
  });
});

describe('processes', () => {
  test('are added, those that have ended are not', () => {
    tree = new Tree({ '1/status': status('a', 10, 1), '22/status': status('b', 100, 0) });
    expect(readProcessesMemoryBytes(tree.dir, [1, 22, 333])).toBe(111 * 1024);
  });

  test('none is no memory', () => {
    expect(readProcessesMemoryBytes('/nonexistent', [])).toBe(0);
  });

  test('where none can be seen it is missing, not 0', () => {
    tree = new Tree();
    expect(readProcessesMemoryBytes(tree.dir, [1, 2])).toEqual({
      missing: expect.stringContaining('none of 2 processes'),
    });
  });

  test('one that cannot be understood makes all missing', () => {
    tree = new Tree({ '1/status': status('a', 10, 1), '2/status': 'Name:\tb\n' });
    expect(readProcessesMemoryBytes(tree.dir, [1, 2])).toEqual({
      missing: expect.stringContaining(tree.path('2/status')),
    });
  });

  (isRoot ? test : test.skip)(
    `one that may not be read makes all missing${isRoot ? '' : ' (skipped: needs root)'}`,
    () => {
      tree = new Tree({ '1/status': status('a', 10, 1), '2/status': status('b', 10, 1) });
      chmodSync(tree.path('2/status'), 0o400);
      const { dir } = tree;
      expect(asNobody(() => readProcessesMemoryBytes(dir, [1, 2]))).toEqual({
        missing: expect.stringContaining('EACCES'),
      });
    },
  );
});
