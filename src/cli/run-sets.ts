import { DateTime } from 'luxon';
import { SkippedLines } from '../carbon/intensity-line';
import { visible } from '../config/visible';
import type { LoadedConfig } from '../config/config';
import { EitError } from '../errors';
import { Skipped } from '../ledger/record-line';
import type { AddedRun, ReportQuery } from '../report/aggregate';
import { buildReport } from '../report/report';
import { counted } from '../report/units';
import { NO_FACTS } from '../science/own-facts';
import type { RunSet, RunSetFilter } from '../science/run-set';
import { version } from '../version';
import type { Surroundings } from './command';
import { energyCurves } from './energy-curves';
import { readAggregate } from './ledger-aggregate';
import { readerOf } from './reader';
import { emptyNotes } from './report-notes';
import { reportQuery } from './report-query';
import { siteFactors } from './site-factors';

/** A set says its runs by name or id: where it says no time, it is of all. */
const FROM_THE_BEGINNING = '2015-01-01';

/** Called for each set before it is read, and again where that begins anew; what it gives is told of each of its runs. */
export type WatchSets = (filter: RunSetFilter, query: ReportQuery) => (added: AddedRun) => void;

/**
 * Reads sets of runs from the ledger, a line a job, with the same sums and factors as eit-report's.
 * @throws EitError EIT_RUN_SET where a set has no runs, or none that the reader may see; and what a report throws
 */
export async function readRunSets(
  filters: readonly RunSetFilter[],
  loaded: LoadedConfig,
  surroundings: Surroundings,
  {
    policy,
    allUsers,
    watchRuns,
  }: { readonly policy: string | undefined; readonly allUsers: boolean; readonly watchRuns?: WatchSets },
): Promise<RunSet[]> {
  const { output, uid } = surroundings;
  const reader = readerOf(surroundings, loaded.config);
  const now = DateTime.local();
  const factorsIn = siteFactors(loaded);
  const damaged = new SkippedLines();
  const curves = energyCurves({ loaded, factorsIn, nowMs: now.toMillis(), skipped: damaged });
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
        ...{ extrapolate: false, 'compare-slurm': false, lost: false, embodied: false },
      },
      reader,
      loaded.config.policy,
      now,
    );
    const skipped = new Skipped();
    const aggregate = await readAggregate(
      {
        ...{ config: loaded.config, skipped, output, uid, curvesOf: curves.curvesOf },
        ...(watchRuns === undefined ? {} : { watchRuns: () => watchRuns(filter, query) }),
      },
      query,
    );
    const report = buildReport(aggregate, {
      ...{ query, toolVersion: version, generatedAtMs: now.toMillis() },
      factorsOf: factorsIn(query),
      intensitySourcesOf: curves.sourcesOf(query),
      ...{ skippedRecords: skipped.total, skippedByReason: skipped.byReason },
    });
    if (report.groups.length === 0)
      throw new EitError(
        'EIT_RUN_SET',
        emptyText(filter, emptyNotes(query, aggregate), reader.isAdmin || allUsers),
      );
    sets.push({ filter, report, own: NO_FACTS });
    if (skipped.total > 0)
      output.note(
        `${filter.name}: ${counted(skipped.total, 'line')} of the ledger not read; eit ledger check tells more`,
      );
  }
  if (damaged.count > 0)
    output.note(
      `${counted(damaged.count, 'line')} of the intensity series not read: ${damaged.places.join('; ')}`,
    );
  return sets;
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
