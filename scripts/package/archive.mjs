// Archives that are the same bytes whoever makes them, and when: names sorted, times and owners fixed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { run, top } from '../child.mjs';

/**
 * The time that all files of a package have, in seconds since 1970: SOURCE_DATE_EPOCH
 * (https://reproducible-builds.org/specs/source-date-epoch/), else that of the last commit, else 1980.
 */
export function sourceDate(env = process.env) {
  const given = env.SOURCE_DATE_EPOCH;
  if (given !== undefined && given !== '') {
    if (!/^\d{1,11}$/.test(given)) throw new Error(`SOURCE_DATE_EPOCH is no number of seconds: ${given}`);
    return Number(given);
  }
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: top, encoding: 'utf8' });
  return status === 0 && /^\d+$/.test(stdout.trim()) ? Number(stdout) : 315_532_800;
}

/**
 * Packs `parent`/`folder` into a .tar.gz, with the folder as its only top entry.
 * @throws Error with what tar or gzip said
 */
export async function makeArchive(parent, folder, file, dateS) {
  await pack(`exec >"$1"; shift; tar "$@" | gzip -n -6`, file, [
    ...['--create', '--sort=name', '--format=gnu', `--mtime=@${dateS}`],
    ...['--owner=0', '--group=0', '--numeric-owner', '-C', parent, folder],
  ]);
}

async function pack(script, file, args) {
  const { status, output } = await run('bash', ['-o', 'pipefail', '-c', script, 'pack', file, ...args], {
    env: { ...process.env, LC_ALL: 'C' },
    capture: true,
  });
  if (status !== 0) throw new Error(`${join(file)} could not be packed:\n${output.trim()}`);
}
