import type { Carrier, Handing, HandingJournal } from './handing-journal';
import { buildMessage } from './message';
import type { Nodemailer } from './nodemailer';
import type { LetterText } from './plain-mail';
import { SURELY_ENDED_MS, recordedEnd } from './recorded-run';
import { sendmailDelivery } from './sendmail-transport';
import type { Delivery, Transport } from './transport';

export interface DigestSenderParts {
  readonly journal: HandingJournal;
  readonly transport: Transport;
  readonly carrier: Carrier;
  readonly nodemailer: Nodemailer;
  readonly from: string;
  /** What message ids end with. */
  readonly host: string;
  readonly boot: string;
  readonly header?: string | undefined;
  readonly footer?: string | undefined;
  readonly now: () => number;
}

/** Hands mails over that have a name of their own, such as a month's digest of a user: under each name one, whatever is killed when. */
export class DigestSender {
  readonly #parts: DigestSenderParts;

  constructor(parts: DigestSenderParts) {
    this.#parts = parts;
  }

  /** Finds out what became of those that an earlier process was handing over: as with mails of jobs (docs/adr/0012). */
  async start(): Promise<void> {
    const { journal, boot, now } = this.#parts;
    for (const handing of journal.handings('sending')) {
      const end = handing.carrier === 'smtp' ? null : recordedEnd(`${journal.dir}/sending`, handing.id);
      if (end !== null) await this.#end(handing, sendmailDelivery(end));
      else if (handing.boot !== boot) journal.withdraw(handing.id);
      else if (handing.carrier === 'smtp' || Math.abs(now() - handing.sinceMs) > SURELY_ENDED_MS)
        await this.#end(handing, { kind: 'unsure', reason: 'killed in the moment of handing it over' });
    }
  }

  /** Whether an earlier process is handing it over yet: a program of its own runs to its end. */
  isUnderWay(id: string): boolean {
    return this.#parts.journal.handings('sending').some((handing) => handing.id === id);
  }

  /** @param id names it for ever: a file's name, and part of the Message-ID */
  async send(id: string, to: string, content: LetterText): Promise<Delivery> {
    const { journal, transport, carrier, nodemailer, from, host, boot, header, footer, now } = this.#parts;
    const handing: Handing = { id, letters: [], carrier, boot, sinceMs: now(), to };
    const messageId = `eit.${id}@${host}`;
    const message = await buildMessage(
      { from, to, messageId, dateMs: now(), content, header, footer },
      nodemailer,
    );
    let isBegun = false;
    const commit = async (): Promise<void> => {
      await journal.begin(handing);
      isBegun = true;
    };
    const delivery = await transport.send({ id, envelope: { from, to }, message }, commit);
    if (delivery.kind !== 'later' && !isBegun) await journal.begin(handing);
    if (delivery.kind !== 'later' || isBegun) await this.#end(handing, delivery);
    return delivery;
  }

  async #end(handing: Handing, delivery: Delivery): Promise<void> {
    const { journal } = this.#parts;
    if (delivery.kind === 'later') journal.withdraw(handing.id);
    else if (delivery.kind === 'sent') await journal.end(handing, 'sent');
    else await journal.end(handing, delivery.kind === 'unsure' ? 'unsure' : 'failed', delivery.reason);
    journal.forgetRun(handing.id);
  }
}
