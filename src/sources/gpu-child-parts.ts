import type { GpuSnapshot } from './gpu';

export type GpuReaderChoice = 'auto' | 'nvml' | 'nvidia-smi';

/** What varies: eit.yaml, and tests. */
export interface GpuChildParts {
  /** The program eit-gpu: dist/eit-gpu.js. */
  readonly program: string;
  readonly intervalMs: number;
  readonly reader: GpuReaderChoice;
  /** Path of nvidia-smi; absent: where the system has its programs. */
  readonly nvidiaSmi?: string;
  /** Path of libnvidia-ml.so.1; absent: where the system has its libraries. */
  readonly nvml?: string;
  readonly onSnapshot: (snapshot: GpuSnapshot) => void;
  /** What an administrator is to know, for the log; each once while a child lives. */
  readonly onWarning: (text: string) => void;
  readonly limits?: Partial<GpuChildLimits>;
  /** Root of /proc. */
  readonly proc?: string;
}

/** Times in ms. */
export interface GpuChildLimits {
  /** For the first message: without persistence mode the driver wakes the GPUs first. */
  readonly firstMs: number;
  /** For each that follows; or five intervals, if that is more. */
  readonly silentMs: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** A child that has lived so long has not failed at once: the pauses begin anew. */
  readonly steadyMs: number;
  /** Crashes so far apart have nothing to do with each other. */
  readonly crashMemoryMs: number;
  /** How long stopping waits for the child; half of it before it is killed. */
  readonly stopMs: number;
}

export const GPU_CHILD_LIMITS: GpuChildLimits = {
  firstMs: 60_000,
  silentMs: 10_000,
  firstPauseMs: 1000,
  longestPauseMs: 60_000,
  steadyMs: 60_000,
  crashMemoryMs: 24 * 3_600_000,
  stopMs: 2000,
};
