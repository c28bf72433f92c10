import type { DateTime } from 'luxon';
import { accountFolder } from '../archive/by-account';
import type { Privacy } from '../archive/privacy';
import { SkippedLines } from '../carbon/intensity-line';
import type { LoadedConfig } from '../config/config';
import type { QuotaState } from '../generated/report';
import { Skipped } from '../ledger/record-line';
import type { PageContent } from '../pages/content';
import { renderPage } from '../pages/page';
import { PAGE_FILE } from '../pages/page-file';
import { jobsOfGroups, PageSums } from '../pages/page-sums';
import { concerning, quotaStates } from '../quota/evaluate';
import type { Aggregate, Group, ReportQuery } from '../report/aggregate';
import { buildReport, figures } from '../report/report';
import type { UserMatch } from '../runs/run-filter';
import { version } from '../version';
import { energyCurves } from './energy-curves';
import { type LedgerAccess, readAggregate } from './ledger-aggregate';
import type { Output } from './output';
import { hoursOf, MOST_JOBS } from './page-hours';
import type { PublishTree } from './publish-tree';
import { readQuotaData } from './quota-data';
import { reportQuery } from './report-query';
import { siteFactors } from './site-factors';
import { findUids } from './user-ids';

/** Users whose jobs are in memory at once: so many, or so many jobs. */
const MOST_USERS = 32;
const MOST_USERS_JOBS = 100_000;
/** Partitions are several, and their jobs are in memory at once. */
const MOST_PARTITION_JOBS = 10_000;

export interface PublishPagesOptions {
  readonly loaded: LoadedConfig;
  readonly privacy: Privacy;
  readonly output: Output;
  readonly now: DateTime;
  /** Who reads the ledger. */
  readonly uid: number;
  readonly starttime: string;
  readonly endtime: string | undefined;
}

export interface PublishedPages {
  readonly users: number;
  readonly accounts: number;
  readonly partitions: number;
  readonly removed: number;
}

/**
 * Writes the pages of a tree. The ledger is read once for who used anything, then by job and by hour for some users at a time: what is in memory is
 * bounded, and the pages of accounts, partitions and the site are added up on the way.
 * @throws EitError as reading a ledger, and EIT_PAGES, EIT_PRIVACY
 */
