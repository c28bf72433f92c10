import { emptyNotes } from '../../../src/cli/report-notes';
import { aggregate, query } from '../report/asked';
import { runRecord } from '../report/records';
import type { RunFilter } from '../../../src/runs/run-filter';

function notes(filter: RunFilter, records = [runRecord()]): string[] {
  return emptyNotes(query({ filter }), aggregate(records, { filter }));
}
const between = 'between 2026-03-01 00:00 and 2026-04-01 00:00';
const until = 'data until 2026-03-02 10:05';

test.each<[string, RunFilter, string[]]>([
  ['all was found', {}, []],
  ['a user was found', { users: [{ name: 'alice' }] }, []],
  ['a uid was found', { users: [{ uid: 1001, name: '1001' }] }, []],
  [
    'a user was not',
    { users: [{ name: 'alice' }, { name: 'eve' }] },
    [`no runs of user "eve" ${between}; ${until}`],
  ],
  ['a job was not', { jobs: new Set([1, 7, 8]) }, [`no runs of job 7, 8 ${between}; ${until}`]],
  [
    'a partition was not',
    { partitions: new Set(['gpu\u001b[2J']) },
    [`no runs of partition "gpu\\u001b[2J" ${between}; ${until}`],
  ],
  [
    'nothing was',
    { accounts: new Set(['a']), nodes: new Set(['n9']) },
    [`no runs of account "a" ${between}; ${until}`, `no runs of node "n9" ${between}; ${until}`],
  ],
])('where %s', (_, filter, expected) => {
  expect(notes(filter)).toEqual(expected);
});

test('an empty ledger says so', () => {
  expect(notes({}, [])).toEqual([`no runs ${between}; no records were read`]);
});

test('long lists are cut', () => {
  const jobs = new Set(Array.from({ length: 12 }, (_, i) => i + 100));
  expect(notes({ jobs })[0]).toContain('109 and 2 more');
});
