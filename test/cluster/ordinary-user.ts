import { basename } from 'node:path';
import { type Environment, succeed } from './processes';

/**
 * Which clusters use which account that the tests made: `<this>/<account>/<cluster>`. The last one to go removes
 * the account; one that was there before is never noted and so never removed.
 */
export const ACCOUNT_NOTES = '/run/eit-test-accounts';

/** Only one cluster at a time makes or removes accounts. */
export const ACCOUNT_LOCK = '/run/eit-test-accounts.lock';

const MAKE = `
set -e
if id -u "$1" >/dev/null 2>&1 && [ ! -d "$2/$1" ]; then exit 0; fi
mkdir -p "$2/$1"
: > "$2/$1/$3"
id -u "$1" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /bin/sh "$1"
`;

/** Makes an account without password, home or rights for jobs to run as, unless there is one of that name. */
export async function makeOrdinaryUser(name: string, clusterDir: string, env: Environment): Promise<void> {
  const note = basename(clusterDir);
  await succeed('flock', [ACCOUNT_LOCK, 'sh', '-c', MAKE, 'sh', name, ACCOUNT_NOTES, note], { env });
}
