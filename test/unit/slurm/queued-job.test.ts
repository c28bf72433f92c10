import { isOver, oneOf } from '../../../src/slurm/queued-job';
import type { QueuedJob } from '../../../src/slurm/squeue';

function job(shown: string, id: number, state = 'RUNNING'): QueuedJob {
  return { shown, job: id, state, nodes: 1, uid: 1000, gid: 100, elapsed: '0:10', reason: '' };
}

test('the one that there is', () => {
  expect(oneOf([], '12')).toBeNull();
  expect(oneOf([job('12', 12)], '12')?.job).toBe(12);
  // A task by its array's name and by its own number.
  expect(oneOf([job('40_3', 43)], '40_3')?.job).toBe(43);
  expect(oneOf([job('12', 12, 'COMPLETED')], '12')?.state).toBe('COMPLETED');
});

test('of an array the only task that runs; of several one has to be named', () => {
  const waiting = job('40_[5-9]', 40, 'PENDING');
  expect(oneOf([job('40_1', 41, 'COMPLETED'), job('40_3', 43), waiting], '40')?.job).toBe(43);
  expect(() => oneOf([job('40_3', 43), job('40_4', 40), waiting], '40')).toThrow(
    '40 is 2 jobs: name one of them, such as 40_3, 40_4',
  );
  expect(() => oneOf([job('50+0', 50), job('50+1', 51)], '50')).toThrow('such as 50+0, 50+1');
});

test('what is over and what is not', () => {
  for (const state of ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT', 'COMPLETING', 'NODE_FAIL'])
    expect(isOver({ state })).toBe(true);
  for (const state of ['PENDING', 'RUNNING', 'SUSPENDED', 'CONFIGURING', 'REQUEUED'])
    expect(isOver({ state })).toBe(false);
});
