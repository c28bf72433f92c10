import { EitError } from '../errors';
import { cleanValue, wholeNumber } from '../slurm/hook-event';
import type { MailNotice } from './mail-notice';
import { parseRecipients } from './recipients';

const MAGIC = 'eit-mail 1';
const END_MARK = 'end';

/**
 * A notice as one recipient's letter: who that is stands in it, so that no later config makes another of him.
 * @param to null: the text of the notice is none that we would send to
 */
export function letterBytes(notice: Uint8Array, to: string | null): Buffer {
  const end = Buffer.from(`${END_MARK}\0`);
  return Buffer.concat([
    notice.subarray(0, notice.length - end.length),
    Buffer.from(`to=${to ?? ''}\0`),
    end,
  ]);
}

/** The same letter, as of one that is tried anew: how long it may take counts from now on. */
export function retriedBytes(letter: Uint8Array, nowMs: number): Buffer {
  const [head = '', ...fields] = Buffer.from(letter).toString('latin1').split('\0');
  const kept = fields.filter((field) => !field.startsWith('retried='));
  return Buffer.from([head, `retried=${Math.floor(nowMs / 1000)}`, ...kept].join('\0'), 'latin1');
}

/** Whom a letter is to; undefined: an earlier version wrote it, and none stands in it. */
export function letterRecipient(bytes: Uint8Array): string | null | undefined {
  const last = new TextDecoder('utf-8').decode(bytes).split('\0').at(-3) ?? '';
  if (!last.startsWith('to=')) return undefined;
  const [only = null, ...more] = parseRecipients(last.slice(3)) ?? [];
  return more.length > 0 ? null : only;
}

/**
 * Parses what `eit-mail` left: NUL-ended fields, the first `eit-mail 1`, the last `end`, between them `name=value`. Values are
 * a job's and with it a user's: bytes that are not UTF-8 and control characters become U+FFFD, long values are cut.
 * @throws EitError EIT_MAIL where it is not a whole notice
 */
export function parseNotice(bytes: Uint8Array): MailNotice {
  const fields = new TextDecoder('utf-8').decode(bytes).split('\0');
  if (fields[0] !== MAGIC) throw new EitError('EIT_MAIL', `does not begin with "${MAGIC}"`);
  if (fields.at(-1) !== '' || fields.at(-2) !== END_MARK)
    throw new EitError('EIT_MAIL', `is not whole: "${END_MARK}" is missing at its end`);

  const values = new Map<string, string>();
  for (const field of fields.slice(1, -2)) {
    const equals = field.indexOf('=');
    if (equals > 0) values.set(field.slice(0, equals), cleanValue(field.slice(equals + 1)));
  }
  const receivedS = wholeNumber(values.get('received'));
  const recipient = values.get('recipient') ?? '';
  if (receivedS === undefined) throw new EitError('EIT_MAIL', 'does not say when it was received');
  if (recipient === '') throw new EitError('EIT_MAIL', 'has no recipient');
  const env = Object.fromEntries([...values].filter(([name]) => name.startsWith('SLURM_')));
  const retriedS = wholeNumber(values.get('retried'));
  return {
    ...{ subject: values.get('subject') ?? '', recipient, env, receivedMs: receivedS * 1000 },
    ...(retriedS === undefined ? {} : { retriedMs: retriedS * 1000 }),
  };
}
