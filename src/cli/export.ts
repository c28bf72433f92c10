import { actionsOf } from './actions';
import type { Surroundings } from './command';
import * as boamps from './export-boamps';
import * as sci from './export-sci';

/** What `eit export` can write: one file each, `export-<format>.ts`. */
const ACTIONS = actionsOf('eit export', { sci, boamps });

export const { options, examples, epilogue } = ACTIONS;

/** `eit export FORMAT`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  return ACTIONS.asked(argv).action.run(argv, surroundings);
}
