import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type MailComposer from 'nodemailer/lib/mail-composer';
import type SmtpConnection from 'nodemailer/lib/smtp-connection';

/** What of nodemailer is used. */
export interface Nodemailer {
  readonly MailComposer: typeof MailComposer;
  readonly SmtpConnection: typeof SmtpConnection;
}

/** Loads nodemailer when a mail is made. In dist/ it is a file of its own beside the program (scripts/build.mjs), else npm's package. */
export function nodemailer(): Nodemailer {
  const load = createRequire(__filename);
  const bundle = join(__dirname, 'eit-nodemailer.js');
  if (existsSync(bundle)) return load(bundle) as Nodemailer;
  return {
    MailComposer: load('nodemailer/lib/mail-composer') as typeof MailComposer,
    SmtpConnection: load('nodemailer/lib/smtp-connection') as typeof SmtpConnection,
  };
}
