import { createHash } from 'node:crypto';
import { Aggregation, type Group, type PartOfRuns } from '../../../src/report/aggregate';
import { sumsLines, SumsReader } from '../../../src/report/stored-aggregate';
import { query } from './asked';
import { runRecord } from './records';

const OWNER = { plan: '0123456789abcdef0123456789abcdef', task: 3 };

const lines = (): string[] => {
  const aggregation = new Aggregation(query({ groupBy: ['user', 'day'] }));
  for (const user of ['ada', 'bob'])
    aggregation.add(runRecord({ user, job: user.length + user.charCodeAt(0) }));
  return [...sumsLines(OWNER, aggregation.finishPart())].map((line) => line.slice(0, -1));
};

/** @returns what was read, or why it was not */
function read(given: readonly string[], owner = OWNER): { part: PartOfRuns; groups: Group[] } | string {
  const parts: PartOfRuns[] = [];
  const groups: Group[] = [];
  try {
    const reader = new SumsReader(owner, {
      addPart: (part) => parts.push(part),
      addGroup: (group) => groups.push(group),
    });
    for (const line of given) reader.add(line);
    reader.end();
  } catch (error) {
    return (error as Error).message;
  }
  return { part: parts[0]!, groups };
}

/** With an end that fits the lines before it. */
const ended = (given: readonly string[], groups: number): string[] => [
  ...given,
  JSON.stringify({
    kind: 'end',
    groups,
    sha256: createHash('sha256')
      .update(given.map((line) => `${line}\n`).join(''))
      .digest('hex'),
  }),
];

test('what was written is read', () => {
  const found = read(lines());
  expect(found).toEqual({
    part: expect.objectContaining({ clusters: ['alpha'], total: expect.objectContaining({ runs: 2 }) }),
    groups: [
      expect.objectContaining({ fields: { user: 'ada', day: expect.any(String) } }),
      expect.anything(),
    ],
  });
});

test.each<[string, (given: string[]) => readonly string[], string | RegExp]>([
  ['cut', (given) => given.slice(0, -1), 'its end is missing'],
  ['empty', () => [], 'its end is missing'],
  ['without a group', (given) => given.toSpliced(2, 1), 'it does not hold what was written'],
  ['with a group twice', (given) => given.toSpliced(2, 0, given[2]!), 'it does not hold what was written'],
  [
    'with another figure',
    (given) => given.with(2, given[2]!.replace('"runs":1', '"runs":2')),
    'it does not hold what was written',
  ],
  [
    'with more behind its end',
    (given) => [...given, given[2]!],
    'there is a line group where none should be',
  ],
  ['without a beginning', (given) => given.slice(1), 'there is a line all where none should be'],
  ['no JSON', (given) => given.with(1, given[1]!.slice(0, 50)), /JSON/],
  [
    'of another version',
    (given) => ended([given[0]!.replace(/"tool":"[^"]*"/, '"tool":"9.9.9"')], 0),
    /written by EIT 9\.9\.9/,
  ],
  ['of a newer form', (given) => [given[0]!.replace('"schema":1', '"schema":2')], /none of ours: \/schema/],
  [
    'with a sum that is no number',
    (given) => [given[0]!, given[1]!.replace(/"cpu_us":"\d+"/, '"cpu_us":"1e3"')],
    /none of ours: \/sums\/cpu_us/,
  ],
  [
    'without a sum',
    (given) => [given[0]!, given[1]!.replace(/"gpu_ms":"\d+",/, '')],
    /none of ours: \/sums .*gpu_ms/,
  ],
])('a file %s is refused', (_, change, why) => {
  const found = read(change(lines()));
  expect(typeof found).toBe('string');
  expect(found).toMatch(why);
});

test.each([{ task: 4 }, { plan: 'f'.repeat(32) }])('so is one of another task or plan: %j', (other) => {
  expect(read(lines(), { ...OWNER, ...other })).toMatch(/^it is of task 3 of the plan 0123/);
});
