import fc from 'fast-check';
import { type Carry, type DivisionInput, divideEnergy } from '../../../src/attribution/policy';

const noCarry = (n: number): Carry[] => Array.from({ length: n }, () => [0, 0, 0, 0]);

function divide(input: Partial<DivisionInput> & Pick<DivisionInput, 'energyUj' | 'runs'>) {
  return divideEnergy({
    idleEnergyUj: 0,
    systemUsed: 0,
    capacity: 4,
    carry: noCarry(input.runs.length + 2),
    ...input,
  });
}

const party = fc.record({
  used: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1e12 })),
  allocated: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 256, noNaN: true })),
});
const tick = fc.record({
  energyUj: fc.integer({ min: 0, max: 1e11 }),
  idleEnergyUj: fc.integer({ min: 0, max: 1e11 }),
  runs: fc.array(party, { maxLength: 12 }),
  systemUsed: fc.integer({ min: 0, max: 1e11 }),
  capacity: fc.integer({ min: 1, max: 256 }),
});

describe('divideEnergy', () => {
  test('usage: by CPU time, the system takes part, nothing is idle while anything is used', () => {
    const { runs, idle, system } = divide({
      energyUj: 1000,
      runs: [
        { used: 600, allocated: 1 },
        { used: 300, allocated: 1 },
      ],
      systemUsed: 100,
    });
    expect([runs[0]![0], runs[1]![0], idle[0], system[0]]).toEqual([600, 300, 0, 100]);
  });

  test('usage: what nobody used is idle', () => {
    const { runs, idle, system } = divide({ energyUj: 1000, runs: [{ used: 0, allocated: 2 }] });
    expect([runs[0]![0], idle[0], system[0]]).toEqual([0, 1000, 0]);
  });

  test('allocation: by CPUs of the host, the rest is idle, system is 0', () => {
    const { runs, idle, system } = divide({
      energyUj: 1000,
      runs: [{ used: 5, allocated: 1 }],
      systemUsed: 99,
    });
    expect([runs[0]![1], idle[1], system[1]]).toEqual([250, 750, 0]);
  });

  test('allocation: where more is allocated than the host has, by their sum', () => {
    const { runs, idle } = divide({
      energyUj: 1000,
      runs: [
        { used: 0, allocated: 4 },
        { used: 0, allocated: 6 },
      ],
    });
    expect([runs[0]![1], runs[1]![1], idle[1]]).toEqual([400, 600, 0]);
  });

  test('hybrid: the idle energy by allocation, the rest by CPU time', () => {
    const { runs, idle, system } = divide({
      energyUj: 1000,
      idleEnergyUj: 400,
      runs: [
        { used: 300, allocated: 1 },
        { used: 0, allocated: 2 },
      ],
      systemUsed: 100,
    });
    expect([runs[0]![2], runs[1]![2], idle[2], system[2]]).toEqual([100 + 450, 200, 100, 150]);
  });

  test('under each policy runs + idle + system is the energy, and nobody gets less than nothing', () => {
    fc.assert(
      fc.property(tick, (input) => {
        const { runs, idle, system } = divideEnergy({ ...input, carry: noCarry(input.runs.length + 2) });
        for (const policy of [0, 1, 2] as const) {
          const parts = [...runs.map((run) => run[policy]), idle[policy], system[policy]];
          expect(parts.reduce((a, b) => a + b, 0)).toBe(input.energyUj);
          expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test('conservation holds tick after tick with the balances of rounding carried on', () => {
    fc.assert(
      fc.property(fc.array(tick, { minLength: 2, maxLength: 20 }), (ticks) => {
        const runs = ticks[0]!.runs;
        const carry = noCarry(runs.length + 2);
        for (const input of ticks) {
          const division = divideEnergy({ ...input, runs, carry });
          for (const policy of [0, 1, 2] as const) {
            const parts = [
              ...division.runs.map((run) => run[policy]),
              division.idle[policy],
              division.system[policy],
            ];
            expect(parts.reduce((a, b) => a + b, 0)).toBe(input.energyUj);
            expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
          }
        }
      }),
    );
  });

  test('a run that uses nothing gets nothing under usage, and its allocation under allocation', () => {
    fc.assert(
      fc.property(tick, fc.double({ min: 0.5, max: 8, noNaN: true }), (input, allocated) => {
        const runs = [...input.runs, { used: 0, allocated }];
        const sleeping = divideEnergy({ ...input, runs, carry: noCarry(runs.length + 2) }).runs.at(-1)!;
        const sum = runs.reduce((total, run) => total + run.allocated, 0);
        expect(sleeping[0]).toBe(0);
        const exact = (input.energyUj * allocated) / Math.max(sum, input.capacity);
        expect(Math.abs(sleeping[1] - exact)).toBeLessThanOrEqual(2);
      }),
    );
  });
});
