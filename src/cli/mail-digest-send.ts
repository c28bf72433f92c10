import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DateTime } from 'luxon';
import { isPseudonym } from '../archive/veil';
import type { LoadedConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { readBootId } from '../mail/beat';
import { type Digest, digestBody, digestSubject } from '../mail/digest-body';
import { DigestSender } from '../mail/digest-sender';
import { HandingJournal, OUTCOMES } from '../mail/handing-journal';
import { htmlPart } from '../mail/html-part';
import { nodemailer } from '../mail/nodemailer';
import { parseRecipients } from '../mail/recipients';
import { textPart } from '../mail/text-part';
import type { Surroundings } from './command';
import { isLocked, runLocked } from './mail-lock';
import { openWay } from './mail-transport';
import type { MonthOf, MonthReports } from './month-reports';
import { noteNotRead } from './result-notes';
import { alignedRows, jsonText } from './plain-text';

/** What is known of a month's digests is kept for so long. */
const KEPT_MONTHS = 24;

/** Whom digests are sent to, and how. */
export interface DigestsAsked {
  readonly loaded: LoadedConfig;
  readonly reports: MonthReports;
  readonly month: DateTime;
  /** Every user and every account with runs, or one of them. */
  readonly whose: MonthOf | 'all';
  /** Also what was refused, or may have arrived. */
  readonly again: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** A digest and whom it is for. */
interface Addressed extends MonthOf {
  readonly id: string;
  readonly whose: string;
  readonly recipient: string;
  /** null: his name is no address. */
  readonly to: string | null;
}

type Outcome =
  'sent' | 'already' | 'would be sent' | 'no runs' | 'no address' | 'not sent' | 'failed' | 'unsure';

interface Result {
  readonly whose: string;
  readonly recipient: string;
  readonly to: string | null;
  readonly outcome: Outcome;
  readonly reason: string | null;
}

/** Of which something is to be done. */
const TROUBLE: readonly Outcome[] = ['not sent', 'failed', 'unsure'];

/**
 * Sends digests of a month that is over: each once, however often it is asked for. The journal is in `mail_dir/digests/<month>`.
 * @returns exit status 1 where one could not be sent
 * @throws EitError EIT_MAIL where the journal is not this user's to write
 */
export async function sendDigests(asked: DigestsAsked, surroundings: Surroundings): Promise<number> {
  const { env, output, uid } = surroundings;
  const { loaded, month, dryRun, json } = asked;
  const { config } = loaded;
  const dir = join(config.mail_dir, 'digests');
  prepare(dir, config.mail_dir, uid);
  if (!isLocked(env)) return runLocked(join(dir, 'lock'), 'eit mail digest --send', env);
  const journal = new HandingJournal(join(dir, month.toFormat('yyyy-MM')));
  journal.prepare();
  rmSync(join(dir, month.minus({ months: KEPT_MONTHS }).toFormat('yyyy-MM')), {
    recursive: true,
    force: true,
  });
  const library = nodemailer();
  const way = openWay(config, join(journal.dir, 'sending'), library);
  const { header, footer } = config.mail;
  const sender = new DigestSender({
    ...{ journal, ...way, nodemailer: library, boot: readBootId(), header, footer, now: Date.now },
  });
  try {
    await sender.start();
    const results = await each(await addressed(asked, surroundings), asked, journal, sender, surroundings);
    await output.write([
      json ? jsonText({ month: month.toFormat('yyyy-MM'), digests: results }) : told(results),
    ]);
    noteNotRead(output, asked.reports.skipped);
    if (results.length === 0) output.note(`no runs in ${month.toFormat('yyyy-MM')}`);
    return !dryRun && results.some(({ outcome }) => TROUBLE.includes(outcome)) ? 1 : 0;
  } finally {
    way.transport.close();
  }
}

function prepare(dir: string, mailDir: string, uid: number): void {
  try {
    const owner = statSync(mailDir, { throwIfNoEntry: false })?.uid;
    // What root made there the spooler's user could not write on.
    if (owner !== undefined && owner !== uid)
      throw new EitError(
        'EIT_MAIL',
        `${visible(mailDir)} belongs to user ${owner}, who alone sends digests: runuser -u '#${owner}' or sudo -u '#${owner}'`,
      );
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    throw new EitError(
      'EIT_MAIL',
      `cannot write to ${visible(dir)}, where it is kept what was sent: ${String(cause)}; run it as the user whom mail_dir of eit.yaml belongs to`,
      { cause },
    );
  }
}

async function each(
  all: readonly Addressed[],
  asked: DigestsAsked,
  journal: HandingJournal,
  sender: DigestSender,
  { output }: Surroundings,
): Promise<Result[]> {
  const { reports, month, again, dryRun } = asked;
  const results: Result[] = [];
  const composed = new Map<string, Digest>();
  let serverReason: string | null = null;
  for (const one of all) {
    const { id, whose, recipient, to, user, account } = one;
    const end = (outcome: Outcome, reason: string | null = null): void => {
      results.push({ whose, recipient, to, outcome, reason });
    };
    const ended = journal.outcomeOf(id);
    if (to === null) end('no address', 'the name is none that a mail could go to');
    else if (ended === 'sent') end('already');
    else if (sender.isUnderWay(id)) end('not sent', 'the program that sends it has not ended yet');
    else if (ended !== null && !again)
      end(ended, journal.handings(ended).find((handing) => handing.id === id)?.reason ?? null);
    else if (serverReason !== null) end('not sent', serverReason);
    // All are asked for by the runs that they have.
    else if (dryRun && asked.whose === 'all') end('would be sent');
    else {
      const digest: Digest = composed.get(whose) ?? {
        whose,
        ...(await reports.read(month, { user, account }, output)),
      };
      if (account !== undefined) composed.set(whose, digest);
      if (digest.report.total.jobs === 0) end('no runs');
      else if (dryRun) end('would be sent');
      else {
        for (const outcome of OUTCOMES) rmSync(join(journal.dir, outcome, `${id}.json`), { force: true });
        const [subject, body] = [digestSubject(digest), digestBody(digest)];
        const delivery = await sender.send(id, to, {
          ...{ subject, text: textPart(body), html: htmlPart(subject, body) },
        });
        if (delivery.kind === 'sent') end('sent');
        else if (delivery.kind === 'unsure') end('unsure', delivery.reason);
        else if (delivery.kind === 'refused') end('failed', delivery.reason);
        else {
          end('not sent', delivery.reason);
          // The others would wait for the same.
          if (delivery.isServer) serverReason = delivery.reason;
        }
      }
    }
  }
  return results;
}

/** Users get their own, coordinators (of eit.yaml) that of their account. */
async function addressed(
  { loaded, reports, month, whose }: DigestsAsked,
  { output }: Surroundings,
): Promise<Addressed[]> {
  const { coordinators, mail } = loaded.config;
  const name = month.toFormat('yyyy-MM');
  const address = (recipient: string): string | null => {
    const [only = null, ...more] = isPseudonym(recipient)
      ? []
      : (parseRecipients(recipient, mail.domain) ?? []);
    return more.length > 0 ? null : only;
  };
  const ofUser = (user: string): Addressed => ({
    ...{ user, account: undefined, whose: user, recipient: user, to: address(user) },
    id: `digest.${name}.${hash('user', user)}`,
  });
  const ofAccount = (account: string): Addressed[] =>
    (Object.hasOwn(coordinators, account) ? (coordinators[account] ?? []) : []).map((recipient) => ({
      ...{ user: undefined, account, whose: `account ${account}`, recipient, to: address(recipient) },
      id: `digest.${name}.${hash('account', account, recipient)}`,
    }));
  if (whose === 'all')
    return [
      ...(await reports.names(month, 'user', output)).map(ofUser),
      ...(await reports.names(month, 'account', output)).flatMap(ofAccount),
    ];
  if (whose.account === undefined) return [ofUser(whose.user ?? '')];
  const its = ofAccount(whose.account);
  if (its.length === 0)
    throw new EitError(
      'EIT_USAGE',
      `account ${visible(whose.account)} has no coordinators in eit.yaml: its digest is for nobody; coordinators: { ${visible(whose.account)}: [ada] }`,
    );
  return its;
}

/** A file's name and a part of a Message-ID, whatever the names are. */
function hash(...names: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 24);
}

function told(results: readonly Result[]): string {
  if (results.length === 0) return '';
  const rows = results.map(({ whose, to, recipient, outcome, reason }) => [
    whose,
    to ?? recipient,
    outcome,
    reason ?? '',
  ]);
  return [
    ...alignedRows([{ title: 'Digest of' }, { title: 'To' }, { title: 'What' }, { title: 'Why' }], rows),
    ...(results.some(({ outcome }) => outcome === 'not sent')
      ? ['Run it again for what was not sent: the others do not get theirs twice.']
      : []),
    ...(results.some(({ outcome }) => outcome === 'failed' || outcome === 'unsure')
      ? ['With --again what was refused, or may have arrived, is sent once more.']
      : []),
    '',
  ].join('\n');
}
