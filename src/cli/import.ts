import { EitError } from '../errors';
import { actionsOf } from './actions';
import type { Surroundings } from './command';
import * as codecarbon from './import-codecarbon';
import * as eit from './import-eit';

/** What `eit import` can be told to read: one file each, `import-<tool>.ts`. */
const ACTIONS = actionsOf('eit import', { eit, codecarbon });

export const { options, examples, epilogue } = ACTIONS;

/** `eit import TOOL WHERE`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { name, action } = ACTIONS.asked(argv);
  if (typeof argv['where'] !== 'string' || argv['where'] === '')
    throw new EitError(
      'EIT_USAGE',
      name === 'eit'
        ? 'eit import eit needs the folder with the logs (in which impacttracker is)'
        : 'eit import codecarbon needs the file, such as emissions.csv',
    );
  return action.run(argv, surroundings);
}
