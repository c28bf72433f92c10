import { DateTime } from 'luxon';
import type { Aggregate, ReportQuery } from '../report/aggregate';
import type { UserMatch } from '../runs/run-filter';

/**
 * What to say beside a report in which something asked for by name has no runs: a typing mistake and an idle month look
 * the same in a table.
 * @returns a line a kind of name; none where everything was found
 */
export function emptyNotes(query: ReportQuery, { found, dataUntilMs }: Aggregate): string[] {
  const { qos, names, states } = query.filter;
  const missing = [
    named('user', found.missingUsers.map(userText)),
    named('account', found.missing('accounts')),
    named('partition', found.missing('partitions')),
    named('job', found.missingJobs),
    named('cluster', found.missing('clusters')),
    named('node', found.missing('nodes')),
    // What the hooks do not tell is not in the runs: where there is none, one of these may be why.
    ...(found.any
      ? []
      : [
          named('QOS', [...(qos ?? [])]),
          named('job name', [...(names ?? [])]),
          named('state', [...(states ?? [])]),
        ]),
  ].filter((text) => text !== null);

  const between = `between ${timeText(query.sinceMs, query)} and ${timeText(query.untilMs, query)}`;
  const known = dataUntilMs === null ? 'no records were read' : `data until ${timeText(dataUntilMs, query)}`;
  if (missing.length === 0) return found.any ? [] : [`no runs ${between}; ${known}`];
  return missing.map((text) => `no runs of ${text} ${between}; ${known}`);
}

/** At most so many names are listed. */
const MOST_NAMES = 10;

function named(kind: string, names: readonly (string | number)[]): string | null {
  if (names.length === 0) return null;
  const listed = names
    .slice(0, MOST_NAMES)
    .map((name) => (typeof name === 'number' ? String(name) : JSON.stringify(name)));
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${kind} ${listed.join(', ')}${more}`;
}

function userText({ uid, name }: UserMatch): string {
  return name ?? `uid:${uid}`;
}

export function timeText(ms: number, { timeZone }: Pick<ReportQuery, 'timeZone'>): string {
  return DateTime.fromMillis(ms, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm');
}
