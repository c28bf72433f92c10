import { join } from 'node:path';
import { readManifest } from '../archive/manifest';
import { takenBefore } from '../archive/read-archive';
import type { LoadedConfig } from '../config/config';
import { SkippedLines } from '../carbon/intensity-line';
import type { ArchiveManifest } from '../generated/manifest';
import type { EitReport, QuotaState } from '../generated/report';
import { ledgerClusters } from '../ledger/inbox-files';
import { readInboxState } from '../ledger/inbox-state';
import { Skipped } from '../ledger/record-line';
import { quotaStates } from '../quota/evaluate';
import type { Aggregate, ReportQuery } from '../report/aggregate';
import type { ClusterFigures, LedgerFigures, MetricScope } from '../report/ledger-metrics';
import { buildReport } from '../report/report';
import { version } from '../version';
import { energyCurves } from './energy-curves';
import { readAggregate } from './ledger-aggregate';
import type { Output } from './output';
import { readQuotaData } from './quota-data';
import { type FactorsIn, siteFactors } from './site-factors';
import { localTimeZone } from './time-zone';
import { findUids } from './user-ids';

const DAY_MS = 86_400_000;

/** What is to be read of the ledger for metrics. */
export interface FiguresAsked {
  readonly loaded: LoadedConfig;
  readonly output: Output;
  /** Who reads. */
  readonly uid: number;
  readonly nowMs: () => number;
  readonly window: { readonly name: string; readonly ms: number };
  readonly silentAfterMs: number;
  readonly topUsers: number;
  readonly withAccounts: boolean;
  readonly withQuotas: boolean;
}

/**
 * Reads all that `eit prometheus` tells of.
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB, EIT_CONFIG_INVALID and those of factors
 */
export async function readLedgerFigures(asked: FiguresAsked): Promise<LedgerFigures> {
  const { loaded, window, silentAfterMs, topUsers } = asked;
  const { ledger, policy } = loaded.config;
  const nowMs = asked.nowMs();
  const factorsIn = siteFactors(loaded);
  const clusters: ClusterFigures[] = [];
  for (const cluster of await ledgerClusters(ledger))
    clusters.push(await clusterFigures(asked, cluster, nowMs, factorsIn));
  const quotas = asked.withQuotas ? await readQuotas(asked, nowMs, factorsIn) : [];
  return {
    version,
    policy,
    nowMs,
    tookS: (asked.nowMs() - nowMs) / 1000,
    window: window.name,
    silentAfterMs,
    topUsers,
    clusters,
    quotas,
  };
}

async function clusterFigures(
  asked: FiguresAsked,
  cluster: string,
  nowMs: number,
  factorsIn: FactorsIn,
): Promise<ClusterFigures> {
  const { loaded, window, topUsers, withAccounts } = asked;
  const { ledger } = loaded.config;
  const dir = join(ledger, cluster);
  const manifest = await readManifest(dir);
  // In the archive's own zone all whole days and months come from its sums.
  const timeZone = manifest?.time_zone ?? localTimeZone();
  const scopes: MetricScope[] = ['partition', ...(withAccounts ? (['account'] as const) : [])];
  const taken = manifest === null ? null : await takenBefore(dir, manifest);
  const inbox = await readInboxState(ledger, cluster, taken);
  const beganMs = ledgerBegan(manifest, inbox.firstDay) ?? nowMs;
  const ever = new Map<MetricScope, Aggregate>();
  for (const scope of scopes) ever.set(scope, await readEver(asked, queryOf(beganMs, nowMs, scope)));
  const reports = new Map<MetricScope, EitReport>();
  for (const scope of topUsers > 0 ? [...scopes, 'user' as const] : scopes)
    reports.set(scope, await readWindow(asked, queryOf(nowMs - window.ms, nowMs, scope), factorsIn));
  return { cluster, ever, window: reports, inbox };

  function queryOf(sinceMs: number, untilMs: number, scope: MetricScope): ReportQuery {
    return {
      sinceMs,
      untilMs,
      groupBy: [scope],
      policy: loaded.config.policy,
      filter: { clusters: new Set([cluster]) },
      timeZone,
      withUnattributed: scope === 'partition',
      extrapolate: false,
    };
  }
}

/**
 * Before anything that the ledger holds, Unix ms: from there on each day is looked at by itself. What comes late can be of before the archive's first month.
 */
function ledgerBegan(manifest: ArchiveManifest | null, firstInboxDay: string | null): number | null {
  const begins = [
    ...(manifest?.parts ?? []).map(({ month }) => Date.parse(`${month}-01T00:00:00Z`)),
    ...(firstInboxDay === null ? [] : [Date.parse(`${firstInboxDay}T00:00:00Z`)]),
  ];
  return begins.length === 0 ? null : begins.reduce((a, b) => Math.min(a, b)) - 2 * DAY_MS;
}

/** Without factors, and without what sacct tells: joules as they were recorded. */
function readEver({ loaded, output, uid }: FiguresAsked, query: ReportQuery): Promise<Aggregate> {
  const { untilMs: nowMs } = query;
  return readAggregate({ config: loaded.config, skipped: new Skipped(), output, uid, nowMs }, query, false);
}

async function readWindow(
  { loaded, output, uid }: FiguresAsked,
  query: ReportQuery,
  factorsIn: FactorsIn,
): Promise<EitReport> {
  const skipped = new Skipped();
  const { untilMs: nowMs } = query;
  const { curvesOf } = energyCurves({ loaded, factorsIn, nowMs, skipped: new SkippedLines() });
  const aggregate = await readAggregate(
    { config: loaded.config, skipped, output, uid, nowMs, curvesOf },
    query,
  );
  return buildReport(aggregate, {
    query,
    factorsOf: factorsIn(query),
    toolVersion: version,
    generatedAtMs: query.untilMs,
    skippedRecords: skipped.total,
  });
}

/** Of users only where they are told at all, those nearest to their limits. */
async function readQuotas(
  { loaded, output, uid, topUsers }: FiguresAsked,
  nowMs: number,
  factorsIn: FactorsIn,
): Promise<QuotaState[]> {
  const { curvesOf } = energyCurves({ loaded, factorsIn, nowMs, skipped: new SkippedLines() });
  const data = await readQuotaData({ loaded, output, factorsIn, curvesOf, nowMs, uid }, findUids);
  const states = quotaStates(data, null);
  const ofUsers = states.filter(({ per }) => per === 'user').slice(0, topUsers);
  return [...states.filter(({ per }) => per !== 'user'), ...ofUsers];
}
