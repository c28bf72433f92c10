import recordSchema from '../../schemas/record.schema.json';
import runDataSchema from '../../schemas/run-data.schema.json';
import type { AppendixFolder } from '../appendix/appendix-folder';
import { type SourceFile, textOfFile } from '../appendix/attached-file';
import { type ChosenJob, chosenJobs } from '../appendix/chosen-jobs';
import { FoundJobs } from '../appendix/found-jobs';
import { indexPage } from '../appendix/index-page';
import { Pseudonyms, type NameKind, withoutNames } from '../appendix/pseudonyms';
import { publishedHardware } from '../appendix/run-data';
import { type JobDetails, RunDetails } from '../appendix/run-details';
import { runPage } from '../appendix/run-page';
import { setPages } from '../appendix/set-page';
import {
  type AttachedFile,
  dataPathOf,
  FIGURES_FILE,
  runPath,
  SCHEMA_FILES,
  setsIn,
  type Site,
  type SiteRun,
  type SiteSet,
  siteSets,
} from '../appendix/site';
import { parseSoftware } from '../appendix/software';
import { type AppendixPlan, type PlannedSet, setsIn as plannedSetsIn, type Told } from '../appendix/spec';
import { POLICIES } from '../attribution/policy';
import { SkippedLines } from '../carbon/intensity-line';
import type { EitReport } from '../generated/report';
import { csv } from '../report/csv';
import { factorLines } from '../report/factor-lines';
import { notesLine } from '../report/footer';
import type { View } from '../report/format';
import type { ReportQuery } from '../report/aggregate';
import type { RunSet, RunSetFilter } from '../science/run-set';
import { version } from '../version';
import { chosenRuns } from './chosen-runs';
import type { Surroundings } from './command';
import { energyCurves } from './energy-curves';
import { gridIntensity } from './page-hours';
import { readRunDetails } from './run-details';
import { siteFactors } from './site-factors';
import { readSoftwareFile } from './software-file';

const DAY_MS = 86_400_000;

export interface AppendixAsked {
  readonly plan: AppendixPlan;
  /** The same, with users' metrics of these runs as figures. @throws EitError EIT_APPENDIX */
  readonly planWith: (sets: readonly RunSet[]) => Pick<AppendixPlan, keyof Told | 'sets'>;
  readonly argv: Readonly<Record<string, unknown>>;
  readonly surroundings: Surroundings;
  readonly folder: AppendixFolder;
  /** Of each set, and of the whole (null). */
  readonly attached: ReadonlyMap<PlannedSet | null, readonly SourceFile[]>;
}

/** A hidden name that can be read all the same. */
export interface FoundName {
  readonly kind: NameKind;
  readonly name: string;
  readonly where: string;
}

/** An attached file in which hidden names can stand that nobody has looked for. */
export interface UnseenFile {
  readonly file: string;
  readonly why: string;
}

export interface AppendixResult {
  readonly site: Site;
  /** All of them, sets within sets behind theirs. */
  readonly sets: readonly SiteSet[];
  readonly foundNames: readonly FoundName[];
  readonly unseenFiles: readonly UnseenFile[];
  readonly bytes: number;
  readonly largestPage: number;
}

/** What reports say of times, to whoever reads them wherever. */
const VIEW: View = {
  columns: null,
  header: true,
  isOwn: false,
  timeZone: 'utc',
  skipped: [],
  terminal: null,
};

/**
 * Reads the ledger, twice at most for each set, and writes all pages and files of an appendix.
 * @throws EitError as chosenRuns, EIT_PAGES
 */
