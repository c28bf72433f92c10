import { cpus } from 'node:os';
import fc from 'fast-check';
import { openProcStat, parseProcStat } from '../../../src/sources/proc-stat';
import { isMissing } from '../../../src/sources/source';
import { Tree } from './tree';

let tree: Tree | undefined;
afterEach(() => tree?.remove());

const TICK_NS = 10_000_000n;

describe('the text of /proc/stat', () => {
  test.each([
    ['user, nice, system, irq and softirq are busy', 'cpu  1 20 300 0 0 4000 50000 0 0 0', 54_321n],
    ['idle and iowait are not', 'cpu  1 0 0 999 888 0 0 0 0 0', 1n],
    ['steal is another machine\u2019s', 'cpu  1 0 0 0 0 0 0 777 0 0', 1n],
    ['guest and guest_nice are in user and nice already', 'cpu  10 5 0 0 0 0 0 0 10 5', 15n],
    ['an older kernel has fewer columns', 'cpu  1 2 3 4 5 6 7', 19n],
    ['more than fits a double', 'cpu  18446744073709551615 0 0 0 0 0 0 0 0 0', 18_446_744_073_709_551_615n],
  ])('%s', (_, line, ticks) => {
    const text = `${line}\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu7 1 0 0 0 0 0 0 0 0 0\nintr 5 0\nctxt 1\n`;
    expect(parseProcStat(text)).toMatchObject({ busyNs: ticks * TICK_NS, cpus: 2, byCpu: null });
  });

  test.each([
    ['nothing', ''],
    ['words', 'hello\n'],
    ['too few columns', 'cpu  1 2 3\ncpu0 1 2 3\n'],
    ['a negative number', 'cpu  -1 2 3 4 5 6 7\ncpu0 1\n'],
    ['no CPUs', 'cpu  1 2 3 4 5 6 7 0 0 0\n'],
    ['no total', 'cpu0 1 2 3 4 5 6 7 0 0 0\n'],
  ])('%s is missing and not 0', (_, text) => {
    expect(parseProcStat(text)).toEqual({ missing: expect.stringMatching(/^\/proc\/stat holds .*, not/) });
  });
});

test('niced, waiting, stolen and guest time are told apart; older kernels count fewer', () => {
  const cpu0 = 'cpu0 1 0 0 0 0 0 0 0 0 0\n';
  expect(parseProcStat(`cpu  1 20 300 4 50 6 7 80 90 9\n${cpu0}`)).toMatchObject({
    niceNs: 20n * TICK_NS,
    iowaitNs: 50n * TICK_NS,
    stealNs: 80n * TICK_NS,
    guestNs: 99n * TICK_NS,
  });
  expect(parseProcStat(`cpu  1 20 300 4 50 6 7\n${cpu0}`)).toMatchObject({ stealNs: 0n, guestNs: 0n });
});

test('each CPU by its number, where that is asked for: offline ones have no line', () => {
  const text = 'cpu  9 0 0 0 0 0 0 0 0 0\ncpu0 1 2 3 99 99 4 5 99 1 1\ncpu17 7 0 0 0 0 0 0 0 0 0\nintr 1\n';
  const cpu = parseProcStat(text, true);
  expect(cpu).toMatchObject({
    byCpu: new Map([
      [0, 15n * TICK_NS],
      [17, 7n * TICK_NS],
    ]),
  });
});

test.each([
  ['too few columns', 'cpu1 1 2 3 4 5 6'],
  ['a word', 'cpu1 1 2 3 4 x 6 7'],
  ['two blanks', 'cpu1 1  2 3 4 5 6 7'],
  ['a negative number', 'cpu1 1 2 3 4 5 6 -7'],
  ['more than a double holds', 'cpu1 1 2 3 4 5 6 18446744073709551615'],
])('a CPU’s line with %s makes the whole reading missing', (_, line) => {
  const text = `cpu  9 0 0 0 0 0 0 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\n${line}\nintr 1\n`;
  expect(parseProcStat(text, true)).toEqual({ missing: expect.stringContaining('/proc/stat holds') });
});

test('each CPU has the sum of its busy columns, whatever they are', () => {
  const ticks = fc.tuple(...Array.from({ length: 10 }, () => fc.nat(2 ** 31 - 1)));
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(9000), { minLength: 1 }),
      fc.infiniteStream(ticks),
      (numbers, stream) => {
        const columns = new Map(numbers.map((number) => [number, stream.next().value ?? []]));
        const lines = [...columns].map(([number, values]) => `cpu${number} ${values.join(' ')}`);
        const cpu = parseProcStat(`cpu  9 0 0 0 0 0 0 0 0 0\n${lines.join('\n')}\nintr 5 cpu 7\n`, true);
        const busyNs = [...columns].map(
          ([number, [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0]]) => [
            number,
            BigInt(user + nice + system + irq + softirq) * TICK_NS,
          ],
        );
        expect(cpu).toMatchObject({ cpus: numbers.length, byCpu: new Map(busyNs as [number, bigint][]) });
      },
    ),
  );
});

test('the file stays open and says anew what is so', () => {
  tree = new Tree({ stat: 'cpu  1 0 0 0 0 0 0 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\n' });
  const stat = openProcStat({ proc: tree.dir });
  expect(stat.read()).toMatchObject({ busyNs: TICK_NS, cpus: 1 });
  tree.write('stat', 'cpu  2 0 0 0 0 0 0 0 0 0\ncpu0 2 0 0 0 0 0 0 0 0 0\n');
  expect(stat.read()).toMatchObject({ busyNs: 2n * TICK_NS, cpus: 1 });
  tree.write('stat', 'garbage');
  expect(stat.read()).toEqual({ missing: expect.stringContaining(`${tree.path('stat')} holds "garbage"`) });
  stat.close();
});

test('a file that is not there is missing', () => {
  expect(openProcStat({ proc: '/nonexistent' }).read()).toEqual({
    missing: 'cannot read /nonexistent/stat: ENOENT: no such file or directory',
  });
});

test('a file of many CPUs is read to its end', () => {
  const lines = Array.from({ length: 4096 }, (_, i) => `cpu${i} 1 0 0 0 0 0 0 0 0 0`);
  tree = new Tree({
    stat: `cpu  4096 0 0 0 0 0 0 0 0 0\n${lines.join('\n')}\nintr ${'0 '.repeat(50_000)}\n`,
  });
  const stat = openProcStat({ proc: tree.dir });
  expect(stat.read()).toMatchObject({ busyNs: 4096n * TICK_NS, cpus: 4096 });
  stat.close();
});

test('this machine: busy time grows by what a busy loop takes', () => {
  const stat = openProcStat({ proc: '/proc' });
  const [before, startMs] = [stat.read(), Date.now()];
  while (Date.now() - startMs < 200);
  const after = stat.read();
  stat.close();
  if (isMissing(before) || isMissing(after)) throw new Error('no /proc/stat');
  expect(after.cpus).toBe(cpus().length);
  expect(after.busyNs - before.busyNs).toBeGreaterThan(50_000_000n);
});
