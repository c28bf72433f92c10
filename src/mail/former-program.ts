import { accessSync, constants } from 'node:fs';
import type { MailNotice } from './mail-notice';
import { isCutShort, type RecordedEnd, runRecorded } from './recorded-run';
import type { Delivery } from './transport';

const DEFAULTS = ['/usr/bin/mail', '/bin/mail'];

/** The program that sent the mails before, as `eit-mail` finds it. @returns null where there is none */
export function findFormerProgram(configured: string | undefined): string | null {
  const places = configured === undefined ? DEFAULTS : [configured, ...DEFAULTS];
  return (
    places.find((place) => {
      try {
        accessSync(place, constants.X_OK);
        return true;
      } catch {
        // Not there or not for us: the next one.
        return false;
      }
    }) ?? null
  );
}

/** Calls it as Slurm would have: the subject alone, no text, the job in its environment. */
export async function sendByFormerProgram(
  program: string,
  dir: string,
  id: string,
  { notice, recipient }: { readonly notice: MailNotice; readonly recipient: string },
  commit: () => Promise<void>,
): Promise<Delivery> {
  const command = {
    program,
    args: ['-s', notice.subject, recipient],
    env: notice.env,
    input: Buffer.alloc(0),
  };
  return formerDelivery(await runRecorded(dir, id, command, commit));
}

/** Of a program that we know nothing about, any failure may pass. */
export function formerDelivery(end: RecordedEnd | null): Delivery {
  if (end === null) return { kind: 'unsure', reason: 'the former program was killed' };
  if (end.status === 0) return { kind: 'sent', response: end.output };
  if (isCutShort(end)) return { kind: 'unsure', reason: 'the former program was ended after a minute' };
  return { kind: 'later', reason: `exit status ${end.status}: ${end.output}`, isServer: false };
}
