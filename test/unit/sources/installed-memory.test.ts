import { chmodSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  parseBlockSize,
  parseMemoryDevice,
  readInstalledMemory,
} from '../../../src/sources/installed-memory';
import { isMissing } from '../../../src/sources/source';
import { Tree, asNobody, isRoot } from './tree';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

let tree: Tree;
afterEach(() => tree?.remove());

interface Device {
  /** The field Size. */
  readonly size: number;
  readonly extendedMib?: number;
  /** Memory Type; default DDR4. */
  readonly type?: number;
  /** Memory Technology; default DRAM. */
  readonly technology?: number;
  /** Of the formatted part: SMBIOS 2.1 0x15, 2.3 0x1b, 2.7 0x22, 2.8 0x28, 3.2 0x54, 3.7 0x5c. */
  readonly length?: number;
}

/** An SMBIOS structure of type 17 with its strings, after the table in DSP0134 7.18. */
function device({ size, extendedMib = 0, type = 0x1a, technology = 3, length = 0x54 }: Device): Buffer {
  const formatted = Buffer.alloc(0x5c);
  formatted.writeUInt8(17, 0x00);
  formatted.writeUInt8(length, 0x01);
  formatted.writeUInt16LE(0x1100, 0x02); // handle
  formatted.writeUInt16LE(0x1000, 0x04); // physical memory array
  formatted.writeUInt16LE(0xfffe, 0x06); // no error information
  formatted.writeUInt16LE(72, 0x08); // total width
  formatted.writeUInt16LE(64, 0x0a); // data width
  formatted.writeUInt16LE(size, 0x0c);
  formatted.writeUInt8(0x09, 0x0e); // DIMM
  formatted.writeUInt8(1, 0x10); // device locator: string 1
  formatted.writeUInt8(2, 0x11); // bank locator: string 2
  formatted.writeUInt8(type, 0x12);
  formatted.writeUInt16LE(0x0080, 0x13); // synchronous
  formatted.writeUInt32LE(extendedMib, 0x1c);
  formatted.writeUInt8(technology, 0x28);
  return Buffer.concat([formatted.subarray(0, length), Buffer.from('DIMM_A1\0NODE 0\0\0', 'latin1')]);
}

function writeDevices(devices: readonly Buffer[]): void {
  devices.forEach((raw, i) => {
    tree.write(`sys/firmware/dmi/entries/17-${i}/raw`, '');
    writeFileSync(tree.path(`sys/firmware/dmi/entries/17-${i}/raw`), raw);
  });
}

function writeBlocks(states: readonly string[], size = '8000000\n'): void {
  tree.write('sys/devices/system/memory/block_size_bytes', size);
  states.forEach((state, i) => tree.write(`sys/devices/system/memory/memory${i}/state`, `${state}\n`));
}

const meminfo = (totalKb: number) =>
  `MemTotal:       ${totalKb} kB\nMemFree:  1 kB\nAnonPages:  1 kB\nShmem:  1 kB\n`;

const read = () => readInstalledMemory({ sys: tree.path('sys'), proc: tree.path('proc') });

describe('the size of a memory device', () => {
  test.each<[string, Device, number]>([
    ['an empty slot', { size: 0 }, 0],
    ['16 GiB', { size: 16_384 }, 16 * GIB],
    ['the largest in the field itself', { size: 0x7ffe }, 32_766 * MIB],
    ['32 GiB, in the extended field', { size: 0x7fff, extendedMib: 32_768 }, 32 * GIB],
    ['256 GiB, in the extended field', { size: 0x7fff, extendedMib: 262_144 }, 256 * GIB],
    [
      'the largest of the extended field, whose top bit is reserved',
      { size: 0x7fff, extendedMib: 0xffffffff },
      0x7fffffff * MIB,
    ],
    ['the extended field, where the other is used, is not looked at', { size: 1024, extendedMib: 9 }, GIB],
    ['in KB', { size: 0x8000 | 512 }, 512 * 1024],
    ['of SMBIOS 2.1, without extended field', { size: 512, length: 0x15 }, 512 * MIB],
    ['all ones without extended field is a size', { size: 0x7fff, length: 0x1b }, 32_767 * MIB],
    ['of SMBIOS 2.8, without technology', { size: 1024, technology: 7, length: 0x28 }, GIB],
    ['of SMBIOS 3.7', { size: 1024, length: 0x5c }, GIB],
    ['DDR5', { size: 1024, type: 0x22 }, GIB],
    ['of unknown type and technology', { size: 1024, type: 2, technology: 2 }, GIB],
    ['NVDIMM-N, which has as much DRAM', { size: 1024, technology: 4 }, GIB],
    ['NVDIMM-F, flash', { size: 1024, technology: 5 }, 0],
    ['Optane', { size: 0x7fff, extendedMib: 524_288, technology: 7 }, 0],
    ['Optane as a logical device', { size: 1024, type: 0x1f }, 0],
    ['the flash of the firmware', { size: 16, type: 0x09 }, 0],
    ['flash of unknown size', { size: 0xffff, type: 0x09 }, 0],
  ])('%s', (_, fields, expected) => {
    expect(parseMemoryDevice(device(fields))).toBe(expected);
  });

  test('unknown is not 0', () => {
    expect(parseMemoryDevice(device({ size: 0xffff }), '/x/raw')).toEqual({
      missing: '/x/raw does not know the size of its module',
    });
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a byte', Buffer.from([17])],
    ['another type', Buffer.concat([Buffer.from([16]), device({ size: 1024 }).subarray(1)])],
    ['a structure cut short', device({ size: 1024 }).subarray(0, 0x50)],
    ['a structure too short for a size', device({ size: 1024, length: 0x0c })],
  ])('%s is no memory device', (_, raw) => {
    expect(parseMemoryDevice(raw)).toEqual({
      missing: expect.stringContaining('not an SMBIOS memory device'),
    });
  });

  test('any bytes give a size or a reason', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, asDevice) => {
        const raw = Buffer.from(asDevice ? [17, bytes.length + 2, ...bytes] : bytes);
        const size = parseMemoryDevice(raw);
        expect(isMissing(size) || (Number.isSafeInteger(size) && size >= 0)).toBe(true);
      }),
    );
  });
});