export async function buildAppendix(asked: AppendixAsked): Promise<AppendixResult> {
  const { plan, argv, surroundings, folder } = asked;
  const filters = plannedSetsIn(plan.sets).flatMap(({ filter }) => (filter === null ? [] : [filter]));
  const watched = new Map<RunSetFilter, { readonly found: FoundJobs; readonly query: ReportQuery }>();
  const chosen = await chosenRuns(argv, surroundings, {
    filters,
    allowIncomplete: plan.allowIncomplete,
    watchRuns: (filter, query) => {
      const found = new FoundJobs(query);
      watched.set(filter, { found, query });
      return (added) => found.add(added);
    },
  });
  const jobsOf = chosenJobs(chosen.sets, (set) => watched.get(set.filter)?.found.of(set.report.groups) ?? []);
  const jobsOfFilter = new Map([...jobsOf].map(([{ filter }, jobs]) => [filter, jobs]));
  const ordered = [...new Set([...jobsOf.values()].flat())];

  const names = new Pseudonyms(plan.hidesNames);
  const reports = new Map(chosen.sets.map((set) => [set, withoutNames(set.report, names)]));
  const told = asked.planWith(chosen.sets.map((set) => publishedSet(set, reports.get(set)!)));
  const toldSets = plannedSetsIn(told.sets);
  const { details, data } = await readDetails(
    asked,
    chosen.loaded.config.ledger,
    ordered,
    [...watched.values()],
    names,
  );
  const gridOf = gridIntensities(chosen.loaded, ordered);
  const runs = new Map<ChosenJob, SiteRun>();
  ordered.forEach((job, i) => {
    const number = i + 1;
    const path = dataPathOf(number);
    const lines = data.get(path) ?? 0;
    runs.set(job, {
      number,
      ...siteRunOf(job, details[i]!, reports.get(job.set)!, names, surroundings),
      gridOf: gridOf(job.found.cluster),
      data: { path, lines, bytes: lines === 0 ? 0 : folder.bytesOf(path) },
    });
  });

  const attach = (set: PlannedSet | null, at: string): AttachedFile[] =>
    (asked.attached.get(set) ?? []).map(({ path: from, name, bytes }) => {
      const path = `files/${at}${name}`;
      folder.copy(path, from);
      return { path, name, bytes };
    });
  const numbered = new Map(plannedSetsIn(plan.sets).map((set, i) => [set, i + 1]));
  const site: Site = {
    ...{ title: plan.title, description: plan.description, hidesNames: plan.hidesNames },
    ...{ figures: told.figures, plots: told.plots, order: told.order },
    sets: siteSets(
      plan.sets,
      ({ filter }) => (filter === null ? [] : (jobsOfFilter.get(filter) ?? []).map((job) => runs.get(job)!)),
      (set) => toldSets[(numbered.get(set) ?? 0) - 1] ?? set,
      (set) => attach(set, `set-${numbered.get(set) ?? 0}/`),
    ),
    runs: [...runs.values()],
    attached: attach(null, ''),
    warnings: chosen.warnings,
    notes: [...new Set([...reports.values()].flatMap(notesOf))],
    generatedAt: new Date().toISOString(),
    toolVersion: version,
  };
  return {
    site,
    ...writeSite(site, [...reports.values()][0]!, folder),
    ...lookedThrough(asked, site, names),
  };
}

/** A set as it is published, with what its users say of its jobs. */
function publishedSet({ filter, report, own }: RunSet, published: EitReport): RunSet {
  const asMeasured = new Map(published.groups.map((job, i) => [job, report.groups[i]!]));
  return {
    ...{ filter, report: published },
    own: {
      ...own,
      tagsOf: (job) => own.tagsOf(asMeasured.get(job) ?? job),
      metricsOf: (job) => own.metricsOf(asMeasured.get(job) ?? job),
    },
  };
}

/** What figures rest on. */
function notesOf(report: EitReport): string[] {
  return [...factorLines(report, VIEW, ['Cost', 'Water', 'MarketCO2e']), notesLine(report, VIEW)];
}

function siteRunOf(
  { found, group, set }: ChosenJob,
  details: JobDetails,
  report: EitReport,
  names: Pseudonyms,
  { env }: Surroundings,
): Omit<SiteRun, 'number' | 'gridOf' | 'data'> {
  const { cluster, executions, cpus } = found;
  const text = readSoftwareFile(env, cluster, group.job_id ?? 0);
  return {
    ...{ cpus, details, report },
    job: report.groups[set.report.groups.indexOf(group)]!,
    executions: executions.map((execution) => ({
      ...execution,
      nodes: execution.nodes.map((node) => names.of('node', node, cluster)),
    })),
    hardware: [...details.hardware].map(([host, hardware]) => ({
      host: names.of('host', host, cluster),
      hardware: hardware === null ? null : publishedHardware(hardware, names),
    })),
    software: text === null ? null : parseSoftware(text, names.isHiding),
    tags: set.own.tagsOf(group),
    metrics: set.own.metricsOf(group),
  };
}

async function readDetails(
  { surroundings, folder }: AppendixAsked,
  ledger: string,
  jobs: readonly ChosenJob[],
  watched: readonly { readonly query: ReportQuery }[],
  names: Pseudonyms,
): Promise<{ readonly details: readonly JobDetails[]; readonly data: ReadonlyMap<string, number> }> {
  const wanted = jobs.map(({ found }) => found);
  const fragments = wanted.flatMap((job) => job.fragments);
  const first = watched[0]!.query;
  const users = first.filter.users;
  const isSame = watched.every(({ query }) => JSON.stringify(query.filter.users) === JSON.stringify(users));
  const query: ReportQuery = {
    ...first,
    sinceMs: fragments.reduce((least, { startedMs }) => Math.min(least, startedMs), Infinity) - DAY_MS,
    untilMs: fragments.reduce((most, { toMs }) => Math.max(most, toMs), 0) + DAY_MS,
    withUnattributed: false,
    filter: {
      users: isSame ? users : undefined,
      clusters: new Set(wanted.map(({ cluster }) => cluster)),
      jobs: new Set(fragments.map(({ job }) => job)),
    },
  };
  const policy = POLICIES.indexOf(query.policy);
  let data = new Map<string, number>();
  const details = await readRunDetails(
    { ledger, uid: surroundings.uid, output: surroundings.output },
    query,
    () => {
      folder.dropAppended(data.keys());
      data = new Map();
      const paths = new Map<JobDetails, string>();
      const reading = new RunDetails(wanted, {
        ...{ policy, names },
        write: (job, line) => {
          const path = paths.get(job)!;
          data.set(path, (data.get(path) ?? 0) + 1);
          folder.append(path, `${JSON.stringify(line)}\n`);
        },
      });
      reading.jobs.forEach((job, i) => paths.set(job, dataPathOf(i + 1)));
      return reading;
    },
  );
  // Of a job of which nothing more is known there is an empty file.
  details.jobs.forEach((_, i) => folder.append(dataPathOf(i + 1), ''));
  folder.flush();
  return { details: details.jobs, data };
}

