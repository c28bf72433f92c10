import { userInfo } from 'node:os';
import yargs, { type Argv } from 'yargs';
import { nearest } from '../config/nearest';
import { EitError, isErrno } from '../errors';
import type { Command, Surroundings } from './command';
import { COMMANDS } from './commands';
import { Output } from './output';
import { version } from '../version';

/** Exit status of an error that nobody foresaw. */
const UNEXPECTED = 1;

/**
 * Runs a program of ours: `eit <command>`, or one command under a name of its own (`eit-report`). Errors end here, and
 * only here: a coded one is a line on stderr and its exit status, any other a line and, with EIT_DEBUG set, its stack.
 * @param program its name, what messages begin with
 * @param only the one command that the program is
 * @param args without node and the script
 */
export async function main(program: string, only: Command | null, args: readonly string[]): Promise<void> {
  const output = new Output(program, process.stdout, process.stderr);
  try {
    process.exitCode = await runProgram(program, only, args, {
      env: process.env,
      output,
      uid: process.getuid?.() ?? 0,
      userName: ownName(),
    });
  } catch (error) {
    process.exitCode = tell(error, output, process.env);
  }
}

async function runProgram(
  program: string,
  only: Command | null,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  let exitStatus = 0;
  const run = async (command: Command, argv: Readonly<Record<string, unknown>>): Promise<void> => {
    exitStatus = await (await command.load()).run(argv, surroundings);
  };
  const parser = configured(yargs(), program);
  if (only === null) {
    for (const command of COMMANDS) {
      parser.command(
        command.name,
        command.describe,
        async (y) => (await command.load()).options(y.usage('$0 [options]')),
        (argv) => run(command, argv),
      );
    }
    parser.demandCommand(1, 'Which command?');
  } else {
    (await only.load()).options(parser.usage('$0 [options]'));
    parser.demandCommand(0, 0, undefined, 'No argument is expected beside options');
  }

  let help = '';
  const argv = await parser.parseAsync([...args], {}, (_error: unknown, _argv: unknown, text: string) => {
    help = text;
  });
  if (help !== '') await surroundings.output.write([`${help}\n`]);
  else if (only !== null) await run(only, argv);
  return exitStatus;
}

function configured(parser: Argv, program: string): Argv {
  return parser
    .scriptName(program)
    .version(version)
    .help()
    .alias('help', 'h')
    .alias('version', 'V')
    .locale('en')
    .detectLocale(false)
    .parserConfiguration({
      'boolean-negation': true,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .wrap(Math.min(110, Math.max(60, process.stdout.columns ?? 100)))
    .exitProcess(false)
    .strict()
    .fail((message: string | null, error: Error | undefined, y: Argv) => {
      throw error ?? usageError(message ?? '', y, program);
    });
}

/** Names the option that was meant, where one is near. */
function usageError(message: string, parser: Argv, program: string): EitError {
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  const [near] = unknown === undefined ? [] : nearest(unknown, optionNames(parser), 1);
  const meant = near === undefined ? '' : ` Did you mean --${near}?`;
  return new EitError('EIT_USAGE', `${message}.${meant} See ${program} --help.`);
}

/** yargs knows them, its types do not say so. */
function optionNames(parser: Argv): string[] {
  const { key } = (parser as Argv & { getOptions(): { key: Readonly<Record<string, unknown>> } }).getOptions();
  return Object.keys(key).filter((name) => name.length > 1);
}

function tell(error: unknown, output: Output, env: NodeJS.ProcessEnv): number {
  const isDebug = Boolean(env['EIT_DEBUG']);
  const isCoded = error instanceof EitError;
  const text = error instanceof Error ? error.message : String(error);
  if (isCoded) output.note(`${error.code}: ${text}`);
  else if (isErrno(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EFBIG')) output.note(`cannot write the output: ${text}`);
  else output.note(`unexpected error: ${text}${isDebug ? '' : ' (EIT_DEBUG=1 shows where)'}`);
  if (isDebug && error instanceof Error) output.note(withCauses(error));
  return isCoded ? error.exitStatus : UNEXPECTED;
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${withCauses(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** A uid without an entry in the system's list of users has no name. */
function ownName(): string | null {
  try {
    return userInfo().username;
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return null;
    throw error;
  }
}
