import { DateTime } from 'luxon';
import type { Aggregate, ReportQuery } from '../report/aggregate';
import type { UserMatch } from '../runs/run-filter';
import type { Run } from '../runs/runs';

/**
 * What to say beside a report in which something asked for by name has no runs: a typing mistake and an idle month look
 * the same in a table.
 * @returns a line a kind of name; none where everything was found
 */
export function emptyNotes(query: ReportQuery, { runs, dataUntilMs }: Aggregate): string[] {
  const { users, accounts, partitions, jobs, clusters, nodes, qos, names, states } = query.filter;
  const missing = [
    named('user', users?.filter((user) => !runs.some((run) => isOf(run, user))).map(userText)),
    named(
      'account',
      absent(accounts, (run) => [run.account]),
    ),
    named(
      'partition',
      absent(partitions, (run) => [run.partition]),
    ),
    named(
      'job',
      absent(jobs, (run) => [run.jobId]),
    ),
    named(
      'cluster',
      absent(clusters, (run) => [run.cluster]),
    ),
    named(
      'node',
      absent(nodes, (run) => run.fragments.map(({ node }) => node)),
    ),
    // What the hooks do not tell is not in the runs: where there is none, one of these may be why.
    ...(runs.length > 0
      ? []
      : [
          named('QOS', qos && [...qos]),
          named('job name', names && [...names]),
          named('state', states && [...states]),
        ]),
  ].filter((text) => text !== null);

  function absent<T>(asked: ReadonlySet<T> | undefined, of: (run: Run) => T[]): T[] | undefined {
    if (asked === undefined) return undefined;
    const found = new Set(runs.flatMap(of));
    return [...asked].filter((name) => !found.has(name));
  }

  const between = `between ${timeText(query.sinceMs, query)} and ${timeText(query.untilMs, query)}`;
  const known = dataUntilMs === null ? 'no records were read' : `data until ${timeText(dataUntilMs, query)}`;
  if (missing.length === 0) return runs.length > 0 ? [] : [`no runs ${between}; ${known}`];
  return missing.map((text) => `no runs of ${text} ${between}; ${known}`);
}

/** At most so many names are listed. */
const MOST_NAMES = 10;

function named(kind: string, names: readonly (string | number)[] | undefined): string | null {
  if (names === undefined || names.length === 0) return null;
  const listed = names
    .slice(0, MOST_NAMES)
    .map((name) => (typeof name === 'number' ? String(name) : JSON.stringify(name)));
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${kind} ${listed.join(', ')}${more}`;
}

function isOf(run: Run, { uid, name }: UserMatch): boolean {
  return (uid !== undefined && run.uid === uid) || (name !== undefined && run.user === name);
}

function userText({ uid, name }: UserMatch): string {
  return name ?? `uid:${uid}`;
}

export function timeText(ms: number, { timeZone }: Pick<ReportQuery, 'timeZone'>): string {
  return DateTime.fromMillis(ms, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm');
}
