import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../errors';
import type { MailConfig } from '../generated/config';
import type { ComposedMail, JobFound } from './composed-mail';
import { digestMail } from './throttled-mail';
import { formerDelivery, sendByFormerProgram } from './former-program';
import type { Carrier, Handing } from './handing-journal';
import type { Letter, MailFolder } from './mail-folder';
import type { JobReader } from './job-reader';
import { energyMailType, nodesOf } from './mail-type';
import { buildMessage } from './message';
import type { Nodemailer } from './nodemailer';
import { type LetterText, noRecordsRemark, plainMail } from './plain-mail';
import { SURELY_ENDED_MS, recordedEnd } from './recorded-run';
import { sendmailDelivery } from './sendmail-transport';
import type { Throttle } from './throttle';
import type { Delivery, Transport } from './transport';

export interface SpoolerOptions {
  readonly config: Pick<MailConfig, 'wait_seconds' | 'types' | 'give_up_hours' | 'header' | 'footer'>;
  readonly folder: MailFolder;
  readonly transport: Transport;
  readonly carrier: Carrier;
  /** null where there is none. */
  readonly formerProgram: string | null;
  readonly throttle: Throttle;
  /** Called when the throttle has counted. */
  readonly onThrottle: () => void;
  readonly jobReader: JobReader;
  readonly nodemailer: Nodemailer;
  readonly from: string;
  /** What message ids end with. */
  readonly host: string;
  readonly boot: string;
  readonly now: () => number;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

/** A letter and how far it is. */
interface Waiting {
  readonly letter: Letter;
  readonly nodes: readonly string[];
  /** Whether it waits for records. */
  readonly wantsEnergy: boolean;
  readonly sinceMs: number;
  /** When the last look that it was in began. */
  lookedMs: number;
  found: JobFound | null;
  isHeld: boolean;
  /** Since when the list that it was held for may go. */
  dueMs: number | null;
  isCounted: boolean;
  isOnItsWay: boolean;
  attempts: number;
  retryMs: number;
  /** Of the former program, and since when. */
  formerFailures: number;
  formerSinceMs: number;
}

/** How long a look at the ledger is waited for before what else there is to do is done. */
const LOOK_MS = 1000;
/** How long a mail that should not wait waits for its first look, and a list of mails for its own. */
const FIRST_LOOK_MS = 10_000;
const LIST_LOOK_MS = 30_000;
/** So long before a mail goes in any case, what is there is composed with each look. */
const LAST_LOOKS_MS = 10_000;
const AT_ONCE = 4;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;
/** What the former program fails with so often, and for as long as servers are waited for, is not tried again. */
const FORMER_TRIES = 5;
/** Then nobody takes it. */
const HOPELESS_MS = 5 * 86_400_000;

/** Sends the mails that `eit-mail` left: each waits for the records of its job's nodes, and is handed over once. */
export class Spooler {
  readonly #options: SpoolerOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #open = new Map<string, Handing>();
  readonly #sendings = new Set<Promise<void>>();
  #serverFailures = 0;
  #serverRetryMs = 0;
  #lookUpFailure = '';
  #looking: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: SpoolerOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier process left. */
  async start(): Promise<void> {
    const { folder } = this.#options;
    folder.finish();
    for (const handing of folder.openHandings()) this.#open.set(handing.id, handing);
    for (const letter of folder.queued()) this.#add(letter);
    await this.#resolveOpen();
  }

