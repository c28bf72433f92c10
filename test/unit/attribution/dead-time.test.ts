import fc from 'fast-check';
import { deadTime } from '../../../src/attribution/dead-time';

describe('deadTime', () => {
  test.each([
    ['one dead: exact', 1000, 400, [{ allocatedCpuNs: 5 }], { cpuNs: [600], estimated: false }],
    ['nobody dead', 1000, 400, [], { cpuNs: [], estimated: false }],
    [
      'several dead: by allocated CPU time',
      1000,
      400,
      [{ allocatedCpuNs: 1 }, { allocatedCpuNs: 2 }],
      { cpuNs: [200, 400], estimated: true },
    ],
    [
      'several dead, allocation unknown: evenly',
      100,
      0,
      [{ allocatedCpuNs: 0 }, { allocatedCpuNs: 0 }],
      { cpuNs: [50, 50], estimated: true },
    ],
    [
      'children read a little later than the parent',
      1000,
      1001,
      [{ allocatedCpuNs: 1 }],
      { cpuNs: [0], estimated: false },
    ],
    [
      'several dead that did nothing',
      10,
      10,
      [{ allocatedCpuNs: 1 }, { allocatedCpuNs: 1 }],
      { cpuNs: [0, 0], estimated: false },
    ],
  ])('%s', (_name, parentNs, livingNs, dead, expected) => {
    expect(deadTime(parentNs, livingNs, dead)).toEqual(expected);
  });

  test('gives out what is left, all of it', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.nat(1e9),
        fc.array(fc.record({ allocatedCpuNs: fc.nat(1e9) }), { minLength: 1, maxLength: 9 }),
        (parentNs, livingNs, dead) => {
          const { cpuNs } = deadTime(parentNs, livingNs, dead);
          expect(cpuNs.reduce((a, b) => a + b, 0)).toBeCloseTo(Math.max(0, parentNs - livingNs), 3);
        },
      ),
    );
  });
});
