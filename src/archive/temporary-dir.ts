import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does `work` with a host-local folder that nobody else may read and that is gone afterwards, also after a signal that ends the
 * process.
 * @throws whatever `work` throws
 */
export async function withTemporaryDir<T>(prefix: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), prefix));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  // Once: the signal that is sent again ends the process, or finds who else waits for it.
  const onSignal = (signal: NodeJS.Signals): void => {
    for (const each of SIGNALS) process.removeListener(each, onSignal);
    remove();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(dir);
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    remove();
  }
}
