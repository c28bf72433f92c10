import fc from 'fast-check';
import { EitError } from '../../../src/errors';
import { expandHostlist } from '../../../src/slurm/hostlist';

// What `scontrol show hostnames` of Slurm 22.05 prints for each.
test.each([
  ['n1', 'n1'],
  ['node-1.cluster.org', 'node-1.cluster.org'],
  ['n1-2', 'n1-2'],
  ['n2,n1', 'n2 n1'],
  ['n[1-3,05-07]', 'n1 n2 n3 n05 n06 n07'],
  ['n[2,1]', 'n2 n1'],
  ['n[1,1]', 'n1 n1'],
  ['n[0-0]', 'n0'],
  ['n[00-02]', 'n00 n01 n02'],
  ['n[08-11]', 'n08 n09 n10 n11'],
  ['n[8-11]', 'n8 n9 n10 n11'],
  ['n[998-1002]', 'n998 n999 n1000 n1001 n1002'],
  ['n[098-101]', 'n098 n099 n100 n101'],
  ['n[007-009,10]', 'n007 n008 n009 n10'],
  ['n[1-02]', 'n1 n2'],
  ['n[01-1]', 'n01'],
  ['[1-3]', '1 2 3'],
  ['a[1][2]', 'a12'],
  ['r[1-2]n[1-4]', 'r1n1 r1n2 r1n3 r1n4 r2n1 r2n2 r2n3 r2n4'],
  ['a[1-2,4]b[0-1]', 'a1b0 a1b1 a2b0 a2b1 a4b0 a4b1'],
  ['rack[1-2]-n[01-03]', 'rack1-n01 rack1-n02 rack1-n03 rack2-n01 rack2-n02 rack2-n03'],
  ['login,gpu[1-2],cpu-[9-11]', 'login gpu1 gpu2 cpu-9 cpu-10 cpu-11'],
  ['n[1-2],n[1-2]', 'n1 n2 n1 n2'],
])('%s', (text, hosts) => {
  expect(expandHostlist(text)).toEqual(hosts.split(' '));
});

test('text behind the last bracket, which scontrol does not take', () => {
  expect(expandHostlist('n[1-2]-ib,m')).toEqual(['n1-ib', 'n2-ib', 'm']);
});

test('an empty list has no hosts', () => {
  expect(expandHostlist('')).toEqual([]);
});

function failure(text: string, limit?: number): string {
  try {
    return expandHostlist(text, limit === undefined ? {} : { limit }).join();
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

test.each([
  ['n[1-2', 'n[1-2', 2, 'this bracket is not closed'],
  ['n1]', 'n1]', 3, 'this bracket was not opened'],
  ['n[]', 'n[]', 3, 'expected a number or a range such as 1-3'],
  ['n[1,]', 'n[1,]', 5, 'expected a number or a range such as 1-3'],
  ['n[1,a-b]', 'n[1,a-b]', 5, 'expected a number or a range such as 1-3'],
  ['n[1-3-5]', 'n[1-3-5]', 3, 'expected a number or a range such as 1-3'],
  ['n[[1]]', 'n[[1]]', 3, 'expected a number or a range such as 1-3'],
  ['n[-1]', 'n[-1]', 3, 'expected a number or a range such as 1-3'],
  ['n[3-1]', 'n[3-1]', 3, 'the range ends before it begins'],
  ['n[1-99999999999999999999]', 'n[1-99999999999999999999]', 3, 'the number is too long'],
  ['n1,,n2', 'n1,,n2', 4, 'a name is missing before the comma'],
  [',n1', ',n1', 1, 'a name is missing before the comma'],
  ['n1,', 'n1,', 4, 'a name is missing at the end'],
  ['n1 n2', 'n1 n2', 3, 'a blank or control character is in no host name'],
  ['n\u001b[2J', 'n\\u{1b}[2J', 2, 'a blank or control character is in no host name'],
])('%j is refused', (text, shown, position, what) => {
  expect(failure(text)).toBe(
    `EIT_HOSTLIST: host list "${shown}", position ${position}: ${what}; expected one such as n[1-3,05-07],login`,
  );
});

test('a list of more hosts than wanted is refused before it is made', () => {
  expect(failure('n[1-10]', 10)).toBe('n1,n2,n3,n4,n5,n6,n7,n8,n9,n10');
  expect(failure('n[1-10],m', 10)).toContain('it names 11 hosts, more than 10');
  expect(failure('n[1-999999999999999]')).toContain('it names 999999999999999 hosts');
  expect(failure('n[0-99999][0-99999][0-99999][0-99999]')).toContain('more than 100000');
});

/** Names as Slurm writes them: each run of numbers with the same text and width in one bracket. */
function compress(hosts: ReadonlyArray<{ prefix: string; number: number; width: number }>): string {
  const items: string[] = [];
  for (let i = 0; i < hosts.length;) {
    const { prefix, width } = hosts[i]!;
    const ranges: string[] = [];
    while (i < hosts.length && hosts[i]!.prefix === prefix && hosts[i]!.width === width) {
      const from = hosts[i]!.number;
      let to = from;
      for (i += 1; i < hosts.length; i += 1) {
        const next = hosts[i]!;
        if (next.prefix !== prefix || next.width !== width || next.number !== to + 1) break;
        to = next.number;
      }
      const padded = String(from).padStart(width, '0');
      ranges.push(to === from ? padded : `${padded}-${String(to).padStart(width, '0')}`);
    }
    items.push(`${prefix}[${ranges.join(',')}]`);
  }
  return items.join(',');
}

test('expanding what was compressed gives the hosts again, in their order', () => {
  const host = fc.record({
    prefix: fc.constantFrom('n', 'gpu-', 'r1c', 'a.b'),
    number: fc.nat({ max: 30 }),
    // A number written with fewer digits than it has would have another width.
    width: fc.constantFrom(2, 3),
  });
  const runs = fc
    .array(fc.tuple(host, fc.nat({ max: 5 })), { minLength: 1, maxLength: 20 })
    .map((all) =>
      all.flatMap(([first, more]) =>
        Array.from({ length: more + 1 }, (_, i) => ({ ...first, number: first.number + i })),
      ),
    );
  fc.assert(
    fc.property(runs, (hosts) => {
      const names = hosts.map(({ prefix, number, width }) => prefix + String(number).padStart(width, '0'));
      expect(expandHostlist(compress(hosts))).toEqual(names);
    }),
  );
});

test('two lists joined by a comma are their hosts one after the other', () => {
  const list = fc.constantFrom('n1', 'n[1-3]', 'r[1-2]n[01-03]', 'a[9-11]b');
  fc.assert(
    fc.property(list, list, (a, b) => {
      expect(expandHostlist(`${a},${b}`)).toEqual([...expandHostlist(a), ...expandHostlist(b)]);
    }),
  );
});

test('any text gives hosts or an error of its own', () => {
  const text = fc.array(fc.constantFrom('n', '1', '0', '99', '[', ']', '-', ',', ' ', '\n', 'é', '\ud800'), {
    maxLength: 15,
  });
  fc.assert(
    fc.property(text, (parts) => {
      const result = failure(parts.join(''), 1000);
      expect(result).toBe(result.replaceAll(/[\n\ud800]/g, ''));
    }),
  );
});
