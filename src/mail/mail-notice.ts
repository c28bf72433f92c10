/**
 * One call of MailProg, as Slurm made it: `MailProg -s SUBJECT RECIPIENT` with the job in its environment. Everything in
 * it comes from users or could: names, comments and lists of recipients are data.
 */
export interface MailNotice {
  readonly subject: string;
  /** As Slurm passes it: a user's name, an address, or several with commas (`--mail-user`). */
  readonly recipient: string;
  /** The variables of Slurm's environment that were kept, `SLURM_JOB_ID` and the like. */
  readonly env: Readonly<Record<string, string>>;
  readonly receivedMs: number;
  /** When somebody said that it be tried once more. */
  readonly retriedMs?: number;
}
