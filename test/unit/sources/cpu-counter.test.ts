import fc from 'fast-check';
import { openCgroup1Cpu, parseCpuacctUsage } from '../../../src/sources/cgroup-v1';
import { openCgroup2Cpu, parseCpuStat } from '../../../src/sources/cgroup-v2';
import type { CpuCounter } from '../../../src/sources/cpu-counter';
import { isMissing } from '../../../src/sources/source';
import { Tree } from './tree';

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

/** A counter that has read `text` last, and before it each of `earlier`. */
function readAfter(
  open: typeof openCgroup1Cpu,
  file: string,
  earlier: readonly string[],
  text: string,
): ReturnType<CpuCounter['read']> {
  tree.write(file, '');
  const counter = open(tree.dir);
  if (counter === 'gone' || isMissing(counter)) throw new Error('not opened');
  try {
    for (const each of earlier) {
      tree.write(file, each);
      counter.read();
    }
    tree.write(file, text);
    return counter.read();
  } finally {
    counter.close();
  }
}

const digits = fc.oneof(
  fc.bigInt({ min: 0n, max: 3000n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n }),
  fc.constantFrom(10n ** 15n - 1n, 10n ** 15n, 2n ** 53n, 2n ** 53n + 1n),
);
const end = fc.constantFrom('\n', '', ' \n', '\n\n', 'x\n', '\nuser_usec 1\n');
const noise = fc.string({ maxLength: 12 });

const usages = fc.oneof(
  fc.tuple(digits, end).map(([number, last]) => `${number}${last}`),
  noise,
  fc.constantFrom('', '\n', '-1\n', '1e3\n', '0x1\n', '007\n', ' 5\n'),
);
const stats = fc.oneof(
  fc.tuple(digits, end).map(([number, last]) => `usage_usec ${number}${last}`),
  digits.map((number) => `nr_periods 0\nusage_usec ${number}\n`),
  noise,
  fc.constantFrom('', 'usage_usec', 'usage_usec ', 'usage_usec \n', 'usage_use\n', 'usage_usec 12'),
);

describe('what a tick reads of a job is what parsing the text of its file gives', () => {
  test.each([
    ['cpuacct.usage', openCgroup1Cpu, parseCpuacctUsage, usages],
    ['cpu.stat', openCgroup2Cpu, parseCpuStat, stats],
  ] as const)('%s, whatever was read before', (file, open, parse, texts) => {
    const path = tree.path(file);
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 3 }), texts, (earlier, text) => {
        // As a file is read: a byte a character.
        const bytes = Buffer.from(text).toString('latin1');
        expect(readAfter(open, file, earlier, text)).toEqual(parse(bytes, path));
      }),
    );
  });

  test('a file longer than one reading', () => {
    const text = `${'nr 0\n'.repeat(20_000)}usage_usec 7\n`;
    expect(readAfter(openCgroup2Cpu, 'cpu.stat', ['usage_usec 5\n'], text)).toBe(7000n);
  });
});
