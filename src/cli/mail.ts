import type { Options } from 'yargs';
import { EitError } from '../errors';
import type { CommandModule, Surroundings } from './command';
import * as checked from './mail-check';
import * as digested from './mail-digest';
import * as shown from './mail-show';
import * as spooled from './mail-spool';

/** What `eit mail` can be told to do: one file each, `mail-<action>.ts`. */
const ACTIONS: Readonly<Record<string, CommandModule>> = {
  spool: spooled,
  check: checked,
  show: shown,
  digest: digested,
};

/** Actions that take a word: what it is. */
const OPERANDS: Readonly<Record<string, string>> = {
  check: 'an address or a user, such as ada@example.org',
  show: 'a job, such as 1234',
};

const NAMED = Object.entries(ACTIONS);

/** Those of all actions; what not all take is marked with whose it is. */
export const options: Readonly<Record<string, Options>> = Object.fromEntries(
  NAMED.flatMap(([, module]) => Object.entries(module.options)).map(([name, option]) => {
    const its = NAMED.filter(([, module]) => name in module.options).map(([action]) => action);
    const whose = its.length === NAMED.length ? '' : `${its.join(', ')}: `;
    return [name, { ...option, describe: `${whose}${option.describe ?? ''}` }];
  }),
);

export const examples: CommandModule['examples'] = NAMED.flatMap(([action, module]) =>
  module.examples.map(([args, gives]) => [`${action} ${args}`.trim(), gives] as const),
);

export const epilogue = NAMED.map(([, module]) => module.epilogue).join('\n\n');

/** `eit mail ACTION`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const name = String(argv['action']);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw new Error(`no action ${name}`);
  const operand = OPERANDS[name];
  if (operand === undefined && argv['what'] !== undefined)
    throw new EitError('EIT_USAGE', `eit mail ${name} takes no other word`);
  if (operand !== undefined && argv['what'] === undefined)
    throw new EitError('EIT_USAGE', `eit mail ${name} needs ${operand}`);
  const foreign = Object.keys(options).filter(
    (option) => argv[option] !== undefined && !(option in action.options),
  );
  if (foreign.length > 0)
    throw new EitError(
      'EIT_USAGE',
      `eit mail ${name} takes no --${foreign.join(', --')}; see eit mail --help`,
    );
  return action.run(argv, surroundings);
}
