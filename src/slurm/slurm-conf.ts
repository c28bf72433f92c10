import { readFileSync } from 'node:fs';
import { isErrno } from '../errors';

const SLURM_CONF = '/etc/slurm/slurm.conf';

/** What EIT takes from slurm.conf. */
export interface SlurmConf {
  /** The user that Slurm's controller runs as: a name, or a uid in digits. */
  readonly slurmUser: string;
  readonly clusterName: string | null;
}

/**
 * $SLURM_CONF, else /etc/slurm/slurm.conf (https://slurm.schedmd.com/slurm.conf.html). Files that it includes are not
 * read.
 * @returns null where none can be read here (a configless cluster)
 */
export function readSlurmConf(env: NodeJS.ProcessEnv): SlurmConf | null {
  try {
    return parseSlurmConf(readFileSync(env['SLURM_CONF'] || SLURM_CONF, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR', 'ELOOP')) return null;
    throw error;
  }
}

/** The text of a slurm.conf; SlurmUser is root where it says nothing, as in Slurm. */
export function parseSlurmConf(text: string): SlurmConf {
  return {
    slurmUser: lastValue(text, 'SlurmUser') ?? 'root',
    clusterName: lastValue(text, 'ClusterName') ?? null,
  };
}

/** Keys are in any case, a later line wins. */
function lastValue(text: string, key: string): string | undefined {
  const line = new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*"?([^\\s"#(]+)`, 'gim');
  return [...text.matchAll(line)].map(([, value]) => value).at(-1);
}
