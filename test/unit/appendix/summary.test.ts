import fc from 'fast-check';
import { meanText, summaryOf } from '../../../src/appendix/summary';
import type { ReportGroup } from '../../../src/generated/report';
import { compareSamples } from '../../../src/science/comparison';
import { variableNamed } from '../../../src/science/variable';

function jobs(values: readonly (number | null)[]): ReportGroup[] {
  return values.map((kwh) => ({ energy_kwh: { total: kwh, gpu: kwh } }) as ReportGroup);
}

test('mean, standard error and sum are those of eit compare', () => {
  const energy = variableNamed('energy');
  const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, values, (a, b) => {
      const { sets } = compareSamples(
        [
          { name: 'a', values: a },
          { name: 'b', values: b },
        ],
        { test: 'welch', seed: 1 },
      );
      for (const [i, own] of [a, b].entries()) {
        const { n, mean, standardError, sum } = summaryOf(jobs(own), energy);
        expect({ n, mean, standardError, sum }).toEqual({
          n: sets[i]?.n,
          mean: sets[i]?.mean,
          standardError: sets[i]?.standardError ?? null,
          sum: sets[i]?.sum,
        });
      }
    }),
    { numRuns: 60 },
  );
});

test('one run shows no error; of what is not told of a run the rest is summed up, and n says of how many', () => {
  const energy = variableNamed('energy');
  expect(meanText(summaryOf(jobs([0.5]), energy))).toBe('500 Wh');
  expect(meanText(summaryOf(jobs([1, 3]), energy))).toBe('2.00 kWh ± 1.00 kWh');
  expect(summaryOf(jobs([1, null, 3]), variableNamed('GPUEnergy'))).toMatchObject({ n: 2, mean: 2, sum: 4 });
  expect(meanText(summaryOf(jobs([null]), variableNamed('GPUEnergy')))).toBe('–');
});

test('what does not add up has no sum', () => {
  const use = variableNamed('GPUUtil');
  const busy = [0.5, 0.7].map((part) => ({ gpu_utilization: part }) as ReportGroup);
  expect(summaryOf(busy, use)).toMatchObject({ n: 2, mean: 0.6, sum: null });
});
