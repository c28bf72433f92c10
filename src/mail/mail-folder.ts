import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { visible } from '../config/visible';
import { EitError, describeError, isErrno } from '../errors';
import { type Handing, HandingJournal, OUTCOMES, type Outcome } from './handing-journal';
import type { MailNotice } from './mail-notice';
import { letterBytes, letterRecipient, parseNotice } from './notice-file';
import { parseRecipients } from './recipients';
import { LETTER_NAME, NOTICE_NAME, readNotice } from './spooled-file';

/** A notice for one of its recipients. */
export interface Letter {
  /** Of its file in queue/, and with it for ever. */
  readonly name: string;
  /** null where Slurm's text is none that we would send to. */
  readonly recipient: string | null;
  readonly notice: MailNotice;
}

const KEEP_MS = 30 * 86_400_000;

/**
 * The folder of the mails, which is the journal of what became of each:
 *
 * - `new/`: a notice as `eit-mail` left it; a rename takes it
 * - `queue/`: a letter (a notice for one recipient) until its mail has been handed over
 * - `sending/`: which letters are being handed over, written before the step after which a mail may have arrived
 * - `sent/`, `failed/`, `unsure/`: the same when that is over. It is the rename of that one file that ends a letter; only then its
 *   file in `queue/` goes
 *
 * So at each instant one file says whether a letter is to be sent, and only what stands in `sending/` can be in doubt.
 */
export class MailFolder {
  readonly dir: string;
  readonly #domain: string | undefined;
  readonly #journal: HandingJournal;
  /** What was said of which notice. */
  readonly #warned = new Map<string, string>();

  constructor(dir: string, domain: string | undefined) {
    this.dir = dir;
    this.#domain = domain;
    this.#journal = new HandingJournal(dir);
  }

  /** How many files are in each folder; null where there is none, or this user may not look. */
  static counts(dir: string): Record<'new' | 'queue' | 'sending' | Outcome, number> | null {
    const count = (name: string): number =>
      readdirSync(join(dir, name)).filter((file) => NOTICE_NAME.test(file) || LETTER_NAME.test(file)).length;
    try {
      return {
        new: count('new'),
        queue: count('queue'),
        sending: count('sending'),
        sent: count('sent'),
        failed: count('failed'),
        unsure: count('unsure'),
      };
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return null;
      throw error;
    }
  }

  /** @throws EitError EIT_MAIL */
  prepare(): void {
    try {
      // Others drop into `new`, by its group; what is in the rest is the spooler's alone.
      mkdirSync(join(this.dir, 'new'), { recursive: true, mode: 0o770 });
      mkdirSync(join(this.dir, 'queue'), { recursive: true, mode: 0o700 });
      this.#journal.prepare();
    } catch (cause) {
      throw new EitError(
        'EIT_MAIL',
        `cannot write to ${visible(this.dir)}: ${String(cause)}; make mail_dir of eit.yaml a folder of the user who runs eit mail spool`,
        { cause },
      );
    }
  }

