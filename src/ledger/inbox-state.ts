import { stat } from 'node:fs/promises';
import { isErrno } from '../errors';
import type { TakenBefore } from './inbox';
import { inboxFiles, unreadable } from './inbox-files';

/** Shared storage answers many at once, and one after the other too slowly. */
const AT_ONCE = 32;

/** What lies in a cluster's inbox, from the sizes and times of its files alone. */
export interface InboxState {
  /** What compaction has not taken into the archive yet. */
  readonly waitingBytes: number;
  /** By host, when its last line came, Unix ms by the storage's clock. */
  readonly lastByHost: ReadonlyMap<string, number>;
  /** UTC day of the oldest file, `2026-03-29`; null: there is none. */
  readonly firstDay: string | null;
}

/**
 * @param taken what the archive has of it; null: nothing
 * @throws EitError EIT_LEDGER_UNREADABLE
 */
export async function readInboxState(
  ledger: string,
  cluster: string,
  taken: TakenBefore | null,
): Promise<InboxState> {
  const files = await inboxFiles(ledger, cluster, {});
  const lastByHost = new Map<string, number>();
  let waitingBytes = 0;
  for (let i = 0; i < files.length; i += AT_ONCE) {
    const some = files.slice(i, i + AT_ONCE);
    const found = await Promise.all(some.map(({ path }) => statOf(path)));
    for (const [k, file] of some.entries()) {
      const now = found[k] ?? null;
      if (now === null) continue;
      waitingBytes += now.size - (taken?.bytes(file, now) ?? 0);
      lastByHost.set(file.host, Math.max(lastByHost.get(file.host) ?? 0, now.mtimeMs));
    }
  }
  return { waitingBytes, lastByHost, firstDay: files[0]?.day ?? null };
}

/** null: compaction has taken it away meanwhile. */
async function statOf(path: string): Promise<{ size: number; mtimeMs: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw unreadable(path, error);
  }
}
