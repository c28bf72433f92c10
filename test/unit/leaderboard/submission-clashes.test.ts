import { recordFingerprint } from '../../../src/leaderboard/record-fingerprint';
import { submissionClashes } from '../../../src/leaderboard/submission-clashes';
import { runRecord } from '../report/records';

const submission = (file: string, name: string, ...records: string[]) => ({
  file,
  submission: { sha256: file, manifest: { name }, fingerprints: new Set(records) },
});

test('of what has a record or a name in common none is taken, whatever the files are called', () => {
  const all = [
    submission('a', 'A', '1', '2'),
    submission('b', 'B', '2', '3'),
    submission('c', 'C', '3'),
    submission('d', 'D', '4'),
    submission('e', 'E', '5'),
    submission('f', 'E', '6'),
    submission('g', 'G', '7'),
  ];
  const refused = (order: typeof all) =>
    submissionClashes(order, ['G']).flatMap((why, i) => (why === null ? [] : [order[i]!.file]));
  expect(refused(all)).toEqual(['a', 'b', 'c', 'e', 'f', 'g']);
  expect(refused(all.toReversed()).sort()).toEqual(['a', 'b', 'c', 'e', 'f', 'g']);
  expect(submissionClashes(all, [])[1]).toMatch(/^it has records of a, c: none of them is taken/);
});

test('the same submission twice is taken once', () => {
  const all = ['a', 'b'].map((file) => ({ ...submission('a', 'A', '1'), file }));
  expect(submissionClashes(all, [])).toEqual([null, 'it is the same as a']);
});

test("a record's fingerprint is of what was measured, not of what it calls itself", () => {
  const record = runRecord({
    measured_uj: { 'package-0': [1, 2, 3], 'dram-0': [4, 5, 6], 'gpu-0': [0, 0, 0] },
  });
  const own = recordFingerprint(record);
  const renamed = {
    ...record,
    ...{ seq: 9, job: 7, host: 'x', instance: 'ffffffffffff', from: record.from.replace('.000Z', 'Z') },
    measured_uj: { 'dram-9': [4, 5, 6], cpu: [1, 2, 3] },
  } as typeof record;
  expect(recordFingerprint(renamed)).toBe(own);
  for (const change of [{ cpu_us: 1 }, { to: '2026-03-02T10:04:59.999Z' }, { modelled_uj: { x: [1, 1, 1] } }])
    expect(recordFingerprint({ ...record, ...change } as typeof record)).not.toBe(own);
  expect(recordFingerprint({ ...record, measured_uj: { 'package-0': [0, 0, 0] } })).toBeNull();
});
