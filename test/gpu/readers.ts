import type { GpuSnapshot } from '../../src/sources/gpu';
import type { GpuReader } from '../../src/sources/gpu-reader';
import { NvidiaSmi } from '../../src/sources/nvidia-smi';
import { openDocumentStream } from '../../src/sources/nvidia-smi-documents';
import { parseNvidiaSmi } from '../../src/sources/nvidia-smi-xml';
import { openNvml } from '../../src/sources/nvml';
import { loadKoffi, openNvmlLibrary } from '../../src/sources/nvml-library';
import { NvmlReader } from '../../src/sources/nvml-reader';
import { type Missing, isMissing } from '../../src/sources/source';
import type { Card } from './card';

/** A reader that was started, and what it has told. */
export interface Started {
  readonly periodMs: number;
  readonly snapshots: GpuSnapshot[];
  /** Why it told nothing at times. */
  readonly problems: string[];
  stop(): void;
}

/** Begins to read each `periodMs`, as eit-gpu does. */
export function startReader(way: 'nvml' | 'nvidia-smi', card: Card, periodMs: number): Started {
  const snapshots: GpuSnapshot[] = [];
  const problems: string[] = [];
  const events = {
    onSnapshot: (snapshot: GpuSnapshot) => void snapshots.push(snapshot),
    onProblem: (problem: string | null) => void (problem !== null && problems.push(problem)),
    onWarning: () => undefined,
  };
  const reader: GpuReader =
    way === 'nvml'
      ? new NvmlReader(
          there(openNvml(there(openNvmlLibrary(there(loadKoffi()), card.nvml)), events.onWarning)),
          periodMs,
          events,
          () => ({
            monoNs: process.hrtime.bigint(),
            wallMs: Date.now(),
          }),
        )
      : new NvidiaSmi({
          program: card.nvidiaSmi,
          intervalMs: periodMs,
          now: () => process.hrtime.bigint(),
          parse: parseNvidiaSmi,
          documents: openDocumentStream,
          ...events,
        });
  reader.start();
  return { periodMs, snapshots, problems, stop: () => reader.stop() };
}

function there<T>(found: T | Missing): T {
  if (isMissing(found)) throw new Error(found.missing);
  return found;
}
