import fc from 'fast-check';
import { groupMirrors, growsAsOne } from '../../../src/sources/powercap-mirrors';
import type { PowercapZone } from '../../../src/sources/powercap-zones';
import type { Missing } from '../../../src/sources/source';

type Zone = Pick<PowercapZone, 'class' | 'place'>;
interface Counter {
  readonly name: string;
  readonly zone: Zone;
}

const die = (n: number, packageId = 0): Zone => ({ class: 'cpu', place: { package: packageId, die: n } });
const MISSING: Missing = { missing: 'EIO' };

/** The groups by name; each zone shows its list of values in turn, the last again and again. */
function groups(zones: Readonly<Record<string, [Zone, readonly (bigint | Missing)[]]>>): {
  groups: string[];
  pauses: number;
  reads: Map<string, number>;
} {
  const reads = new Map<string, number>();
  let pauses = 0;
  const counters = Object.entries(zones).map(([name, [zone]]): Counter => ({ name, zone }));
  const found = groupMirrors(
    counters,
    ({ name }) => {
      const nth = reads.get(name) ?? 0;
      reads.set(name, nth + 1);
      const values = zones[name]?.[1] ?? [];
      return values[nth] ?? values.at(-1) ?? MISSING;
    },
    () => pauses++,
  );
  return { groups: found.map((group) => group.map(({ name }) => name).join(' ')), pauses, reads };
}

describe('zones that show one counter are put together', () => {
  test.each<[string, Record<string, [Zone, (bigint | Missing)[]]>, string[]]>([
    ['dies at rest at one value', { a: [die(0), [7n]], b: [die(1), [7n]] }, ['a b']],
    ['dies at rest at two values', { a: [die(0), [7n]], b: [die(1), [8n]] }, ['a', 'b']],
    ['dies at rest at 0', { a: [die(0), [0n]], b: [die(1), [0n]] }, ['a', 'b']],
    [
      'dies at 0 that then move together, as two that are new may',
      { a: [die(0), [0n, 0n, 5n]], b: [die(1), [0n, 0n, 5n]] },
      ['a', 'b'],
    ],
    ['two packages at rest at one value', { a: [die(0, 0), [7n]], b: [die(0, 1), [7n]] }, ['a', 'b']],
    [
      'two packages that move together',
      { a: [die(0, 0), [7n, 7n, 9n]], b: [die(0, 1), [7n, 7n, 9n]] },
      ['a b'],
    ],
    [
      'two packages that moved too late to tell',
      { a: [die(0, 0), [7n, 7n, 7n, 7n, 7n, 9n]], b: [die(0, 1), [7n, 7n, 7n, 7n, 7n, 9n]] },
      ['a', 'b'],
    ],
    [
      'dies that moved too late to tell, but stood at one value before',
      { a: [die(0), [7n, 7n, 7n, 7n, 7n, 9n]], b: [die(1), [7n, 7n, 7n, 7n, 7n, 9n]] },
      ['a b'],
    ],
    [
      'dies at one value of which one moves on alone',
      { a: [die(0), [7n, 7n, 9n]], b: [die(1), [7n]] },
      ['a', 'b'],
    ],
    [
      'dies at one value that move on by different amounts',
      { a: [die(0), [7n, 7n, 9n]], b: [die(1), [7n, 7n, 10n]] },
      ['a', 'b'],
    ],
    [
      'dies whose counter moves between any two readings',
      {
        a: [die(0), [10n, 12n, 14n, 16n, 18n, 20n]],
        b: [die(1), [11n, 13n, 15n, 17n, 19n, 21n]],
      },
      ['a b'],
    ],
    [
      'dies whose counter wraps meanwhile',
      { a: [die(0), [98n, 99n, 3n, 4n]], b: [die(1), [98n, 1n, 3n, 4n]] },
      ['a b'],
    ],
    [
      'dies of which only one goes back',
      { a: [die(0), [98n, 98n, 3n]], b: [die(1), [98n, 98n, 99n]] },
      ['a', 'b'],
    ],
    [
      'pairs among several',
      { a: [die(0), [7n]], b: [die(1), [8n]], c: [die(2), [7n]], d: [die(3), [8n]], e: [die(4), [9n]] },
      ['a c', 'b d', 'e'],
    ],
    ['a die that cannot be read', { a: [die(0), [7n]], b: [die(1), [MISSING]] }, ['a', 'b']],
    [
      'a die that cannot be read for once is not judged, the others are',
      { a: [die(0), [7n]], b: [die(1), [7n, 7n, MISSING, 7n]], c: [die(2), [7n]] },
      ['a c', 'b'],
    ],
    ['a package and its memory', { a: [die(0), [7n]], b: [{ ...die(0), class: 'dram' }, [7n]] }, ['a', 'b']],
    [
      'memory of two dies',
      { a: [{ ...die(0), class: 'dram' }, [7n]], b: [{ ...die(1), class: 'dram' }, [7n]] },
      ['a b'],
    ],
    [
      'memory outside any package, at rest',
      { a: [{ class: 'dram' }, [7n]], b: [{ class: 'dram' }, [7n]] },
      ['a', 'b'],
    ],
    [
      'psys is never judged',
      { a: [{ class: 'whole' }, [7n, 7n, 9n]], b: [{ class: 'whole' }, [7n, 7n, 9n]] },
      ['a', 'b'],
    ],
    ['none', {}, []],
  ])('%s', (_, zones, expected) => {
    expect(groups(zones).groups).toEqual(expected);
  });
});

