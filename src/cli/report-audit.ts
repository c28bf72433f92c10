import { EitError } from '../errors';
import type { ReportQuery } from '../report/aggregate';
import { addUp, type Audit, isBalanced } from '../report/audit';
import { AuditAggregation } from '../report/audit-aggregation';
import type { ArchivedAudit } from './archive-audit';
import { type LedgerAccess, recordsInWindow } from './ledger-aggregate';
import type { Output } from './output';
import { timeText } from './report-notes';
import type { Reader } from './report-query';

/** Options that an audit has no use for: it is of whole hosts, and has columns of its own. */
const OF_RUNS = [
  ...['user', 'account', 'partition', 'jobs', 'qos', 'name', 'state'],
  ...[
    'group-by',
    'sort',
    'top',
    'min-kwh',
    'format',
    'extrapolate',
    'compare-slurm',
    'lost',
    'equivalents',
    'embodied',
  ],
];

/**
 * @throws EitError EIT_USAGE where an option is of runs, or who asks may not see all of a host
 */
export function checkAudit(argv: Readonly<Record<string, unknown>>, { isAdmin }: Reader): void {
  const given = OF_RUNS.find((name) => argv[name] !== undefined && argv[name] !== false);
  if (given !== undefined) {
    throw new EitError(
      'EIT_USAGE',
      `--audit adds up whole hosts: it cannot be had with --${given}, but with -N, -M, -S, -E and --policy`,
    );
  }
  if (isAdmin) return;
  throw new EitError(
    'EIT_USAGE',
    "--audit is for admins, as it shows everybody's energy: ask one, or to be put into `admins` of eit.yaml",
  );
}

/**
 * @param archived the days that the inbox has no lines of any more
 * @param context what is known once all is read
 */
export async function readAudit(
  access: LedgerAccess,
  query: ReportQuery,
  archived: ArchivedAudit,
  context: () => Pick<Audit, 'toolVersion' | 'generatedAtMs' | 'skippedRecords'>,
): Promise<Audit> {
  const ofLines = { ...query, sinceMs: archived.sinceMs };
  const aggregation = new AuditAggregation(ofLines, access.nowMs);
  for await (const record of recordsInWindow(access, ofLines)) aggregation.add(record);
  const audit = aggregation.finish(context());
  const rows = [...archived.rows, ...audit.rows].sort(
    (a, b) => compare(a.cluster, b.cluster) || compare(a.host, b.host) || compare(a.day, b.day),
  );
  return { ...audit, sinceMs: query.sinceMs, rows, total: addUp(rows.map(({ all }) => all)) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Says what was asked for and not there. @returns the exit status: 1 where energy does not add up */
export function auditStatus(audit: Audit, query: ReportQuery, output: Pick<Output, 'note'>): number {
  if (audit.rows.length === 0) {
    const between = `between ${timeText(query.sinceMs, query)} and ${timeText(query.untilMs, query)}`;
    const { dataUntilMs } = audit;
    const known =
      dataUntilMs === null ? 'no records were read' : `data until ${timeText(dataUntilMs, query)}`;
    output.note(`no lines of hosts ${between}; ${known}`);
  }
  return audit.rows.every(isBalanced) ? 0 : 1;
}
