import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GpuSnapshot } from '../../src/sources/gpu';
import { NvidiaSmi, type NvidiaSmiOptions } from '../../src/sources/nvidia-smi';
import { TinyDocuments, tinyParse } from './tiny-parser';

/** Longer than any test: what is not about time limits does not meet one. */
const NO_LIMITS = { firstMs: 3_600_000, quietMs: 3_600_000 };

/** A reader that a test has started, and all that it has said. */
export interface Reading {
  readonly reader: NvidiaSmi;
  readonly snapshots: GpuSnapshot[];
  readonly problems: (string | null)[];
  readonly warnings: string[];
  /** The pauses before it was started again (ms); it doesn't really pause. */
  readonly pauses: number[];
}

/** Starts to read; the splitter, the parser and the time limits are those of tests, unless `options` has others. */
export function startReading(program: string, options: Partial<NvidiaSmiOptions> = {}): Reading {
  const snapshots: GpuSnapshot[] = [];
  const problems: (string | null)[] = [];
  const warnings: string[] = [];
  const pauses: number[] = [];
  let nextMs = 1;
  const reader = new NvidiaSmi({
    program,
    intervalMs: 20,
    now: () => process.hrtime.bigint(),
    parse: tinyParse,
    documents: () => new TinyDocuments(),
    onSnapshot: (snapshot) => snapshots.push(snapshot),
    onProblem: (problem) => problems.push(problem),
    onWarning: (warning) => warnings.push(warning),
    times: NO_LIMITS,
    pause: {
      take: () => {
        pauses.push(nextMs);
        nextMs += 1;
        return 5;
      },
      reset: () => {
        nextMs = 1;
      },
    },
    ...options,
  });
  reader.start();
  return { reader, snapshots, problems, warnings, pauses };
}

/** Waits for as long as it takes; jest has a bound for what never comes. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

/** A dead one that nobody has waited for is dead. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
