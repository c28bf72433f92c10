import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';

const FILE = 'pruned.json';

/** What had to go from the spool before it was carried over. */
export interface Pruning {
  seriesLines: number;
  /** Hosts' lines that lost their context. */
  contexts: number;
  /** Lines that the schema had refused. */
  refusedLines: number;
  /** Lines of runs and hosts, and the energy that those of hosts held. */
  energyLines: number;
  hostUj: number;
}

/** All that ever went on this host, as `pruned.json` in the spool holds it. */
export interface Pruned extends Pruning {
  /** Unix ms of the first and of the last time. */
  readonly firstMs: number;
  readonly lastMs: number;
}

export function noPruning(): Pruning {
  return { seriesLines: 0, contexts: 0, refusedLines: 0, energyLines: 0, hostUj: 0 };
}

export function isAnythingLost(gone: Pruning): boolean {
  return gone.seriesLines + gone.contexts + gone.refusedLines + gone.energyLines > 0;
}

/** What went, in words: `12 lines of series, the context of 3 lines`. */
export function pruningText({ seriesLines, contexts, refusedLines, energyLines, hostUj }: Pruning): string {
  const parts: [number, string][] = [
    [seriesLines, `${seriesLines} lines of series`],
    [contexts, `the context of ${contexts} lines`],
    [refusedLines, `${refusedLines} refused lines`],
    [energyLines, `${energyLines} lines with energy (${Math.round(hostUj / 1e6)} J of the host)`],
  ];
  return parts.flatMap(([count, text]) => (count > 0 ? [text] : [])).join(', ');
}

/** null where nothing ever went, or the file is damaged. @throws the system's error where it cannot be read */
export function readPruned(spoolDir: string): Pruned | null {
  try {
    const value = JSON.parse(readFileSync(join(spoolDir, FILE), 'utf8')) as Partial<Pruned> | null;
    const number = (key: keyof Pruned): number => (Number.isFinite(value?.[key]) ? Number(value?.[key]) : 0);
    return {
      seriesLines: number('seriesLines'),
      contexts: number('contexts'),
      refusedLines: number('refusedLines'),
      energyLines: number('energyLines'),
      hostUj: number('hostUj'),
      firstMs: number('firstMs'),
      lastMs: number('lastMs'),
    };
  } catch (error) {
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Adds to what is counted. @throws the system's error */
export function addPruned(spoolDir: string, gone: Pruning, nowMs: number): void {
  const before = readPruned(spoolDir) ?? { ...noPruning(), firstMs: nowMs };
  const sum: Pruned = {
    seriesLines: before.seriesLines + gone.seriesLines,
    contexts: before.contexts + gone.contexts,
    refusedLines: before.refusedLines + gone.refusedLines,
    energyLines: before.energyLines + gone.energyLines,
    hostUj: before.hostUj + gone.hostUj,
    firstMs: before.firstMs,
    lastMs: nowMs,
  };
  const path = join(spoolDir, FILE);
  rmSync(`${path}.tmp`, { force: true });
  writeFileSync(`${path}.tmp`, JSON.stringify(sum), { mode: 0o600, flag: 'wx' });
  renameSync(`${path}.tmp`, path);
}