  /** Ends what an earlier process began to end: whose outcome is known is in no queue. */
  finish(): void {
    for (const outcome of OUTCOMES) {
      for (const handing of this.#journal.handings(outcome)) this.#endLetters(handing, outcome);
    }
  }

  /** The mails of which an earlier process has not written down what became of them. */
  openHandings(): Handing[] {
    return this.#journal.handings('sending');
  }

  /**
   * The letters that wait.
   * @param isKnown of those that are known already nothing is read
   */
  queued(isKnown: (name: string) => boolean = () => false): Letter[] {
    const names = readdirSync(join(this.dir, 'queue'));
    // Of a notice that is there yet not all letters are, and those that are will be made again.
    const notices = new Set(names.filter((name) => NOTICE_NAME.test(name)));
    return names
      .filter((name) => !isKnown(name) && !notices.has(LETTER_NAME.exec(name)?.[1] ?? name))
      .filter((name) => LETTER_NAME.test(name))
      .flatMap((name) => this.#letter(name));
  }

  /**
   * Takes what `eit-mail` has left since.
   * @param warn told of what is no notice; it is kept in failed/
   */
  takeNew(warn: (text: string) => void): Letter[] {
    const namesIn = (folder: 'new' | 'queue') =>
      readdirSync(join(this.dir, folder)).filter((name) => NOTICE_NAME.test(name));
    const take = (folder: 'new' | 'queue', name: string): string[] => {
      try {
        return folder === 'new' ? this.#claim(name) : this.#split(name);
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return [];
        // A disk that is full or a right that lacks is no fault of the notice: it stays, and is taken when that has passed.
        const isNoNotice = error instanceof EitError || isErrno(error, 'ELOOP');
        const what = isNoNotice ? 'is no notice and goes to failed/' : 'waits';
        this.#warnOnce(warn, join(this.dir, folder, name), `${what}: ${describeError(error)}`);
        if (isNoNotice) this.#setAside(folder, name);
        return [];
      }
    };
    const taken = namesIn('queue').flatMap((name) => take('queue', name));
    const names = namesIn('new');
    taken.push(...names.flatMap((name) => take('new', name)));
    if (names.length > 0) for (const name of ['queue', 'new']) syncFolder(join(this.dir, name));
    return taken.flatMap((name) => this.#letter(name));
  }

  #warnOnce(warn: (text: string) => void, path: string, text: string): void {
    if (this.#warned.get(basename(path)) === text) return;
    this.#warned.set(basename(path), text);
    warn(`${path} ${text}`);
  }

  #setAside(from: 'new' | 'queue', name: string): void {
    try {
      renameSync(join(this.dir, from, name), join(this.dir, 'failed', name));
    } catch (error) {
      // Taken back meanwhile, or not ours to move: then it is looked at again.
      if (!isErrno(error, 'ENOENT', 'EACCES', 'EPERM')) throw error;
    }
  }

  /** Writes down that these letters are being handed over; on disk when it comes back. */
  begin(handing: Handing): Promise<void> {
    return this.#journal.begin(handing);
  }

  /** It was not taken: its letters wait on. */
  withdraw(id: string): void {
    this.#journal.withdraw(id);
  }

  /** Writes down what became of a mail that was begun, and ends its letters. */
  async end(handing: Handing, outcome: Outcome, reason?: string): Promise<void> {
    await this.#journal.end(handing, outcome, reason);
    this.#endLetters(handing, outcome);
    this.#journal.forgetRun(handing.id);
  }

  /** Lets go of what is done with: of mails that were sent their log tells, the others are kept for a month. */
  prune(nowMs: number): void {
    const sent = this.#journal.handings('sent');
    // Whose journal goes has no letter any more, also where `end` is just about to take it away.
    for (const handing of sent) this.#endLetters(handing, 'sent');
    syncFolder(join(this.dir, 'queue'));
    for (const handing of sent) rmSync(join(this.dir, 'sent', `${handing.id}.json`), { force: true });
    for (const outcome of ['failed', 'unsure'] as const) {
      for (const name of readdirSync(join(this.dir, outcome))) {
        const path = join(this.dir, outcome, name);
        if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs) < nowMs - KEEP_MS)
          rmSync(path, { force: true, recursive: true });
      }
    }
  }

  /** From here on it is ours alone: `eit-mail` takes back what is in `new`. */
  #claim(name: string): string[] {
    const from = join(this.dir, 'new', name);
    parseNotice(readNotice(from));
    renameSync(from, join(this.dir, 'queue', name));
    return this.#split(name);
  }

  /** A notice becomes a letter for each recipient; of one that was half done the same letters are made again. */
  #split(name: string): string[] {
    const from = join(this.dir, 'queue', name);
    const bytes = readNotice(from);
    const recipients = parseRecipients(parseNotice(bytes).recipient, this.#domain) ?? [null];
    const letters = recipients.map((_, i) => `${name}.${i}`);
    // Letters first: what was half done is done again from the notice.
    for (const [i, letter] of letters.entries()) {
      // Whole or not at all: half a letter would be none that a later spooler can read.
      const part = join(this.dir, 'queue', `.${letter}.tmp`);
      const fd = openSync(part, 'w', 0o600);
      try {
        writeFileSync(fd, letterBytes(bytes, recipients[i] ?? null));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(part, join(this.dir, 'queue', letter));
    }
    rmSync(from);
    return letters;
  }

  #letter(name: string): Letter[] {
    const index = Number(LETTER_NAME.exec(name)?.[2]);
    try {
      const bytes = readNotice(join(this.dir, 'queue', name));
      const notice = parseNotice(bytes);
      const written = letterRecipient(bytes);
      const recipient =
        written === undefined ? (parseRecipients(notice.recipient, this.#domain)?.[index] ?? null) : written;
      return [{ name, notice, recipient }];
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      if (!(error instanceof EitError)) throw error;
      // Half a file after a power cut: it must not keep the others from going.
      this.#setAside('queue', name);
      return [];
    }
  }

  #endLetters({ letters }: Handing, outcome: Outcome): void {
    for (const letter of letters) {
      const path = join(this.dir, 'queue', letter);
      try {
        if (outcome === 'sent') rmSync(path, { force: true });
        else renameSync(path, join(this.dir, outcome, letter));
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
      }
    }
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
