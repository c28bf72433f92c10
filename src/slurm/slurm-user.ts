import { readFileSync } from 'node:fs';
import { isErrno } from '../errors';

const SLURM_CONF = '/etc/slurm/slurm.conf';

/**
 * The user that Slurm's controller runs as: `SlurmUser` in $SLURM_CONF, else /etc/slurm/slurm.conf
 * (https://slurm.schedmd.com/slurm.conf.html#OPT_SlurmUser). Files that it includes are not read.
 * @returns a user name or a uid in digits; null where no slurm.conf can be read here (a configless cluster)
 */
export function readSlurmUser(env: NodeJS.ProcessEnv): string | null {
  try {
    return parseSlurmUser(readFileSync(env['SLURM_CONF'] || SLURM_CONF, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR', 'ELOOP')) return null;
    throw error;
  }
}

/** `SlurmUser` in the text of a slurm.conf; root where it says nothing, as in Slurm. */
export function parseSlurmUser(text: string): string {
  const values = [...text.matchAll(/^[ \t]*SlurmUser[ \t]*=[ \t]*"?([^\s"#(]+)/gim)].map(
    ([, value]) => value,
  );
  return values.at(-1) ?? 'root';
}
