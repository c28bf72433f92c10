import type { RunIo } from '../generated/record';
import { IO_KEYS, type IoCounters } from '../sources/io-counters';
import type { CgroupIo } from '../sources/job-cgroup';
import type { RunState } from './host-state';
import { addIo, addIoGrowth, type IoSums, noIo } from './io-growth';

const NOTHING: IoCounters = { readBytes: 0n, writtenBytes: 0n, readOps: 0n, writtenOps: 0n };

/** What is kept of a run's block devices. */
export interface RunBlockIo {
  /** The cgroup that told it last. */
  readonly cgroup: string;
  /** Its counters at the last look that told of them, by device: one that is not told of for a while goes on from there. */
  readonly devices: Readonly<Record<string, IoCounters>>;
  /** What they grew by since the run began, by the devices' kind. */
  readonly kinds: Record<string, IoSums>;
}

/**
 * Takes up what the run's cgroup tells. It was made for the run: what it counted before the first look is the run's too.
 * The difference is taken by device and then added up: a device that goes takes nothing with it.
 */
export function takeUpRunIo(run: RunState, { cgroup, devices }: CgroupIo): void {
  const { cgroup: earlier, devices: known, kinds } = run.blockIo ?? { cgroup, devices: {}, kinds: {} };
  const kept: Record<string, IoCounters> = earlier === cgroup ? { ...known } : {};
  const before = countedOnce(kinds);
  for (const { device, kind, readBytes, writtenBytes, readOps, writtenOps } of devices) {
    const now = { readBytes, writtenBytes, readOps, writtenOps };
    addIoGrowth((kinds[kind] ??= noIo()), kept[device] ?? NOTHING, now);
    kept[device] = now;
  }
  run.blockIo = { cgroup, devices: kept, kinds };
  const grown = countedOnce(kinds);
  for (const key of IO_KEYS) grown[key] -= before[key];
  addIo((run.line.io ??= noIo()), grown);
}

/**
 * Adds up devices so that what passes through several counts once.
 *
 * The kernel counts a request at each device it passes: at the LVM volume and again at the disk below, unless the
 * volume's driver hands it on in another cgroup's name. So devices are added by kind (disks; device-mapper; md; loop;
 * ...), and of each number the kind that has most is taken. That is exact where each job's request ends at a disk that
 * tells it. It is too low where some are lost on the way down and others go to disks directly, and too high where one
 * device-mapper lies on another (LVM on LUKS) or a mirror writes twice.
 *
 * Of the whole run, and not of each look: what has passed one device at a look may pass the next only after it.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#io
 */
function countedOnce(kinds: Readonly<Record<string, IoSums>>): IoSums {
  const most = noIo();
  for (const sums of Object.values(kinds)) {
    for (const key of IO_KEYS) most[key] = Math.max(most[key], sums[key]);
  }
  return most;
}

/** As a run's record has it: what is 0 is left out, since most jobs' disks rest most of the time. */
export function runIoRecord({ readBytes, writtenBytes, readOps, writtenOps }: IoSums): RunIo {
  return {
    ...(readBytes > 0 ? { rb: readBytes } : {}),
    ...(writtenBytes > 0 ? { wb: writtenBytes } : {}),
    ...(readOps > 0 ? { r: readOps } : {}),
    ...(writtenOps > 0 ? { w: writtenOps } : {}),
  };
}
