import { visible } from '../config/visible';
import type { RunSetFilter } from '../science/run-set';

/**
 * A set as what is published names it: job ids, a folder without its path, else the name that the user gave. A filter says who is meant (user, account), and a path
 * whose home it is in.
 */
export function publishedSet({ name, asked }: RunSetFilter): string {
  const keys = Object.keys(asked);
  if (keys.length === 0) return 'a folder of runs';
  const shown = visible(name, 80);
  return keys.every((key) => key === 'jobs')
    ? `${shown} (${visible((asked.jobs ?? []).join(','), 120)})`
    : shown;
}
