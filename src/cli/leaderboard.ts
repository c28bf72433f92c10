import { EitError } from '../errors';
import { actionsOf } from './actions';
import type { Surroundings } from './command';
import * as built from './leaderboard-build';
import * as submitted from './leaderboard-submit';
import * as verified from './leaderboard-verify';

/** What `eit leaderboard` can be told to do: one file each, `leaderboard-<action>.ts`. */
const ACTIONS = actionsOf('eit leaderboard', { build: built, submit: submitted, verify: verified });

export const { options, examples, epilogue } = ACTIONS;

/** `eit leaderboard ACTION`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { name, action } = ACTIONS.asked(argv);
  const what = argv['what'];
  if (name !== 'submit') return action.run(argv, surroundings);
  const more = [argv['files']].flat().filter((file) => file !== undefined);
  if (more.length > 0)
    throw new EitError('EIT_USAGE', 'eit leaderboard submit takes job ids as one word: 1234,1240_[1-5]');
  return action.run({ ...argv, jobs: what }, surroundings);
}