  /** One look at everything; mails that are handed over meanwhile are not waited for. @returns how many letters there are yet */
  async pass(): Promise<number> {
    const { folder, log } = this.#options;
    await this.#resolveOpen();
    for (const letter of folder.takeNew((text) => log('error', text))) this.#add(letter);
    // What `eit mail retry` has put back.
    for (const letter of folder.queued((name) => this.#waiting.has(name))) this.#add(letter);
    this.#markDue();
    await this.#look();
    this.#sendReady();
    this.#sendHeld();
    return this.#waiting.size;
  }

  /** Whether nothing is going to happen soon: what is left is held back or waits for a server. */
  get isIdle(): boolean {
    const { now } = this.#options;
    return (
      this.#sendings.size === 0 &&
      [...this.#waiting.values()].every(
        (one) =>
          (one.isHeld && one.dueMs === null) ||
          one.retryMs > now() ||
          (one.attempts > 0 && this.#serverRetryMs > now()),
      )
    );
  }

  /** Begins nothing more, and waits for mails that are being handed over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#sendings.size > 0) await Promise.all(this.#sendings);
    this.#options.transport.close();
  }

  #add(letter: Letter): void {
    const type = energyMailType(letter.notice);
    const nodes = type === null ? [] : nodesOf(letter.notice);
    this.#waiting.set(letter.name, {
      letter,
      nodes,
      wantsEnergy: type !== null && this.#options.config.types.includes(type) && nodes.length > 0,
      sinceMs: this.#options.now(),
      lookedMs: -Infinity,
      found: null,
      isHeld: false,
      dueMs: null,
      isCounted: false,
      isOnItsWay: [...this.#open.values()].some(({ letters }) => letters.includes(letter.name)),
      attempts: 0,
      retryMs: 0,
      formerFailures: 0,
      formerSinceMs: 0,
    });
  }

  /** Storage that hangs holds up no mail: what it has not told when a mail's time is over is not in it. */
  async #look(): Promise<void> {
    this.#looking ??= this.#lookUp().finally(() => (this.#looking = null));
    await within(this.#looking, LOOK_MS);
  }

  async #lookUp(): Promise<void> {
    const wanted = [...this.#waiting.values()].filter((one) => this.#isAsking(one));
    if (wanted.length === 0) return;
    const { jobReader, log, now } = this.#options;
    const beganMs = now();
    try {
      const found = await jobReader.readAll(
        wanted.map((one) => ({
          notice: one.letter.notice,
          nodes: one.nodes,
          isLast: this.#isLastLook(one),
        })),
      );
      for (const [i, one] of wanted.entries()) {
        const its = found[i] ?? null;
        // What an earlier look composed is better than nothing.
        if (its !== null) one.found = { ...its, mail: its.mail ?? one.found?.mail ?? null };
      }
      if (this.#lookUpFailure !== '') log('info', 'records can be read again');
      this.#lookUpFailure = '';
    } catch (error) {
      const text = describeError(error);
      if (text !== this.#lookUpFailure)
        log('error', `records cannot be read, mails go without energy: ${text}`);
      this.#lookUpFailure = text;
    }
    for (const one of wanted) one.lookedMs = beganMs;
  }

  #isAsking(one: Waiting): boolean {
    if (!one.wantsEnergy || one.isOnItsWay || missingOf(one).length === 0) return false;
    return one.isHeld ? one.dueMs !== null && one.lookedMs < one.dueMs : one.attempts === 0;
  }

  #isLastLook({ found, isHeld, letter: { notice } }: Waiting): boolean {
    const { config, now } = this.#options;
    const leftMs = notice.receivedMs + config.wait_seconds * 1000 - now();
    return isHeld || found === null || leftMs < LAST_LOOKS_MS;
  }

  #isReady(one: Waiting): boolean {
    const { config, now } = this.#options;
    const waitedMs = now() - one.letter.notice.receivedMs;
    const isOver = waitedMs >= config.wait_seconds * 1000 || waitedMs < -60_000;
    const hasLooked = one.lookedMs !== -Infinity || now() - one.sinceMs >= FIRST_LOOK_MS;
    return (
      !one.isOnItsWay &&
      !one.isHeld &&
      one.retryMs <= now() &&
      (!one.wantsEnergy || missingOf(one).length === 0 || (isOver && hasLooked))
    );
  }

  #sendReady(): void {
    const { now, throttle, onThrottle } = this.#options;
    const ready = [...this.#waiting.values()]
      .filter((one) => this.#isReady(one))
      .sort((a, b) => a.letter.notice.receivedMs - b.letter.notice.receivedMs);
    let hasCounted = false;
    for (const one of ready) {
      const { recipient } = one.letter;
      if (recipient !== null && !one.isCounted) {
        one.isCounted = throttle.take(recipient, now());
        one.isHeld = !one.isCounted;
        hasCounted = true;
        if (one.isHeld) continue;
      }
      const byFormer = recipient === null || this.#isOverdue(one);
      if (!byFormer && this.#serverRetryMs > now()) continue;
      if (this.#sendings.size >= AT_ONCE) break;
      const handing = this.#handing(
        one.letter.name,
        [one.letter.name],
        byFormer ? 'former' : this.#options.carrier,
      );
      this.#launch(handing, [one], async (commit) =>
        byFormer
          ? this.#byFormer(one, handing.id, commit)
          : this.#byTransport(handing.id, recipient, this.#text(one), commit),
      );
    }
    if (hasCounted) onThrottle();
  }

  /** What is held, by recipient. */
  #held(): Map<string, Waiting[]> {
    const held = new Map<string, Waiting[]>();
    for (const one of this.#waiting.values()) {
      const recipient = one.letter.recipient ?? '';
      if (one.isHeld && !one.isOnItsWay) held.set(recipient, [...(held.get(recipient) ?? []), one]);
    }
    return held;
  }

  /** What was held for an hour is to go, after one more look. */
  #markDue(): void {
    const { now, throttle } = this.#options;
    for (const [recipient, all] of this.#held()) {
      if (!throttle.isDue(recipient, now())) continue;
      for (const one of all) one.dueMs ??= now();
    }
  }

  /** It goes as one mail with a list. */
  #sendHeld(): void {
    const { now, throttle, onThrottle } = this.#options;
    for (const [recipient, held] of this.#held()) {
      const all = held.filter(({ dueMs }) => dueMs !== null);
      const dueMs = Math.min(...all.map((one) => one.dueMs ?? Infinity));
      const isWaiting =
        all.some(({ retryMs }) => retryMs > now()) ||
        this.#serverRetryMs > now() ||
        (all.some((one) => this.#isAsking(one)) && now() - dueMs < LIST_LOOK_MS);
      if (all.length > 0 && all.every((one) => this.#isOverdue(one))) {
        // Their way out is a program that takes one notice at a time.
        for (const one of all) Object.assign(one, { isHeld: false, isCounted: true });
        throttle.release(recipient);
        onThrottle();
        continue;
      }
      if (all.length === 0 || isWaiting || this.#sendings.size >= AT_ONCE) continue;
      const first = all[0]?.letter.name ?? '';
      const handing = this.#handing(
        `${first}.list`,
        all.map(({ letter }) => letter.name),
        this.#options.carrier,
      );
      this.#launch(handing, all, async (commit) => {
        const content = digestMail(all.map((one) => this.#text(one).subject));
        const delivery = await this.#byTransport(handing.id, recipient, content, commit);
        if (delivery.kind !== 'later') {
          throttle.release(recipient);
          onThrottle();
        }
        return delivery;
      });
    }
  }

  #handing(id: string, letters: readonly string[], carrier: Carrier): Handing {
    const { boot, now } = this.#options;
    return { id, letters, carrier, boot, sinceMs: now() };
  }

  #launch(
    handing: Handing,
    letters: readonly Waiting[],
    send: (commit: () => Promise<void>) => Promise<Delivery>,
  ): void {
    const { folder, log } = this.#options;
    for (const one of letters) one.isOnItsWay = true;
    let isBegun = false;
    const commit = async (): Promise<void> => {
      await folder.begin(handing);
      isBegun = true;
    };
    const sending = (async () => {
      try {
        const delivery = await send(commit);
        await this.#end(handing, letters, delivery, isBegun);
      } catch (error) {
        // Ours, not the server's: the disk, or a bug. What was begun stays in doubt.
        log('error', `${handing.id} was not sent: ${describeError(error)}`);
        if (isBegun) this.#open.set(handing.id, handing);
        else this.#postpone(letters);
      }
    })();
    this.#sendings.add(sending);
    void sending.finally(() => {
      this.#sendings.delete(sending);
      if (this.#isClosed) return;
      try {
        this.#sendReady();
      } catch (error) {
        // The next look tries again.
        log('error', describeError(error));
      }
    });
  }

  async #end(
    handing: Handing,
    letters: readonly Waiting[],
    delivery: Delivery,
    isBegun: boolean,
  ): Promise<void> {
    const { folder, log, now, transport } = this.#options;
    const recipient = letters[0]?.letter.recipient ?? letters[0]?.letter.notice.recipient ?? '';
    const of = `${handing.id} to ${recipient}`;
    if (delivery.kind === 'later') {
      if (isBegun) folder.withdraw(handing.id);
      const isHopeless =
        (handing.carrier === 'former' && letters.every((one) => this.#hasFormerFailed(one))) ||
        letters.every(({ letter }) => now() - queuedMs(letter) > HOPELESS_MS);
      if (!isHopeless) {
        log('warn', `${of} was not taken and is tried again: ${delivery.reason}`);
        this.#postpone(letters);
        if (delivery.isServer && handing.carrier !== 'former') this.#pauseServer();
        return;
      }
    }
    if (handing.carrier !== 'former' && delivery.kind === 'sent' && this.#serverFailures > 0) {
      log('info', `${transport.name} takes mails again`);
      this.#serverFailures = 0;
      this.#serverRetryMs = 0;
    }
    const outcome = delivery.kind === 'sent' || delivery.kind === 'unsure' ? delivery.kind : 'failed';
    // What was refused before the step that could have sent it is not in the journal yet.
    if (!isBegun || delivery.kind === 'later') await folder.begin(handing);
    await folder.end(handing, outcome, delivery.kind === 'sent' ? undefined : delivery.reason);
    for (const { letter } of letters) this.#waiting.delete(letter.name);
    if (delivery.kind === 'sent')
      log(
        'info',
        `${of} sent by ${handing.carrier} as <${this.#messageId(handing.id)}>: ${delivery.response}`,
      );
    else if (outcome === 'unsure')
      log('error', `${of} may have arrived, see unsure/: ${delivery.reason}; it is not sent again`);
    else log('error', `${of} is not sent, see failed/: ${delivery.reason}`);
  }

  /** Counts a failure of the former program. @returns whether that was the last try */
  #hasFormerFailed(one: Waiting): boolean {
    const { config, now } = this.#options;
    if (one.formerFailures === 0) one.formerSinceMs = now();
    one.formerFailures += 1;
    return (
      one.formerFailures >= FORMER_TRIES && now() - one.formerSinceMs >= config.give_up_hours * 3_600_000
    );
  }

  #postpone(letters: readonly Waiting[]): void {
    for (const one of letters) {
      one.isOnItsWay = false;
      one.attempts += 1;
      one.retryMs = this.#options.now() + pauseMs(one.attempts);
    }
  }

  #pauseServer(): void {
    const { now, log, transport } = this.#options;
    this.#serverFailures += 1;
    this.#serverRetryMs = now() + pauseMs(this.#serverFailures);
    if (this.#serverFailures === 1) log('warn', `${transport.name} takes no mails; they wait in the queue`);
  }

  #isOverdue({ letter, attempts }: Waiting): boolean {
    const { config, formerProgram, now } = this.#options;
    const ageMs = now() - queuedMs(letter);
    return (
      formerProgram !== null &&
      ageMs >= config.give_up_hours * 3_600_000 &&
      attempts + this.#serverFailures > 0
    );
  }

