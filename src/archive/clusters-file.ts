import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLUSTERS_FILE, ledgerClusters } from '../ledger/inbox-files';
import { writeWhole } from './whole-file';

const FOR_EVERYBODY = 0o644;

/** Writes down which clusters the ledger has, for those who may not list it. @throws EitError EIT_LEDGER_UNREADABLE; the system's error */
export async function writeClusters(ledger: string): Promise<void> {
  const path = join(ledger, CLUSTERS_FILE);
  const text = `${JSON.stringify({ clusters: await ledgerClusters(ledger) })}\n`;
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
  await writeWhole(path, text, FOR_EVERYBODY);
}
