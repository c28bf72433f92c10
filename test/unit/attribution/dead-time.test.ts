import fc from 'fast-check';
import { type DeadJob, type Range, type ReadingSkew, deadTime } from '../../../src/attribution/dead-time';

const SKEW_NS = 20;
const unseen = (allocatedCpuNs: number, earlierNs = 0): DeadJob => ({
  allocatedCpuNs,
  knownNs: null,
  earlierNs,
});
const seen = (knownNs: number, earlierNs = 0): DeadJob => ({ allocatedCpuNs: 1, knownNs, earlierNs });
const skew = (some: Partial<ReadingSkew> = {}): ReadingSkew => ({
  balanceNs: 0,
  owedNs: [0, 0],
  whileReadNs: 0,
  mostBalanceNs: SKEW_NS,
  ...some,
});

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
    expect(deadTime(parentNs, livingNs, dead, skew())).toEqual({
      cpuNs,
      estimatedNs,
      balanceNs,
      owedNs: [0, 0],
    });
  });

  describe('the living used something between the reading of the parent and theirs', () => {
    const MS = 1e6;
    const told = (parentMs: number, livingMs: number, dead: DeadJob[], some: Partial<ReadingSkew>) => {
      const { cpuNs, estimatedNs, balanceNs, owedNs } = deadTime(
        parentMs * MS,
        livingMs * MS,
        dead,
        skew({ mostBalanceNs: 20 * MS, ...some }),
      );
      const ms = (ns: number) => Number((ns / MS).toFixed(6));
      return {
        cpuMs: cpuNs.map(ms),
        estimatedMs: estimatedNs.map(ms),
        balanceMs: ms(balanceNs),
        owedMs: owedNs.map(ms),
      };
    };

    test('a dead one whose time is known has it; what the living are ahead comes back with the next reading', () => {
      // 119 ms were used by the dead, and 9 of the 109 by the living meanwhile.
      const first = told(219, 109, [seen(119 * MS)], { whileReadNs: 9 * MS });
      expect(first).toEqual({ cpuMs: [119], estimatedMs: [0], balanceMs: -9, owedMs: [0, 0] });
      // Then that one dies, which used another 50.
      const next = told(59, 0, [seen(50 * MS)], { balanceNs: -9 * MS });
      expect(next).toEqual({ cpuMs: [50], estimatedMs: [0], balanceMs: 0, owedMs: [0, 0] });
    });

    test('known, and part of what ending took may be missing: labelled', () => {
      // 110 left, 100 known, and up to 15 more of the dead’s may be missing.
      const time = told(210, 100, [seen(100 * MS)], { whileReadNs: 15 * MS });
      expect(time).toMatchObject({ cpuMs: [110], estimatedMs: [15], balanceMs: 0, owedMs: [0, 15] });
    });

    test('a dead one whose end nobody saw, alone: what it may be wrong by is labelled, now and at the next death', () => {
      const first = told(200, 100, [unseen(1)], { whileReadNs: 8 * MS });
      // 100 to 108.
      expect(first).toEqual({ cpuMs: [104], estimatedMs: [4], balanceMs: -4, owedMs: [-4, 4] });
      const owedNs = [-4 * MS, 4 * MS] as const;
      const quiet = told(50, 40, [], { balanceNs: -4 * MS, owedNs });
      expect(quiet).toEqual({ cpuMs: [], estimatedMs: [], balanceMs: 6, owedMs: [-4, 4] });
      const next = told(60, 0, [unseen(1)], { balanceNs: 6 * MS, owedNs });
      expect(next).toEqual({ cpuMs: [66], estimatedMs: [4], balanceMs: 0, owedMs: [0, 0] });
      expect(told(60, 0, [unseen(1)], {}).estimatedMs).toEqual([0]);
    });

    test.each<[string, number, DeadJob, number]>([
      ['less than a millisecond', 1.9, unseen(1), 0],
      ['more than a millisecond of a short job', 2.1, unseen(1), 1.05],
      ['less than a fiftieth of a long one', 3.9, unseen(1, 90 * MS), 0],
      ['more than a fiftieth of a long one', 4.2, unseen(1, 90 * MS), 2.1],
      ['more than it has', 30, seen(10 * MS), 10],
    ])('%s: labelled or not', (_, whileReadMs, dead, estimatedMs) => {
      expect(told(10, 0, [dead], { whileReadNs: whileReadMs * MS }).estimatedMs).toEqual([estimatedMs]);
    });

    test('several: each may be wrong by its part', () => {
      const time = told(100, 0, [seen(30 * MS), seen(50 * MS)], { whileReadNs: 8 * MS });
      expect(time).toMatchObject({ cpuMs: [40, 60], estimatedMs: [4, 4] });
    });

    test('the balance holds as much as was seen to be used meanwhile', () => {
      expect(told(0, 70, [], { whileReadNs: 90 * MS }).balanceMs).toBe(-70);
      expect(told(0, 70, [], { whileReadNs: 60 * MS }).balanceMs).toBe(-60);
    });
  });

  test('gives out what is left, all of it, and no more than is left and was used meanwhile', () => {
    const job = fc.record({
      allocatedCpuNs: fc.nat(1e9),
      knownNs: fc.oneof(fc.constant(null), fc.nat(1e9)),
      earlierNs: fc.nat(1e9),
    });
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.nat(1e9),
        fc.array(job, { minLength: 1, maxLength: 9 }),
        fc.record({
          balanceNs: fc.integer({ min: -SKEW_NS, max: SKEW_NS }),
          owedNs: fc.tuple(fc.integer({ min: -1e8, max: 0 }), fc.nat(1e8)),
          whileReadNs: fc.nat(1e8),
        }),
        (parentNs, livingNs, dead, some) => {
          const { cpuNs, estimatedNs, balanceNs } = deadTime(
            parentNs,
            livingNs,
            dead,
            skew({ ...some, mostBalanceNs: 2e9 }),
          );
          const leftNs = parentNs - livingNs + some.balanceNs;
          const givenNs = cpuNs.reduce((a, b) => a + b, 0);
          expect(givenNs + balanceNs).toBeCloseTo(leftNs, 3);
          const mostNs = leftNs + some.whileReadNs - some.owedNs[0];
          expect(givenNs).toBeLessThanOrEqual(Math.max(0, mostNs) + 0.001);
          cpuNs.forEach((ns, i) => {
            expect(estimatedNs[i]).toBeGreaterThanOrEqual(0);
            expect(ns - estimatedNs[i]!).toBeGreaterThanOrEqual(-0.001);
          });
        },
      ),
    );
  });

  test('an only one is wrong by no more than is labelled, or by next to nothing', () => {
    const death = fc.record({
      usedNs: fc.nat(1e8),
      isSeen: fc.boolean(),
      aliveNs: fc.nat(1e7),
      whileReadNs: fc.nat(1e7),
      quiet: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(death, { minLength: 1, maxLength: 20 }), (deaths) => {
        let [balanceNs, leadNs] = [0, 0];
        let owedNs: Range = [0, 0];
        for (const { usedNs, isSeen, aliveNs, whileReadNs, quiet } of deaths) {
          const meanwhileNs = Math.min(aliveNs, whileReadNs);
          const livingNs = 5e7 + meanwhileNs - leadNs;
          leadNs = meanwhileNs;
          const dead = quiet ? [] : [isSeen ? seen(usedNs) : unseen(1)];
          const parentNs = 5e7 + (quiet ? 0 : usedNs);
          const some = skew({ balanceNs, owedNs, whileReadNs, mostBalanceNs: 1e9 });
          const time = deadTime(parentNs, livingNs, dead, some);
          ({ balanceNs, owedNs } = time);
          if (quiet) continue;
          const [toldNs, estimatedNs] = [time.cpuNs[0]!, time.estimatedNs[0]!];
          const wrongNs = Math.abs(toldNs - usedNs);
          expect(wrongNs).toBeLessThanOrEqual(Math.max(estimatedNs, 1e6, 0.02 * toldNs) + 1);
        }
      }),
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
          let [balanceNs, given, leadNs] = [0, 0, 0];
          for (const { usedNs, skewNs } of jobs) {
            // The living are read `skewNs` later than their parent each time: they seem to be ahead by as much.
            const living = 500 + skewNs - leadNs;
            leadNs = skewNs;
            const time = deadTime(500 + usedNs, living, [unseen(1)], skew({ balanceNs }));
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
