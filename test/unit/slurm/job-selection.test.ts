import { parseJobSelections } from '../../../src/slurm/job-selection';

const one = (first: number) => ({ first, last: first, step: 1 });

test.each([
  ['12', [{ text: '12', job: 12 }]],
  [
    '12, 12,,13',
    [
      { text: '12', job: 12 },
      { text: '13', job: 13 },
    ],
  ],
  ['12_0', [{ text: '12_0', array: 12, tasks: [one(0)] }]],
  [
    '12_[1,3-5],7+1',
    [
      { text: '12_[1,3-5]', array: 12, tasks: [one(1), { first: 3, last: 5, step: 1 }] },
      { text: '7+1', het: 7, offset: 1 },
    ],
  ],
  // As squeue prints what waits, with how many may run at once.
  ['12_[0-98:2%4]', [{ text: '12_[0-98:2%4]', array: 12, tasks: [{ first: 0, last: 98, step: 2 }] }]],
])('%s', (text, want) => {
  expect(parseJobSelections(text)).toEqual(want);
});

test.each([
  ...[
    '0',
    '-1',
    '1.5',
    'x',
    '12_',
    '12_[]',
    '12_[1',
    '12_1]',
    '12_[3-1]',
    '12_[1-5:0]',
    '12_[1,]',
    '12_[-1]',
  ],
  ...[
    '12+',
    '12+x',
    '0_1',
    '12.batch',
    '12_1+1',
    '99999999999999999999',
    '12_99999999999999999999',
    '12_[%3]',
  ],
])('%s is refused with the right forms', (text) => {
  expect(() => parseJobSelections(text)).toThrow(
    expect.objectContaining({ code: 'EIT_USAGE', message: expect.stringContaining('1234_[1-3,7]') }),
  );
});

test.each(['', ',', ' , '])('%j is empty', (text) => {
  expect(() => parseJobSelections(text)).toThrow(expect.objectContaining({ code: 'EIT_USAGE' }));
});
