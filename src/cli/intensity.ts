import { EitError } from '../errors';
import { actionsOf } from './actions';
import type { Surroundings } from './command';
import * as fetched from './intensity-fetch';
import * as imported from './intensity-import';
import * as shown from './intensity-show';

/** What `eit intensity` can be told to do: one file each, `intensity-<action>.ts`. */
const ACTIONS = actionsOf('eit intensity', { fetch: fetched, import: imported, show: shown });

export const { options, examples, epilogue } = ACTIONS;

/** `eit intensity ACTION`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { name, action } = ACTIONS.asked(argv);
  if (argv['file'] !== undefined && name !== 'import')
    throw new EitError('EIT_USAGE', `eit intensity ${name} takes no file`);
  return action.run(argv, surroundings);
}
