import { isCutShort, type RecordedEnd, runRecorded } from './recorded-run';
import type { Delivery, Parcel, Transport } from './transport';

/** Exit statuses that are about this mail or its recipient (sysexits.h): EX_USAGE, EX_DATAERR, EX_NOUSER, EX_NOHOST. */
const REFUSALS = [64, 65, 67, 68];

/** Hands mails to the program of the host's mail server, which every server has: sendmail(8) of Sendmail, Postfix, Exim, msmtp. */
export class SendmailTransport implements Transport {
  readonly name: string;
  readonly #program: string;
  readonly #dir: string;

  /** @param dir where its runs are on record */
  constructor(program: string, dir: string) {
    this.#program = program;
    this.#dir = dir;
    this.name = program;
  }

  async send({ id, envelope, message }: Parcel, commit: () => Promise<void>): Promise<Delivery> {
    // -i: a dot on a line by itself is text. The recipient is an argument and not taken from the message.
    const args = ['-i', '-f', envelope.from, '--', envelope.to];
    const input = Buffer.from(message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    return sendmailDelivery(
      await runRecorded(this.#dir, id, { program: this.#program, args, env: {}, input }, commit),
    );
  }

  close(): void {}
}

/** @param end null: killed with what would have written it down */
export function sendmailDelivery(end: RecordedEnd | null): Delivery {
  if (end === null) return { kind: 'unsure', reason: 'the program that sent it was killed' };
  const reason = `exit status ${end.status}${end.output === '' ? '' : `: ${end.output}`}`;
  if (end.status === 0) return { kind: 'sent', response: end.output };
  if (isCutShort(end)) return { kind: 'unsure', reason: `it was ended after a minute (${reason})` };
  if (REFUSALS.includes(end.status)) return { kind: 'refused', reason };
  return { kind: 'later', reason, isServer: true };
}
