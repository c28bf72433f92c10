import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAppendixSpec, setsIn } from '../../../src/appendix/spec';
import { EitError } from '../../../src/errors';

const EXAMPLE = readFileSync(join(__dirname, '../../../slurm-examples/appendix.yaml'), 'utf8');

function faultsOf(text: string): string[] {
  try {
    parseAppendixSpec(text, 'site.yaml');
  } catch (error) {
    if (!(error instanceof EitError) || error.code !== 'EIT_APPENDIX') throw error;
    return error.message.split('\n');
  }
  return [];
}

test('slurm-examples/appendix.yaml is one, and has every key', () => {
  const plan = parseAppendixSpec(EXAMPLE, 'appendix.yaml');
  expect(plan).toMatchObject({ title: 'ResNets of two sizes', hidesNames: true, allowIncomplete: false });
  expect(setsIn(plan.sets).map(({ name, filter }) => [name, filter?.name, filter?.asked])).toEqual([
    ['Training', undefined, undefined],
    ['ResNet-18', 'Training / ResNet-18', { name: ['resnet18'], state: ['CD'] }],
    ['ResNet-50', 'Training / ResNet-50', { name: ['resnet50'], state: ['CD'] }],
    ['Evaluation', 'Evaluation', { jobs: ['1234,1240_[1-5]'] }],
  ]);
  const schema = JSON.parse(
    readFileSync(join(__dirname, '../../../schemas/appendix.schema.json'), 'utf8'),
  ) as { properties: object; definitions: { set: { properties: object } } };
  for (const key of [schema.properties, schema.definitions.set.properties].flatMap((one) => Object.keys(one)))
    expect([key, EXAMPLE]).toEqual([key, expect.stringMatching(new RegExp(`^ *(?:- )?${key}:`, 'm'))]);
});

test('sets have what those around them say, unless they say their own', () => {
  const [training, evaluation] = parseAppendixSpec(EXAMPLE, 'x').sets;
  const [small, large] = training?.sets ?? [];
  const named = (set = training) => [
    set?.figures.map(({ name }) => name),
    set?.order?.by.name,
    set?.plots.length,
  ];
  const ofTop = [['Energy', 'CO2e', 'Elapsed', 'GPUUtil'], 'Energy', 1];
  expect([training, small, evaluation].map(named)).toEqual([ofTop, ofTop, ofTop]);
  expect(named(large)).toEqual([['Energy', 'Elapsed', 'GPUUtil', 'GPUEnergy'], 'Elapsed', 1]);
  expect([small?.order?.greatestFirst, large?.order?.greatestFirst]).toEqual([true, false]);
  expect(large?.plots[0]?.x.name).toBe('GPUTime');
});

test.each<[string, string, string[]]>([
  [
    'a wrong key',
    'title: x\nsets:\n  - name: a\n    run: "1"\n',
    ['4:5: unknown key sets.0.run; did you mean runs?'],
  ],
  [
    'a wrong key at the top',
    'tilte: x\nsets: [{name: a, runs: "1"}]\n',
    ['1:1: unknown key tilte; did you mean title?'],
  ],
  [
    'a wrong key of a plot',
    'plots:\n- x: time\n  y: energy\n  z: co2e\nsets: [{name: a, runs: "1"}]',
    ['4:3: unknown key plots.0.z; known here: x, y'],
  ],
  [
    'several faults, each with its place',
    'names: maybe\ntitle: 5\nsets:\n- name: a\n  runs: 12\n',
    [
      '1:8: names is "maybe"; expected one of hidden, shown',
      '2:8: title is 5; expected a text (in quotes, where it is a number)',
      '5:9: sets.0.runs is 12; expected a text (in quotes, where it is a number)',
    ],
  ],
  [
    'no figure',
    'figures: [energy, enregy]\nsets: [{name: a, runs: "1"}]',
    ['1:19: "enregy" is no figure of a job'],
  ],
  ['no filter', 'sets:\n- name: a\n  runs: nmae=x\n', ['3:9: a filter has no key "nmae"']],
  ['no order', 'sets:\n- name: a\n  runs: "1"\n  order: -speed\n', ['4:10: "speed" is no figure of a job']],
  ['a set of nothing', 'sets:\n- name: a\n', ['2:3: the set "a" has neither runs nor sets']],
  [
    'two of one name',
    'sets:\n- {name: a, runs: "1"}\n- {name: a, runs: "2"}\n',
    ['3:10: a second set is called "a" here'],
  ],
  ['no sets', 'title: x\n', ['1:1: the file lacks the key sets']],
  ['nothing', '', ['1:1: the file is empty']],
  ['a list', '- a\n', ['1:1: the file is a list']],
  ['a set without a name', 'sets:\n- runs: "1"\n', ['2:3: sets.0 lacks the key name']],
  [
    'a key twice',
    'title: a\ntitle: b\nsets: [{name: a, runs: "1"}]',
    ['2:1: the key title stands here a second time'],
  ],
  ['an anchor', 'title: &a b\nsets: [{name: a, runs: "1"}]', ['1:11: an anchor (&)']],
  ['a control character', 'title: "a\u0007"\nsets: [{name: a, runs: "1"}]', ['1:10: the character \\u{7}']],
  ['no YAML', 'title: [\n', ['2:1: not YAML']],
])('%s is told with line and column', (_, text, faults) => {
  expect(faultsOf(text)).toEqual(faults.map((fault) => expect.stringContaining(`site.yaml:${fault}`)));
});

test('sets as deep as pages can say where one is, and no deeper', () => {
  const nested = (depth: number): string =>
    `{name: s, ${depth === 1 ? 'runs: "1"' : `sets: [${nested(depth - 1)}]`}}`;
  expect(faultsOf(`sets: [${nested(6)}]`)).toEqual([]);
  expect(faultsOf(`sets: [${nested(7)}]`)).toEqual([expect.stringContaining('nested more than 6 deep')]);
});
