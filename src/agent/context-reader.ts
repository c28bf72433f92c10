import { readDisks } from '../sources/disk-stats';
import { openHostContext } from '../sources/host-context';
import { readNetworkFiles } from '../sources/network-files';
import type { Instant, Roots } from '../sources/source';
import type { ContextLook } from './context-line';

/** It is no part of the division of any tick, and costs more than all that is. */
const LOOK_EVERY_NS = 30_000_000_000n;

/** Looks at the host's context now and then. */
export interface ContextReader {
  /**
   * @param isWanted also where the last look was a moment ago: a line is about to be written
   * @returns null where it is too early for another look
   */
  look(at: Instant, isWanted: boolean): ContextLook | null;
  close(): void;
}

export function openContextReader(roots: Pick<Roots, 'proc' | 'sys'>): ContextReader {
  const context = openHostContext(roots);
  let lookedAtNs: bigint | null = null;
  return {
    look: ({ monoNs }, isWanted) => {
      if (!isWanted && lookedAtNs !== null && monoNs - lookedAtNs < LOOK_EVERY_NS) return null;
      lookedAtNs = monoNs;
      return { context: context.read(), disks: readDisks(roots), networkFiles: readNetworkFiles(roots) };
    },
    close: () => context.close(),
  };
}
