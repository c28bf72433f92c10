import { gpuDomainName } from '../../../src/sources/gpu-domain-name';

test.each([
  ['0000:3b:00.0', 'gpu-3b:00.0'],
  ['0001:3b:00.0', 'gpu-0001:3b:00.0'],
  ['0000:00:02.0', 'gpu-00:02.0'],
  ['00000000:3b:00.0', 'gpu-3b:00.0'],
  ['10000:00:02.0', 'gpu-10000:00:02.0'],
])('%s is %s', (pciBusId, name) => {
  expect(gpuDomainName(pciBusId)).toBe(name);
});
