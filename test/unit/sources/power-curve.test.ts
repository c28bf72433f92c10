import fc from 'fast-check';
import { type PowerPiece, averagePowerAt, energyBetween, powerAt } from '../../fake-nvidia-smi/power-curve';
import { curveFrom } from '../../fake-nvidia-smi/gpus';

const START_NS = 1_000_000_000_000n;
const at = (s: number): bigint => START_NS + BigInt(Math.round(s * 1e9));
const PIECES: PowerPiece[] = [
  { kind: 'constant', forS: 2, powerW: 100 },
  { kind: 'ramp', forS: 4, fromW: 100, toW: 500 },
  { kind: 'spikes', forS: 3, baseW: 50, spikeW: 650, spikeS: 0.2, everyS: 1.2 },
];
const curve = curveFrom(START_NS, ...PIECES);

test.each([
  [-5, 100],
  [0, 100],
  [3, 200],
  [5.999, 499.9],
  [6.1, 650],
  [6.3, 50],
  [7.3, 650],
  [9, 50],
  [100, 50],
])('after %p s it is %p W', (s, powerW) => {
  expect(powerAt(curve, at(s))).toBeCloseTo(powerW, 6);
});

test.each([
  ['before it begins', -10, 0, 1000],
  ['a constant', 0, 2, 200],
  ['a ramp', 2, 6, 1200],
  ['half a ramp', 2, 4, 400],
  ['a spike', 6, 6.2, 130],
  ['all spikes', 6, 9, 50 * 3 + 600 * 0.6],
  ['after its end', 9, 19, 500],
  ['all of it', -10, 19, 1000 + 200 + 1200 + 510 + 500],
])('the energy of %s', (_name, fromS, toS, energyJ) => {
  expect(energyBetween(curve, at(fromS), at(toS))).toBeCloseTo(energyJ, 6);
});

test('the mean over a second is that of the second before', () => {
  expect(averagePowerAt(curve, at(3))).toBeCloseTo(150, 6);
  expect(averagePowerAt(curve, at(7.1))).toBeCloseTo(50 + 600 * 0.1, 6);
});

test('the closed form is the sum of small steps', () => {
  const second = fc.double({ min: 0, max: 9, noNaN: true });
  fc.assert(
    fc.property(second, second, (one, other) => {
      const [fromS, toS] = [Math.min(one, other), Math.max(one, other)];
      const steps = 3000;
      const stepS = (toS - fromS) / steps;
      let energyJ = 0;
      for (let step = 0; step < steps; step += 1)
        energyJ += powerAt(curve, at(fromS + (step + 0.5) * stepS)) * stepS;
      // Each of the at most 8 edges is off by at most half a step.
      expect(Math.abs(energyBetween(curve, at(fromS), at(toS)) - energyJ)).toBeLessThan(
        8 * 600 * stepS + 1e-3,
      );
    }),
    { numRuns: 50 },
  );
});