describe('what it costs', () => {
  test('counters apart are read twice and not waited for', () => {
    const { pauses, reads } = groups({ a: [die(0), [7n]], b: [die(1), [8n]], c: [die(2), [9n]] });
    expect([pauses, ...reads.values()]).toEqual([0, 2, 2, 2]);
  });

  test('those that may be one are read six times, with two pauses', () => {
    const { pauses, reads } = groups({ a: [die(0), [7n]], b: [die(1), [7n]], c: [die(2), [9n]] });
    expect([pauses, ...reads.values()]).toEqual([2, 6, 6, 2]);
  });
});

const RANGE = 1_000_000n;
/** What a counter advances by before each of up to 6 readings of each of 6 zones. */
const advances = fc.array(fc.bigInt({ min: 0n, max: 20_000n }), { minLength: 36, maxLength: 36 });

test('a counter shown by every die is found whenever it moves, wraps included', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.bigInt({ min: 1n, max: RANGE - 1n }),
      advances,
      (zones, start, steps) => {
        let energyUj = start;
        let nth = 0;
        const counters = Array.from({ length: zones }, (_, i) => ({ zone: die(i) }));
        const found = groupMirrors(
          counters,
          () => (energyUj = (energyUj + (steps[nth++] ?? 0n)) % RANGE),
          () => {},
        );
        // A first reading of 0 says nothing.
        fc.pre((start + (steps[0] ?? 0n)) % RANGE !== 0n);
        expect(found).toHaveLength(1);
      },
    ),
  );
});

test('zones are put together as their counters are, however near those lie, where reading is quicker than they move', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 9 }),
      fc.uniqueArray(fc.bigInt({ min: 1n, max: 12n }), { minLength: 5, maxLength: 5 }),
      fc.array(fc.array(fc.bigInt({ min: 0n, max: 3n }), { minLength: 5, maxLength: 5 }), {
        minLength: 2,
        maxLength: 2,
      }),
      (counterOf, starts, growths) => {
        const energiesUj = [...starts];
        let round = 0;
        const counters = counterOf.map((counter, i) => ({ counter, zone: die(i) }));
        const found = groupMirrors(
          counters,
          ({ counter }) => energiesUj[counter] ?? 0n,
          () => growths[round++]?.forEach((growth, i) => (energiesUj[i] = (energiesUj[i] ?? 0n) + growth)),
        );
        const expected = [...new Set(counterOf)].map((counter) =>
          counters.filter((other) => other.counter === counter),
        );
        expect(found).toEqual(expected);
      },
    ),
  );
});

test('counters further apart than they grow by while they are read are never taken for one', () => {
  const growth = fc.array(fc.bigInt({ min: 0n, max: 20_000n }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: RANGE - 1n }),
      fc.bigInt({ min: 240_001n, max: RANGE - 240_001n }),
      growth,
      growth,
      (start, apart, ...steps) => {
        const [first = [], second = []] = steps.map((each, i) => {
          let energyUj = start + (i === 0 ? 0n : apart);
          return each.map((step) => (energyUj += step) % RANGE);
        });
        expect(growsAsOne(first, second)).toBe(false);
      },
    ),
  );
});
