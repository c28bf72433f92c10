/** What was read and written so far: of a block device, a cgroup, a file system. */
export interface IoCounters {
  readonly readBytes: bigint;
  readonly writtenBytes: bigint;
  readonly readOps: bigint;
  readonly writtenOps: bigint;
}

export const IO_KEYS = [
  'readBytes',
  'writtenBytes',
  'readOps',
  'writtenOps',
] as const satisfies readonly (keyof IoCounters)[];
