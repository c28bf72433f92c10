import type { GpuSnapshot } from './gpu';

/** What a reader tells. */
export interface GpuReaderEvents {
  readonly onSnapshot: (snapshot: GpuSnapshot) => void;
  /** Why nothing comes now, in words an admin understands; null: it does. */
  readonly onProblem: (reason: string | null) => void;
  /** What is odd though snapshots come. */
  readonly onWarning: (text: string) => void;
}

/** A way to read GPUs again and again: by NVML, by nvidia-smi. It runs in a process of its own (gpu-reader-main.ts). */
export interface GpuReader {
  /** Begins to give snapshots, one each interval. */
  start(): void;
  /** Gives none any more, and leaves nothing open or running. */
  stop(): void;
  /** Reads at once, beside the interval; absent where it cannot. */
  readNow?(): void;
}
