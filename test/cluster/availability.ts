import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isErrno } from '../../src/errors';
import { isHybrid, readHierarchies } from './cgroup-hierarchies';
import { SYSTEM_PATH } from './processes';
import type { CgroupKind } from './slurm-conf';
import { scaled } from '../scale';

const COMMANDS = ['slurmctld', 'slurmd', 'munged', 'sbatch', 'scontrol', 'runuser', 'useradd', 'flock', 'ps'];
const ACCOUNTING_COMMANDS = ['slurmdbd', 'sacctmgr', 'mariadbd', 'mariadb-install-db'];

/** What a suite needs beyond a cluster of its kind. */
export interface ClusterNeeds {
  readonly accounting?: boolean;
  /** A plugin of slurmctld, such as `job_submit_lua.so`. */
  readonly plugin?: string;
}

/** Where distributions have Slurm's plugins. */
const PLUGIN_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu/slurm-wlm',
  '/usr/lib/aarch64-linux-gnu/slurm-wlm',
  '/usr/lib64/slurm',
  '/usr/lib/slurm',
];

/** Why no cluster of this kind can be started here, in words for whoever runs the tests; null: it can. */
export function clusterUnavailable(kind: CgroupKind, needs: ClusterNeeds = {}): string | null {
  if (process.platform !== 'linux') return 'not on Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const hierarchies = readHierarchies();
  if (kind === 'v1' && hierarchies.v1.cpuacct === undefined)
    return 'no cgroup v1 cpuacct hierarchy is mounted';
  if (kind === 'v2' && hierarchies.v2 === undefined) return 'no cgroup v2 hierarchy is mounted';
  const compiler = kind === 'v2' && isHybrid(hierarchies) ? ['cc'] : [];
  const wanted = [...COMMANDS, ...(needs.accounting ? ACCOUNTING_COMMANDS : []), ...compiler];
  const { plugin } = needs;
  const hasPlugin = plugin === undefined || PLUGIN_FOLDERS.some((folder) => existsSync(join(folder, plugin)));
  const missing = [...wanted.filter((command) => !isInstalled(command)), ...(hasPlugin ? [] : [plugin])];
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : null;
}

/**
 * Registers a suite that needs a real cluster. Where there can't be one it is a single skipped test that says why; with
 * EIT_REQUIRE_CLUSTER=1 (CI) a failing one.
 */
export function describeCluster(
  name: string,
  kind: CgroupKind,
  suite: () => void,
  needs: ClusterNeeds = {},
): void {
  const reason = clusterUnavailable(kind, needs);
  const title = `${name} (real Slurm, cgroup ${kind})`;
  if (reason === null) {
    // For the whole test file: a cluster takes seconds to start, and what is waited for has bounds of its own.
    jest.setTimeout(scaled(180_000, 3_600_000));
    describe(title, suite);
  } else if (process.env.EIT_REQUIRE_CLUSTER === '1') {
    test(title, () => {
      throw new Error(`required here (EIT_REQUIRE_CLUSTER=1), but ${reason}`);
    });
  } else {
    test.skip(`${title}: ${reason}`, () => undefined);
  }
}

function isInstalled(command: string): boolean {
  return SYSTEM_PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return false;
      throw error;
    }
  });
}
