import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EitError } from '../../../src/errors';
import { parseBoardSpec } from '../../../src/leaderboard/board-spec';

const EXAMPLE = join(__dirname, '../../../slurm-examples/leaderboard.yaml');
const LEAST = 'title: a\ntask: b\nmetric: { name: c, direction: higher }\n';

function problemOf(text: string): string {
  try {
    parseBoardSpec(text, 'b.yaml');
  } catch (error) {
    if (error instanceof EitError && error.code === 'EIT_LEADERBOARD') return error.message;
    throw error;
  }
  return '';
}

test('the example is a spec, and what it leaves out has defaults', () => {
  const spec = parseBoardSpec(readFileSync(EXAMPLE, 'utf8'), EXAMPLE);
  expect(spec.groups.length).toBeGreaterThan(1);
  expect(parseBoardSpec(LEAST, 'b.yaml')).toEqual({
    ...{ title: 'a', task: 'b', energy: 'it', policy: 'usage', rank: 'efficiency', groups: [], entries: [] },
    metric: { name: 'c', direction: 'higher', take: 'average', asymptotic_part: 0.1 },
  });
});

test.each([
  ['', 'b.yaml:1:1: the file lacks the key title: a spec has at least title, task and metric'],
  [`${LEAST}x: 1\n`, 'b.yaml:4:1: unknown key x; known here: title, task,'],
  [`${LEAST}base_line: 1\n`, 'b.yaml:4:1: unknown key base_line; did you mean baseline?'],
  [`${LEAST}baseline: low\n`, 'b.yaml:4:11: baseline is "low"; expected a number'],
  [`${LEAST}energy: all\n`, 'b.yaml:4:9: energy is "all"; expected one of it, total'],
  [`${LEAST}rank: best\n`, 'b.yaml:4:7: rank is "best"; expected one of efficiency, metric,'],
  [`${LEAST}groups: []\n`, 'b.yaml:4:9: groups is a list; expected a list of at least 1'],
  [`${LEAST}title: again\n`, 'b.yaml:4:1: the key title stands here a second time'],
  [
    `${LEAST}groups: [{ name: g, tag: a=b, weigth: 2 }]\n`,
    'unknown key groups.0.weigth; did you mean weight?',
  ],
  [`${LEAST}groups: [{ name: g, tag: a=b, weight: 0 }]\n`, 'b.yaml:4:9: groups: all weights are 0'],
  [
    `${LEAST}groups: [{ name: g, tag: a=b }, { name: g, tag: a=c }]\n`,
    'b.yaml:4:41: groups: g stands here twice',
  ],
  [`${LEAST}groups: [{ name: g, tag: a=b }, { name: h, tag: a=b }]\n`, 'groups: a=b stands here twice'],
  [`${LEAST}entries: [{ name: g }, { name: g }]\n`, 'b.yaml:4:32: entries: g stands here twice'],
  [
    `${LEAST}entries: [{ name: g, link: "javascript:alert(1)" }]\n`,
    'entries.0.link is "javascript:alert(1)"; expected https://',
  ],
  [`${LEAST}entries: [{ name: g, link: "//evil.example" }]\n`, 'entries.0.link is "//evil.example"'],
  [`${LEAST}reference: 3\n`, 'b.yaml:3:31: the reference has no baseline to be measured from'],
  [`${LEAST}baseline: 4\nreference: 3\n`, 'the reference (3) is no better than the baseline (4)'],
  [LEAST.replace('higher', 'lower'), 'b.yaml:3:31: the baseline is lacking'],
  [
    `${LEAST.replace('higher', 'lower')}groups: [{ name: g, tag: a=b, baseline: 3 }, { name: h, tag: a=c }]\n`,
    'b.yaml:4:46: the baseline of h is lacking',
  ],
  ['title: [', 'not YAML'],
])('%j: %s', (text, problem) => {
  expect(problemOf(text)).toContain(problem);
});
