/** Which cgroup hierarchy a test cluster puts its jobs in; `none`: no job cgroups, jobs are known by their processes. */
export type CgroupKind = 'v1' | 'v2' | 'none';

/** Where slurmd finds cgroups: the mounts of v1 are below `v1`; `v2` is the mount of the unified hierarchy. */
export interface CgroupMounts {
  readonly v1: string;
  readonly v2: string;
}

export interface SlurmNode {
  readonly name: string;
  readonly port: number;
}

export interface ConfInput {
  readonly dir: string;
  readonly clusterName: string;
  readonly hostname: string;
  readonly cgroup: CgroupKind;
  readonly slurmctldPort: number;
  /** Absent: no accounting. */
  readonly slurmdbdPort?: number;
  readonly nodes: readonly SlurmNode[];
  readonly cpusPerNode: number;
  readonly memoryMbPerNode: number;
  readonly gpus: readonly string[];
  readonly prolog?: string;
  readonly epilog?: string;
  readonly prologFlags: string;
  readonly prologEpilogTimeoutS: number;
  readonly mailProg: string;
  readonly extra: string;
}

/** Character devices every machine has, which stand in for GPUs: gres.conf wants distinct files that exist. */
export const FAKE_GPUS = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random'] as const;

const PLUGINS: Record<CgroupKind, readonly string[]> = {
  v1: ['ProctrackType=proctrack/cgroup', 'TaskPlugin=task/cgroup', 'JobAcctGatherType=jobacct_gather/cgroup'],
  v2: [
    'ProctrackType=proctrack/cgroup',
    'TaskPlugin=task/affinity',
    'JobAcctGatherType=jobacct_gather/linux',
  ],
  none: [
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/linux',
  ],
};

/** The text of slurm.conf (https://slurm.schedmd.com/slurm.conf.html). */
export function slurmConf(input: ConfInput): string {
  const { dir, nodes } = input;
  const all = nodes.map((node) => node.name).join(',');
  const first = nodes[0]?.name ?? '';
  return lines([
    `ClusterName=${input.clusterName}`,
    `SlurmctldHost=${input.hostname}(127.0.0.1)`,
    `SlurmctldPort=${input.slurmctldPort}`,
    'SlurmUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${dir}/munge/socket`,
    `StateSaveLocation=${dir}/state`,
    `SlurmdSpoolDir=${dir}/spool-%n`,
    `SlurmctldPidFile=${dir}/slurmctld.pid`,
    `SlurmdPidFile=${dir}/slurmd-%n.pid`,
    `SlurmctldLogFile=${dir}/log/slurmctld.log`,
    `SlurmdLogFile=${dir}/log/slurmd-%n.log`,
    'SlurmctldDebug=info',
    'SlurmdDebug=verbose',
    ...PLUGINS[input.cgroup],
    'JobAcctGatherFrequency=5',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    // Jobs start at once, and still do so on a machine with fewer CPUs than a node is said to have.
    'SchedulerParameters=sched_interval=1,sched_min_interval=1,batch_sched_delay=0,bf_interval=1',
    'SlurmdParameters=config_overrides',
    'ReturnToService=2',
    'KillWait=2',
    'MinJobAge=86400',
    `MailProg=${input.mailProg}`,
    'MpiDefault=none',
    'PropagateResourceLimits=NONE',
    input.prologFlags && `PrologFlags=${input.prologFlags}`,
    input.prolog && `Prolog=${input.prolog}`,
    input.epilog && `Epilog=${input.epilog}`,
    `PrologEpilogTimeout=${input.prologEpilogTimeoutS}`,
    input.gpus.length > 0 && 'GresTypes=gpu',
    ...(input.slurmdbdPort === undefined
      ? ['AccountingStorageType=accounting_storage/none']
      : [
          'AccountingStorageType=accounting_storage/slurmdbd',
          'AccountingStorageHost=127.0.0.1',
          `AccountingStoragePort=${input.slurmdbdPort}`,
          // The socket again: connections to slurmdbd don't go by AuthInfo.
          `AccountingStoragePass=${dir}/munge/socket`,
          'AccountingStorageEnforce=associations',
          input.gpus.length > 0 && 'AccountingStorageTRES=gres/gpu',
        ]),
    ...nodes.map(
      (node) =>
        `NodeName=${node.name} NodeHostname=${input.hostname} NodeAddr=127.0.0.1 Port=${node.port}` +
        ` CPUs=${input.cpusPerNode} RealMemory=${input.memoryMbPerNode}` +
        `${node.name === first && input.gpus.length > 0 ? ` Gres=gpu:${input.gpus.length}` : ''} State=UNKNOWN`,
    ),
    `PartitionName=batch Nodes=${all} Default=YES State=UP OverSubscribe=FORCE:4`,
    `PartitionName=gpu Nodes=${first} State=UP OverSubscribe=FORCE:4`,
    `PartitionName=excl Nodes=${all} State=UP OverSubscribe=EXCLUSIVE`,
    input.extra,
  ]);
}

/** The text of cgroup.conf (https://slurm.schedmd.com/cgroup.conf.html). */
export function cgroupConf(kind: CgroupKind, mounts: CgroupMounts): string {
  return kind === 'v2'
    ? lines([
        'CgroupPlugin=cgroup/v2',
        `CgroupMountpoint=${mounts.v2}`,
        // slurmd makes its directories itself: there may be no systemd, and this one is not its service.
        'IgnoreSystemd=yes',
        'ConstrainCores=no',
      ])
    : lines([
        'CgroupPlugin=cgroup/v1',
        `CgroupMountpoint=${mounts.v1}`,
        `ConstrainCores=${kind === 'v1' ? 'yes' : 'no'}`,
      ]);
}

/** The text of gres.conf: all GPUs on the first node (https://slurm.schedmd.com/gres.conf.html). */
export function gresConf(input: ConfInput): string {
  return lines(input.gpus.map((file) => `NodeName=${input.nodes[0]?.name ?? ''} Name=gpu File=${file}`));
}

/** The text of slurmdbd.conf, which has to be mode 0600 (https://slurm.schedmd.com/slurmdbd.conf.html). */
export function slurmdbdConf(input: {
  dir: string;
  port: number;
  databasePort: number;
  password: string;
}): string {
  return lines([
    'AuthType=auth/munge',
    `AuthInfo=socket=${input.dir}/munge/socket`,
    'DbdHost=localhost',
    'DbdAddr=127.0.0.1',
    `DbdPort=${input.port}`,
    'SlurmUser=root',
    `LogFile=${input.dir}/log/slurmdbd.log`,
    `PidFile=${input.dir}/slurmdbd.pid`,
    'StorageType=accounting_storage/mysql',
    'StorageHost=127.0.0.1',
    `StoragePort=${input.databasePort}`,
    'StorageUser=slurm',
    `StoragePass=${input.password}`,
    'StorageLoc=slurm_acct_db',
  ]);
}

function lines(parts: readonly (string | false | undefined)[]): string {
  return parts.filter(Boolean).join('\n') + '\n';
}
