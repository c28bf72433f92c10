import { embodiedRates } from '../../../src/carbon/embodied';

const HOURS = 5 * 8766;

test.each<[string, string, string | null, number | null]>([
  ['in a list of names', 'gpu03', 'EPYC', 1],
  ['by a name with a star', 'fat-x', null, 2],
  ['by name and model', 'n1', 'Intel Xeon 8380 @ 2.30GHz', 3],
  ['by model, whatever the case', 'n1', 'amd epyc 7763 64-Core', 4],
  ['of another model', 'n1', 'Power9', null],
  ['of which the model is not told', 'n1', null, null],
])('a node %s', (_, node, model, kg) => {
  const rates = embodiedRates(
    {
      node_classes: [
        { nodes: 'gpu[01-04],login', kg: HOURS },
        { nodes: 'fat*', kg: 2 * HOURS },
        { nodes: 'n*', cpu_model: '*Xeon*8380*', kg: 3 * HOURS },
        { cpu_model: '*EPYC*', kg: 4 * HOURS },
      ],
    },
    'site.embodied',
  );
  expect(rates.nodeKgPerHour(node, model)).toBe(kg);
});

test('a class of its own for all others, another life time, and models of GPUs', () => {
  const rates = embodiedRates(
    {
      lifetime_years: 10,
      node_classes: [{ kg: 8766 }],
      gpus: [{ model: 'A100', kg: 8766, lifetime_years: 2 }],
    },
    'site.embodied',
  );
  expect(rates.nodeKgPerHour('x', null)).toBe(0.1);
  expect(rates.gpuKgPerHour('a100')).toBe(0.5);
  // Without a star all of the name.
  expect(rates.gpuKgPerHour('NVIDIA A100')).toBeNull();
});

test.each([
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*b*b*', 'abcb', true],
  ['*b*b*', 'abc', false],
  ['**', '', true],
  ['a.c', 'abc', false],
])('%s takes %s: %s', (model, text, isTaken) => {
  expect(embodiedRates({ gpus: [{ model, kg: 1 }] }, '').gpuKgPerHour(text) !== null).toBe(isTaken);
});

test('names that are no names are refused with their place', () => {
  expect(() => embodiedRates({ node_classes: [{ nodes: 'n[1-', kg: 1 }] }, 'site.embodied in /e')).toThrow(
    'site.embodied in /e: node_classes.0.nodes is "n[1-"; expected nodes\' names, such as gpu[1-8] or gpu*',
  );
});
