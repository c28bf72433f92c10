import { type Stats, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import { type Account, findAccount } from '../ledger/ledger-user';
import { readStateText } from '../quota/state-folder';
import { OTHERS, parseStateFile } from '../quota/state-file';
import { durationText } from '../report/units';
import { type SlurmConfTree, wordsOf } from '../slurm/slurm-conf-tree';
import { type Check, ok, problem, unknown, warning } from './doctor-check';

/** What job_submit.lua takes for old. */
const OLD_S = 7200;

/** Whether the controller has quotas that are new enough, and asks for them. */
export function checkQuotas(
  { quotas, quotas_file: file, quota_dir: dir }: Pick<EitConfig, 'quotas' | 'quotas_file' | 'quota_dir'>,
  slurm: { readonly path: string; readonly tree: Pick<SlurmConfTree, 'lines'> } | null,
  nowMs: number,
): Check[] {
  if (quotas.length === 0 && file === undefined) return [ok('quotas', 'none are set')];
  const checks = [checkSnapshot(dir, nowMs)];
  if (slurm === null) checks.push(unknown('job_submit', 'no slurm.conf is here'));
  else checks.push(checkSubmit(slurm, dir));
  return checks;
}

function checkSnapshot(dir: string, nowMs: number): Check {
  const name = 'quotas';
  const mend = 'eit quota refresh; systemctl enable --now eit-quota.timer';
  let stats: Stats | undefined;
  let text: string | null;
  try {
    stats = statSync(dir, { throwIfNoEntry: false });
    text = stats === undefined ? null : readStateText(dir, `user/${OTHERS}`);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) return unknown(name, `${dir}: needs root or slurmctld's group`);
    throw error;
  }
  if (stats === undefined || text === null)
    return problem(name, `${dir} holds no state: every submission is unknown, and passes`, mend);
  if ((stats.mode & 0o007) !== 0)
    return problem(name, `everybody may look into ${dir}: what a person used is hers`, `chmod o-rwx ${dir}`);
  const state = parseStateFile(text);
  if (state === null) return problem(name, `${join(dir, 'user', OTHERS)} is damaged`, mend);
  if (state.dataUntilS === null) return warning(name, `${dir}: the ledger had no record`, mend);
  const ageS = Math.max(0, Math.round(nowMs / 1000 - state.dataUntilS));
  const told = `${dir}: data until ${durationText(ageS)} ago, group ${stats.gid}, mode ${(stats.mode & 0o7777).toString(8)}`;
  return ageS > OLD_S ? problem(name, `${told}; that is old: submissions pass`, mend) : ok(name, told);
}

/**
 * Whether slurmctld's user may read the quotas' files, by owner, group and mode.
 * @param user SlurmUser of slurm.conf
 */
export async function checkQuotaReader(dir: string, user: string): Promise<Check[]> {
  const name = 'quota readers';
  let account: Account;
  try {
    account = await findAccount(user);
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return [unknown(name, `SlurmUser=${user} is not known here`)];
  }
  if (account.uid === 0) return [ok(name, 'slurmctld runs as root')];
  const closed = ['', 'user', `user/${OTHERS}`].find((path) => {
    const stats = statSync(join(dir, path), { throwIfNoEntry: false });
    return stats !== undefined && !isReadable(stats, account);
  });
  return closed === undefined
    ? [ok(name, `slurmctld (SlurmUser=${user}) may read them`)]
    : [
        problem(
          name,
          `SlurmUser=${user} may not read ${join(dir, closed)}: every submission is unknown, and passes`,
          `chgrp -R ${account.gid} ${dir} && chmod g+s ${dir}`,
        ),
      ];
}

function isReadable({ uid, gid, mode }: Stats, account: Account): boolean {
  const shift = uid === account.uid ? 6 : account.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 0o4) !== 0;
}

/** Whether slurmctld has our script, and it reads the folder that is written. */
function checkSubmit(
  { path, tree }: { path: string; tree: Pick<SlurmConfTree, 'lines'> },
  dir: string,
): Check {
  const name = 'job_submit';
  const plugins = wordsOf(tree, 'JobSubmitPlugins').map((plugin) => plugin.replace(/^job_submit\//, ''));
  if (!plugins.includes('lua'))
    return warning(
      name,
      'quotas are counted, and no submission is asked for them',
      'JobSubmitPlugins=lua and slurm-examples/job_submit.lua beside slurm.conf (docs/quotas.md)',
    );
  const script = join(dirname(path), 'job_submit.lua');
  if (!existsSync(script))
    return problem(
      name,
      `JobSubmitPlugins=lua, and there is no ${script}: slurmctld would not start`,
      `put it there`,
    );
  let text: string;
  try {
    text = readFileSync(script, 'utf8');
  } catch (error) {
    if (isErrno(error, 'EACCES')) return unknown(name, `${script} needs root to be read`);
    throw error;
  }
  if (!/eit%?-quota/.test(text))
    return warning(name, `${script} asks for no quota`, 'merge slurm-examples/job_submit.lua into it');
  const read = /^\s*(?:local\s+)?QUOTA_DIR\s*=\s*"([^"]*)"/m.exec(text)?.[1];
  if (read !== undefined && read !== dir)
    return problem(
      name,
      `${script} reads ${read}, and eit quota refresh writes ${dir}`,
      `QUOTA_DIR = "${dir}"`,
    );
  return ok(name, `${script} asks for quotas`);
}
