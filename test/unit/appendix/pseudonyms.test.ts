import { Pseudonyms } from '../../../src/appendix/pseudonyms';
import { publishedHardware, publishedRun, publishedSeries } from '../../../src/appendix/run-data';
import { parseSoftware } from '../../../src/appendix/software';
import type { SeriesRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { runRecord } from '../report/records';

const RUN = runRecord({
  ...{
    cluster: 'venus',
    node: 'node07',
    host: 'node07',
    user: 'ada',
    account: 'astro',
    partition: 'gpuq',
    sluid: 's0123456789ABC',
  },
  gpu: { ms: 1, by: 'uuid', conflict: 'GPU-0f1e2d3c is another' },
  start: {
    by: 'prolog',
    nodelist: 'node[07-08]',
    gpu_uuids: 'GPU-0f1e2d3c',
    qos: 'astroqos',
    reservation: 'adas',
  },
});

test('nothing of a published record tells whose and where it was, and it is a record still', () => {
  const names = new Pseudonyms(true);
  const published = publishedRun(RUN, names);
  expect(validateRecord(published)).toBe(true);
  expect(JSON.stringify(published)).not.toMatch(/venus|node07|ada|astro|gpuq|1001|GPU-0f|s0123456789ABC/);
  expect(published).toMatchObject({
    cluster: 'cluster 1',
    host: 'node 1',
    node: 'node 1',
    user: 'user 1',
    job: RUN.job,
  });
  expect(published.measured_uj).toEqual(RUN.measured_uj);
  const series: SeriesRecord = {
    ...{
      schema: 1,
      kind: 'series',
      tool: '1',
      cluster: 'venus',
      host: 'node08',
      boot: '0123abcd',
      instance: '0123456789ab',
    },
    ...{ seq: 1, from: RUN.from, to: RUN.to, node: 'node08', job: 1, started: RUN.from, uid: 1001 },
    ...{ end_ms: [1], power_w: { 'package-0': [1] }, cpus_busy: [1] },
  };
  expect(validateRecord(publishedSeries(series, names))).toBe(true);
  expect(publishedSeries(series, names)).toMatchObject({ node: 'node 2', host: 'node 2' });
  const hardware = { threads: 4, gpus: { 'gpu-1': { model: 'A100', uuid: 'GPU-0f1e2d3c' } } };
  expect(publishedHardware(hardware, names)).toEqual({ threads: 4, gpus: { 'gpu-1': { model: 'A100' } } });
});

test('with names shown all is as it was', () => {
  const names = new Pseudonyms(false);
  expect(publishedRun(RUN, names)).toEqual(RUN);
  expect(names.foundIn('ada')).toEqual([]);
});

test('a name has the same number wherever it stands, and another one has another', () => {
  const names = new Pseudonyms(true);
  expect(['ada', 'bob', 'ada', ''].map((name) => names.of('user', name))).toEqual([
    'user 1',
    'user 2',
    'user 1',
    '',
  ]);
  expect([names.of('node', 'n1', 'a'), names.of('host', 'n1', 'a'), names.of('node', 'n1', 'b')]).toEqual([
    'node 1',
    'node 1',
    'node 2',
  ]);
});

test.each([
  ['by Ada and others', true],
  ['ada_train.py', true],
  ['/home/ada/x', true],
  ['adapted', false],
  ['Canada', false],
  ['the partition gpuq', false],
])('a hidden name in %j is found: %p', (text, isFound) => {
  const names = new Pseudonyms(true);
  publishedRun(RUN, names);
  expect(names.foundIn(text).some(({ name }) => name === 'ada')).toBe(isFound);
  expect(names.foundIn(text).map(({ kind }) => kind)).toEqual(isFound ? ['user'] : []);
});

test('a name with an accent is found in either form of it', () => {
  const names = new Pseudonyms(true);
  names.of('user', 'müller');
  for (const form of ['NFC', 'NFD'] as const)
    expect(names.foundIn('by Müller'.normalize(form))).toEqual([{ name: 'müller', kind: 'user' }]);
});

test('software as a task prolog wrote it down: of paths the last part, where names are hidden', () => {
  const text = [
    'eit-software 1',
    'job=1',
    'modules=gcc/13:cuda/12',
    'conda=/home/ada/envs/torch',
    'conda_package=numpy-2',
    'conda_package=abc-1',
    '__proto__=x',
    'end',
    '',
  ].join('\0');
  expect(parseSoftware(text, true)).toEqual({
    lines: [
      { name: 'Modules', text: 'gcc/13 cuda/12' },
      { name: 'Conda environment', text: 'torch' },
    ],
    packages: [{ name: 'Packages of Conda', packages: ['abc-1', 'numpy-2'] }],
  });
  expect(parseSoftware(text, false)?.lines[1]?.text).toBe('/home/ada/envs/torch');
  const container = text.replace('modules=gcc/13:cuda/12', 'container=docker://ada/torch:1.2');
  expect(parseSoftware(container, true)?.lines[0]?.text).toBe('torch:1.2');
  expect(parseSoftware(container, false)?.lines[0]?.text).toBe('docker://ada/torch:1.2');
  // Cut off, of a newer form, something else.
  for (const other of [text.slice(0, -5), text.replace('1\0', '2\0'), '', 'x'])
    expect(parseSoftware(other, true)).toBeNull();
});
