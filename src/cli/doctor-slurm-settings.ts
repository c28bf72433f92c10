import type { Policy } from '../attribution/policy';
import type { Check } from './doctor-check';
import { ok, problem, unknown, warning } from './doctor-check';
import { type SlurmConfTree, lastValue, recordsOf, valuesOf, wordsOf } from '../slurm/slurm-conf-tree';

type Tree = Pick<SlurmConfTree, 'lines'>;

/** How Slurm follows the processes of jobs, and where it counts their CPU time. */
export function checkTracking(conf: Tree, cgroupConf: Tree | null): Check[] {
  const proctrack = (lastValue(conf, 'ProctrackType') ?? 'proctrack/cgroup').toLowerCase();
  const gather = (lastValue(conf, 'JobAcctGatherType') ?? 'jobacct_gather/none').toLowerCase();
  const version = cgroupVersion(cgroupConf);
  const byCgroup = proctrack === 'proctrack/cgroup';
  const checks = [
    byCgroup
      ? ok('ProctrackType', proctrack)
      : warning(
          'ProctrackType',
          `${proctrack}: jobs have no cgroup; processes that begin and end between two readings are missed`,
          'ProctrackType=proctrack/cgroup',
        ),
  ];
  if (gather === 'jobacct_gather/cgroup') checks.push(ok('JobAcctGatherType', gather));
  else if (byCgroup && version === 'cgroup/v1')
    checks.push(
      warning(
        'JobAcctGatherType',
        `${gather} with cgroup v1: no hierarchy counts a job's CPU time`,
        'JobAcctGatherType=jobacct_gather/cgroup',
      ),
    );
  else
    checks.push(
      ok(
        'JobAcctGatherType',
        `${gather}; under cgroup v2 EIT needs no other, Slurm's own figures are better with jobacct_gather/cgroup`,
      ),
    );
  const task = wordsOf(conf, 'TaskPlugin');
  const confined = ['ConstrainCores', 'ConstrainRAMSpace'].filter(
    (key) => cgroupConf === null || (lastValue(cgroupConf, key) ?? 'no').toLowerCase() !== 'yes',
  );
  if (!task.includes('task/cgroup'))
    checks.push(
      warning(
        'TaskPlugin',
        `${task.join(',') || 'none'}: jobs are not confined, and one that uses more than it was given takes energy that others pay under policy allocation`,
        'TaskPlugin=task/affinity,task/cgroup',
      ),
    );
  else if (cgroupConf === null)
    checks.push(unknown('TaskPlugin', `${task.join(',')}; no cgroup.conf is here`));
  else if (confined.length > 0)
    checks.push(
      warning(
        'TaskPlugin',
        `${task.join(',')}, but cgroup.conf does not say yes to ${confined.join(' and ')}`,
        confined.map((key) => `${key}=yes`).join(', '),
      ),
    );
  else checks.push(ok('TaskPlugin', `${task.join(',')}; jobs are confined to their CPUs and memory`));
  if (version === 'disabled' && byCgroup)
    checks.push(
      problem(
        'cgroup.conf',
        'CgroupPlugin=disabled with proctrack/cgroup',
        'leave CgroupPlugin out: autodetect',
      ),
    );
  else checks.push(ok('cgroup.conf', `CgroupPlugin ${version}`));
  return checks;
}

function cgroupVersion(cgroupConf: Tree | null): string {
  return (
    (cgroupConf === null ? undefined : lastValue(cgroupConf, 'CgroupPlugin'))?.toLowerCase() ?? 'autodetect'
  );
}

/** A bound for hooks, without which slurmd waits for ever (PrologTimeout and EpilogTimeout since 25.05). */
export function checkHookTimeout(conf: Tree): Check {
  const name = 'PrologEpilogTimeout';
  const [both, prolog, epilog] = ['PrologEpilogTimeout', 'PrologTimeout', 'EpilogTimeout'].map((key) =>
    lastValue(conf, key),
  );
  const times = [prolog ?? both, epilog ?? both];
  if (times.some((time) => time === undefined || /^(?:0|65534|-1|infinite)$/i.test(time)))
    return warning(
      name,
      'no bound for hooks: one of yours that hangs keeps its node for ever',
      'PrologEpilogTimeout=60',
    );
  const seconds = Math.min(...times.map(Number));
  // Ours give up by themselves after two seconds or so; a busy node takes longer to start anything.
  return seconds < 10
    ? warning(
        name,
        `${seconds} s: on a busy node a hook may take that long, and a timeout drains`,
        'PrologEpilogTimeout=60',
      )
    : ok(name, `${seconds} s`);
}

