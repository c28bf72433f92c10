import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetRun } from './recorded-run';

/** Who was given a mail. */
export type Carrier = 'smtp' | 'sendmail' | 'former';

/** A mail that is being handed over, as it stands in the journal. */
export interface Handing {
  readonly id: string;
  readonly letters: readonly string[];
  readonly carrier: Carrier;
  /** Kernel boot id. */
  readonly boot: string;
  readonly sinceMs: number;
  /** Whom it is to, where no letter tells. */
  readonly to?: string;
  /** Why it is not known to have been sent: written when that is over. */
  readonly reason?: string;
}

export type Outcome = 'sent' | 'failed' | 'unsure';

export const OUTCOMES: readonly Outcome[] = ['sent', 'failed', 'unsure'];

/**
 * What was handed over and what became of it: `sending/` is written before the step after which a mail may have arrived; one rename from there to
 * `sent/`, `failed/` or `unsure/` ends it. What stands in `sending/` after a kill is in doubt.
 */
export class HandingJournal {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Makes the folders where they are missing: this user's alone. */
  prepare(): void {
    for (const name of ['sending', ...OUTCOMES])
      mkdirSync(join(this.dir, name), { recursive: true, mode: 0o700 });
  }

  /** Those of which it is not written down what became of them, or that ended so. */
  handings(folder: 'sending' | Outcome): Handing[] {
    const dir = join(this.dir, folder);
    return readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')) as Handing);
  }

  /** How a mail ended; null: it was never begun, or is not over. */
  outcomeOf(id: string): Outcome | null {
    return OUTCOMES.find((outcome) => existsSync(join(this.dir, outcome, `${id}.json`))) ?? null;
  }

  /** Writes down that it is being handed over; on disk when it comes back. */
  async begin(handing: Handing): Promise<void> {
    await this.#write(handing);
    await syncFolderSoon(join(this.dir, 'sending'));
  }

  /** It was not taken. */
  withdraw(id: string): void {
    rmSync(join(this.dir, 'sending', `${id}.json`), { force: true });
    forgetRun(join(this.dir, 'sending'), id);
  }

  /** Writes down what became of a mail that was begun, and of one that was not sent why. */
  async end(handing: Handing, outcome: Outcome, reason?: string): Promise<void> {
    const name = `${handing.id}.json`;
    if (reason !== undefined) await this.#write({ ...handing, reason });
    await rename(join(this.dir, 'sending', name), join(this.dir, outcome, name));
    await Promise.all([syncFolderSoon(join(this.dir, outcome)), syncFolderSoon(join(this.dir, 'sending'))]);
  }

  /** Takes away what its run left, when it is over. */
  forgetRun(id: string): void {
    forgetRun(join(this.dir, 'sending'), id);
  }

  async #write(handing: Handing): Promise<void> {
    const path = join(this.dir, 'sending', `${handing.id}.json`);
    const file = await open(`${path}.tmp`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(handing));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  }
}

async function syncFolderSoon(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
