import type { Options } from 'yargs';
import type { Output } from './output';

/** What a command needs of the process it runs in. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  /** Real user of the process. */
  readonly uid: number;
  /** His name; null where the system knows none. */
  readonly userName: string | null;
}

/** A command's module, loaded when it is used. */
export interface CommandModule {
  /** By long name. */
  readonly options: Readonly<Record<string, Options>>;
  /** Arguments, without the command itself, and what they give. */
  readonly examples: readonly (readonly [args: string, gives: string])[];
  /** Long options whose value may begin with a minus, which would make it an option else. */
  readonly signed?: readonly string[];
  /** Stands at the end of the help. */
  readonly epilogue: string;
  /**
   * Does what was asked.
   * @returns the exit status
   */
  run(argv: Readonly<Record<string, unknown>>, surroundings: Surroundings): Promise<number>;
}

/** A command of `eit`: one file each in this folder; the list is in commands.ts. */
export interface Command {
  readonly name: string;
  readonly describe: string;
  /** What it can be told to do, a word after its name; the module gets it as `action`. */
  readonly actions?: readonly string[];
  /** What the word after the action is, where one may stand there; the module gets it as `folder`. */
  readonly folder?: string;
  /** Another word that may stand there instead: what the module gets it as, and what it is. */
  readonly operand?: { readonly name: string; readonly describe: string };
  /** Words that may stand behind these, as many as there are: what the module gets them as, and what they are. */
  readonly rest?: { readonly name: string; readonly describe: string };
  /** Whether it does something without one of them too. */
  readonly goesAlone?: boolean;
  load(): Promise<CommandModule>;
}