/** Whether the site's policy fits to how Slurm hands nodes out. */
export function checkPolicy(conf: Tree, policy: Policy): Check {
  const name = 'policy';
  const select = (lastValue(conf, 'SelectType') ?? 'select/cons_tres').toLowerCase();
  const partitions = recordsOf(conf, 'PartitionName');
  if (partitions.length === 0)
    return unknown(name, `${policy}; no partition is known here to hold it against`);
  const shared = partitions.map((line) => {
    const value = (line.get('oversubscribe') ?? line.get('shared') ?? 'NO').toUpperCase();
    return { partition: line.get('partitionname') ?? '?', value };
  });
  const isExclusive = select === 'select/linear' || shared.every(({ value }) => value === 'EXCLUSIVE');
  const forced = shared.filter(({ value }) => /^(?:FORCE|YES)(?::(?!1$)|$)/.test(value));
  if (policy === 'allocation' && forced.length > 0)
    return warning(
      name,
      `allocation, and ${forced.map(({ partition, value }) => `${partition} (OverSubscribe=${value})`).join(', ')} gives the same CPUs to several jobs: what each uses counts for nothing`,
      'policy: usage, or hybrid',
    );
  if (isExclusive)
    return policy === 'usage'
      ? ok(
          name,
          'usage; nodes go to one job at a time: what its idle CPUs draw is nobody\'s ("idle"); with hybrid or allocation the job pays it',
        )
      : ok(name, `${policy}; nodes go to one job at a time`);
  return ok(name, `${policy}; nodes are shared by several jobs`);
}

/** The files that slurm.conf includes and that are not readable here may hold any of it. */
export function checkIncludes({ files, unread }: SlurmConfTree): Check[] {
  if (unread.length === 0) return files.length === 1 ? [] : [ok('Include', files.slice(1).join(', '))];
  return [unknown('Include', `not readable here: ${unread.join(', ')}; what they say is not known`)];
}

/** What is peculiar to a Slurm, for hooks. */
export function checkVersion(text: string, conf: Tree | null): Check {
  const name = 'Slurm';
  const match = /\b(\d\d)\.(\d\d)\.(\d+)/.exec(text);
  if (match === null) return unknown(name, `its version is not known: ${text}`);
  const [found = '', year = '', month = '', micro = ''] = match;
  const release = `${year}.${month}`;
  const isBefore = (other: string, otherMicro: number): boolean =>
    release < other || (release === other && Number(micro) < otherMicro);
  const flags = conf === null ? [] : wordsOf(conf, 'PrologFlags');
  const warn = (what: string, mend: string): Check => warning(name, `${found}: ${what}`, mend);
  if (release < '21.08')
    return warn('older than what EIT was made for; jobs may not be found', 'Slurm 22.05 or later');
  if (release === '21.08')
    return warn(
      'hooks are told neither account nor start time; reports show (unknown)',
      'Slurm 23.02 or later tells them',
    );
  if (flags.includes('runinjob') && isBefore('25.11', 6))
    return warn(
      'with RunInJob jobs may stay in COMPLETING before 25.11.6, and hooks of jobs with GPUs on several nodes crash before 25.11.0',
      'leave RunInJob out, or Slurm 25.11.6',
    );
  if (release === '22.05' && isBefore('22.05', 4))
    return warn(
      'a hook that redirects its own output may be killed, which drains (ours do not; yours?)',
      'Slurm 22.05.4',
    );
  if (release === '23.02' && (micro === '3' || micro === '4'))
    return warn(
      'slurmd kills what a hook started as soon as the hook ends, its own sessions excepted',
      'Slurm 23.02.5',
    );
  return ok(name, found);
}

/** What a file says and slurmctld runs with otherwise: it was changed, and nobody told slurmctld. */
export function checkRunning(conf: Tree, running: Tree): Check {
  const keys = ['Prolog', 'Epilog', 'MailProg', 'JobSubmitPlugins', 'ProctrackType', 'PrologEpilogTimeout'];
  const differing = keys.flatMap((key) => {
    const told = valuesOf(running, key).at(-1);
    const written = lastValue(conf, key);
    // What the file leaves out has a default that only slurmctld knows.
    if (told === undefined || written === undefined || valuesOf(conf, key).length > 1) return [];
    const plain = (text: string): string => text.replace(/\s+sec$/, '').toLowerCase();
    return plain(told) === plain(written) ? [] : [`${key}=${told} (file: ${written})`];
  });
  return differing.length === 0
    ? ok('slurmctld', 'it answers, and runs with what slurm.conf says')
    : warning(
        'slurmctld',
        `it runs with ${differing.join(', ')}`,
        'scontrol reconfigure; JobSubmitPlugins and ProctrackType need a restart',
      );
}

/** `scontrol show config`: a line `Key = Value` each, several values as `Prolog[0]`. */
export function parseShownConfig(text: string): Tree {
  const lines = text.split('\n').flatMap((line) => {
    const match = /^([A-Za-z]\w*)(?:\[\d+\])?\s*=\s*(.*?)\s*$/.exec(line);
    return match === null ? [] : [new Map([[(match[1] ?? '').toLowerCase(), match[2] ?? '']])];
  });
  return { lines };
}
