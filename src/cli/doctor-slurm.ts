import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { type SlurmConfTree, readSlurmConfTree, valuesOf, wordsOf } from '../slurm/slurm-conf-tree';
import type { Missing } from '../sources/source';
import { type SlurmScope, cgroup1DirOf, findSlurmScopes, listJobCgroups } from '../slurm/cgroup-path';
import { findRunningJobs, listed } from './running-jobs';
import { type HookScript, findHook } from './hook-scripts';
import { type Check, type Patient, ok, problem, unknown, warning } from './doctor-check';

/** What lies in them divides energy: memory that a job holds, the CPUs it may use. CPU time is counted without a controller. */
const CONTROLLERS = ['memory', 'cpuset'];

/** The directories in which slurmd keeps jobs, and what is counted there. */
export function checkCgroups({ loaded, isRoot }: Patient): Check[] {
  const { roots } = loaded.config;
  const scopes = findSlurmScopes(roots);
  if (scopes.length === 0) {
    const jobs = findRunningJobs(roots, null);
    const text =
      jobs.length > 0
        ? `${listed(jobs)} without a cgroup: jobs are found by their processes, those between two readings are missed`
        : `no directory of slurmd's below ${roots.cgroup}: slurmd is not running here, has had no job yet (cgroup v1), or makes none`;
    return [
      warning(
        'cgroups',
        text,
        'ProctrackType=proctrack/cgroup; with v1 JobAcctGatherType=jobacct_gather/cgroup',
      ),
    ];
  }
  return scopes.flatMap((scope) => [checkScope(scope, roots.cgroup, isRoot)]);
}

function checkScope(scope: SlurmScope, cgroupRoot: string, isRoot: boolean): Check {
  const name = scope.node === null ? 'cgroups' : `cgroups ${scope.node}`;
  const jobs = listJobCgroups(scope).length;
  const text = `v${scope.version}, ${scope.dir}, ${jobs} job${jobs === 1 ? '' : 's'} now`;
  const counter = join(scope.dir, scope.version === 2 ? 'cpu.stat' : 'cpuacct.usage');
  if (!existsSync(counter)) return problem(name, `${text}; ${counter} is not there: no CPU time`);
  const served = controllersOf(scope, cgroupRoot);
  if (served === null)
    return isRoot
      ? warning(name, `${text}; its controllers cannot be read`)
      : unknown(name, `${text}; controllers need root`);
  const lacking = CONTROLLERS.filter((controller) => !served.includes(controller));
  if (lacking.length === 0) return ok(name, `${text}; with ${served.join(', ')}`);
  return warning(
    name,
    `${text}; without ${lacking.join(' and ')}: ${LACK_OF[lacking.join()] ?? LACK_OF['memory,cpuset']}`,
    'cgroup.conf: ConstrainRAMSpace=yes, ConstrainCores=yes; on RHEL 8 with v2 EnableControllers=yes',
  );
}

const LACK_OF: Readonly<Record<string, string>> = {
  memory: "a job's memory is read from its processes, less surely",
  cpuset: "which package a job's CPUs are of is less sure",
  'memory,cpuset': "a job's memory and the packages of its CPUs are less sure",
};

/** The controllers that jobs have; null where that cannot be read. */
function controllersOf(scope: SlurmScope, cgroupRoot: string): string[] | null {
  if (scope.version === 1) {
    return ['cpuacct', 'cpu', ...CONTROLLERS].filter(
      (controller) => cgroup1DirOf(controller, cgroupRoot, scope.dir) !== null,
    );
  }
  try {
    return readFileSync(join(scope.dir, 'cgroup.subtree_control'), 'utf8').split(/\s+/).filter(Boolean);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENODEV')) return null;
    throw error;
  }
}

/** Where slurm.conf is: named, the usual place, and where a configless slurmd keeps its copy. */
const SLURM_CONFS = [
  '/etc/slurm/slurm.conf',
  '/run/slurm/conf/slurm.conf',
  '/var/spool/slurmd/conf-cache/slurm.conf',
];

