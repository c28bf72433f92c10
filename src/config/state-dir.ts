import { plainPath } from './plain-path';

/** Where the hooks put their events when the config does not say. */
const DEFAULT_STATE_DIR = '/run/eit';

/**
 * The state_dir that `prolog` and `epilog` find in the text of a config, by the rules of their `find_state_dir`.
 * @returns null where they refuse it
 */
export function stateDirOfHooks(text: string): string | null {
  return plainPath(text, 'state_dir', DEFAULT_STATE_DIR);
}
