import { execFileSync } from 'node:child_process';
import { parsePidStat, readProcessTable } from '../../../src/sources/process-table';
import { Tree } from './tree';

/** As the kernel writes it: fields 3 to 52 of /proc/<pid>/stat. */
function line(
  pid: number,
  comm: string,
  parentPid: number,
  times: readonly number[],
  startTicks: number,
): string {
  const before = `S ${parentPid} 10 10 0 -1 4194560 100 200 0 0`;
  return `${pid} (${comm}) ${before} ${times.join(' ')} 20 0 1 0 ${startTicks} 9000000 500 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n`;
}

describe('the text of /proc/<pid>/stat', () => {
  test.each([
    ['a plain name', 'sleep'],
    ['spaces', 'a b  c'],
    ['parentheses', 'a) (b'],
    ['what looks like the rest', 'x) R 1 1 1 1 1 1 1 1 1 1 1 1 1 1'],
    ['a newline', 'a\nb'],
    ['nothing', ''],
    ['a slash and a quote', '../"\'$(id)'],
  ])('a name with %s', (_, comm) => {
    expect(parsePidStat(line(77, comm, 5, [1, 20, 300, 4000], 123_456))).toEqual({
      pid: 77,
      parentPid: 5,
      comm,
      startTicks: 123_456,
      ownTicks: 21,
      waitedTicks: 4300,
    });
  });

  test.each([
    ['nothing', ''],
    ['half a line', '77 (sleep) S 5 10 10'],
    ['no name', '77 S 5 10'],
    ['words', 'hello (world) again'],
    ['words in the fields', line(77, 'sleep', 5, [1, 2, 3, 4], 5).replace('20 0 1', 'twenty 0 1')],
  ])('%s is no process', (_, text) => {
    expect(parsePidStat(text)).toBeNull();
  });
});

test('processes that end meanwhile, and what is no process, are left out', () => {
  const tree = new Tree({
    '1/stat': line(1, 'init', 0, [1, 1, 1, 1], 1),
    '2/stat': line(2, 'child', 1, [1, 1, 1, 1], 1),
    '3/stat': 'garbage',
    '4/status': '',
    'self/stat': line(2, 'child', 1, [1, 1, 1, 1], 1),
    stat: 'cpu',
  });
  const table = readProcessTable(tree.dir);
  expect([...table.all()].map(({ pid }) => pid)).toEqual([1, 2]);
  expect(table.childrenOf(1).map(({ comm }) => comm)).toEqual(['child']);
  expect(table.childrenOf(2)).toEqual([]);
  expect(table.get(4)).toBeUndefined();
  tree.remove();
});

test('this process is in this machine\u2019s table, with its parent', () => {
  const own = readProcessTable('/proc').get(process.pid);
  expect(own).toMatchObject({ pid: process.pid, parentPid: process.ppid });
  expect(own?.startTicks).toBeGreaterThan(0);
});

test('USER_HZ is what the system says', () => {
  expect(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).trim()).toBe('100');
});
