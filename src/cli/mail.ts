import type { Options } from 'yargs';
import { EitError } from '../errors';
import type { CommandModule, Surroundings } from './command';

export const options: Readonly<Record<string, Options>> = {
  once: {
    type: 'boolean',
    describe: 'spool: sends what is there, waits for its records as long as the config says, and ends',
  },
  json: { type: 'boolean', describe: 'check: print JSON' },
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml',
  },
};

export const examples: CommandModule['examples'] = [
  ['spool', 'sends the mails that eit-mail leaves, until it is told to end; the service eit-mail runs it'],
  ['check ada@example.org', 'sends a mail and says what the server said'],
];

export const epilogue =
  'eit-mail, the MailProg of slurm.conf, leaves the mails of jobs in mail_dir. The spooler waits for the records of all nodes of a job and ' +
  'sends the mail with its energy. docs/mail.md tells how to set it up and what happens when something dies.';

/** `eit mail`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  if (argv['action'] === 'spool') return (await import('./mail-spool')).spoolMails(argv, surroundings);
  if (argv['action'] === 'check') return (await import('./mail-check')).checkMail(argv, surroundings);
  throw new EitError('EIT_USAGE', 'eit mail: spool or check');
}
