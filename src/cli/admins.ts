import type { EitConfig } from '../generated/config';
import { readSlurmConf } from '../slurm/slurm-conf';

/** Names or uids of those who see every run: `admins` of the config; without it root and SlurmUser. */
export function adminsOf(config: EitConfig, env: NodeJS.ProcessEnv): readonly string[] {
  return config.admins ?? [...new Set(['root', readSlurmConf(env)?.slurmUser ?? 'root'])];
}
