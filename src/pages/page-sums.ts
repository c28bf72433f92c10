import type { Aggregate, Group } from '../report/aggregate';
import type { SiteFactors } from '../report/report';
import { visible } from '../report/printable';
import { figures } from '../report/report';
import { slurmFigures } from '../report/slurm-figures';
import { FoundNames } from '../report/found-names';
import { GroupSums } from '../runs/group-sums';
import { SlurmSums } from '../runs/slurm-sums';
import { outcomeOf } from '../slurm/job-states';
import { jobIdText } from '../report/job-id';
import { HourSums } from './hour-sums';
import type { PageJob } from './page-jobs';

/** No name makes a page longer than this. */
const LONGEST_NAME = 256;

/** Sums of one kind of thing, and how many jobs it had: a job of several days is one. */
export class Tally {
  readonly sums = new GroupSums();
  readonly slurm = new SlurmSums();

  add(group: Pick<Group, 'sums' | 'slurm'>): void {
    this.sums.addSums(group.sums);
    this.slurm.addSums(group.slurm);
  }
}

export interface PageSumsOptions {
  readonly factorsOf: (cluster: string) => SiteFactors;
  readonly extrapolate: boolean;
  /** So many jobs are kept to be listed, those with the most energy. */
  readonly mostJobs: number;
}

/** What a page tells of: the sums of its runs by day, month and whose they are, and its jobs. */
export class PageSums {
  readonly #options: PageSumsOptions;
  readonly days = new Map<string, Tally>();
  readonly months = new Map<string, Tally>();
  readonly partitions = new Map<string, Tally>();
  readonly accounts = new Map<string, Tally>();
  readonly users = new Map<string, Tally>();
  readonly total = new Tally();
  readonly lost = { failed: new GroupSums(), cancelled: new GroupSums(), requeued: new GroupSums() };
  readonly hours = new HourSums();
  /** Jobs that are not listed, of {@link PageSumsOptions.mostJobs}. */
  jobsLeftOut = 0;
  #jobs: PageJob[] = [];

  constructor(options: PageSumsOptions) {
    this.#options = options;
  }

  /** Those with the most energy first. */
  get jobs(): readonly PageJob[] {
    return this.#jobs.sort((a, b) => b.kwh - a.kwh || (a.id < b.id ? -1 : 1));
  }

  /**
   * Adds a job that was not added before.
   * @param days its groups of a report by job and day, in the order of days
   */
  addJob(days: readonly Group[]): void {
    const [first] = days;
    if (first === undefined) return;
    const { fields } = first;
    const job = jobOf(days);
    for (const group of days) tally(this.days, group.fields.day ?? '').add(group);
    for (const month of monthsOf(days)) tally(this.months, month.name).add(month.job);
    tally(this.partitions, fields.partition ?? '').add(job);
    tally(this.accounts, fields.account ?? '').add(job);
    tally(this.users, fields.user ?? '').add(job);
    this.total.add(job);
    const outcome = job.facts === null ? null : outcomeOf(job.facts.state);
    if (outcome !== null) this.lost[outcome].addSums(job.sums);
    this.#list(days, job);
  }

  /** What `eit-report` would have of the same runs: for its footer. */
  aggregate(
    from: Pick<Aggregate, 'unattributed' | 'idlePower' | 'dataUntilMs' | 'cutSlots' | 'clusters'>,
    syncedUntilMs: number | null,
    hasFacts: boolean,
  ): Aggregate {
    return {
      groups: [],
      total: this.total.sums,
      slurm: hasFacts ? { total: this.total.slurm, untilMs: syncedUntilMs, lost: this.lost } : null,
      unattributed: from.unattributed,
      idlePower: from.idlePower,
      dataUntilMs: from.dataUntilMs,
      cutSlots: from.cutSlots,
      clusters: from.clusters,
      found: new FoundNames({}),
    };
  }

  #list(days: readonly Group[], { sums, slurm, facts }: Job): void {
    const { factorsOf, extrapolate, mostJobs } = this.#options;
    if (mostJobs === 0) return;
    const { fields } = days[0]!;
    const told = figures(sums, factorsOf, extrapolate);
    const { cpu_efficiency: cpu, memory_efficiency: memory } = slurmFigures(slurm, false);
    this.#jobs.push({
      id: jobIdText(fields.job_id ?? 0, facts),
      user: shown(fields.user),
      account: shown(fields.account),
      partition: shown(fields.partition),
      name: facts === null ? null : shown(facts.name),
      state: facts?.state ?? null,
      startS: Math.floor(sums.firstMs / 1000),
      firstDay: days[0]!.fields.day ?? '',
      lastDay: days.at(-1)!.fields.day ?? '',
      elapsedS: told.elapsed_seconds,
      kwh: told.energy_kwh.total,
      co2eKg: told.co2e_kg,
      cpuEfficiency: cpu,
      memoryEfficiency: memory,
      gpuUtilization: told.gpu_utilization,
      coverage: told.coverage,
    });
    if (this.#jobs.length >= 2 * mostJobs) this.dropSmallJobs();
  }

  /** Keeps the jobs with the most energy. */
  dropSmallJobs(): void {
    const { mostJobs } = this.#options;
    if (this.#jobs.length <= mostJobs) return;
    this.jobsLeftOut += this.#jobs.length - mostJobs;
    this.#jobs = this.jobs.slice(0, mostJobs);
  }
}

