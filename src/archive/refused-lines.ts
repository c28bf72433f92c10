import { randomBytes } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InboxFile } from '../ledger/inbox-files';
import type { SkipReason } from '../ledger/record-line';

/** Of a refused line this much is kept. */
const KEPT_CHARACTERS = 4096;

/** Of one taking so many are put aside: garbage without an end is counted and no more. */
const MOST_KEPT = 10_000;

/** Lines of the inbox that are not taken: counted, and the first of them put aside with their reason. */
export class RefusedLines {
  /** By day of the inbox. */
  readonly counts = new Map<string, Map<SkipReason, number>>();
  readonly #aside: string[] = [];

  /** @param at where the line is, and its text; null: over 1 MB */
  add(
    at: Pick<InboxFile, 'day' | 'host'> & { readonly offset: number; readonly line: string | null },
    reason: SkipReason,
  ): void {
    const { day, host, offset, line } = at;
    const reasons = this.counts.get(day) ?? new Map<SkipReason, number>();
    this.counts.set(day, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
    if (this.#aside.length >= MOST_KEPT) return;
    this.#aside.push(
      JSON.stringify({ day, host, offset, reason, line: line?.slice(0, KEPT_CHARACTERS) ?? null }),
    );
  }

  /** @param dir the cluster's folder */
  async write(dir: string): Promise<void> {
    if (this.#aside.length === 0) return;
    const folder = join(dir, 'aside');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${randomBytes(8).toString('hex')}.ndjson`);
    await appendFile(path, `${this.#aside.join('\n')}\n`, { mode: 0o600 });
  }
}
