import type { JobFound } from './composed-mail';
import type { MailNotice } from './mail-notice';

/** A mail that waits for its job's records. */
export interface JobQuestion {
  readonly notice: MailNotice;
  /** The nodes that the run had, as the notice's list names them. */
  readonly nodes: readonly string[];
}

/** Finds what the ledger has of jobs whose mails wait. */
export interface JobReader {
  /**
   * One look for all: the ledger is read once, however many wait.
   * @returns in the order of the questions; undefined: nothing of the job is there, or the notice names none
   * @throws EitError as a report does
   */
  readAll(questions: readonly JobQuestion[]): Promise<(JobFound | undefined)[]>;
}
