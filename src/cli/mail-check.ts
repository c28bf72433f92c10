import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/config';
import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { EitConfig } from '../generated/config';
import { readBeat } from '../mail/beat';
import { findFormerProgram } from '../mail/former-program';
import { MailFolder } from '../mail/mail-folder';
import { buildMessage } from '../mail/message';
import { nodemailer } from '../mail/nodemailer';
import { parseRecipients } from '../mail/recipients';
import type { Delivery } from '../mail/transport';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { lockHolder } from './lock-holder';
import { openWay } from './mail-transport';
import { jsonText } from './plain-text';

/** What stands between a job's end and its mail, as `eit mail check` and doctor see it. */
export interface MailState {
  /** alive; hangs: it holds the lock and shows no life; none; unknown: this user may not see. */
  readonly spooler: 'alive' | 'hangs' | 'none' | 'unknown';
  /** Mails that no spooler has taken yet, and those that wait; null where this user may not see them. */
  readonly waiting: number | null;
  /** Mails that did not go out, or may not have, and are kept. */
  readonly failed: number | null;
  readonly formerProgram: string | null;
}

/** @throws nothing that the system's rights or an absent folder bring about */
export function readMailState({
  mail_dir: dir,
  next_mailprog: next,
}: Pick<EitConfig, 'mail_dir' | 'next_mailprog'>): MailState {
  const counts = MailFolder.counts(dir);
  return {
    spooler: spoolerState(dir),
    waiting: counts === null ? null : counts.new + counts.queue,
    failed: counts === null ? null : counts.failed + counts.unsure,
    formerProgram: findFormerProgram(next),
  };
}

function spoolerState(dir: string): MailState['spooler'] {
  const lock = join(dir, 'lock');
  if (!existsSync(lock)) return 'none';
  const holder = lockHolder(lock, '/proc');
  if (holder === 'nobody') return 'none';
  if (holder !== 'somebody') return 'unknown';
  return readBeat(dir)?.isStale === false ? 'alive' : 'hangs';
}

export const options: Readonly<Record<string, Options>> = {
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['ada@example.org', 'sends a mail by the configured way and says what the server said'],
];

export const epilogue =
  'check: sends one mail by the configured way, and says whether a spooler runs and what waits. Exit status 1 where the mail was not taken.';

/** `eit mail check ADDRESS`: sends a mail by the configured way and says what became of it. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const path = [argv['config']].flat().findLast((value) => typeof value === 'string');
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const given = argv['what'];
  const [to, ...more] = (typeof given === 'string' ? parseRecipients(given, config.mail.domain) : null) ?? [];
  if (to === undefined || more.length > 0)
    throw new EitError('EIT_USAGE', 'eit mail check takes one address or user, such as ada@example.org');

  const library = nodemailer();
  const dir = mkdtempSync(join(tmpdir(), 'eit-mail-'));
  const { transport, from, host } = openWay(config, dir, library);
  const id = `check.${randomBytes(8).toString('hex')}`;
  const messageId = `eit.${id}@${host}`;
  const message = await buildMessage(
    {
      from,
      to,
      messageId,
      dateMs: Date.now(),
      content: {
        subject: 'EIT for Slurm: a mail of eit mail check',
        text: `This host (${host}) can send the mails of jobs.\n`,
      },
      header: config.mail.header,
      footer: config.mail.footer,
    },
    library,
  );
  let delivery: Delivery;
  try {
    delivery = await transport.send({ id, envelope: { from, to }, message }, async () => undefined);
  } finally {
    transport.close();
    rmSync(dir, { recursive: true });
  }
  const state = readMailState(config);
  const result = { to, from, by: transport.name, message_id: messageId, ...delivery, ...state };
  await output.write([argv['json'] === true ? jsonText(result) : checkText(result)]);
  return delivery.kind === 'sent' ? 0 : 1;
}

type CheckResult = Delivery &
  MailState & {
    readonly to: string;
    readonly from: string;
    readonly by: string;
    readonly message_id: string;
  };

function* lines(result: CheckResult): Generator<string> {
  const by = `${result.to}, from ${result.from}, by ${visible(result.by)}`;
  if (result.kind === 'sent') {
    yield `Sent to ${by}.`;
    yield `  Message-ID: <${result.message_id}>`;
    if (result.response !== '') yield `  Answer: ${result.response}`;
  } else yield `Not sent to ${by}: ${result.reason}`;
  const spoolers: Readonly<Record<MailState['spooler'], string>> = {
    alive: 'A spooler runs.',
    hangs:
      'A spooler holds the lock but shows no life: eit-mail sends plain mails. Mend: systemctl restart eit-mail',
    none: 'No spooler runs: eit-mail sends plain mails. Mend: systemctl enable --now eit-mail',
    unknown: 'Whether a spooler runs this user may not see.',
  };
  yield spoolers[result.spooler];
  yield result.formerProgram === null
    ? 'There is no former program: mails that cannot be sent stay. Mend: install a mail command, or name one by next_mailprog'
    : `Where nothing else sends, ${visible(result.formerProgram)} does.`;
  if (result.waiting !== null && result.failed !== null)
    yield `${result.waiting} mails wait; ${result.failed} files in failed/ and unsure/.`;
}

function checkText(result: CheckResult): string {
  return [...lines(result), ''].join('\n');
}
