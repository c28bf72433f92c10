import { type DateTime, IANAZone } from 'luxon';
import { type Policy, POLICIES } from '../attribution/policy';
import { EitError } from '../errors';
import type { GroupKey } from '../generated/report';
import type { ReportQuery } from '../report/aggregate';
import type { UserMatch } from '../runs/run-filter';
import { writtenId } from '../runs/selected-job';
import { parseJobSelections } from '../slurm/job-selection';
import { jobState, STATE_FORMS } from '../slurm/job-states';
import { expandHostlist } from '../slurm/hostlist';
import { parseSlurmTime } from '../slurm/time-form';
import { GROUP_KEYS } from './group-keys';

/** What of the command line says which runs a report is of, and how they are grouped. Lists are as given, commas in. */
export interface QueryOptions {
  readonly user: readonly string[];
  readonly account: readonly string[];
  readonly partition: readonly string[];
  readonly jobs: readonly string[];
  readonly clusters: readonly string[];
  readonly nodelist: readonly string[];
  readonly qos: readonly string[];
  readonly name: readonly string[];
  readonly state: readonly string[];
  readonly starttime: string | undefined;
  readonly endtime: string | undefined;
  readonly allusers: boolean;
  readonly 'group-by': readonly string[];
  readonly policy: string | undefined;
  readonly extrapolate: boolean;
  readonly 'compare-slurm': boolean;
  readonly lost: boolean;
  readonly embodied: boolean;
}

/** Who asks. */
export interface Reader {
  readonly uid: number;
  readonly name: string | null;
  readonly isAdmin: boolean;
}

/**
 * Turns options into a query. Without times: since the first of this month. Without a user: one's own runs, for an admin
 * all. Without --group-by: by job where the report is of one user or of jobs by id, else by user and partition.
 * @throws EitError EIT_USAGE, EIT_TIME_FORM, EIT_HOSTLIST for what cannot be meant
 */
export function reportQuery(
  options: QueryOptions,
  reader: Reader,
  policy: Policy,
  now: DateTime,
): ReportQuery {
  const since =
    options.starttime === undefined ? now.startOf('month') : parseSlurmTime(options.starttime, { now });
  const until = options.endtime === undefined ? now : parseSlurmTime(options.endtime, { now });
  if (until < since) {
    throw new EitError(
      'EIT_USAGE',
      `--endtime (${until.toISO()}) lies before --starttime (${since.toISO()})`,
    );
  }
  const users = usersOf(options, reader);
  const accounts = items(options.account, '--account');
  const partitions = items(options.partition, '--partition');
  const selections = options.jobs.length === 0 ? undefined : parseJobSelections(options.jobs.join(','));
  const jobs = selections?.map(writtenId);
  const clusters = items(options.clusters, '--clusters')?.filter((name) => name !== 'all');
  const qos = items(options.qos, '--qos');
  const names = namesOf(options.name);
  const states = items(options.state, '--state')?.map(stateNamed);
  const nodes = items(options.nodelist, '--nodelist') && expandHostlist(options.nodelist.join(','));
  return {
    sinceMs: since.toMillis(),
    untilMs: until.toMillis(),
    groupBy:
      groupKeys(options['group-by']) ?? (users?.length === 1 || jobs ? ['job'] : ['user', 'partition']),
    policy: options.policy === undefined ? policy : policyNamed(options.policy),
    filter: {
      users,
      accounts: accounts && new Set(accounts),
      partitions: partitions && new Set(partitions),
      jobs: jobs && new Set(jobs),
      selections,
      clusters: clusters && clusters.length > 0 ? new Set(clusters) : undefined,
      nodes: nodes && new Set(nodes),
      qos: qos && new Set(qos),
      names: names && new Set(names),
      states: states && new Set(states),
    },
    // TZ names no zone: times were taken as UTC, so they are shown as such.
    timeZone: now.zone.isValid && IANAZone.isValidZone(now.zoneName ?? '') ? (now.zoneName ?? 'utc') : 'utc',
    extrapolate: options.extrapolate,
    compareSlurm: options['compare-slurm'],
    lost: options.lost,
    embodied: options.embodied,
    withUnattributed:
      reader.isAdmin &&
      ![users, accounts, partitions, jobs, qos, names, states].some((asked) => asked !== undefined),
  };
}

/** Whether a query is of the reader's own runs only, so that nobody has to be told whose they are. */
export function isOwnQuery({ filter }: ReportQuery, { uid, isAdmin }: Reader): boolean {
  return !isAdmin && filter.users?.length === 1 && filter.users[0]?.uid === uid;
}

function usersOf({ user, allusers }: QueryOptions, reader: Reader): UserMatch[] | undefined {
  const own: UserMatch = { uid: reader.uid, name: reader.name ?? undefined };
  const named = items(user, '--user')?.map((name): UserMatch => {
    if (name === reader.name) return own;
    return /^\d+$/.test(name) ? { uid: Number(name), name } : { name };
  });
  return named ?? (allusers || reader.isAdmin ? undefined : [own]);
}

/** Values with commas, repeated or both, as one list; undefined where the option was not given. */
function items(values: readonly string[], option: string): string[] | undefined {
  if (values.length === 0) return undefined;
  const found = values
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
  if (found.length === 0)
    throw new EitError('EIT_USAGE', `${option} is empty: give names with commas between them`);
  return [...new Set(found)];
}

/** As in sacct, with commas between them; blanks belong to a name. */
function namesOf(values: readonly string[]): string[] | undefined {
  return values.length === 0 ? undefined : values.flatMap((value) => value.split(','));
}

function groupKeys(values: readonly string[]): GroupKey[] | undefined {
  return items(values, '--group-by')?.map((name) => {
    const key = GROUP_KEYS.find((known) => known === name.toLowerCase());
    if (key !== undefined) return key;
    throw new EitError(
      'EIT_USAGE',
      `--group-by: ${JSON.stringify(name)} is none of ${GROUP_KEYS.join(', ')} (several with commas: user,month)`,
    );
  });
}

function stateNamed(name: string): string {
  const state = jobState(name);
  if (state !== null) return state;
  throw new EitError('EIT_USAGE', `--state: ${JSON.stringify(name)} is none of ${STATE_FORMS}`);
}

function policyNamed(name: string): Policy {
  const policy = POLICIES.find((known) => known === name.toLowerCase());
  if (policy !== undefined) return policy;
  throw new EitError('EIT_USAGE', `--policy: ${JSON.stringify(name)} is none of ${POLICIES.join(', ')}`);
}