  #byFormer({ letter }: Waiting, id: string, commit: () => Promise<void>): Promise<Delivery> {
    const { formerProgram, folder } = this.#options;
    if (formerProgram === null)
      return Promise.resolve({
        kind: 'refused',
        reason: 'it is for no address, and there is no former program (next_mailprog)',
      });
    const to = { notice: letter.notice, recipient: letter.recipient ?? letter.notice.recipient };
    return sendByFormerProgram(formerProgram, `${folder.dir}/sending`, id, to, commit);
  }

  async #byTransport(
    id: string,
    to: string,
    content: LetterText,
    commit: () => Promise<void>,
  ): Promise<Delivery> {
    const { config, from, transport, nodemailer, now } = this.#options;
    const input = {
      from,
      to,
      messageId: this.#messageId(id),
      dateMs: now(),
      content,
      header: config.header,
      footer: config.footer,
    };
    const message = await buildMessage(input, nodemailer);
    return transport.send({ id, envelope: { from, to }, message }, commit);
  }

  /** The same however often it is tried: mail servers and readers know by it what they have. */
  #messageId(id: string): string {
    return `eit.${id}@${this.#options.host}`;
  }

  #text({ letter, nodes, found, wantsEnergy }: Waiting): LetterText | ComposedMail {
    if (found !== null && found.mail !== null) return found.mail;
    if (found !== null && found.problem !== null)
      this.#options.log('error', `${letter.name} goes without its energy: ${found.problem}`);
    const type = energyMailType(letter.notice);
    const remark =
      wantsEnergy || (type !== null && nodes.length === 0)
        ? noRecordsRemark(nodes, this.#options.config.wait_seconds)
        : null;
    return plainMail(letter.notice, remark);
  }

  /** What an earlier process had begun to hand over. */
  async #resolveOpen(): Promise<void> {
    const { boot, folder, log, now } = this.#options;
    for (const handing of this.#open.values()) {
      const end = recordedEnd(`${folder.dir}/sending`, handing.id);
      const letters = [...this.#waiting.values()].filter(({ letter }) =>
        handing.letters.includes(letter.name),
      );
      const isSameBoot = handing.boot === boot;
      if (handing.carrier !== 'smtp' && end !== null) {
        const delivery = handing.carrier === 'former' ? formerDelivery(end) : sendmailDelivery(end);
        this.#open.delete(handing.id);
        await this.#end(handing, letters, delivery, true);
      } else if (!isSameBoot) {
        // The machine went down in the middle: what left it, if anything, is not known to have left it.
        log(
          'warn',
          `${handing.id} is sent again after a restart of the machine, as <${this.#messageId(handing.id)}>`,
        );
        this.#open.delete(handing.id);
        folder.withdraw(handing.id);
        for (const one of letters) one.isOnItsWay = false;
      } else if (handing.carrier === 'smtp' || Math.abs(now() - handing.sinceMs) > SURELY_ENDED_MS) {
        this.#open.delete(handing.id);
        await this.#end(
          handing,
          letters,
          { kind: 'unsure', reason: 'the spooler was killed in the moment of handing it over' },
          true,
        );
      }
    }
  }
}

/** Waits for `work` for so long; what it fails with comes only in that time. */
async function within(work: Promise<void>, ms: number): Promise<void> {
  const over = new AbortController();
  work.catch(() => undefined);
  await Promise.race([work, sleep(ms, undefined, { signal: over.signal, ref: true }).catch(() => undefined)]);
  over.abort();
}

function missingOf({ nodes, found }: Pick<Waiting, 'nodes' | 'found'>): string[] {
  if (found === null) return [...nodes];
  const ended = new Set(found.endedNodes);
  return nodes.filter((node) => !ended.has(node));
}

function pauseMs(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
}

/** Since when it is tried. */
function queuedMs({ notice }: Letter): number {
  return notice.retriedMs ?? notice.receivedMs;
}
