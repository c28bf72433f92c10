import type { CommandModule } from './command';

export { epilogue, examples, options, signed } from './report-options';

/** What reads a ledger is loaded when one is read: help is there without it. */
export const run: CommandModule['run'] = async (argv, surroundings) =>
  (await import('./report-run')).run(argv, surroundings);
