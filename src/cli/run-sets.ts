import { DateTime } from 'luxon';
import { SkippedLines } from '../carbon/intensity-line';
import { visible } from '../config/visible';
import type { LoadedConfig } from '../config/config';
import { EitError } from '../errors';
import type { EitReport, ReportGroup } from '../generated/report';
import { Skipped } from '../ledger/record-line';
import type { AddedRun, ReportQuery } from '../report/aggregate';
import { buildReport } from '../report/report';
import { counted } from '../report/units';
import { ownFactsOf } from '../science/fact-lines';
import { ownJobFacts } from '../science/own-job-facts';
import type { FactsLookup } from '../runs/job-facts';
import { hasTags, type OwnFacts, parseWantedTag, type WantedTag } from '../science/own-facts';
import { jobName, type RunSet, type RunSetFilter } from '../science/run-set';
import { version } from '../version';
import type { Surroundings } from './command';
import { energyCurves } from './energy-curves';
import { findFactsPath, readFactLines } from './facts-file';
import { readAggregate } from './ledger-aggregate';
import { noteCut, noteNotRead } from './result-notes';
import { readerOf } from './reader';
import { emptyNotes } from './report-notes';
import { reportQuery } from './report-query';
import { siteFactors } from './site-factors';

/** A set says its runs by name or id: where it says no time, it is of all. */
export const FROM_THE_BEGINNING = '2015-01-01';

/** Called for each set before it is read, and again where that begins anew; what it gives is told of each of its runs. */
export type WatchSets = (filter: RunSetFilter, query: ReportQuery) => (added: AddedRun) => void;

/**
 * Reads sets of runs from the ledger, a line a job, with the same sums and factors as eit-report's, and what the user said of them.
 * @param given.facts the file that holds this; absent: his own of Slurm jobs
 * @throws EitError EIT_RUN_SET where a set has no runs, or none that the reader may see; and what a report throws
 */
export async function readRunSets(
  filters: readonly RunSetFilter[],
  loaded: LoadedConfig,
  surroundings: Surroundings,
  {
    policy,
    allUsers,
    facts,
    watchRuns,
    embodied = false,
  }: {
    readonly policy: string | undefined;
    readonly allUsers: boolean;
    readonly facts?: string;
    readonly watchRuns?: WatchSets;
    readonly embodied?: boolean;
  },
): Promise<RunSet[]> {
  const { output, uid } = surroundings;
  const reader = readerOf(surroundings, loaded.config);
  const now = DateTime.local();
  const factorsIn = siteFactors(loaded);
  const damaged = new SkippedLines();
  const curves = energyCurves({ loaded, factorsIn, nowMs: now.toMillis(), skipped: damaged });
  const factsFile = facts ?? findFactsPath(surroundings.env);
  const lines = factsFile === null ? [] : readFactLines(factsFile, output);
  const own = ownFactsOf(lines);
  const isFolder = facts !== undefined;
  const sets: RunSet[] = [];
  for (const filter of filters) {
    const asked = (key: keyof RunSetFilter['asked']): readonly string[] => filter.asked[key] ?? [];
    const query = reportQuery(
      {
        ...{ user: asked('user'), account: asked('account'), partition: asked('partition') },
        ...{ jobs: asked('jobs'), clusters: asked('clusters'), nodelist: asked('nodelist') },
        ...{ qos: asked('qos'), name: asked('name'), state: asked('state') },
        starttime: asked('starttime').at(-1) ?? FROM_THE_BEGINNING,
        endtime: asked('endtime').at(-1),
        ...{ allusers: allUsers, 'group-by': ['job'], policy },
        ...{ extrapolate: false, 'compare-slurm': false, lost: false, embodied },
      },
      reader,
      loaded.config.policy,
      now,
    );
    const skipped = new Skipped();
    const read = async (one: ReportQuery) => {
      const aggregate = await readAggregate(
        {
          ...{ config: loaded.config, skipped, output, uid, curvesOf: curves.curvesOf },
          nowMs: now.toMillis(),
          ...(watchRuns === undefined ? {} : { watchRuns: () => watchRuns(filter, one) }),
          // Of runs that are no jobs of Slurm's no accounting tells anything.
          ...(isFolder
            ? { moreFacts: (known: FactsLookup | null) => ownJobFacts(lines, now.toMillis(), known) }
            : {}),
        },
        one,
      );
      const report = buildReport(aggregate, {
        ...{ query: one, toolVersion: version, generatedAtMs: now.toMillis() },
        factorsOf: factorsIn(one),
        intensitySourcesOf: curves.sourcesOf(one),
        ...{ skippedRecords: skipped.total, skippedByReason: skipped.byReason },
      });
      return { aggregate, report };
    };
    const wanted = asked('tag').map(parseWantedTag);
    const { aggregate, report } =
      wanted.length === 0 ? await read(query) : await readTagged({ filter, query, wanted, own }, read);
    if (report.groups.length === 0)
      throw new EitError(
        'EIT_RUN_SET',
        emptyText(filter, emptyNotes(query, aggregate), reader.isAdmin || allUsers),
      );
    sets.push({ filter, report, own });
    noteCut(output, report, query.timeZone, filter.name);
    noteNotRead(output, skipped, filter.name);
  }
  if (damaged.count > 0)
    output.note(
      `${counted(damaged.count, 'line')} of the intensity series not read: ${damaged.places.join('; ')}`,
    );
  return sets;
}

