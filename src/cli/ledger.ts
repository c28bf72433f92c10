import type { Options } from 'yargs';
import { EitError } from '../errors';
import type { CommandModule, Surroundings } from './command';
import * as check from './ledger-check';
import * as compact from './ledger-compact';
import * as erase from './ledger-erase';
import * as exported from './ledger-export';
import * as generate from './ledger-generate';
import * as prune from './ledger-prune';

/** What `eit ledger` can be told to do: one file each, `ledger-<action>.ts`. */
const ACTIONS: Readonly<Record<string, CommandModule>> = {
  compact,
  check,
  prune,
  export: exported,
  erase,
  generate,
};

const NAMED = Object.entries(ACTIONS);

/** Those of all actions; what only one of them takes is marked with it. */
export const options: Readonly<Record<string, Options>> = Object.fromEntries(
  NAMED.flatMap(([action, module]) =>
    Object.entries(module.options).map(([name, option]) => {
      const isShared = NAMED.some(([other, { options: its }]) => other !== action && name in its);
      return [name, isShared ? option : { ...option, describe: `${action}: ${option.describe ?? ''}` }];
    }),
  ),
);

export const examples: CommandModule['examples'] = NAMED.flatMap(([action, module]) =>
  module.examples.map(([args, gives]) => [`${action} ${args}`, gives] as const),
);

export const epilogue = NAMED.map(([, module]) => module.epilogue).join('\n\n');

/** `eit ledger ACTION`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const action = String(argv['action']);
  const module = ACTIONS[action];
  if (module === undefined) throw new Error(`no action ${action}`);
  const foreign = Object.keys(options).find((name) => !(name in module.options) && argv[name] !== undefined);
  if (foreign !== undefined) {
    throw new EitError('EIT_USAGE', `eit ledger ${action} takes no --${foreign}. See eit ledger --help.`);
  }
  return module.run(argv, surroundings);
}

/** The names of the list in commands.ts, which stands there so that other commands start without these files. */
export const actionNames: readonly string[] = Object.keys(ACTIONS);
