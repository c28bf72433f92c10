import type { RunIo } from '../generated/record';
import type { IoCounters } from '../sources/io-counters';
import type { RunState } from './host-state';
import { addIoGrowth, noIo, type IoSums } from './io-growth';

const NOTHING: IoCounters = { readBytes: 0n, writtenBytes: 0n, readOps: 0n, writtenOps: 0n };

/** Takes up what the run's cgroup tells. It was made for the run: what it counted before the first look is the run's too. */
export function takeUpRunIo(run: RunState, io: IoCounters): void {
  addIoGrowth((run.line.io ??= noIo()), run.ioCounters ?? NOTHING, io);
  run.ioCounters = io;
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
