import { cutAt } from '../../../src/archive/job-ranges';

const points = (...jobs: readonly number[]) => jobs.map((job) => ({ job, rows: 10 }));
const LAST = Number.MAX_SAFE_INTEGER;

test('each id is in one range of its cluster, and tasks have about as many rows', () => {
  const clusters = [
    { cluster: 'a', points: points(5, 10, 20, 30) },
    { cluster: 'b', points: points(7, 8) },
  ];
  expect(cutAt(clusters, 3)).toEqual([
    [{ cluster: 'a', from: 0, below: 20 }],
    [{ cluster: 'a', from: 20, below: LAST }],
    [{ cluster: 'b', from: 0, below: LAST }],
  ]);
  expect(cutAt(clusters, 1)).toEqual([
    [
      { cluster: 'a', from: 0, below: LAST },
      { cluster: 'b', from: 0, below: LAST },
    ],
  ]);
});

test('a job that has all rows is not cut', () => {
  expect(cutAt([{ cluster: 'a', points: points(5, 5, 5, 5) }], 3)).toEqual([
    [{ cluster: 'a', from: 0, below: LAST }],
  ]);
  expect(cutAt([], 3)).toEqual([]);
});
