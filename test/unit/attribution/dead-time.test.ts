import fc from 'fast-check';
import { type DeadJob, deadTime } from '../../../src/attribution/dead-time';

const SKEW_NS = 20;
const unseen = (allocatedCpuNs: number): DeadJob => ({ allocatedCpuNs, knownNs: null });
const seen = (knownNs: number): DeadJob => ({ allocatedCpuNs: 1, knownNs });

describe('deadTime', () => {
  test.each<[string, number, number, DeadJob[], number[], number[], number]>([
    ['one dead: all that is left', 1000, 400, [unseen(5)], [600], [0], 0],
    ['nobody dead: what is left waits for the next reading', 1000, 990, [], [], [], 10],
    ['nobody dead: what no reading can be off by is nobody’s', 1000, 400, [], [], [], SKEW_NS],
    ['several dead: by allocated CPU time', 1000, 400, [unseen(1), unseen(2)], [200, 400], [200, 400], 0],
    ['several dead, allocation unknown: evenly', 100, 0, [unseen(0), unseen(0)], [50, 50], [50, 50], 0],
    ['children read a little later than the parent', 1000, 1001, [unseen(1)], [0], [0], -1],
    ['several dead that did nothing', 10, 10, [unseen(1), unseen(1)], [0, 0], [0, 0], 0],
    [
      'one of several unseen: it has the rest, which holds what ending took of the others',
      1000,
      0,
      [seen(300), unseen(9)],
      [300, 700],
      [0, 700],
      0,
    ],
    ['all seen: what ending took is spread evenly', 100, 0, [seen(30), seen(50)], [40, 60], [0, 0], 0],
    ['more known than is left: scaled', 60, 0, [seen(30), seen(90)], [15, 45], [0, 0], 0],
    [
      'more is left than ending can take: another was there, and what of it is whose nobody knows',
      5e9,
      0,
      [seen(1e9), seen(1e9)],
      [2.5e9, 2.5e9],
      [1.5e9, 1.5e9],
      0,
    ],
  ])('%s', (_name, parentNs, livingNs, dead, cpuNs, estimatedNs, balanceNs) => {
    expect(deadTime(parentNs, livingNs, dead, 0, SKEW_NS)).toEqual({ cpuNs, estimatedNs, balanceNs });
  });

  test('gives out what is left, all of it', () => {
    const job = fc.record({
      allocatedCpuNs: fc.nat(1e9),
      knownNs: fc.oneof(fc.constant(null), fc.nat(1e9)),
    });
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.nat(1e9),
        fc.array(job, { minLength: 1, maxLength: 9 }),
        fc.integer({ min: -SKEW_NS, max: SKEW_NS }),
        (parentNs, livingNs, dead, balanceNs) => {
          const { cpuNs } = deadTime(parentNs, livingNs, dead, balanceNs, SKEW_NS);
          const left = Math.max(0, parentNs - livingNs + balanceNs);
          expect(cpuNs.reduce((a, b) => a + b, 0)).toBeCloseTo(left, 3);
          expect(Math.min(...cpuNs)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test('what reading in succession is off by evens out: over many deaths the sum is the true one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ usedNs: fc.nat(1000), skewNs: fc.nat(SKEW_NS) }), {
          minLength: 5,
          maxLength: 50,
        }),
        (jobs) => {
          let [balanceNs, given, parentNs, leadNs] = [0, 0, 0, 0];
          for (const { usedNs, skewNs } of jobs) {
            // The living are read `skewNs` later than their parent each time: they seem to be ahead by as much.
            const living = 500 + skewNs - leadNs;
            leadNs = skewNs;
            parentNs += 500 + usedNs;
            const time = deadTime(500 + usedNs, living, [unseen(1)], balanceNs, SKEW_NS);
            balanceNs = time.balanceNs;
            given += time.cpuNs[0]!;
          }
          const used = jobs.reduce((sum, job) => sum + job.usedNs, 0);
          expect(Math.abs(given - used)).toBeLessThanOrEqual(SKEW_NS);
        },
      ),
    );
  });
});
