import { join } from 'node:path';

/** Where those who look ask, and where the agent answers: all in a folder of its own in state_dir. */
export function nowPaths(stateDir: string) {
  const dir = join(stateDir, 'now');
  return {
    dir,
    /** A FIFO: who writes his uid and a newline into it is told for WATCHED_MS what he may see. */
    ask: join(dir, 'ask'),
    /** All runs: root's and the agent's user's, everybody's where privacy is open. */
    all: join(dir, 'all.json'),
    /** The host's totals, for everybody. */
    totals: join(dir, 'totals.json'),
    /** A user's own runs (all runs, of an admin), in a folder that he may look into. */
    ofUser: (uid: number) => join(dir, String(uid), 'own.json'),
  };
}

/** How long an answer goes on after it was asked for. */
export const WATCHED_MS = 30_000;
