import { userInfo } from 'node:os';
import type { Argv } from 'yargs';
import yargs = require('yargs/yargs');
import { nearest } from '../config/nearest';
import { EitError, isErrno } from '../errors';
import type { Command, Surroundings } from './command';
import { Output } from './output';
import { splitShortOptions } from './short-options';
import { usageOf } from './usage';
import { version } from '../version';

/** Exit status of an error that nobody foresaw. */
const UNEXPECTED = 1;

/** Columns of the help. */
const NARROWEST_HELP = 60;
const WIDEST_HELP = 110;

/**
 * Runs a program of ours: `eit <command>`, or one command under a name of its own (`eit-report`). Errors end here, and
 * only here: a coded one is a line on stderr and its exit status, any other a line and, with EIT_DEBUG set, its stack.
 * @param program its name, what messages begin with
 * @param commands those that it has
 * @param args without node and the script
 * @param isOne whether it is its only command, under a name of its own
 */
export async function main(
  program: string,
  commands: readonly Command[],
  args: readonly string[],
  { isOne = false } = {},
): Promise<void> {
  const output = new Output(program, process.stdout, process.stderr);
  try {
    process.exitCode = await runProgram(program, commands, isOne ? (commands[0] ?? null) : null, args, {
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
  commands: readonly Command[],
  only: Command | null,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  let exitStatus = 0;
  const names: string[] = commands.map(({ name }) => name);
  const parser = newParser(program, (message) => usageError(message, program, commands, names));
  const declare = async (y: Argv, command: Command, as: string): Promise<void> => {
    const { options, examples, epilogue } = await command.load();
    for (const [name, { alias = [] }] of Object.entries(options)) names.push(name, ...[alias].flat());
    const { actions, folder, operand, rest } = command;
    if (actions !== undefined) y.positional('action', { choices: actions, describe: 'what to do' });
    if (folder !== undefined) y.positional('folder', { type: 'string', describe: folder });
    if (operand !== undefined) y.positional(operand.name, { type: 'string', describe: operand.describe });
    if (rest !== undefined) y.positional(rest.name, { type: 'string', array: true, describe: rest.describe });
    y.usage(usageOf(command, as)).options(options).demandCommand(0, 0).epilogue(epilogue);
    for (const [example, gives] of examples) y.example(`${as} ${example}`, gives);
  };
  const chosen = only ?? commands.find(({ name }) => name === args[0]);
  // What stands behind is another's command line: no option in it is ours.
  const end = chosen?.rest === undefined ? -1 : args.indexOf('--');
  const [ours, behind] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const run = async (command: Command, argv: Readonly<Record<string, unknown>>): Promise<void> => {
    const { rest } = command;
    const words = rest === undefined ? {} : { [rest.name]: [argv[rest.name] ?? [], behind].flat() };
    exitStatus = await (await command.load()).run({ ...argv, ...words }, surroundings);
  };

  if (only === null) {
    for (const command of commands) {
      const as = `${program} ${command.name}`;
      parser.command(
        nameWithAction(command),
        command.describe,
        async (y) => {
          await declare(y, command, as);
        },
        (argv) => run(command, argv),
      );
    }
    parser.demandCommand(1, `no command given (there are: ${names.join(', ')})`);
  } else {
    await declare(parser, only, program);
  }

  let help = '';
  const split = chosen === undefined ? [...ours] : await splitFor(chosen, ours);
  const argv = await parser.parseAsync(split, {}, (_error: unknown, _argv: unknown, text: string) => {
    help = text;
  });
  if (help !== '') await surroundings.output.write([`${help}\n`]);
  else if (only !== null) await run(only, argv);
  return exitStatus;
}

async function splitFor(command: Command, args: readonly string[]): Promise<string[]> {
  const { options, signed } = await command.load();
  return splitShortOptions(args, options, signed);
}

/** As yargs has it. */
function nameWithAction({ name, actions, goesAlone, folder, operand, rest }: Command): string {
  const action = actions === undefined ? '' : goesAlone === true ? ' [action]' : ' <action>';
  const word = operand?.name ?? (folder === undefined ? '' : 'folder');
  const more = rest === undefined ? '' : ` [${rest.name}..]`;
  return `${name}${action}${word === '' ? '' : ` [${word}]`}${more}`;
}

function newParser(program: string, asError: (message: string) => EitError): Argv {
  return yargs()
    .scriptName(program)
    .version(version)
    .help()
    .alias('help', 'h')
    .alias('version', 'V')
    .locale('en')
    .detectLocale(false)
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .wrap(Math.min(WIDEST_HELP, Math.max(NARROWEST_HELP, process.stdout.columns ?? WIDEST_HELP)))
    .exitProcess(false)
    .strict()
    .fail((message: string | null, error: Error | undefined) => {
      // yargs' own complaints come either way.
      throw error === undefined || error.name === 'YError' ? asError(error?.message ?? message ?? '') : error;
    });
}

/** Names the option or command that was meant, where one is near. */
function usageError(
  message: string,
  program: string,
  commands: readonly Command[],
  names: readonly string[],
): EitError {
  if (message.startsWith('Not enough non-option arguments')) {
    const words = commands.flatMap(({ name, actions, goesAlone }) =>
      goesAlone === true ? [] : (actions?.map((action) => `${name} ${action}`) ?? []),
    );
    return new EitError('EIT_USAGE', `a command lacks what it is to do (there are: ${words.join(', ')})`);
  }
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  const [near] =
    unknown === undefined
      ? []
      : nearest(
          unknown,
          names.filter((name) => name.length > 1),
          1,
        );
  const meant =
    near === undefined
      ? ''
      : ` Did you mean ${commands.some(({ name }) => name === near) ? '' : '--'}${near}?`;
  return new EitError('EIT_USAGE', `${message}.${meant} See ${program} --help.`);
}

function tell(error: unknown, output: Output, env: NodeJS.ProcessEnv): number {
  const isDebug = Boolean(env['EIT_DEBUG']);
  const isCoded = error instanceof EitError;
  const text = error instanceof Error ? error.message : String(error);
  if (isCoded) output.note(`${error.code}: ${text}`);
  else if (isErrno(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'))
    output.note(`cannot write the output: ${text}`);
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
