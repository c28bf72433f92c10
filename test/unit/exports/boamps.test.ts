import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { boampsReport } from '../../../src/exports/boamps-report';
import { parseBoampsTask } from '../../../src/exports/boamps-task';
import { setOf } from './sets';

const FOLDER = join(__dirname, '../../fixtures/boamps');

const TASK = `
header:
  licensing: CC BY 4.0
  publisher: { name: An institute, confidentialityLevel: public }
task:
  taskStage: training
  taskFamily: imageClassification
  algorithms:
    - { algorithmType: neural network, algorithmName: cnn, epochsNumber: 90 }
  dataset:
    - { dataUsage: input, dataType: image, dataQuantity: 1281167 }
software: { language: python, version: "3.11" }
infrastructure: { infraType: onPremise }
`;

/** The published schemas, of draft 4: ajv knows its `id` as `$id`; nothing else in them has changed its meaning since. */
function published() {
  const ajv = new Ajv({ strict: false, allErrors: true });
  for (const file of readdirSync(FOLDER)) {
    const {
      $schema: _,
      id,
      ...schema
    } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as {
      $schema: string;
      id: string;
    };
    ajv.addSchema({ ...schema, $id: id });
  }
  const validate = ajv.getSchema(
    'https://raw.githubusercontent.com/Boavizta/BoAmps/main/model/report_schema.json',
  );
  if (validate === undefined) throw new Error('no report_schema.json');
  return (value: unknown): unknown[] => (validate(value) === true ? [] : (validate.errors ?? []));
}

const report = (text: string, country: string | null = 'Germany') =>
  boampsReport(setOf('train', [{ kwh: 4 }, { kwh: 6, coverage: 0.9 }]), {
    task: parseBoampsTask(text, 'task.yaml'),
    fromMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    nowMs: Date.UTC(2026, 1, 3),
    country,
  });

test('a report is what the published schema wants, and has the energy without PUE', () => {
  const made = report(TASK);
  expect(published()(made)).toEqual([]);
  expect(made).toMatchObject({
    measures: [
      { powerConsumption: 10, measurementDuration: 14_400, measurementDateTime: '2026-01-02 03:04:05' },
    ],
    environment: { country: 'Germany', powerSourceCarbonIntensity: 400 },
    infrastructure: {
      components: [{ componentType: 'node', nbComponent: 1, componentName: 'node with CPU' }],
    },
  });
  expect(JSON.stringify(made)).toContain('1 jobs were observed in part: the energy is at least this');
  expect((made['header'] as { reportId: string }).reportId).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test('the published schema refuses what is wrong: it was read', () => {
  const { task: _, ...lacking } = report(TASK);
  expect(published()(lacking)).toMatchObject([{ keyword: 'required' }]);
  expect(published()({ ...report(TASK), measures: [{ powerConsumption: '10' }] })).toHaveLength(2);
});

test('a country that nobody knows is left out, and what the user says is kept', () => {
  expect(report(TASK, null)['environment']).toBeUndefined();
  const said = 'environment: { location: Grenoble, powerSupplierType: public }\n';
  expect(report(TASK + said, null)['environment']).toEqual({
    location: 'Grenoble',
    powerSupplierType: 'public',
  });
  expect(report(TASK + said)['environment']).toEqual({
    ...{ location: 'Grenoble', powerSupplierType: 'public' },
    ...{ country: 'Germany', powerSourceCarbonIntensity: 400 },
  });
});

test.each([
  [1, { cpu: 1, gpu: 9 }, { cpuTrackingMode: 'measured (counters)', gpuTrackingMode: 'measured (counters)' }],
  [1, { cpu: null, gpu: 9 }, { gpuTrackingMode: 'measured (counters)' }],
  [1 - 1e-15, { cpu: 1, gpu: null }, { cpuTrackingMode: 'measured (counters)' }],
  [0, { cpu: 1, gpu: null }, { cpuTrackingMode: 'modelled' }],
  // GPUs measured, CPUs modelled, or 90 % of both: it is not told which.
  [0.9, { cpu: 1, gpu: 9 }, {}],
  [null, { cpu: null, gpu: null }, {}],
])('how energy came about, measured %j of %j', (measured, energy, wanted) => {
  const set = setOf('train', [{ kwh: 10 }]);
  const total = {
    ...set.report.total,
    energy_kwh: { ...set.report.total.energy_kwh, ...energy },
    measured_fraction: measured,
  };
  const made = boampsReport(
    { ...set, report: { ...set.report, total } },
    { task: parseBoampsTask(TASK, 'task.yaml'), fromMs: 0, nowMs: 0, country: 'Germany' },
  );
  expect(published()(made)).toEqual([]);
  const [measure = {}] = made['measures'] as Record<string, unknown>[];
  expect(Object.fromEntries(Object.entries(measure).filter(([key]) => key.endsWith('Mode')))).toEqual(wanted);
  expect(
    JSON.stringify(made['task']).includes('90 % of the energy measured (counters), the rest modelled'),
  ).toBe(measured === 0.9);
});

test.each([
  ['', /task\.yaml:1:1: the file lacks task/],
  [
    TASK.replace('taskStage', 'taskstage'),
    /task\.yaml:6:3: unknown key task\.taskstage; did you mean taskStage\?/,
  ],
  [
    TASK.replace('image,', 'pictures,'),
    /task\.yaml:11:27: task\.dataset\.0\.dataType is "pictures"; expected one of tabular/,
  ],
  ['task: [', /task\.yaml:1:\d+: /],
])('what is wrong in a task file is told with its place (%#)', (text, message) => {
  expect(() => parseBoampsTask(text, 'task.yaml')).toThrow(message);
});