interface Tagged {
  readonly filter: RunSetFilter;
  readonly query: ReportQuery;
  readonly wanted: readonly WantedTag[];
  readonly own: OwnFacts;
}

/**
 * The ledger knows no tags: jobs are chosen by what it has said of them, and then read by their ids, so that sums are theirs alone.
 * @throws EitError EIT_RUN_SET where no job has the tags, or an id is also that of a job without them
 */
async function readTagged<T extends { readonly report: EitReport }>(
  { filter, query, wanted, own }: Tagged,
  read: (query: ReportQuery) => Promise<T>,
): Promise<T> {
  const ofIds = (ids: readonly number[]): ReportQuery => ({
    ...query,
    filter: {
      ...query.filter,
      jobs: new Set(ids),
      selections: ids.map((id) => ({ text: String(id), id })),
    },
  });
  const all = own.jobsTagged(wanted);
  if (all.length === 0) throw noneTagged(filter, wanted);
  const isTagged = (job: ReportGroup): boolean => hasTags(own.tagsOf(job), wanted);
  const first = await read(query.filter.jobs === undefined ? ofIds(all) : query);
  const { groups } = first.report;
  if (groups.every(isTagged)) return first;
  const tagged = groups.filter(isTagged);
  if (tagged.length === 0) throw noneTagged(filter, wanted);
  const narrowed = ofIds(tagged.map(({ job_id: id }) => id ?? 0));
  const clusters = new Set(tagged.map(({ cluster }) => cluster ?? ''));
  const second = await read({ ...narrowed, filter: { ...narrowed.filter, clusters } });
  const other = second.report.groups.find((job) => !isTagged(job));
  if (other === undefined) return second;
  throw new EitError(
    'EIT_RUN_SET',
    `${jobName(other)} of ${visible(other.cluster ?? '', 64)} has the id of a tagged job and is another one: tell them apart in the filter (clusters=, starttime=, endtime=)`,
  );
}

function noneTagged({ name, text }: RunSetFilter, wanted: readonly WantedTag[]): EitError {
  const tags = wanted.map(({ key, value }) => visible(value === null ? key : `${key}=${value}`, 80));
  return new EitError(
    'EIT_RUN_SET',
    `the set ${JSON.stringify(visible(name, 80))} (${visible(text, 200)}) has no runs: none of them has the tag ${tags.join(' and ')}; eit tag JOB ${tags[0] ?? 'key=value'} gives it, eit tag --list shows those that there are`,
  );
}

function emptyText({ name, text, asked }: RunSetFilter, notes: readonly string[], seesAll: boolean): string {
  const others = seesAll
    ? ''
    : asked.user === undefined
      ? ' Only your own runs were looked at: --allusers takes those of others, as far as you may read their records.'
      : ' Runs of others are read as far as you may read their records.';
  const told =
    asked.name !== undefined || asked.state !== undefined || asked.qos !== undefined
      ? ' Names, states and QOS are known after eit sacct-sync.'
      : '';
  return `the set ${JSON.stringify(visible(name, 80))} (${visible(text, 200)}) has no runs: ${notes.join('; ')}.${others}${told}`;
}