describe('what is installed', () => {
  beforeEach(() => {
    tree = new Tree({ 'proc/meminfo': meminfo(2_000_000) });
  });

  test('the modules of DMI, empty slots aside', () => {
    writeDevices([
      device({ size: 0x7fff, extendedMib: 65_536 }),
      device({ size: 0 }),
      device({ size: 16_384 }),
      device({ size: 16, type: 0x09 }),
    ]);
    tree.write('sys/firmware/dmi/entries/16-0/raw', 'not a memory device');
    writeBlocks(['online']);
    expect(read()).toEqual({ bytes: 80 * GIB, from: 'dmi' });
  });

  test.each<[string, () => void]>([
    ['there is none', () => {}],
    ['all slots are empty', () => writeDevices([device({ size: 0 })])],
    ['a size is unknown', () => writeDevices([device({ size: 16_384 }), device({ size: 0xffff })])],
    ['one is malformed', () => writeDevices([device({ size: 16_384 }), Buffer.from('x')])],
    ['it lists less than the kernel has', () => writeDevices([device({ size: 1024 })])],
    ['raw is missing', () => tree.write('sys/firmware/dmi/entries/17-0/instance', '0\n')],
  ])('the blocks that are online, where DMI does not tell: %s', (_, write) => {
    write();
    writeBlocks([...Array.from({ length: 16 }, () => 'online'), 'offline', 'going-offline']);
    tree.write('sys/devices/system/memory/power/control', 'auto\n');
    expect(read()).toEqual({ bytes: 2 * GIB, from: 'blocks' });
  });

  const name = 'the blocks, where DMI may be read by root only';
  (isRoot ? test : test.skip)(isRoot ? name : `${name} (skipped: needs root)`, () => {
    writeDevices([device({ size: 16_384 })]);
    writeBlocks(Array.from({ length: 16 }, () => 'online'));
    chmodSync(tree.path('sys/firmware/dmi/entries/17-0/raw'), 0o400);
    expect(asNobody(read)).toEqual({ bytes: 2 * GIB, from: 'blocks' });
    expect(read()).toEqual({ bytes: 16 * GIB, from: 'dmi' });
  });

  test.each<[string, () => void]>([
    ['none', () => {}],
    ['of no size', () => writeBlocks(['online'], 'x\n')],
    ['offline', () => writeBlocks(['offline'])],
    ['fewer than the kernel has', () => writeBlocks(['online'])],
  ])('MemTotal, where the blocks are %s', (_, write) => {
    write();
    expect(read()).toEqual({ bytes: 2_000_000 * 1024, from: 'meminfo' });
  });

  test('DMI and blocks also where MemTotal cannot be read', () => {
    tree.remove('proc/meminfo');
    writeBlocks(['online']);
    expect(read()).toEqual({ bytes: 128 * MIB, from: 'blocks' });
    writeDevices([device({ size: 1024 })]);
    expect(read()).toEqual({ bytes: GIB, from: 'dmi' });
  });

  test('a reason, where nothing can be read', () => {
    tree.write('proc/meminfo', 'garbage');
    expect(read()).toEqual({ missing: expect.stringContaining('meminfo holds "garbage"') });
    tree.remove('proc');
    expect(read()).toEqual({ missing: expect.stringMatching(/cannot read .*meminfo: ENOENT/) });
  });
});

test.each([
  ['8000000\n', 128 * MIB],
  ['80000000\n', 2 * GIB],
  ['0x8000000\n', null],
  ['-8\n', null],
  ['\n', null],
])('a block size of %j', (text, expected) => {
  expect(parseBlockSize(text)).toEqual(expected ?? { missing: expect.stringContaining('hexadecimal') });
});

test('this machine has memory', () => {
  expect(readInstalledMemory({ sys: '/sys', proc: '/proc' })).toMatchObject({ bytes: expect.any(Number) });
});
