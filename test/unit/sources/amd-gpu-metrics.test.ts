import fc from 'fast-check';
import { parseAmdGpuMetrics } from '../../../src/sources/amd-gpu-metrics';
import { isMissing } from '../../../src/sources/source';
import { type AmdGpuTable, amdGpuAttribute, amdGpuAttributes, amdGpuTable, unitsOf } from './amd-gpu-table';

const MI250X = '7408';
const MI300X = '74a1';
const RADEON = '744c';

function energyOf(table: Buffer, deviceId: string): bigint | string {
  const parsed = parseAmdGpuMetrics(table.toString('latin1'), deviceId);
  if (isMissing(parsed)) return parsed.missing;
  return isMissing(parsed.energyUj) ? parsed.energyUj.missing : parsed.energyUj;
}

describe('the counter of each version', () => {
  test.each<[string, AmdGpuTable, string]>([
    ['1.1 of MI200', { content: 1 }, MI250X],
    ['1.2 of MI200', { content: 2 }, MI250X],
    ['1.3 of MI200', { content: 3 }, MI250X],
    ['1.4', { content: 4, bytes: 288 }, MI300X],
    ['1.5, after the engines for JPEG', { content: 5, bytes: 360, at: 88 }, MI300X],
    ['1.6 as it was first', { content: 6, bytes: 384, at: 88 }, MI300X],
    ['1.6', { content: 6, bytes: 1664, at: 16 }, MI300X],
    ['1.7', { content: 7, bytes: 2208 }, MI300X],
    ['1.8', { content: 8, bytes: 3872 }, MI300X],
  ])('%s', (_, table, deviceId) => {
    expect(energyOf(amdGpuTable({ ...table, count: unitsOf(1_234_567) }), deviceId)).toBe(1_234_567_000_000n);
  });

  test('1.9: a list of attributes, whatever stands before it', () => {
    const table = amdGpuAttributes([
      amdGpuAttribute(0, 2, [55n]),
      amdGpuAttribute(42, 0, [1n, 2n, 3n]),
      amdGpuAttribute(7, 6, [unitsOf(5)]),
      amdGpuAttribute(8, 6, [1n]),
    ]);
    expect(energyOf(table, MI300X)).toBe(5_000_000n);
  });

  test('is in units of 2^-16 J, rounded down to µJ, up to its 64 bits', () => {
    expect(energyOf(amdGpuTable({ content: 4, count: 1n }), MI300X)).toBe(15n);
    expect(energyOf(amdGpuTable({ content: 4, count: 2n ** 64n - 2n }), MI300X)).toBe(
      281_474_976_710_655_999_969n,
    );
  });

  test('is found where the table is cut off after it, as more than a page is', () => {
    const table = amdGpuTable({ content: 8, bytes: 5000, count: unitsOf(7) }).subarray(0, 4096);
    expect(energyOf(table, MI300X)).toBe(7_000_000n);
  });
});

describe('no counter', () => {
  test.each<[string, Buffer, string, RegExp]>([
    [
      'in a unit that is not told',
      amdGpuTable({ content: 3, count: 0xffff_ffffn }),
      RADEON,
      /1\.3, in which the unit/,
    ],
    ['not filled by the driver', amdGpuTable({ content: 4 }), MI300X, /holds no energy/],
    [
      'of a GPU inside a processor',
      amdGpuTable({ format: 2, content: 3 }),
      '164e',
      /2\.3, of a GPU inside a processor/,
    ],
    [
      'of the first version, whose counter has 32 bits',
      amdGpuTable({ content: 0 }),
      MI250X,
      /no counter was found/,
    ],
    [
      'of a version that is not known',
      amdGpuTable({ content: 12 }),
      MI300X,
      /1\.12, in which no counter was found/,
    ],
    [
      'of a format that is not known',
      amdGpuTable({ format: 4, content: 0 }),
      MI300X,
      /4\.0, which is not known/,
    ],
    ['cut off before it', amdGpuTable({ content: 4, count: 1n }).subarray(0, 31), MI300X, /ends before/],
    ['whose head says it is shorter', amdGpuTable({ content: 4, bytes: 31 }), MI300X, /ends before/],
    ['without a head', Buffer.from([1, 2, 3]), MI300X, /has 3 bytes/],
    ['empty', Buffer.alloc(0), MI300X, /has 0 bytes/],
    [
      'without the attribute',
      amdGpuAttributes([amdGpuAttribute(8, 6, [1n])]),
      MI300X,
      /no counter was found/,
    ],
    ['of another type', amdGpuAttributes([amdGpuAttribute(7, 4, [1n])]), MI300X, /no counter was found/],
    [
      'of several values',
      amdGpuAttributes([amdGpuAttribute(7, 6, [1n, 2n])]),
      MI300X,
      /no counter was found/,
    ],
    [
      'after a type that is not known',
      amdGpuAttributes([amdGpuAttribute(1, 9, [1n]), amdGpuAttribute(7, 6, [1n])]),
      MI300X,
      /no counter was found/,
    ],
    [
      'in fewer attributes than the head says',
      amdGpuAttributes([amdGpuAttribute(1, 6, [1n])], 0xffff_ffff),
      MI300X,
      /no counter was found/,
    ],
    [
      'in an attribute that is cut off',
      amdGpuAttributes([amdGpuAttribute(7, 6, [1n])]).subarray(0, 20),
      MI300X,
      /ends before/,
    ],
  ])('%s', (_, table, deviceId, reason) => {
    expect(energyOf(table, deviceId)).toMatch(reason);
  });

  test('any bytes are a table, a counter or a reason', () => {
    const head = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 10 }));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        head,
        fc.constantFrom(MI250X, MI300X),
        (bytes, revisions, id) => {
          if (bytes.length >= 4) bytes.set(revisions, 2);
          const energy = energyOf(Buffer.from(bytes), id);
          expect(typeof energy === 'string' ? energy : energy >= 0n).toBeTruthy();
        },
      ),
    );
  });
});
