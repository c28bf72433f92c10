import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EitRecord } from '../generated/record';
import { appendLines } from '../ledger/append';
import { finishNow } from '../ledger/durable';

/** Cluster of runs that users measure themselves: no site's has them. */
export const OWN_CLUSTER = 'own';

/** What a person ran is personal data: as of imported runs. */
export const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;

/**
 * Adds lines to a folder that is read as a ledger: `DIR/own/inbox/<UTC day>/<host>.<instance>.ndjson`. A file has one writer, as in
 * the site's ledger; runs of one host may be at one time.
 * @throws the system's error
 */
export function writeRunLines(folder: string, lines: readonly EitRecord[]): void {
  const byFile = new Map<string, EitRecord[]>();
  for (const line of lines) {
    const file = join(
      folder,
      OWN_CLUSTER,
      'inbox',
      line.to.slice(0, 10),
      `${line.host}.${line.instance}.ndjson`,
    );
    const its = byFile.get(file);
    if (its === undefined) byFile.set(file, [line]);
    else its.push(line);
  }
  for (const [file, its] of byFile) {
    mkdirSync(dirname(file), { recursive: true, mode: FOLDER_MODE });
    const text = its.map((line) => `${JSON.stringify(line)}\n`).join('');
    finishNow(appendLines(file, Buffer.from(text), FILE_MODE));
  }
}
