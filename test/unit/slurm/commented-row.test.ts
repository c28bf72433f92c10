import {
  type CommentedField,
  type CommentedRow,
  hasEndedSince,
  newestRows,
  parseCommentedRow,
} from '../../../src/slurm/commented-row';

const CELLS: Record<CommentedField, string> = {
  JobIDRaw: '7',
  JobID: '7',
  Cluster: 'alpha',
  Submit: '100',
  Start: '110',
  End: '200',
  State: 'COMPLETED',
  NNodes: '2',
  AdminComment: 'a | b',
};

const parse = (cells: Partial<Record<CommentedField, string>>): CommentedRow | null =>
  parseCommentedRow((field) => ({ ...CELLS, ...cells })[field]);
const row = (cells: Partial<Record<CommentedField, string>>): CommentedRow => parse(cells)!;

test('a row', () => {
  expect(parse({})).toEqual({
    ...{ rawId: 7, id: '7', cluster: 'alpha', submitS: 100, startS: 110, endS: 200 },
    ...{ state: 'COMPLETED', nodes: 2, comment: 'a | b' },
  });
});

test.each([{ JobIDRaw: '' }, { JobIDRaw: '0' }, { JobIDRaw: '7_1' }, { Cluster: '' }])(
  '%j is no row',
  (cells) => {
    expect(parse(cells)).toBeNull();
  },
);

test('of a requeued job the newest row, in whatever order they come', () => {
  const [old, later] = [row({ State: 'REQUEUED' }), row({ Submit: '150', Start: 'Unknown', End: 'Unknown' })];
  expect(newestRows([old, later])).toEqual([later]);
  expect(newestRows([later, old])).toEqual([later]);
  expect(newestRows([old, row({ Cluster: 'beta' })])).toHaveLength(2);
});

test.each(['7', '7_3', '7+1'])('%s is one job', (id) => {
  expect(newestRows([row({ JobID: id })])).toHaveLength(1);
});

test.each(['7_[1-3]', '7,8', '', '7.batch'])('%j is not', (id) => {
  expect(newestRows([row({ JobID: id })])).toEqual([]);
});

test.each([
  [{}, true],
  [{ End: '150' }, true],
  [{ End: '149' }, false],
  [{ End: 'Unknown' }, false],
  [{ Start: 'Unknown' }, false],
])('%j has run and ended at 150 or later: %s', (cells, expected) => {
  expect(hasEndedSince(row(cells), 150)).toBe(expected);
});
