import { readConfigText } from '../config/config-text';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { type BoardSpec, parseBoardSpec } from '../leaderboard/board-spec';

/**
 * Reads the spec of a leaderboard.
 * @throws EitError EIT_LEADERBOARD
 */
export function readBoardSpec(path: string): BoardSpec {
  let text: string | null;
  try {
    text = readConfigText(path, null);
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    throw new EitError('EIT_LEADERBOARD', error.message, { cause: error });
  }
  if (text === null)
    throw new EitError(
      'EIT_LEADERBOARD',
      `there is no ${visible(path, 200)}; slurm-examples/leaderboard.yaml is a spec to begin with`,
    );
  return parseBoardSpec(text, path);
}
