import { type LoadedConfig, loadQuotas } from '../config/config';
import { currencyOf } from '../config/site-problems';
import { EitError } from '../errors';
import type { QuotaState } from '../generated/report';
import type { UserMatch } from '../runs/run-filter';
import { concerning, type PeriodRuns, type QuotaData, quotaStates } from '../quota/evaluate';
import { periodAt } from '../quota/period';
import { type Subject, USERS_KEYS, usersRuns } from '../quota/usage';
import { Skipped } from '../ledger/record-line';
import type { ReportQuery } from '../report/aggregate';
import { type LedgerAccess, readAggregate } from './ledger-aggregate';
import type { Reader } from './report-query';
import type { FactorsIn } from './site-factors';
import { localTimeZone } from './time-zone';

/** What quotas are read with. */
export interface QuotaAccess {
  readonly loaded: LoadedConfig;
  readonly output: LedgerAccess['output'];
  readonly factorsIn: FactorsIn;
  /** By cluster, factors by time: {@link LedgerAccess}. */
  readonly curvesOf: LedgerAccess['curvesOf'];
  readonly nowMs: number;
  /** Who reads. */
  readonly uid: number;
  /** Only this user's quotas, from his own runs; absent: all. */
  readonly only?: UserMatch;
}

/** What users have in common. */
const SHARED = [
  { per: 'account', name: 'accounts' },
  { per: 'partition', name: 'partitions' },
  { per: 'qos', name: 'QOS' },
] as const;

/** Names of users to their uids, where the system knows them. */
export type FindUids = (names: readonly string[]) => ReadonlyMap<string, number>;

/**
 * Reads what the quotas in force are judged by: the ledger once for each period that one of them has.
 * @param findUids for users whom a quota names
 * @throws EitError EIT_CONFIG_UNREADABLE, EIT_CONFIG_INVALID, EIT_LEDGER_UNREADABLE
 */
export async function readQuotaData(
  { loaded, output, factorsIn, curvesOf, nowMs, uid, only }: QuotaAccess,
  findUids: FindUids,
): Promise<QuotaData & { readonly skipped: Skipped }> {
  const { config } = loaded;
  const quotas = loadQuotas(loaded).filter(({ per }) => only === undefined || per === 'user');
  const timeZone = quotaTimeZone(config.time_zone);
  const isByQos = quotas.some(({ per }) => per === 'qos');
  const periods = new Map<string, PeriodRuns>();
  let newestMs: number | null = null;
  let mostSkipped = new Skipped();
  for (const name of new Set(quotas.map(({ period }) => period))) {
    const period = periodAt(name, nowMs, timeZone);
    const skipped = new Skipped();
    const access = { config, skipped, output, uid, nowMs, ...(curvesOf === undefined ? {} : { curvesOf }) };
    const all = allRuns(period.startMs, nowMs, config.policy, timeZone, isByQos);
    const query = only === undefined ? all : { ...all, filter: { users: [only] } };
    const { groups, dataUntilMs } = await readAggregate(access, query, isByQos);
    const factorsOf = factorsIn({ sinceMs: period.startMs, untilMs: nowMs });
    const pricePerKwhOf = (cluster: string): number | null => factorsOf(cluster).side?.pricePerKwh ?? null;
    periods.set(name, { period, runs: usersRuns(groups), rates: { factorsOf, pricePerKwhOf } });
    // The same lines are passed over again and again: the longest period meets them all.
    if (skipped.total > mostSkipped.total) mostSkipped = skipped;
    if (dataUntilMs !== null) newestMs = Math.max(newestMs ?? dataUntilMs, dataUntilMs);
  }
  const users = quotas.filter(({ per }) => per === 'user').flatMap(({ limits }) => Object.keys(limits ?? {}));
  return {
    quotas,
    periods,
    skipped: mostSkipped,
    // A clock may be ahead by a little.
    dataUntilMs: newestMs === null ? null : Math.min(newestMs, nowMs),
    currency: currencyOf(config),
    uids: findUids([...new Set(users)].filter((name) => !/^\d+$/.test(name))),
  };
}

/**
 * The same for one user. Of a private ledger a user reads his own runs: what he has in common with others he cannot add up, and it is noted that he
 * is not told of it.
 * @throws as {@link readQuotaData}
 */
export async function readUsersQuotaData(
  access: QuotaAccess,
  user: UserMatch,
): ReturnType<typeof readQuotaData> {
  try {
    return await readQuotaData(access, () => new Map());
  } catch (error) {
    if (!(error instanceof EitError) || error.code !== 'EIT_LEDGER_UNREADABLE') throw error;
    const shared = SHARED.filter(({ per }) => loadQuotas(access.loaded).some((quota) => quota.per === per));
    if (shared.length > 0) {
      access.output?.note(
        `quotas of ${shared.map(({ name }) => name).join(', ')} are not shown: the ledger is private, and what others used of them is not yours to ` +
          'read. An admin sees them: eit quota',
      );
    }
    return readQuotaData({ ...access, only: user }, () => new Map());
  }
}

/**
 * The quotas that concern the one user of a report, as of now.
 * @returns null where there are none to tell of: the report is of several users, of jobs by id, of a time that is over, or the site has none
 */
export async function quotasOfReport(
  { filter: { users, jobs }, untilMs }: ReportQuery,
  reader: Reader,
  quotaAccess: QuotaAccess,
): Promise<QuotaState[] | null> {
  const [user, ...more] = users ?? [];
  if (user === undefined || more.length > 0 || jobs !== undefined || untilMs < quotaAccess.nowMs) return null;
  const data = await readUsersQuotaData(quotaAccess, user);
  if (data.quotas.length === 0) return null;
  const known = [...data.periods.values()].flatMap(
    ({ runs }) => runs.find((run) => run.user === user.name) ?? [],
  );
  const uid = user.uid ?? (user.name === reader.name ? reader.uid : (known[0]?.uid ?? null));
  const asked: Subject = { name: user.name ?? `uid:${uid ?? ''}`, uid };
  return concerning(quotaStates(data, asked), user, data);
}

/** The zone of the config, else that of the machine, where that is one that has a name. */
function quotaTimeZone(configured: string | undefined): string {
  if (configured !== undefined) return configured;
  return localTimeZone();
}

function allRuns(
  sinceMs: number,
  untilMs: number,
  policy: ReportQuery['policy'],
  timeZone: string,
  isByQos: boolean,
): ReportQuery {
  return {
    sinceMs,
    untilMs,
    groupBy: USERS_KEYS.filter((key) => isByQos || key !== 'qos'),
    policy,
    filter: {},
    timeZone,
    withUnattributed: false,
    extrapolate: false,
  };
}
