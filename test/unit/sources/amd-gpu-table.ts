/** What a gpu_metrics table of the driver amdgpu is to hold. */
export interface AmdGpuTable {
  readonly format?: number;
  readonly content: number;
  readonly bytes?: number;
  /** Where its counter is, and in units of 2^-16 J what it holds. */
  readonly at?: number;
  readonly count?: bigint;
}

/** A table as the driver fills it: ones where nothing is known. */
export function amdGpuTable({ format = 1, content, bytes = 120, at = 24, count }: AmdGpuTable): Buffer {
  const table = Buffer.alloc(bytes, 0xff);
  table.writeUInt16LE(bytes, 0);
  table.writeUInt8(format, 2);
  table.writeUInt8(content, 3);
  if (count !== undefined) table.writeBigUInt64LE(count, at);
  return table;
}

/** Energy in the counter's units. */
export function unitsOf(joules: number): bigint {
  return BigInt(joules) << 16n;
}

/** An attribute of table 1.9. @param type U8 0, S8 1, U16 2, ... U64 6 */
export function amdGpuAttribute(id: number, type: number, values: readonly bigint[]): Buffer {
  const width = [1, 1, 2, 2, 4, 4, 8, 8][type] ?? 8;
  const data = Buffer.alloc(8 + width * values.length);
  data.writeBigUInt64LE((BigInt(type) << 20n) | (BigInt(id) << 10n) | BigInt(values.length));
  values.forEach((value, i) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    bytes.copy(data, 8 + width * i, 0, width);
  });
  return data;
}

/** Table 1.9. @param count how many attributes its head says it has */
export function amdGpuAttributes(attributes: readonly Buffer[], count = attributes.length): Buffer {
  const body = Buffer.concat(attributes);
  const head = Buffer.alloc(8);
  head.writeUInt16LE(8 + body.length, 0);
  head.writeUInt8(1, 2);
  head.writeUInt8(9, 3);
  head.writeUInt32LE(count, 4);
  return Buffer.concat([head, body]);
}
