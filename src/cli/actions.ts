import type { Options } from 'yargs';
import { EitError } from '../errors';
import type { CommandModule } from './command';

/** A command that is told what to do by its first word: one file an action. */
export interface Actions extends Pick<CommandModule, 'options' | 'examples' | 'epilogue'> {
  /**
   * The action that a command line names.
   * @throws EitError EIT_USAGE where an option is another action's
   */
  readonly asked: (argv: Readonly<Record<string, unknown>>) => {
    readonly name: string;
    readonly action: CommandModule;
  };
}

/**
 * @param command as it is called, such as `eit mail`
 * @param actions by name
 */
export function actionsOf(command: string, actions: Readonly<Record<string, CommandModule>>): Actions {
  const named = Object.entries(actions);
  // Those of all actions; what not all take is marked with whose it is.
  const options: Readonly<Record<string, Options>> = Object.fromEntries(
    named
      .flatMap(([, module]) => Object.entries(module.options))
      .map(([name, option]) => {
        const its = named.filter(([, module]) => name in module.options).map(([action]) => action);
        const whose = its.length === named.length ? '' : `${its.join(', ')}: `;
        return [name, { ...option, describe: `${whose}${option.describe ?? ''}` }];
      }),
  );
  return {
    options,
    examples: named.flatMap(([name, module]) =>
      module.examples.map(([args, gives]) => [`${name} ${args}`.trim(), gives] as const),
    ),
    epilogue: named.map(([, module]) => module.epilogue).join('\n\n'),
    asked: (argv) => {
      const name = String(argv['action']);
      const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (action === undefined) throw new Error(`no action ${name}`);
      const foreign = Object.keys(options).filter(
        (option) => argv[option] !== undefined && !(option in action.options),
      );
      if (foreign.length > 0)
        throw new EitError(
          'EIT_USAGE',
          `${command} ${name} takes no --${foreign.join(', --')}; see ${command} --help`,
        );
      return { name, action };
    },
  };
}
