import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readProcessTable } from '../sources/process-table';

/** What a machine is for EIT: it measures, it holds the cluster together, or people work on it. */
export const ROLES = ['node', 'head', 'login'] as const;
export type Role = (typeof ROLES)[number];

/** What a machine was found to be, and by what. */
export interface FoundRoles {
  readonly roles: readonly Role[];
  readonly because: string;
}

/** What is looked for beside processes. */
export interface RoleSigns {
  /** The kernel's own `/proc`. */
  readonly proc: string;
  /** `state_dir` of eit.yaml, null where it is not known. */
  readonly stateDir: string | null;
  readonly units: string;
  readonly path: string;
}

/** Units that run beside the ledger. */
const HEAD_UNITS = ['eit-compact.timer', 'eit-sacct-sync.timer', 'eit-quota.timer', 'eit-prune.timer'];

/**
 * What this machine is, by what runs and lies here: slurmd or an agent, slurmctld or slurmdbd, units. A machine can be several (a test
 * cluster). One on which nothing tells is taken for a node, which is looked at most closely, unless it has Slurm's client alone.
 */
export function findRoles({ proc, stateDir, units, path }: RoleSigns): FoundRoles {
  const running = new Set<string>();
  for (const { comm } of readProcessTable(proc).all()) running.add(comm);
  const has = (name: string): boolean => running.has(name);
  const roles: Role[] = [];
  const because: string[] = [];
  const add = (role: Role, sign: string): void => {
    if (!roles.includes(role)) roles.push(role);
    because.push(sign);
  };
  if (has('slurmd')) add('node', 'slurmd runs');
  if (existsSync(join(units, 'eit-agent.service'))) add('node', 'eit-agent.service is there');
  if (stateDir !== null && existsSync(join(stateDir, 'agent.lock')))
    add('node', `an agent ran (${stateDir})`);
  for (const daemon of ['slurmctld', 'slurmdbd']) if (has(daemon)) add('head', `${daemon} runs`);
  for (const unit of HEAD_UNITS) if (existsSync(join(units, unit))) add('head', `${unit} is there`);
  if (roles.length > 0) return { roles, because: because.join(', ') };

  const installed = (program: string): boolean =>
    path.split(delimiter).some((folder) => existsSync(join(folder, program)));
  return installed('sbatch') && !installed('slurmd')
    ? { roles: ['login'], because: "Slurm's commands are here, and none of its daemons" }
    : { roles: ['node'], because: 'nothing tells, so the most is looked at' };
}

const NAMES: Readonly<Record<Role, string>> = {
  node: 'a compute node',
  head: 'a machine of the controller or the ledger',
  login: 'a login machine',
};

/** In words. */
export function rolesText({ roles, because }: FoundRoles): string {
  return `${roles.map((role) => NAMES[role]).join(' and ')} (${because})`;
}
