import { HardwareModels } from '../../../src/runs/hardware-models';
import { hostRecord } from '../report/records';

const GPU = 'gpu-3b:00.0';
const at = (hour: number): string => `2026-03-02T${String(hour).padStart(2, '0')}:00:00.000Z`;
const line = (hour: number, model: string) =>
  hostRecord({
    from: at(hour),
    hardware: { threads: 1, cpu: `CPU of ${model}`, gpus: { [GPU]: { model } } },
  });

const lines = [line(2, 'A'), line(4, 'A'), line(6, 'B'), line(8, 'B')];

describe.each([
  ['in order', lines],
  ['in any order', [lines[3]!, lines[1]!, lines[0]!, lines[2]!]],
])('hosts’ lines %s', (_, records) => {
  const models = new HardwareModels();
  for (const record of records) models.add(record);

  test.each([
    [1, 'A'],
    [2, 'A'],
    [5, 'A'],
    [6, 'B'],
    [23, 'B'],
  ])('at %i o’clock tell %s', (hour, model) => {
    const ms = Date.parse(at(hour));
    expect(models.gpu('alpha', 'n1', GPU, ms)).toBe(model);
    expect(models.cpu('alpha', 'n1', ms)).toBe(`CPU of ${model}`);
  });
});

test('what nobody told is not known', () => {
  const models = new HardwareModels();
  models.add(hostRecord());
  models.add(hostRecord({ hardware: { threads: 1 } }));
  models.add(line(2, 'A'));
  expect(models.gpu('alpha', 'n1', 'gpu-5e:00.0', 0)).toBeNull();
  expect(models.gpu('beta', 'n1', GPU, 0)).toBeNull();
  expect(models.cpu('alpha', 'n2', 0)).toBeNull();
});
