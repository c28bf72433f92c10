import { hostname } from 'node:os';
import { readToken } from '../carbon/token-file';
import { hostName } from '../config/host-name';
import type { EitConfig } from '../generated/config';
import type { Carrier } from '../mail/handing-journal';
import type { Nodemailer } from '../mail/nodemailer';
import { SendmailTransport } from '../mail/sendmail-transport';
import { SmtpTransport } from '../mail/smtp-transport';
import type { Transport } from '../mail/transport';

/** The way out that the config chooses. */
export interface Way {
  readonly transport: Transport;
  readonly carrier: Carrier;
  /** Address of the sender. */
  readonly from: string;
  /** This host's name, as message ids and greetings have it. */
  readonly host: string;
}

/**
 * @param dir where runs of a sendmail program are on record
 * @param nodemailer is loaded where mails are made
 * @throws EitError EIT_TOKEN where the password cannot be read, or others could read it
 */
export function openWay({ mail }: Pick<EitConfig, 'mail'>, dir: string, nodemailer: Nodemailer): Way {
  const host = hostName().replaceAll('_', '-');
  const from = mail.from ?? `slurm@${mail.domain ?? host}`;
  if (mail.transport === 'sendmail')
    return { transport: new SendmailTransport(mail.sendmail, dir), carrier: 'sendmail', from, host };
  const { smtp } = mail;
  const [password = null] = smtp.password_file === undefined ? [] : readToken(smtp.password_file, 1);
  return {
    transport: new SmtpTransport({ smtp, host: hostname(), password }, nodemailer),
    carrier: 'smtp',
    from,
    host,
  };
}
