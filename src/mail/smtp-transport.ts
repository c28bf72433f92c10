import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type SmtpConnection from 'nodemailer/lib/smtp-connection';
import { visible } from '../config/visible';
import type { SmtpConfig } from '../generated/config';
import type { Nodemailer } from './nodemailer';
import type { Delivery, Parcel, Transport } from './transport';

const CONNECT_MS = 20_000;
/** Servers that look into a mail answer late, and have it all the same: RFC 5321, 4.5.3.2.6, wants ten minutes. */
const SILENT_MS = 600_000;

/** A connection that has been idle for longer is not used again: servers close theirs after some minutes. */
const IDLE_MS = 20_000;

export interface SmtpSettings {
  readonly smtp: SmtpConfig;
  /** How this host calls itself. */
  readonly host: string;
  readonly password: string | null;
}

/** What nodemailer's errors tell (its `code`, the server's answer and the command that it answered). */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
}

/**
 * Sends by SMTP (RFC 5321), one mail after the other on one connection; what is asked for at the same time gets connections of its own. The
 * server has the mail once it sees the dot on a line by itself: up to there it can only be dropped. So the dot is held back until `commit` is through.
 */
export class SmtpTransport implements Transport {
  readonly name: string;
  readonly #settings: SmtpSettings;
  readonly #nodemailer: Nodemailer;
  readonly #idle: { readonly connection: SmtpConnection; readonly sinceMs: number }[] = [];

  constructor(settings: SmtpSettings, nodemailer: Nodemailer) {
    this.#settings = settings;
    this.#nodemailer = nodemailer;
    this.name = `${settings.smtp.host}:${settings.smtp.port}`;
  }

  async send({ envelope, message }: Parcel, commit: () => Promise<void>): Promise<Delivery> {
    let connection: SmtpConnection;
    try {
      connection = this.#takeIdle() ?? (await this.#connect());
    } catch (error) {
      return { kind: 'later', reason: told(error), isServer: true };
    }
    const body = Readable.from(withheldEnd(message, commit));
    try {
      const response = await new Promise<string>((resolve, reject) => {
        // Between mails nobody listens: a connection that ends then is just not used again.
        connection.once('error', reject);
        connection.once('end', () => reject(new Error('the server has closed the connection')));
        connection.send({ from: envelope.from, to: [envelope.to] }, body, (error, info) =>
          error === null || error === undefined ? resolve(info?.response ?? '') : reject(error),
        );
      });
      this.#giveBack(connection);
      return { kind: 'sent', response: visible(response, 300) };
    } catch (error) {
      connection.close();
      return failure(error);
    }
  }

  close(): void {
    for (const { connection } of this.#idle.splice(0)) connection.quit();
  }

  #takeIdle(): SmtpConnection | undefined {
    for (;;) {
      const last = this.#idle.pop();
      if (last === undefined) return undefined;
      if (performance.now() - last.sinceMs < IDLE_MS && !last.connection.destroyed) return last.connection;
      last.connection.close();
    }
  }

  #giveBack(connection: SmtpConnection): void {
    connection.removeAllListeners();
    connection.on('error', () => connection.close());
    this.#idle.push({ connection, sinceMs: performance.now() });
  }

  async #connect(): Promise<SmtpConnection> {
    const { smtp, host, password } = this.#settings;
    const connection = new this.#nodemailer.SmtpConnection({
      host: smtp.host,
      port: smtp.port,
      name: host,
      secure: smtp.security === 'tls',
      requireTLS: smtp.security === 'starttls',
      ignoreTLS: smtp.security === 'none',
      allowInternalNetworkInterfaces: true,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      dnsTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      ...(smtp.ca_file === undefined ? {} : { tls: { ca: readFileSync(smtp.ca_file) } }),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        connection.once('error', reject);
        connection.once('end', () => reject(new Error('the server has closed the connection')));
        connection.connect((error) => {
          if (error) return reject(error);
          if (smtp.user === undefined || password === null) return resolve();
          return connection.login({ credentials: { user: smtp.user, pass: password } }, (failed) =>
            failed ? reject(failed) : resolve(),
          );
        });
      });
    } catch (error) {
      connection.on('error', () => undefined);
      connection.close();
      throw error;
    }
    connection.removeAllListeners();
    return connection;
  }
}

async function* withheldEnd(message: Buffer, commit: () => Promise<void>): AsyncGenerator<Buffer> {
  yield message;
  await commit();
}

/** A recipient or a mail that is refused (5xx) is so for ever; a sender, a login or a server that is, is ours to mend. */
function failure(error: unknown): Delivery {
  const { responseCode, command } = error as SmtpError;
  const isAboutMail = command === 'RCPT TO' || command === 'DATA';
  if (responseCode !== undefined && responseCode >= 500 && isAboutMail)
    return { kind: 'refused', reason: told(error) };
  return { kind: 'later', reason: told(error), isServer: !isAboutMail };
}

function told(error: unknown): string {
  return visible(error instanceof Error ? error.message : String(error), 300);
}
