import { tmpdir } from 'node:os';
import type { DuckDBConnection } from '@duckdb/node-api';
import { cutSlots } from '../archive/cut-slots';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { namingDamage } from '../archive/damage';
import { readFactsFor } from '../archive/job-facts';
import { keptMonthsIn } from '../archive/kept-months';
import {
  countRefused,
  readHardware,
  readHosts,
  type ReadableArchive,
  readSlices,
  takenBefore,
  type Window,
} from '../archive/read-archive';
import { RUN_DAYS } from '../archive/run-day-table';
import { SLICES } from '../archive/slice-table';
import { slotMsOf } from '../archive/slot';
import { jobTable } from '../archive/totals-jobs';
import { EitError, isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import { InboxChanged, type InboxQuery, listInbox, readInbox } from '../ledger/inbox';
import { type InboxFile, unreadable } from '../ledger/inbox-files';
import { Skipped } from '../ledger/record-line';
import {
  type AddedRun,
  type Aggregate,
  Aggregation,
  needsFacts,
  type ReportQuery,
} from '../report/aggregate';
import type { SumsSink } from '../report/stored-aggregate';
import type { HardwareTold } from '../runs/hardware-models';
import type { FactsLookup } from '../runs/job-facts';
import type { WeightCurve, Weighing } from '../runs/slot-weights';
import { type OpenedLedger, openLedger } from './ledger-archives';
import { addDays, daysAddedUp } from './ledger-days';
import { addMonths, goneNote, isToldByTotals } from './ledger-months';
import type { Output } from './output';
import { toldNote } from './told-note';
import { localTimeZone } from './time-zone';

/** Compaction removes files once a day at most. */
const MOST_ATTEMPTS = 5;

/** Where a command reads, and how it says how far it is. */
export interface LedgerAccess {
  readonly config: EitConfig;
  readonly skipped: Skipped;
  /** Who reads. */
  readonly uid: number;
  /** When: what ends later is of a clock that is ahead, and tells not until when data go. */
  readonly nowMs: number;
  /** For the progress; null: none is shown. */
  readonly output: Output | null;
  /** By cluster, what energies of a window are weighed by; absent or null: factors are the same at all times. */
  readonly curvesOf?: (window: Window) => ((cluster: string) => WeightCurve | null) | null;
  /** Called before each attempt to read; what it gives is told of each run that is not taken from totals. */
  readonly watchRuns?: () => (added: AddedRun) => void;
  /** Adds up what is to be read run by run, somewhere else; absent: it is read here. */
  readonly divide?: (division: Division) => Promise<void>;
  /** What is known of runs beside what the ledger has of Slurm's accounting; absent: nothing. */
  readonly moreFacts?: (known: FactsLookup | null) => FactsLookup | null;
}

/** What is left of a report when all has been added up that is not of runs, or of jobs that the inbox has lines of. */
export interface Division {
  readonly connection: DuckDBConnection;
  /** Whose slices are to be added up, but for those jobs. */
  readonly archives: readonly ReadableArchive[];
  readonly query: ReportQuery;
  readonly inboxJobs: ReadonlyMap<string, ReadonlySet<number>>;
  /** What the inbox tells of hosts. */
  readonly hardware: readonly HardwareTold[];
  readonly weighing: Weighing | null;
  readonly sink: SumsSink;
}

/**
 * The sums of a query over all that the ledger holds: the archive, and what the inbox has beyond it.
 * @param withFacts whether what Slurm's accounting tells of runs is wanted
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB
 */
export async function readAggregate(
  access: LedgerAccess,
  query: ReportQuery,
  withFacts = true,
): Promise<Aggregate> {
  for (let attempt = 1; ; attempt++) {
    const skipped = new Skipped();
    try {
      const aggregate = await readOnce({ ...access, skipped }, query, withFacts);
      for (const [reason, count] of skipped.byReason) access.skipped.count(reason, count);
      return aggregate;
    } catch (error) {
      // Compaction has removed a file meanwhile: what was in it is in the archive now.
      if (!(error instanceof InboxChanged)) throw error;
      if (attempt === MOST_ATTEMPTS) throw unreadable(error.message, error);
    }
  }
}

async function readOnce(access: LedgerAccess, asked: ReportQuery, withFacts: boolean): Promise<Aggregate> {
  // First of all: who may not read what he asks for is told so.
  const { files, opened } = await openAll(access, asked);
  const factsOf = (of: ReportQuery) => readFacts(access, of, opened.totalsOf);
  const ofJobs = withFacts && asked.filter.jobs !== undefined ? await factsOf(asked) : null;
  const query = withJobsTold(asked, ofJobs);
  const weighing = weighingOf(access, opened, query);
  const aggregation = new Aggregation(query, ofJobs, weighing, access.watchRuns?.() ?? null, access.nowMs);
  const { archives } = opened;
  // Whole days have it in their totals, and others who add up runs read it: it need not be read here of the millions of runs of a year.
  const isForFew =
    ofJobs === null &&
    archives.length > 0 &&
    archives.every((archive) => access.divide || daysAddedUp(archive, query, weighing).size > 0);
  if (withFacts && !isForFew && ofJobs === null) aggregation.useFacts(await factsOf(query));
  if (archives.length === 0) {
    for await (const record of recordsInWindow(access, query, { files })) aggregation.add(record);
    return aggregation.finish();
  }
  await namingDamage(
    () => archives,
    () =>
      withDuckDb({ ...REPORT_LIMITS, temporaryDir: tmpdir() }, async (connection) => {
        const jobs = await addArchives(connection, opened, files, access, query, { aggregation, weighing });
        if (!withFacts || !isForFew) return;
        aggregation.useFacts(await factsOf({ ...query, filter: { ...query.filter, jobs } }));
      }),
  );
  return aggregation.finish();
}

/** A cluster without an archive has the slots that its archive would have. */
function weighingOf(
  { config, curvesOf, output }: LedgerAccess,
  { archives }: OpenedLedger,
  { sinceMs, untilMs }: ReportQuery,
): Weighing | null {
  const curveOf = curvesOf?.({ sinceMs, untilMs }) ?? null;
  if (curveOf === null) return null;
  const known = new Map(archives.map(({ cluster, manifest }) => [cluster, manifest.slot_ms]));
  // Coordinators are told days, not hours.
  const timeless = new Set(
    archives.filter(({ manifest: { parts } }) => isTotalsAlone(parts)).map(({ cluster }) => cluster),
  );
  for (const cluster of timeless) {
    if (curveOf(cluster) !== null)
      output?.note(`${cluster}: an account's totals tell no hours: CO2e is by the average of the year`);
  }
  const otherMs = slotMsOf(localTimeZone(), Date.now(), config.slot_minutes * 60_000);
  return {
    curveOf: (cluster) => (timeless.has(cluster) ? null : curveOf(cluster)),
    slotMsOf: (cluster) => known.get(cluster) ?? otherMs,
  };
}

/** What was published of an account. */
function isTotalsAlone(parts: ReadableArchive['manifest']['parts']): boolean {
  return parts.some(({ kind }) => kind === RUN_DAYS.name) && !parts.some(({ kind }) => kind === SLICES.name);
}

/** The query with the ids of all jobs that can be meant: tasks of an array and parts of a heterogeneous job have ids of their own. */
function withJobsTold(query: ReportQuery, facts: FactsLookup | null): ReportQuery {
  const { jobs } = query.filter;
  if (jobs === undefined || facts === null) return query;
  return { ...query, filter: { ...query.filter, jobs: new Set([...jobs, ...facts.jobIds]) } };
}

/** The inbox is listed before the manifest is read: what is removed until then is in it. */
async function openAll(
  access: LedgerAccess,
  query: ReportQuery,
): Promise<{ files: readonly InboxFile[]; opened: OpenedLedger }> {
  const { ledger } = access.config;
  const open = () => openLedger(ledger, query, access.uid);
  try {
    const files = await listInbox(ledger, inboxQuery(access.skipped, query));
    return { files, opened: await open() };
  } catch (error) {
    if (!(error instanceof EitError) || !isErrno(error.cause, 'EACCES')) throw error;
    // Of a private ledger most read the archive only.
    const { archives, inboxes: clusters } = await open();
    if (archives.length === 0 || clusters === undefined) throw error;
    const filter = { ...query.filter, clusters };
    const files = await listInbox(ledger, inboxQuery(access.skipped, { ...query, filter }));
    return { files, opened: await open() };
  }
}

/**
 * What hosts are made of first, then the inbox: so each job of the archive can be added up as soon as it has been read.
 * @returns where whole days were added up from totals, the jobs that were not
 */
async function addArchives(
  connection: DuckDBConnection,
  { archives, inboxes }: OpenedLedger,
  files: readonly InboxFile[],
  access: LedgerAccess,
  query: ReportQuery,
  { aggregation, weighing }: { aggregation: Aggregation; weighing: Weighing | null },
): Promise<Set<number>> {
  const taken = new Map<string, Awaited<ReturnType<typeof takenBefore>>>();
  for (const archive of archives) {
    const { cluster, dir, manifest } = archive;
    if (manifest.data_until !== null) aggregation.seen(Date.parse(manifest.data_until));
    countRefused(manifest, query, access.skipped);
    if (inboxes?.has(cluster) ?? true) taken.set(cluster, await takenBefore(dir, manifest));
    await readHardware(connection, archive, {
      addHardware: (told) => aggregation.addHardware(told),
    });
  }
  const inboxJobs = new Map<string, Set<number>>();
  const hardware = new Map<string, HardwareTold>();
  const filter = inboxes === undefined ? query.filter : { ...query.filter, clusters: inboxes };
  for await (const record of recordsInWindow(
    access,
    { ...query, filter },
    { files: files.filter(({ cluster }) => inboxes?.has(cluster) ?? true), taken },
  )) {
    aggregation.add(record);
    if (record.kind === 'run') jobsOf(inboxJobs, record.cluster).add(record.job);
    else if (record.kind === 'host' && access.divide !== undefined) keepFirst(hardware, record);
  }
  const rest = new Set([...inboxJobs.values()].flatMap((jobs) => [...jobs]));
  const divided: ReadableArchive[] = [];
  for (const archive of archives) {
    const kept = keptMonthsIn(archive, query);
    const months = isToldByTotals(archive, query) ? kept.whole : [];
    await addMonths(connection, archive, query, months, aggregation);
    const left = [...kept.whole, ...kept.cut].filter((month) => !months.includes(month)).sort();
    if (left.length > 0) access.output?.noteOnce(goneNote(archive.cluster, left));
    const days = daysAddedUp(archive, query, weighing);
    if (days.size > 0) {
      const told = taken.get(archive.cluster)?.told;
      if (access.output && told !== undefined && needsFacts(query)) {
        const note = await toldNote(access.config.ledger, archive, told, days);
        if (note !== null) access.output.noteOnce(note);
      }
      const inbox = jobsOf(inboxJobs, archive.cluster);
      const jobs = await addDays(connection, archive, query, days, inbox, aggregation, weighing);
      for (const job of jobs) rest.add(job);
    } else if (access.divide !== undefined) {
      divided.push(archive);
      await addInboxJobs(connection, archive, query, jobsOf(inboxJobs, archive.cluster), aggregation);
    } else {
      await readSlices(connection, archive, query, {
        addSlice: (cluster, row, atMs) => aggregation.addSlice(cluster, row, atMs),
        endJob: (cluster, job) => aggregation.endJob(cluster, job),
      });
    }
    const withHosts = query.withUnattributed || query.policy === 'hybrid';
    for (const slot of await cutSlots(connection, archive, query, withHosts)) aggregation.cut(slot);
    if (withHosts) {
      await readHosts(connection, archive, query, {
        addHost: (cluster, row, atMs) => aggregation.addHost(cluster, row, atMs),
      });
    }
  }
  if (divided.length > 0) {
    await access.divide?.({
      ...{ connection, archives: divided, query, inboxJobs, hardware: [...hardware.values()], weighing },
      sink: aggregation,
    });
  }
  return rest;
}

/** What the archive has of jobs that the inbox has lines of. */
async function addInboxJobs(
  connection: DuckDBConnection,
  archive: ReadableArchive,
  query: ReportQuery,
  jobs: ReadonlySet<number>,
  aggregation: Aggregation,
): Promise<void> {
  if (jobs.size === 0) return;
  await readSlices(
    connection,
    archive,
    query,
    { addSlice: (cluster, row, atMs) => aggregation.addSlice(cluster, row, atMs) },
    await jobTable(connection, 'inbox_jobs', jobs),
  );
}

/** Hosts say the same each day: what was said first tells as much as all of it. */
function keepFirst(hardware: Map<string, HardwareTold>, record: HardwareTold): void {
  if (record.hardware === undefined) return;
  const { cluster, host, from, hardware: told } = record;
  const key = JSON.stringify([cluster, host, told]);
  const before = hardware.get(key);
  if (before === undefined || from < before.from) hardware.set(key, { cluster, host, from, hardware: told });
}

function jobsOf(jobs: Map<string, Set<number>>, cluster: string): Set<number> {
  let found = jobs.get(cluster);
  if (found === undefined) jobs.set(cluster, (found = new Set()));
  return found;
}

/**
 * What Slurm's accounting tells of the runs asked for; null where it was never asked. A report that can do without says so and goes on
 * where that cannot be read.
 * @param totalsOf clusters whose totals tell it themselves: see {@link OpenedLedger}
 * @throws EitError EIT_LEDGER_UNREADABLE, EIT_ARCHIVE, EIT_DUCKDB where the query asks for it
 */
export async function readFacts(
  access: LedgerAccess,
  query: ReportQuery,
  totalsOf: ReadonlySet<string> = new Set(),
): Promise<FactsLookup | null> {
  const known = await readLedgersFacts(access, query, totalsOf);
  return access.moreFacts === undefined ? known : access.moreFacts(known);
}

async function readLedgersFacts(
  { config, output, uid }: LedgerAccess,
  query: ReportQuery,
  totalsOf: ReadonlySet<string>,
): Promise<FactsLookup | null> {
  const { filter, sinceMs, untilMs } = query;
  const clusters = filter.clusters === undefined ? undefined : [...filter.clusters];
  try {
    const { facts, refused } = await readFactsFor(uid, config.ledger, clusters, sinceMs, untilMs, filter);
    const shut = refused.filter((cluster) => !totalsOf.has(cluster));
    if (shut.length > 0) throw notYours(shut, query);
    return facts;
  } catch (error) {
    if (!(error instanceof EitError) || needsFacts(query)) throw error;
    const isShut =
      error.code === 'EIT_LEDGER_UNREADABLE' && (error.cause === undefined || isErrno(error.cause, 'EACCES'));
    if (!isShut && error.code !== 'EIT_ARCHIVE' && error.code !== 'EIT_DUCKDB') throw error;
    output?.note(`without names and states of jobs: ${error.code}: ${error.message}`);
    return null;
  }
}

/** Of a private ledger, before its compaction has opened or published it. */
function notYours(clusters: readonly string[], query: ReportQuery): EitError {
  const instead = needsFacts(query)
    ? '. Until then leave out --group-by name, qos, state, array and het, --name, --qos, --state, --lost, --compare-slurm and tasks in --jobs'
    : '';
  return new EitError(
    'EIT_LEDGER_UNREADABLE',
    `what Slurm's accounting told of jobs of ${clusters.join(', ')} (name, QOS, state) is not yours to read: the ledger is private. The next ` +
      `eit ledger compact opens it to admins, and publishes for each user what it told of his own jobs${instead}`,
  );
}

function inboxQuery(
  skipped: Skipped,
  { filter, sinceMs, untilMs }: Pick<ReportQuery, 'filter' | 'sinceMs' | 'untilMs'>,
): Pick<InboxQuery, 'clusters' | 'fromMs' | 'toMs' | 'skipped'> {
  return {
    ...(filter.clusters === undefined ? {} : { clusters: [...filter.clusters] }),
    fromMs: sinceMs,
    toMs: untilMs,
    skipped,
  };
}

/** The records of the inbox of the days asked for and around. */
export async function* recordsInWindow(
  { config, skipped, output }: Pick<LedgerAccess, 'config' | 'skipped' | 'output'>,
  query: Pick<ReportQuery, 'filter' | 'sinceMs' | 'untilMs'>,
  given: Pick<InboxQuery, 'files' | 'taken'> = {},
): AsyncGenerator<EitRecord, void, undefined> {
  const progress = output?.progress('reading the ledger, file');
  try {
    yield* readInbox(config.ledger, {
      ...inboxQuery(skipped, query),
      ...given,
      onProgress: (done, all) => progress?.update(done, all),
    });
  } finally {
    progress?.done();
  }
}