export async function publishPages(tree: PublishTree, options: PublishPagesOptions): Promise<PublishedPages> {
  const { loaded, privacy, output, now, uid, starttime, endtime } = options;
  const isOpen = privacy.mode === 'open';
  const nowMs = now.toMillis();
  const query = siteQuery(starttime, endtime, uid, loaded, now);
  const factorsIn = siteFactors(loaded);
  const factorsOf = factorsIn(query);
  const curves = energyCurves({ loaded, factorsIn, nowMs, skipped: new SkippedLines() });
  const { curvesOf } = curves;
  const skipped = new Skipped();
  const access: LedgerAccess = { config: loaded.config, skipped, output, uid, nowMs, curvesOf };
  // The same lines are met again: they are counted once.
  const again = (): LedgerAccess => ({ ...access, skipped: new Skipped() });
  const overview = await readAggregate(access, {
    ...query,
    groupBy: ['user', 'uid', 'account', 'partition'],
  });
  const quotaData = await readQuotaData({ loaded, output, factorsIn, curvesOf, nowMs, uid }, findUids);
  const quotas = quotaStates(quotaData, null);

  const sumsOf = (mostJobs: number): PageSums => new PageSums({ factorsOf, extrapolate: false, mostJobs });
  const site = sumsOf(MOST_JOBS);
  const accounts = new Map<string, PageSums>();
  const partitions = new Map<string, PageSums>();
  const content = (
    title: string,
    sums: PageSums,
    told: Pick<PageContent, 'listsJobs' | 'links'> & { hasHours: boolean; quotas: readonly QuotaState[] },
    facts: Aggregate['slurm'],
  ): PageContent => {
    sums.dropSmallJobs();
    const { dataUntilMs } = overview;
    const ofAll = sums === site ? overview : { ...overview, unattributed: null };
    return {
      ...{ title, sums, factorsOf, extrapolate: false, listsJobs: told.listsJobs, links: told.links },
      report: buildReport(sums.aggregate(ofAll, facts?.untilMs ?? null, facts !== null), {
        query: { ...query, groupBy: ['job', 'day'] },
        factorsOf,
        intensitySourcesOf: curves.sourcesOf(query),
        toolVersion: version,
        generatedAtMs: nowMs,
        skippedRecords: skipped.total,
        skippedByReason: skipped.byReason,
        quotas: told.quotas,
      }),
      view: {
        ...{ columns: null, header: true, isOwn: false, timeZone: query.timeZone, terminal: null },
        skipped: skipped.byReason,
      },
      hours: told.hasHours ? hoursOf(sums.hours, query, { curvesOf, dataUntilMs }) : null,
    };
  };

  // A run of several days is one: that only the report without days can tell.
  const countRuns = (sums: PageSums, isOf: (group: Group) => boolean): void => {
    const { sums: total } = sums.total;
    [total.runs, total.nodesExpected, total.nodesReported] = [0, 0, 0];
    for (const group of overview.groups.filter(isOf)) {
      total.runs += group.sums.runs;
      total.nodesExpected += group.sums.nodesExpected;
      total.nodesReported += group.sums.nodesReported;
    }
  };

  let [users, facts]: [number, Aggregate['slurm']] = [0, overview.slurm];
  const all = usersOf(overview.groups);
  const progress = output.progress('writing pages, user');
  for (const some of batches(all)) {
    progress.update(users, all.length);
    const filter = { users: some.map(({ match }) => match) };
    const byJob = await readAggregate(again(), { ...query, filter, groupBy: ['job', 'day', 'uid'] });
    facts ??= byJob.slurm;
    const byHour = await readAggregate(
      again(),
      { ...query, filter, groupBy: ['hour', 'cluster', 'uid', 'account', 'partition'] },
      false,
    );
    const ofUsers = new Map<number, PageSums>();
    const pagesOf = ({ fields }: Group): PageSums[] => [
      site,
      known(ofUsers, fields.uid ?? -1, () => sumsOf(MOST_JOBS)),
      known(accounts, fields.account ?? '', () => sumsOf(isOpen ? MOST_PARTITION_JOBS : 0)),
      known(partitions, fields.partition ?? '', () => sumsOf(MOST_PARTITION_JOBS)),
    ];
    for (const job of jobsOfGroups(byJob.groups)) for (const sums of pagesOf(job[0]!)) sums.addJob(job);
    for (const group of byHour.groups) {
      const { energy_kwh: kwh, co2e_kg: kg } = figures(group.sums, factorsOf, false);
      const { cluster = '', hour = '' } = group.fields;
      for (const { hours } of pagesOf(group)) hours.addHour(cluster, hour, kwh.total, kg);
    }
    for (const { name, match, uid: whose } of some) {
      const sums = ofUsers.get(whose);
      if (sums === undefined) continue;
      countRuns(sums, ({ fields }) => fields.uid === whose);
      const own = concerning(quotaStates(quotaData, { name, uid: whose }), match, quotaData);
      // What he has in common with others he is not told of, where the ledger is private.
      const told = isOpen ? own : own.filter(({ per }) => per === 'user');
      const page = content(
        `Energy and CO2eq: jobs of ${name}`,
        sums,
        { listsJobs: true, links: [], hasHours: true, quotas: told },
        facts,
      );
      await tree.write(`users/${whose}`, renderPage(page), [whose]);
      users++;
    }
  }
  progress.done();

  const coordinators = isOpen ? new Map<string, readonly number[]>() : privacy.coordinators;
  const admins = isOpen ? [] : privacy.adminUids;
  let ofAccounts = 0;
  for (const [account, sums] of accounts) {
    const readers = coordinators.get(account);
    if (!isOpen && readers === undefined) continue;
    countRuns(sums, ({ fields }) => (fields.account ?? '') === account);
    const own = quotas.filter(({ per, name }) => per === 'account' && name === account);
    const page = content(
      `Energy and CO2eq: account ${account}`,
      sums,
      { listsJobs: isOpen, links: [], hasHours: isOpen, quotas: own },
      facts,
    );
    await tree.write(`accounts/${accountFolder(account)}`, renderPage(page), readers ?? []);
    ofAccounts++;
  }
  const folders = [...partitions.keys()].sort().map((name) => ({ name, folder: accountFolder(name) }));
  for (const { name, folder } of folders) {
    countRuns(partitions.get(name)!, ({ fields }) => (fields.partition ?? '') === name);
    const own = quotas.filter((quota) => quota.per === 'partition' && quota.name === name);
    const back = { href: `../../${PAGE_FILE}`, text: 'The whole site' };
    const page = content(
      `Energy and CO2eq: partition ${name}`,
      partitions.get(name)!,
      { listsJobs: true, links: [back], hasHours: true, quotas: own },
      facts,
    );
    await tree.write(`site/partitions/${folder}`, renderPage(page), admins);
  }
  const links = folders.map(({ name, folder }) => ({
    href: `partitions/${encodeURIComponent(folder)}/${PAGE_FILE}`,
    text: `Partition ${name}`,
  }));
  countRuns(site, () => true);
  const page = content(
    'Energy and CO2eq: the whole site',
    site,
    { listsJobs: true, links, hasHours: true, quotas },
    facts,
  );
  await tree.write('site', renderPage(page), admins);
  const removed = await tree.removeOthers(['users', 'accounts', 'site/partitions']);
  return { users, accounts: ofAccounts, partitions: folders.length, removed };
}

interface PageUser {
  readonly uid: number;
  readonly name: string;
  readonly match: UserMatch;
  readonly jobs: number;
}

/** Those who ran anything: without a uid nobody can be let in. */
function usersOf(groups: readonly Group[]): PageUser[] {
  const users = new Map<number, PageUser>();
  for (const { fields, sums } of groups) {
    const { uid, user: name = '' } = fields;
    if (uid === undefined || uid === null) continue;
    const jobs = (users.get(uid)?.jobs ?? 0) + sums.jobs;
    users.set(uid, { uid, name, match: { uid, name }, jobs });
  }
  return [...users.values()].sort((a, b) => a.uid - b.uid);
}

function* batches(users: readonly PageUser[]): Generator<readonly PageUser[], void, undefined> {
  let some: PageUser[] = [];
  let jobs = 0;
  for (const user of users) {
    if (some.length > 0 && (some.length >= MOST_USERS || jobs + user.jobs > MOST_USERS_JOBS)) {
      yield some;
      [some, jobs] = [[], 0];
    }
    some.push(user);
    jobs += user.jobs;
  }
  if (some.length > 0) yield some;
}

function known<K>(map: Map<K, PageSums>, key: K, make: () => PageSums): PageSums {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}

function siteQuery(
  starttime: string,
  endtime: string | undefined,
  uid: number,
  { config }: LoadedConfig,
  now: DateTime,
): ReportQuery {
  const none: readonly string[] = [];
  const options = {
    ...{ user: none, account: none, partition: none, jobs: none, clusters: none, nodelist: none, qos: none },
    ...{ name: none, state: none, 'group-by': none, starttime, endtime, allusers: true, policy: undefined },
    ...{ extrapolate: false, 'compare-slurm': false, lost: false, embodied: false },
  };
  return reportQuery(options, { uid, name: null, isAdmin: true }, config.policy, now);
}