const AGENT_UNIT = '/etc/systemd/system/eit-agent.service';

/** The slurm.conf of this machine with what it includes; why there is none. */
export function readMachinesConf(
  env: NodeJS.ProcessEnv,
  confs: readonly string[] = SLURM_CONFS,
): { readonly path: string; readonly tree: SlurmConfTree } | Missing {
  const candidates = env['SLURM_CONF'] ? [env['SLURM_CONF']] : confs;
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) return { missing: `none of ${candidates.join(', ')} is here` };
  try {
    return { path, tree: readSlurmConfTree(path) };
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EISDIR')) return { missing: `${path} may not be read` };
    throw error;
  }
}

/** Whether slurm.conf names our hooks, and with which flags. */
export function checkHooks(
  tree: SlurmConfTree,
  { unit = AGENT_UNIT }: { readonly unit?: string } = {},
): Check[] {
  const hasUnread = tree.unread.length > 0;
  return [
    checkHook('Prolog', valuesOf(tree, 'Prolog'), hasUnread),
    checkHook('Epilog', valuesOf(tree, 'Epilog'), hasUnread),
    checkFlags(wordsOf(tree, 'PrologFlags'), existsSync(unit)),
  ];
}

function checkHook(key: 'Prolog' | 'Epilog', values: readonly string[], hasUnread: boolean): Check {
  const hook = key === 'Prolog' ? 'prolog' : 'epilog';
  const mend = `${key}=/opt/eit/${hook} in slurm.conf, or a link to it in the folder that is named; then scontrol reconfigure`;
  if (values.length === 0) {
    const text = `slurm.conf has no ${key}=`;
    return hasUnread
      ? unknown(key, `${text} itself, and not every file that it includes can be read here`)
      : problem(key, text, mend);
  }
  const found = values.map((value) => findHook(value, hook));
  const text = values.join(' and ');
  const broken = found.find(({ kind }) => kind === 'absent' || kind === 'not executable');
  if (broken !== undefined)
    return problem(
      key,
      `${text}: ${describe(broken)}${broken.kind === 'absent' ? ', which drains the node' : ''}`,
      broken.kind === 'absent' ? 'put the script there, or take the line out' : `chmod +x ${broken.path}`,
    );
  if (found.some(({ kind }) => kind === 'ours')) return ok(key, `${text} leads to ours`);
  const unsure = found.find(({ kind }) => kind === 'unreadable' || kind === 'relative');
  if (unsure !== undefined) return unknown(key, `${text}: ${describe(unsure)}`);
  return problem(key, `${text} leads to no script of EIT`, mend);
}

function describe({ kind, path }: HookScript): string {
  switch (kind) {
    case 'ours':
    case 'other':
      return path;
    case 'absent':
      return `${path} is not there`;
    case 'not executable':
      return `${path} is not executable`;
    case 'unreadable':
      return `${path} needs root to be read`;
    case 'relative':
      return `${path} is sent by the controller, and is not looked for here`;
  }
}

function checkFlags(flags: readonly string[], isService: boolean): Check {
  const name = 'PrologFlags';
  const text = flags.length === 0 ? 'none' : flags.join(',');
  if (flags.includes('runinjob')) {
    return isService
      ? ok(name, `${text}: the hooks run inside the job; the agent is a service`)
      : warning(
          name,
          `${text}: the hooks run inside the job`,
          'run the agent as a systemd service (docs/install.md)',
        );
  }
  if (flags.includes('contain')) return ok(name, text);
  if (flags.includes('alloc'))
    return ok(name, `${text}: a job's cgroup may go between two steps; Contain is recommended`);
  return warning(
    name,
    `${text}: a node of a job on which no step runs has no prolog, and no energy`,
    'PrologFlags=Contain',
  );
}
