import fc from 'fast-check';
import { type SplitRun, leastCertain, splitByPlace } from '../../../src/attribution/package-split';

const SOCKETS = [new Set([0, 1]), new Set([2, 3])];
const busy = (...ns: number[]) => new Map(ns.map((value, cpu) => [cpu, value]));
const run = (cpuNs: number, cpus: number[] | null = null, placeNs: number[] | null = null): SplitRun => ({
  cpuNs,
  cpus: cpus === null ? null : new Set(cpus),
  placeNs,
});

test.each<[string, SplitRun[], number[], string]>([
  ['as the kernel counted, elsewhere included', [run(100, null, [20, 20, 10])], [40, 40], 'percpu'],
  ['one socket only, whoever else is there', [run(100, [2, 3]), run(50, [3])], [0, 100], 'cpuset'],
  ['its own CPUs on both sockets: as they were busy', [run(100, [1, 2]), run(50, [3])], [75, 25], 'cpuset'],
  ['CPUs shared with another', [run(100, [1, 2]), run(50, [2, 3])], [75, 25], 'assumed'],
  ['CPUs that a run without a cpuset may use too', [run(100, [1, 2]), run(50)], [75, 25], 'assumed'],
  ['no cpuset', [run(100)], [60, 40], 'assumed'],
  ['nothing used', [run(0)], [0, 0], 'cpuset'],
])('%s', (_name, runs, placeNs, split) => {
  expect(splitByPlace(SOCKETS, busy(30, 30, 10, 30), runs)[0]).toEqual({ placeNs, split });
});

test('where no CPU was seen to be busy, by how many there are', () => {
  expect(splitByPlace(SOCKETS, busy(0, 0, 0, 0), [run(90, [0, 1, 2])])[0]!.placeNs).toEqual([60, 30]);
  expect(splitByPlace(SOCKETS, new Map(), [run(90)])[0]!.placeNs).toEqual([45, 45]);
});

const cpus = fc.option(fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 }));
const runs = fc.array(
  fc.tuple(fc.nat(1e9), cpus).map(([ns, set]) => run(ns, set)),
  { maxLength: 6 },
);
const busyNs = fc.array(fc.nat(1e9), { minLength: 4, maxLength: 4 }).map((values) => busy(...values));

test('the places together have the run’s time, none less than nothing, none where it may not run', () => {
  fc.assert(
    fc.property(runs, busyNs, (list, ns) => {
      splitByPlace(SOCKETS, ns, list).forEach(({ placeNs }, i) => {
        const { cpuNs, cpus: own } = list[i]!;
        expect(placeNs[0]! + placeNs[1]!).toBeCloseTo(cpuNs, 3);
        placeNs.forEach((each, place) => {
          expect(each).toBeGreaterThanOrEqual(0);
          if (own !== null && ![...SOCKETS[place]!].some((cpu) => own.has(cpu))) expect(each).toBe(0);
        });
      });
    }),
  );
});

test('the order of the runs changes nothing', () => {
  fc.assert(
    fc.property(runs, busyNs, (list, ns) => {
      const backwards = splitByPlace(SOCKETS, ns, list.toReversed()).toReversed();
      expect(backwards).toEqual(splitByPlace(SOCKETS, ns, list));
    }),
  );
});

test('the least certain wins', () => {
  expect(leastCertain(null, 'percpu')).toBe('percpu');
  expect(leastCertain('percpu', 'assumed')).toBe('assumed');
  expect(leastCertain('assumed', 'cpuset')).toBe('assumed');
});
