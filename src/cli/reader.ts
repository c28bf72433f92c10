import type { EitConfig } from '../generated/config';
import { adminsOf } from './admins';
import type { Surroundings } from './command';
import type { Reader } from './report-query';

/** `admins` of the config; without it root and SlurmUser. Root always is: no file is closed to it. */
export function readerOf({ uid, userName, env }: Surroundings, config: EitConfig): Reader {
  const admins = adminsOf(config, env);
  const isAdmin = uid === 0 || admins.some((admin) => admin === userName || admin === String(uid));
  return { uid, name: userName, isAdmin };
}
