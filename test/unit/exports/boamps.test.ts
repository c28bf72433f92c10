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
    infrastructure: { components: [{ componentType: 'cpu', nbComponent: 1, componentName: 'CPU' }] },
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

test('a country that nobody knows is left out', () => {
  expect(report(TASK, null)['environment']).toBeUndefined();
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
