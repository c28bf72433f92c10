import type { JobFound } from './composed-mail';
import type { MailNotice } from './mail-notice';

/** A mail that waits for its job's records. */
export interface JobQuestion {
  readonly notice: MailNotice;
  /** The nodes that the run had, as the notice's list names them. */
  readonly nodes: readonly string[];
  /** Whether the mail is wanted though nodes are missing: there may be no later look. */
  readonly isLast: boolean;
}

/** Finds what the ledger has of jobs whose mails wait. */
export interface JobReader {
  /**
   * One look for all: the ledger is read once, however many wait. It is not asked again before it has answered.
   * @returns in the order of the questions; null: nothing of the job is there, or the notice names none
   * @throws EitError as a report does
   */
  readAll(questions: readonly JobQuestion[]): Promise<(JobFound | null)[]>;
}
