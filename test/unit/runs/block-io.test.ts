import validate from '../../../src/generated/report-validator';
import { report } from '../report/asked';
import { later, runRecord } from '../report/records';

const T = '2026-03-02T10:00:00.000Z';

test('block devices are added up over lines and nodes, with how many of the runs it is told of', () => {
  const made = report(
    [
      runRecord({ io: { rb: 100, r: 1 } }),
      runRecord({ from: later(T, 300), started: T, seq: 1, io: { rb: 11, wb: 5, w: 2 } }),
      runRecord({ job: 2, node: 'n1', nodes: 2, seq: 2, io: { wb: 1 } }),
      runRecord({ job: 2, node: 'n2', nodes: 2, seq: 3, io: { wb: 2 } }),
      runRecord({ job: 3, seq: 4 }),
      runRecord({ job: 4, user: 'bob', uid: 7, seq: 5, io: {} }),
      runRecord({ job: 5, user: 'eve', uid: 8, seq: 6 }),
    ],
    { groupBy: ['user'] },
  );
  expect(validate(made)).toBe(true);
  const byUser = Object.fromEntries(made.groups.map(({ user, block_io }) => [user, block_io]));
  const sums = { read_bytes: 111, written_bytes: 8, read_ops: 1, written_ops: 2 };
  expect(byUser).toEqual({
    alice: { runs: 2, ...sums },
    bob: { runs: 1, read_bytes: 0, written_bytes: 0, read_ops: 0, written_ops: 0 },
    eve: undefined,
  });
  expect(made.total.block_io).toEqual({ runs: 3, ...sums });
});
