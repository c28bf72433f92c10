import type { Missing } from './source';

/** The part of the driver's table of sensors that is used here. */
export interface AmdGpuMetrics {
  /** 1: a GPU of its own. 2 and 3: one inside a processor. */
  readonly format: number;
  readonly content: number;
  /** Its energy counter (µJ), or why it has none whose unit is known. */
  readonly energyUj: bigint | Missing;
}

/** MI250X, MI250, MI210 and virtual functions of them: the only ones whose unit is known with tables before 1.4. */
const MI200 = new Set(['7408', '740c', '740f', '7410']);

/** Bytes of table 1.6 as it was first in the kernel, with another layout than the one it has had since. */
const FIRST_1_6_BYTES = 384;
/** What is not known is filled with ones. */
const UNKNOWN = 0xffff_ffff_ffff_ffffn;

/**
 * The table that the file gpu_metrics holds: a header of its size (two bytes), format and content revision, and then
 * what that pair of revisions has. All versions are little-endian; the counter has 64 bits. Tables 1.4 and later give
 * its unit, 2^-16 J (15.259 µJ); of the earlier ones the driver of MI200 has the same. Other GPUs fill that place
 * with counts in units that nobody tells, or with ones.
 *
 * More than one page may be cut off at the end (the file is read in one piece), which is after what is used here.
 * https://github.com/torvalds/linux/blob/master/drivers/gpu/drm/amd/include/kgd_pp_interface.h
 * @param bytes each character is a byte
 * @param deviceId of PCI, four hexadecimal digits, lower case
 */
export function parseAmdGpuMetrics(
  bytes: string,
  deviceId: string,
  path = 'gpu_metrics',
): AmdGpuMetrics | Missing {
  const table = Buffer.from(bytes, 'latin1');
  if (table.length < 4) return { missing: `${path} has ${table.length} bytes, which is no table` };
  const size = table.readUInt16LE(0);
  const format = table.readUInt8(2);
  const content = table.readUInt8(3);
  if (format < 1 || format > 3)
    return { missing: `${path} is of version ${format}.${content}, which is not known` };
  return { format, content, energyUj: readEnergyUj(table, { size, format, content }, deviceId, path) };
}

interface Header {
  readonly size: number;
  readonly format: number;
  readonly content: number;
}

function readEnergyUj(table: Buffer, header: Header, deviceId: string, path: string): bigint | Missing {
  const version = `${path} is of version ${header.format}.${header.content}`;
  if (header.format !== 1) return { missing: `${version}, of a GPU inside a processor` };
  const isOld = header.content < 4;
  if (isOld && !MI200.has(deviceId)) {
    return { missing: `${version}, in which the unit of this GPU's counter is not told` };
  }
  const offset = energyOffset(table, header);
  if (offset === null) return { missing: `${version}, in which no counter was found` };
  if (table.length < offset + 8 || header.size < offset + 8) {
    return { missing: `${path} ends before its counter (${table.length} bytes)` };
  }
  const count = table.readBigUInt64LE(offset);
  return count === UNKNOWN ? { missing: `${path} holds no energy` } : (count * 1_000_000n) >> 16n;
}

/** Where the counter is (bytes); null where this version's layout is not known or it is not in it. */
function energyOffset(table: Buffer, { size, content }: Header): number | null {
  switch (content) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 7:
    case 8:
      return 24;
    case 5:
      return 88;
    case 6:
      return size === FIRST_1_6_BYTES ? 88 : 16;
    case 9:
      return findAttribute(table);
    default:
      return null;
  }
}

/** Number of the attribute ENERGY_ACCUMULATOR and of the type U64. */
const ENERGY_ACCUMULATOR = 7;
const U64 = 6;
/** Bytes of a value of each type: U8, S8, U16, S16, U32, S32, U64, S64. */
const TYPE_BYTES = [1, 1, 2, 2, 4, 4, 8, 8];

/**
 * Table 1.9 holds, without gaps, a count (bytes 4 to 7) and so many attributes: eight bytes that tell what it is
 * (bits 0 to 9 how many values, 10 to 19 which attribute, 20 to 23 their type) and then its values.
 */
function findAttribute(table: Buffer): number | null {
  let offset = 8;
  for (let left = table.length < 8 ? 0 : table.readUInt32LE(4); left > 0; left--) {
    if (offset + 8 > table.length) return null;
    const encoding = table.readUInt32LE(offset);
    const [values, id, type] = [encoding & 0x3ff, (encoding >>> 10) & 0x3ff, (encoding >>> 20) & 0xf];
    const bytes = TYPE_BYTES[type];
    if (bytes === undefined) return null;
    offset += 8;
    if (id === ENERGY_ACCUMULATOR) return type === U64 && values === 1 ? offset : null;
    offset += values * bytes;
  }
  return null;
}
