import type { Privacy } from '../archive/privacy';
import type { EitConfig } from '../generated/config';
import { adminsOf } from './admins';
import { findUids } from './user-ids';

/** Who may read what is compacted, by the config. @param warn told of users whom this machine does not know */
export function privacyOf(
  config: EitConfig,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Privacy {
  if (config.privacy === 'open') return { mode: 'open' };
  return {
    mode: 'private',
    adminUids: uidsOf('admins', adminsOf(config, env), warn),
    coordinators: new Map(
      Object.entries(config.coordinators).map(([account, names]) => [
        account,
        uidsOf(`coordinators of ${account}`, names, warn),
      ]),
    ),
  };
}

function uidsOf(what: string, names: readonly string[], warn: (message: string) => void): number[] {
  const numbers = names.filter((name) => /^\d+$/.test(name));
  const found = findUids(names.filter((name) => !numbers.includes(name)));
  const unknown = names.filter((name) => !numbers.includes(name) && !found.has(name));
  if (unknown.length > 0) warn(`${what}: this machine knows no user ${unknown.join(', ')}, who gets nothing`);
  return [...new Set([...numbers.map(Number), ...found.values()])];
}
