import { statSync } from 'node:fs';
import type { FileModes } from './part';

/** As the ledger's folder: who may read it reads what is in it. */
export function ledgerModes(ledger: string): FileModes {
  const folder = (statSync(ledger).mode & 0o777) | 0o700;
  return { folder, file: folder & 0o666 };
}
