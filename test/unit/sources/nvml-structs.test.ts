import {
  UNTOUCHED,
  fieldRequest,
  readField,
  readPciBusId,
  readProcesses,
  readText,
  readUtilizationSamples,
  throttleReasons,
} from '../../../src/sources/nvml-structs';

test.each([
  [0, 0x3b, 0, '0000:3b:00.0'],
  [0, 1, 0x1f, '0000:01:1f.0'],
  [0x1_0000, 0xe1, 0, '10000:e1:00.0'],
])('a PCI address of domain %i, bus %i, device %i is %s', (domain, bus, device, text) => {
  const info = Buffer.alloc(68, 'x');
  info.writeUInt32LE(domain, 16);
  info.writeUInt32LE(bus, 20);
  info.writeUInt32LE(device, 24);
  expect(readPciBusId(info)).toBe(text);
});

test('text ends at the zero byte, and has nothing that a terminal acts on', () => {
  expect(readText(Buffer.from('NVIDIA \u001b[2J A100\0rest'))).toBe('NVIDIA ?[2J A100');
  expect(readText(Buffer.from('no end'))).toBe('no end');
});

test.each([
  [0n, []],
  [0x1n | 0x2n | 0x10n | 0x100n, []],
  [0x4n, ['sw_power_cap']],
  [0x8n | 0x40n, ['hw_slowdown', 'hw_thermal_slowdown']],
  [
    0xffn,
    ['sw_power_cap', 'hw_slowdown', 'hw_thermal_slowdown', 'hw_power_brake_slowdown', 'sw_thermal_slowdown'],
  ],
])('throttling bits %s', (bits, reasons) => {
  expect(throttleReasons(bits)).toEqual(reasons);
});

describe('fields', () => {
  const answer = (type: number, status: number, value: bigint): Buffer => {
    const request = fieldRequest([1, 186]);
    expect(request.readUInt32LE(40)).toBe(186);
    request.writeUInt32LE(type, 40 + 24);
    request.writeUInt32LE(status, 40 + 28);
    request.writeBigUInt64LE(value, 40 + 32);
    return request;
  };

  test.each([
    ['unsigned int', 1, 0, 0xffff_ffff_0000_1234n, 0x1234],
    ['unsigned long', 2, 0, 250_000n, 250_000],
    ['unsigned long long', 3, 0, 250_000n, 250_000],
    ['not available', 3, 0, 2n ** 64n - 1n, null],
    ['a double, which no field asked for has', 0, 0, 1n, null],
    ['not supported', 1, 3, 250_000n, null],
  ])('%s', (_name, type, status, value, expected) => {
    expect(readField(answer(type, status, value), 1)).toBe(expected);
  });
});

test('a buffer of processes that was filled in no known way tells nothing', () => {
  const buffer = Buffer.alloc(10 * 32, UNTOUCHED);
  expect(readProcesses(buffer, 1)).toBeNull();
  buffer.fill(0, 0, 40);
  expect(readProcesses(buffer, 1)).toBeNull();
  expect(readProcesses(buffer, 0)).toEqual([]);
});

test('samples that were never filled, or cannot be, are left out', () => {
  const samples = Buffer.alloc(4 * 32);
  const write = (index: number, pid: number, timeUs: bigint, sm: number): void => {
    samples.writeUInt32LE(pid, index * 32);
    samples.writeBigUInt64LE(timeUs, index * 32 + 8);
    samples.writeUInt32LE(sm, index * 32 + 16);
  };
  write(0, 7, 1000n, 100);
  write(1, 0, 1000n, 50);
  write(2, 7, 0n, 50);
  write(3, 7, 1000n, 4_000_000_000);
  expect(readUtilizationSamples(samples, 4)).toEqual([{ pid: 7, timeUs: 1000n, smPart: 1 }]);
});
