import fc from 'fast-check';
import { type Carry, divideEnergy, POLICIES } from '../../../src/attribution/policy';
import { SharedDomain } from '../../../src/synthetic/shared-domain';

const MODEL = { name: 'package-0', class: 'cpu', idleW: 80, wattsPerUsed: 3, capacity: 64 } as const;
const SYSTEM = 0.25;

/** Runs that are there from one interval to another, and the intervals' lengths in ms. */
const scene = fc.record({
  lengthsMs: fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 6 }),
  runs: fc.array(
    fc.record({
      from: fc.nat(5),
      intervals: fc.integer({ min: 1, max: 6 }),
      cpus: fc.integer({ min: 1, max: 8 }),
      busyPart: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 8 },
  ),
});

test('a stretch comes to what divideEnergy gives interval by interval, and adds up', () => {
  fc.assert(
    fc.property(scene, ({ lengthsMs, runs }) => {
      const domain = new SharedDomain(MODEL, SYSTEM);
      const isThere = (run: (typeof runs)[0], i: number) => run.from <= i && i < run.from + run.intervals;
      const clocks = runs.map(() => ({ usage: 0, allocation: 0, ms: 0 }));
      const charged = runs.map(() => [0, 0, 0]);
      const carry: Carry[] = Array.from({ length: runs.length + 2 }, () => [0, 0, 0, 0]);
      const expected = runs.map(() => [0, 0, 0]);
      const expectedSystem = [0, 0, 0];
      const expectedIdle = [0, 0, 0];

      for (const [i, ms] of lengthsMs.entries()) {
        const used = (run: (typeof runs)[0]) => (isThere(run, i) ? run.cpus * run.busyPart : 0);
        domain.used = runs.reduce((sum, run) => sum + used(run), 0);
        const energyUj = Math.round((MODEL.idleW + MODEL.wattsPerUsed * (domain.used + SYSTEM)) * ms * 1000);
        const divided = divideEnergy({
          energyUj,
          idleEnergyUj: MODEL.idleW * ms * 1000,
          runs: runs.map((run) => ({ used: used(run), allocated: isThere(run, i) ? run.cpus : 0 })),
          systemUsed: SYSTEM,
          capacity: MODEL.capacity,
          carry,
        });
        for (const [policy] of POLICIES.entries()) {
          for (const [r, uj] of divided.runs.entries()) expected[r]![policy]! += uj[policy]!;
          expectedSystem[policy]! += divided.system[policy]!;
          expectedIdle[policy]! += divided.idle[policy]!;
        }
        const before = { usage: domain.usageClock, allocation: domain.allocationClock };
        domain.advance(ms);
        for (const [r, run] of runs.entries()) {
          if (!isThere(run, i)) continue;
          clocks[r]!.usage += domain.usageClock - before.usage;
          clocks[r]!.allocation += domain.allocationClock - before.allocation;
          clocks[r]!.ms += ms;
        }
      }
      for (const [r, { cpus, busyPart }] of runs.entries()) {
        const { usage, allocation, ms } = clocks[r]!;
        charged[r] = [
          Math.floor(cpus * busyPart * usage * 1000),
          Math.floor(cpus * allocation * 1000),
          Math.floor((cpus * domain.hybridIdleRate + cpus * busyPart * MODEL.wattsPerUsed) * ms * 1000),
        ];
        for (const policy of POLICIES.keys()) domain.runsUj[policy]! += charged[r]?.[policy] ?? NaN;
      }

      const { counterUj, idleUj, systemUj } = domain.totals();
      // Rounding, each interval and each run.
      const near = 3 * (lengthsMs.length + runs.length) + 3;
      for (const policy of POLICIES.keys()) {
        expect(domain.runsUj[policy]! + idleUj[policy]! + systemUj[policy]!).toBe(counterUj);
        expect(Math.min(idleUj[policy]!, systemUj[policy]!)).toBeGreaterThanOrEqual(0);
        expect(Math.abs(systemUj[policy]! - expectedSystem[policy]!)).toBeLessThanOrEqual(near);
        expect(Math.abs(idleUj[policy]! - expectedIdle[policy]!)).toBeLessThanOrEqual(near);
        for (const [r, uj] of charged.entries()) {
          expect(Math.abs(uj[policy]! - expected[r]![policy]!)).toBeLessThanOrEqual(near);
        }
      }
    }),
  );
});
