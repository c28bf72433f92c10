import { basename, dirname } from 'node:path';
import { checkTrusted } from '../config/trust';
import { EitError, isErrno } from '../errors';
import { type SlurmConfTree, valuesOf } from '../slurm/slurm-conf-tree';
import { type Check, ok, problem, unknown, warning } from './doctor-check';
import { readMounts, sharedMountOf } from './doctor-config';

/** Root runs what these name, on every node, for every job. */
const KEYS = ['Prolog', 'Epilog'] as const;

/**
 * Whether the scripts of Prolog= and Epilog= could be replaced by others than root, or hang with another machine's file system.
 * @param proc the kernel's, for what is mounted; what hangs is not touched
 * @param uids whose files are trusted
 */
export function checkHookFiles(
  tree: Pick<SlurmConfTree, 'lines'>,
  { proc, uids }: { readonly proc: string; readonly uids: readonly number[] },
): Check[] {
  const paths = [...new Set(KEYS.flatMap((key) => valuesOf(tree, key)))].filter((path) =>
    path.startsWith('/'),
  );
  if (paths.length === 0) return [];
  const mounts = readMounts(proc);
  const checks = paths.flatMap((value): Check[] => {
    const path = /[*?[]/.test(basename(value)) ? dirname(value) : value;
    const mount = mounts === null ? null : sharedMountOf(mounts, path);
    if (mount !== null)
      return [
        warning(
          'hook files',
          `${value} is on ${mount.type}, mounted at ${mount.at}: when that hangs, no job starts or ends`,
          'copies on each node, such as below /opt/eit',
        ),
      ];
    return checkOwner(path, uids);
  });
  return checks.length > 0
    ? checks
    : [ok('hook files', 'on disks of this machine, and nobody but root can replace them')];
}

function checkOwner(path: string, uids: readonly number[]): Check[] {
  try {
    checkTrusted([path], { trustedUids: uids });
    return [];
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return [
      isErrno(error.cause, 'EACCES')
        ? unknown('hook files', `${path}: needs root`)
        : problem('hook files', `root runs it: ${error.message}`),
    ];
  }
}
