import fc from 'fast-check';
import { scaled } from '../../scale';
import { JOB_CPUS, type Load, allocationWeights, measure, recorded, usageWeights } from './shared-host';
import type { EitRecord } from '../../../src/generated/record';
import { aggregate } from '../report/asked';

const IDLE_W = 4;
const IDLE_UJ = 40e6;

const time = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1e10 }));
/** At least what the host draws when idle, so that `hybrid` has the same idle energy in each tick. */
const load: fc.Arbitrary<Load> = fc.record({
  energyUj: fc.integer({ min: IDLE_UJ, max: 3.5e9 }),
  usedNs: fc.tuple(time, time, time),
  systemNs: time,
});
const loads = fc.array(load, { minLength: 2, maxLength: 20 });
const begins = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(1));
const chosen = fc.array(fc.boolean(), { minLength: 20, maxLength: 20 });

/** µJ by job, as a report adds them up. */
function reported(records: readonly EitRecord[]): unknown {
  return (['usage', 'allocation', 'hybrid'] as const).map((policy) => {
    const { groups, unattributed } = aggregate(records, {
      policy,
      sinceMs: 0,
      untilMs: Infinity,
      groupBy: ['job'],
    });
    const { idleUj, systemUj } = unattributed!;
    return [...groups.map(({ sums }) => sums.energy.get('lab')!.measuredUj.get('cpu')), idleUj, systemUj];
  });
}

test('merging records changes nothing: wherever the lines are cut, each party has the same joules', () => {
  fc.assert(
    fc.property(loads, begins, chosen, chosen, (list, starts, cuts, others) => {
      const [one, cut, recut] = [[], cuts, others].map((at) =>
        measure(list, { begins: starts, idleW: IDLE_W, isCut: (tick) => at[tick] === true }),
      );
      for (const policy of [0, 1, 2] as const) {
        expect(recorded(cut!, policy)).toEqual(recorded(one!, policy));
      }
      expect(reported(cut!)).toEqual(reported(one!));
      expect(reported(recut!)).toEqual(reported(one!));
    }),
    { numRuns: scaled(40, 10_000) },
  );
});

/**
 * By how much merging ticks into one can change a party's energy, µJ.
 *
 * Let E_k be the energy of tick k and U_k what is used in it, E and U their sums, p_k = E_k / E, q_k = U_k / U, and s_k
 * the party's share in tick k. Tick by tick it gets Σ E_k s_k = E Σ p_k s_k. Merged it gets E (Σ U_k s_k) / U =
 * E Σ q_k s_k. So the difference is E Σ (p_k − q_k) s_k. As Σ (p_k − q_k) = 0, any constant may be taken from the
 * s_k, and with the middle between the least and the greatest of them, |s_k − middle| ≤ (max s − min s) / 2:
 *
 *     |difference| ≤ E · ½ Σ |p_k − q_k| · (max s − min s)
 *
 * It is 0 where the power follows the use, and where the shares stay as they are. It is at most E times the total
 * variation of the share, since max s − min s is, and the sum in the middle is at most 1.
 */
function mergeBoundUj(energyUj: readonly number[], weights: readonly (readonly number[])[], party: number) {
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  const all = weights.map(sum);
  const [energy, used] = [sum(energyUj), sum(all)];
  const half = sum(energyUj.map((uj, k) => Math.abs(uj / energy - all[k]! / used))) / 2;
  const shares = weights.map((of, k) => of[party]! / all[k]!);
  return energy * half * (Math.max(...shares) - Math.min(...shares));
}

/** What rounding may add: less than 1 µJ a party where all take part in each tick; here some sleep in some ticks. */
const ROUNDING_UJ = 6;

test('merging ticks changes a party’s energy by no more than what power and shares vary by', () => {
  fc.assert(
    fc.property(loads, begins, (list, starts) => {
      const ticks = measure(list, { begins: starts, idleW: IDLE_W });
      const merged = measure(list, { begins: starts, idleW: IDLE_W, isRead: () => false });
      const used = list.map((one, tick) => usageWeights(one, tick, starts));
      // Where nobody uses anything the weight of idle is any number; in the merged tick it is none.
      const weighed = used.map((of, k) => (isUnused(list[k]!, k, starts) ? of.map((ns) => ns * 1e-20) : of));
      const allocated = list.map((one, tick) => allocationWeights(one, tick, starts));
      const energyUj = list.map((one) => one.energyUj);
      const restUj = energyUj.map((uj) => uj - IDLE_UJ);
      const idleUj = energyUj.map(() => IDLE_UJ);
      const most = (party: number): number[] => [
        mergeBoundUj(energyUj, weighed, party),
        mergeBoundUj(energyUj, allocated, party),
        mergeBoundUj(restUj, weighed, party) + mergeBoundUj(idleUj, allocated, party),
      ];
      for (const policy of [0, 1, 2] as const) {
        const [apart, together] = [recorded(ticks, policy), recorded(merged, policy)];
        apart.forEach((uj, party) => {
          const boundUj = most(party)[policy]! * (1 + 1e-6) + ROUNDING_UJ;
          expect(Math.abs(uj - together[party]!)).toBeLessThanOrEqual(boundUj);
        });
      }
    }),
  );
});

function isUnused({ usedNs, systemNs }: Load, tick: number, starts: readonly number[]): boolean {
  return systemNs === 0 && usedNs.every((ns, i) => ns === 0 || starts[i]! > tick);
}

test('the bound on merging ticks is reached: a job that ran alone while all the energy was drawn has half of it', () => {
  const list: Load[] = [
    { energyUj: 1e9, usedNs: [1e10, 0, 0], systemNs: 0 },
    { energyUj: 0, usedNs: [0, 1e10, 0], systemNs: 0 },
  ];
  const [ticks, merged] = [true, false].map((isRead) => recorded(measure(list, { isRead: () => isRead }), 0));
  expect([ticks![0], merged![0]]).toEqual([1e9, 0.5e9]);
  const weights = list.map((one, tick) => usageWeights(one, tick, [0, 0, 0]));
  expect(mergeBoundUj([1e9, 0], weights, 0)).toBe(0.5e9);
});

test('merging ticks changes nothing under allocation while the same jobs run', () => {
  fc.assert(
    fc.property(loads, chosen, (list, read) => {
      const [ticks, merged] = [() => true, (tick: number) => read[tick]!].map((isRead) =>
        recorded(measure(list, { isRead }), 1),
      );
      JOB_CPUS.forEach((_, job) => expect(Math.abs(ticks![job]! - merged![job]!)).toBeLessThan(2));
    }),
  );
});
