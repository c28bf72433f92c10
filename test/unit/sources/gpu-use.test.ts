import { GpuUse } from '../../../src/sources/gpu-use';
import { gpuReading } from './gpu-readings';

let use: GpuUse;
beforeEach(() => (use = new GpuUse((pid) => ({ jobId: pid, node: null }))));

test('before the first reading there is nothing to look at', () => expect(use.take()).toBeNull());

test('parts are means by the time that each reading stands for, and of the energy', () => {
  use.add(gpuReading({ utilization: 1 }), 0, 0);
  use.add(gpuReading({ utilization: 1, throttling: ['sw_power_cap'], performanceState: 2 }), 1000, 300);
  use.add(gpuReading({ utilization: 0, memory: { usedBytes: 5, totalBytes: 9 } }), 3000, 100);
  expect(use.take()).toEqual({
    busyPart: 0.25,
    idlePart: 0.25,
    throttledPart: 0.25,
    performanceState: 0,
    memoryBytes: 2 ** 30,
    processes: [],
    instances: null,
  });
});

test('a look between two readings has what the last one said', () => {
  use.add(gpuReading({ utilization: 0, throttling: ['hw_slowdown'] }), 1000, 100);
  use.take();
  expect(use.take()).toMatchObject({ busyPart: 0, idlePart: 1, throttledPart: 1, memoryBytes: 2 ** 30 });
});

test('what is not told is null, not 0', () => {
  const untold = {
    utilization: null,
    throttling: null,
    memory: null,
    performanceState: null,
    processes: null,
  };
  use.add(gpuReading(untold), 1000, 100);
  expect(use.take()).toEqual({
    busyPart: null,
    idlePart: null,
    throttledPart: null,
    performanceState: null,
    memoryBytes: null,
    processes: null,
    instances: null,
  });
});

test('processes: every one seen, with the job that it was of then and its mean part of the multiprocessors', () => {
  const process = (pid: number, smPart: number | null) => ({ pid, smPart, memoryBytes: 7, instance: null });
  const told = (jobId: number, smPart: number | null) => ({
    job: { jobId, node: null },
    smPart,
    memoryBytes: 7,
    instance: null,
  });
  use.add(gpuReading({ processes: [process(1, 0.8), process(2, null)] }), 1000, 0);
  use.add(gpuReading({ processes: [process(1, 0.4)] }), 3000, 0);
  expect(use.take()?.processes).toEqual([told(1, 0.5), told(2, null)]);
  expect(use.take()?.processes).toEqual([told(1, 0.4)]);
});

test('a process whose part is not told now and then has the mean of what is told', () => {
  const process = (smPart: number | null) => ({ pid: 1, smPart, memoryBytes: null, instance: null });
  for (const smPart of [0.2, 0.2, null]) use.add(gpuReading({ processes: [process(smPart)] }), 1000, 0);
  expect(use.take()?.processes?.[0]?.smPart).toBeCloseTo(0.2, 12);
});
