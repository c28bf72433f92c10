import type { Options } from 'yargs';
import { EitError } from '../errors';
import type { CommandModule, Surroundings } from './command';

type Run = CommandModule['run'];

/** What `eit mail` can be told to do: one file each, `mail-<action>.ts`, loaded when it is used. */
interface Action {
  /** Names of its options. */
  readonly options: readonly string[];
  /** What the word after it is; absent: it takes none. */
  readonly operand?: string;
  readonly load: () => Promise<Run>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  spool: { options: ['once', 'config'], load: async () => (await import('./mail-spool')).spoolMails },
  check: {
    options: ['json', 'config'],
    operand: 'an address or a user',
    load: async () => (await import('./mail-check')).checkMail,
  },
  show: {
    options: ['starttime', 'text', 'html', 'json', 'config'],
    operand: 'a job, such as 1234',
    load: async () => (await import('./mail-show')).showMail,
  },
};

const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });
const flag = (describe: string): Options => ({ type: 'boolean', describe });

export const options: Readonly<Record<string, Options>> = {
  once: flag('spool: sends what is there, waits for its records as long as the config says, and ends'),
  starttime: {
    alias: 'S',
    ...text('show: look for a job that ran after this time, as sacct takes it; default: 13 months ago'),
  },
  text: flag('show: the text part alone, without the subject'),
  html: flag('show: the HTML part'),
  json: flag('check, show: print JSON; that of show is JobSummary of schemas/report.schema.json'),
  config: text('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['spool', 'sends the mails that eit-mail leaves, until it is told to end; the service eit-mail runs it'],
  ['check ada@example.org', 'sends a mail and says what the server said'],
  ['show 1234', 'what the mail of job 1234 says'],
  ['show 1234_5 --html', 'the HTML part, of the fifth task of an array'],
];

export const epilogue =
  'eit-mail, the MailProg of slurm.conf, leaves the mails of jobs in mail_dir. The spooler waits for the records of all nodes of a job and ' +
  'sends the mail with its energy. docs/mail.md tells how to set it up and what happens when something dies.\n\n' +
  'show: users see the mails of their own jobs, admins those of all. docs/mail-contents.md tells what a mail says.';

/** `eit mail ACTION`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const name = String(argv['action']);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw new Error(`no action ${name}`);
  const { operand } = action;
  if (operand === undefined && argv['what'] !== undefined)
    throw new EitError('EIT_USAGE', `eit mail ${name} takes no other word`);
  if (operand !== undefined && argv['what'] === undefined)
    throw new EitError('EIT_USAGE', `eit mail ${name} needs ${operand}`);
  const foreign = Object.keys(options).filter(
    (option) => argv[option] !== undefined && !action.options.includes(option),
  );
  if (foreign.length > 0)
    throw new EitError(
      'EIT_USAGE',
      `eit mail ${name} takes no --${foreign.join(', --')}; see eit mail --help`,
    );
  return (await action.load())(argv, surroundings);
}