/** The grid of each cluster over the time of all runs. */
function gridIntensities(
  loaded: Parameters<typeof siteFactors>[0],
  jobs: readonly ChosenJob[],
): (cluster: string) => SiteRun['gridOf'] {
  const fragments = jobs.flatMap(({ found }) => found.fragments);
  const window = {
    sinceMs: fragments.reduce((least, { startedMs }) => Math.min(least, startedMs), Infinity),
    untilMs: fragments.reduce((most, { toMs }) => Math.max(most, toMs), 0) + 1,
  };
  const { curvesOf } = energyCurves({
    ...{ loaded, factorsIn: siteFactors(loaded), nowMs: Date.now(), skipped: new SkippedLines() },
  });
  const curveOf = curvesOf(window);
  return (cluster) => gridIntensity(curveOf(cluster));
}

/** Writes pages, schemas and the table of all figures. */
function writeSite(
  site: Site,
  report: EitReport,
  folder: AppendixFolder,
): Pick<AppendixResult, 'sets' | 'bytes' | 'largestPage'> {
  let largestPage = 0;
  const page = (path: string, text: string): void => {
    largestPage = Math.max(largestPage, Buffer.byteLength(text));
    folder.write(path, text);
  };
  const sets = setsIn(site.sets);
  const setsOf = new Map<SiteRun, SiteSet[]>(site.runs.map((run) => [run, []]));
  // The set that a run is listed in is the innermost.
  for (const set of sets)
    for (const run of set.runs)
      if (!set.sets.some(({ runs }) => runs.includes(run))) setsOf.get(run)?.push(set);
  page('index.html', indexPage(site));
  for (const set of sets) for (const { path, text } of setPages(site, set)) page(path, text);
  for (const run of site.runs) page(runPath(run), runPage(site, run, setsOf.get(run) ?? []));
  folder.write(SCHEMA_FILES.data, `${JSON.stringify(runDataSchema, null, 2)}\n`);
  folder.write(SCHEMA_FILES.record, `${JSON.stringify(recordSchema, null, 2)}\n`);
  const groups = site.runs.map(({ job }) => job);
  folder.write(FIGURES_FILE, [...csv.render({ ...report, groups }, VIEW)].join(''));
  folder.flush();
  return { sets, largestPage, bytes: folder.paths.reduce((sum, path) => sum + folder.bytesOf(path), 0) };
}

/** Hidden names that stand in what people wrote, and what could not be looked through for them. */
function lookedThrough(
  { plan, attached }: AppendixAsked,
  site: Site,
  names: Pseudonyms,
): Pick<AppendixResult, 'foundNames' | 'unseenFiles'> {
  if (!plan.hidesNames) return { foundNames: [], unseenFiles: [] };
  const found = new Map<string, FoundName>();
  const look = (texts: readonly string[], where: string): void => {
    for (const { name, kind } of names.foundIn(texts.join('\n'))) {
      const key = `${kind}\0${name}\0${where}`;
      if (!found.has(key)) found.set(key, { kind, name, where });
    }
  };
  look([site.title, site.description], 'the title or the description');
  for (const set of setsIn(site.sets))
    look([set.name, set.description], 'the name or the description of a set');
  for (const { job, tags, metrics, software } of site.runs) {
    look([job.slurm_job?.name ?? ''], 'names of jobs');
    look(Object.entries(tags).flat(), 'tags or metrics of runs');
    look(
      Object.entries(metrics).flatMap(([name, { unit }]) => [name, unit]),
      'tags or metrics of runs',
    );
    const told = [
      ...(software?.lines ?? []).map(({ text }) => text),
      ...(software?.packages ?? []).flatMap(({ packages }) => packages),
    ];
    look(told, 'what was written down of the software');
  }
  for (const run of site.runs) look([...run.details.programs.keys()], 'names of programs');
  const unseenFiles = [...attached.values()].flat().flatMap((file) => {
    const { text, unseen } = textOfFile(file);
    look([file.name, text], `the file ${file.name}`);
    return unseen === null ? [] : [{ file: file.name, why: unseen }];
  });
  look(site.notes, 'the notes on factors');
  return { foundNames: [...found.values()], unseenFiles };
}
