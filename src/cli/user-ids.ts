import { spawnSync } from 'node:child_process';

const PATIENCE_MS = 10_000;

/**
 * Uids of users by name, as the system knows them (passwd(5), LDAP and whatever nsswitch.conf names): `id -u`.
 * @returns those that it knows; what cannot be asked knows none
 */
export function findUids(names: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of names) {
    // No option of id, and nothing that is no name.
    if (!/^[^-\s/:\0][^\s/:\0]{0,255}$/.test(name)) continue;
    const { status, stdout } = spawnSync('id', ['-u', '--', name], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (status === 0 && /^\d{1,10}\n$/.test(stdout)) found.set(name, Number(stdout));
  }
  return found;
}
