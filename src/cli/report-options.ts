import type { Options } from 'yargs';
import { POLICIES } from '../attribution/policy';
import { FORMATS } from '../report/formats';
import { TIME_FORMS } from '../slurm/time-forms';
import type { CommandModule } from './command';
import { GROUP_KEYS } from './group-keys';

const list = (describe: string): Options => ({ type: 'string', array: true, nargs: 1, describe });
const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });
const flag = (describe: string): Options => ({ type: 'boolean', describe });

/** What the command is. */
export const about = {
  name: 'report',
  describe: 'Energy and CO2eq of jobs, by job, user, account, partition, node, day, month or cluster',
};

/** As many as Slurm's default of MaxArraySize lets through. */
export const MOST_TASKS = 1000;

/** Named as in sacct where sacct has them. */
export const options: Readonly<Record<string, Options>> = {
  user: {
    alias: ['u', 'uid'],
    ...list('runs of these users, names or uids; default: your own, for an admin all'),
  },
  account: { alias: ['A', 'accounts'], ...list('runs under these accounts') },
  partition: { alias: 'r', ...list('runs in these partitions') },
  jobs: {
    alias: 'j',
    ...list('these jobs: 1234; tasks 1234_5, 1234_[1-3]; a part of a heterogeneous one 1234+1 (sacct)'),
  },
  clusters: { alias: ['M', 'cluster'], ...list('runs on these clusters; default: all in the ledger') },
  nodelist: { alias: 'N', ...list('what ran on these nodes (n[1-4],n7): of larger runs that part only') },
  qos: { alias: 'q', ...list('runs under these QOS (sacct)') },
  name: list('runs of jobs with these names (sacct)'),
  state: { alias: ['s'], ...list('runs in these states, as CD or COMPLETED (sacct)') },
  starttime: { alias: 'S', ...text('from this time on; default: the first of this month') },
  endtime: { alias: 'E', ...text('up to this time; default: now') },
  allusers: { alias: 'a', ...flag('runs of all users, as far as you may read their records') },
  'group-by': list(
    `one or more of ${GROUP_KEYS.join(', ')}; default: job for one user or with --jobs, else user,partition`,
  ),
  sort: list('order of the lines, by columns: -Energy or Energy:desc for the largest first, User,Month:desc'),
  top: text(
    'only so many lines, those with the most Energy or first by --sort; the rest is one line, (others)',
  ),
  'min-kwh': text('lines with less Energy are part of (others)'),
  format: { alias: 'o', ...list('columns, with widths as in sacct: User%20,Jobs,Energy,CO2e') },
  helpformat: { alias: 'e', ...flag('list the columns that --format takes') },
  noheader: { alias: 'n', ...flag('no header') },
  ...Object.fromEntries(
    FORMATS.flatMap(({ option }) =>
      option === undefined
        ? []
        : [
            [
              option.name,
              { ...(option.alias === undefined ? {} : { alias: option.alias }), ...flag(option.describe) },
            ],
          ],
    ),
  ),
  html: text(
    'write a page of its own into this folder (index.html), to be opened by any browser: docs/pages.md',
  ),
  bar: { default: true, ...flag('bars of the shares on a terminal; --no-bar leaves them out') },
  quotas: {
    default: true,
    ...flag('what of the quotas is used, where the report is of one user; --no-quotas leaves them out'),
  },
  extrapolate: flag('fill time that nobody observed with the mean power of the same run; marked with *'),
  'compare-slurm': flag("Slurm's own energy (ConsumedEnergy) beside ours, of the same runs"),
  lost: flag(
    'of the energy, what went into runs that failed, were cancelled or began again; needs eit sacct-sync',
  ),
  equivalents: flag('what the total compares with: km by car, flights, trees, forest, homes; with sources'),
  embodied: flag(
    'what making the nodes and GPUs emitted, beside CO2e and not in it (site.embodied of eit.yaml)',
  ),
  audit: flag(
    'by host and day: do counters, runs, idle and system add up? for admins; exit status 1 where not',
  ),
  'factors-as-of': text('carbon intensities as they were known at this time; default: now'),
  policy: text(`how shared energy is divided: ${POLICIES.join(', ')}; default: as configured`),
  slurm: flag(
    'let a job array read what is to be read run by run: for windows that one machine takes many minutes for',
  ),
  tasks: text(
    `with --slurm: at most so many tasks (up to ${MOST_TASKS}); default: one for each 5 million rows of the archive`,
  ),
  'work-dir': text(
    'with --slurm: a folder that all nodes see, for what the tasks leave until the report is made; default: the current one',
  ),
  plan: text('what the jobs of --slurm do: a task of the plan in this folder'),
  task: text('with --plan: this task'),
  from: text('a folder that eit run or eit import wrote, in place of the ledger: all its runs'),
  config: text('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['', 'what your jobs used this month, job by job'],
  ['-S now-7days --group-by day', 'your last week, day by day'],
  ['-a -S 2026-01-01 -E 2026-02-01 --csv', 'January of all users by partition, for a spreadsheet'],
  ['-a --group-by user,account --top 10', 'who took the most, and one line for all others'],
  ['-j 1234 --json', 'one job, for a program'],
  ['-o JobID,GPUModel,GPUTime,GPUUtil,GPUIdle,GPUMem', 'what the GPUs of your jobs did'],
  ['-S 2026-01-01 --factors-as-of 2026-03-01', 'with the carbon intensities that were known on 1 March'],
  ['--equivalents', 'what this month compares with: km by car, flights, trees'],
  ['-a --group-by account --lost', 'what of each account went into jobs that did not come to their end'],
  ['-a --group-by state', 'what failed and cancelled jobs took (after eit sacct-sync)'],
  ['-S 2026-01-01 --html ~/energy', 'your year as a page: ~/energy/index.html'],
  [
    '-a -S 2022-01-01 --group-by gpumodel,month --slurm --work-dir /scratch/ada',
    'years by model of GPU, added up by many nodes',
  ],
  ['--audit -N n[1-4] -S now-7days', 'as admin: whether the energy of four nodes adds up, day by day'],
];

export const epilogue =
  `Times (local): ${TIME_FORMS}.\n\n` +
  'Energy in the table has PUE in it, the energies of CPU, memory and GPUs have not. GPUUtil is of the GPU time of which it is ' +
  'told; GPUIdle is the part of GPUEnergy that was drawn while no kernel ran. Numbers of --csv and -P are kWh, kg, ' +
  'seconds and bytes. A user, job or partition without runs gives an empty report and exit status 0; a wrong option or time 2.\n\n' +
  'What --top and --min-kwh leave out is added up in the line (others): the lines are all of the report. An hour of --group-by hour, a day, week ' +
  '(ISO, from Monday on) or month has what was recorded with its middle in it; an hour that the archive holds is that of its slot. gpumodel: what runs ' +
  'took on nodes on which they had GPUs of that model, CPUs and memory with it; several models on one node are a line of their own (A100, H100), no GPU is ' +
  '(none). A job on nodes of several models is in the line of each.\n\n' +
  'What is said to be from sacct is there after eit sacct-sync, and - where it has told nothing yet.\n\n' +
  '--slurm waits for its jobs, and prints what it prints without. It is worth while where each run has to be read (by job, node, hour, model; hybrid, --extrapolate, ' +
  '--embodied, --compare-slurm) and there are tens of millions of them: what the archive has sums of, as years by user, is added up here in seconds and ' +
  'submits nothing. sbatch is given slurm.report of eit.yaml. See docs/scale.md.\n\n' +
  '--audit takes -N, -M, -S, -E, --policy and --json, --csv or -P, and compares in joules, before PUE: what the counters grew by ' +
  'with the lines of the runs, idle and system. Exit status 0: each difference is 0 to the millijoule; 1: the reasons found stand below.';

/** Their values may begin with a minus. */
export const signed = ['sort'] as const;