interface Job extends Pick<Group, 'sums' | 'slurm'> {
  readonly facts: SlurmSums['newest'];
}

/** What of a run is counted once, on whichever of its days it is most. */
interface RunOfJob {
  runs: number;
  expected: number;
  reported: number;
  told: number;
  held: bigint;
  asked: bigint;
}

/** A job's days as one: what is counted once a run is counted so. A run is known by when it began. */
function jobOf(days: readonly Group[]): Job {
  const sums = new GroupSums();
  const slurm = new SlurmSums();
  let facts: SlurmSums['newest'] = null;
  const runs = new Map<number, RunOfJob>();
  for (const { sums: ofDay, slurm: told } of days) {
    sums.addSums(ofDay);
    slurm.cpuUs += told.cpuUs;
    slurm.allocatedCpuUs += told.allocatedCpuUs;
    const { newest } = told;
    if (newest !== null && (facts === null || newest.startS >= facts.startS)) facts = newest;
    const run = runs.get(ofDay.firstMs);
    const [held, asked] = [told.heldBytes.value, told.askedBytes.value];
    runs.set(ofDay.firstMs, {
      runs: Math.max(run?.runs ?? 0, ofDay.runs),
      expected: Math.max(run?.expected ?? 0, ofDay.nodesExpected),
      reported: Math.max(run?.reported ?? 0, ofDay.nodesReported),
      told: Math.max(run?.told ?? 0, told.toldRuns),
      held: run !== undefined && run.held > held ? run.held : held,
      asked: run !== undefined && run.asked > asked ? run.asked : asked,
    });
  }
  sums.jobs = 1;
  [sums.runs, sums.nodesExpected, sums.nodesReported] = [0, 0, 0];
  for (const run of runs.values()) {
    sums.runs += run.runs;
    sums.nodesExpected += run.expected;
    sums.nodesReported += run.reported;
    slurm.toldRuns += run.told;
    slurm.heldBytes.add(Number(run.held));
    slurm.askedBytes.add(Number(run.asked));
  }
  slurm.untoldRuns = Math.max(0, sums.runs - slurm.toldRuns);
  sums.gpuSeenRuns = Math.min(sums.gpuSeenRuns, sums.runs);
  sums.gpuUnreadRuns = Math.min(sums.gpuUnreadRuns, sums.runs - sums.gpuSeenRuns);
  sums.gpuConflictRuns = Math.min(sums.gpuConflictRuns, sums.runs);
  sums.notExtrapolatedRuns = Math.min(sums.notExtrapolatedRuns, sums.runs);
  return { sums, slurm, facts };
}

function monthsOf(days: readonly Group[]): { readonly name: string; readonly job: Job }[] {
  const months = new Map<string, Group[]>();
  for (const group of days) {
    const month = (group.fields.day ?? '').slice(0, 7);
    const known = months.get(month);
    if (known === undefined) months.set(month, [group]);
    else known.push(group);
  }
  return [...months].map(([name, ofMonth]) => ({ name, job: jobOf(ofMonth) }));
}

/** Splits the groups of a report by job and day, which are sorted by job, into jobs. */
export function* jobsOfGroups(groups: readonly Group[]): Generator<readonly Group[], void, undefined> {
  for (let i = 0; i < groups.length;) {
    const id = groups[i]!.fields.job_id;
    // The same id can be on another cluster, or another user's after ids began anew.
    const same = new Map<string, Group[]>();
    for (; i < groups.length && groups[i]!.fields.job_id === id; i++) {
      const group = groups[i]!;
      const { user, account, partition, cluster } = group.fields;
      const key = JSON.stringify([user, account, partition, cluster]);
      const known = same.get(key);
      if (known === undefined) same.set(key, [group]);
      else known.push(group);
    }
    yield* same.values();
  }
}

function tally(tallies: Map<string, Tally>, name: string): Tally {
  let found = tallies.get(name);
  if (found === undefined) tallies.set(name, (found = new Tally()));
  return found;
}

function shown(text: string | undefined): string {
  return visible(text ?? '', LONGEST_NAME);
}
