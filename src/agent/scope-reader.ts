import { openCgroup1Cpu } from '../sources/cgroup-v1';
import { openCgroup2Cpu } from '../sources/cgroup-v2';
import type { CpuCounter } from '../sources/cpu-counter';
import { type PercpuCounter, openCpuacctPercpu } from '../sources/cpuacct-percpu';
import { type Missing, isMissing } from '../sources/source';
import type { StepWatch } from '../sources/step-watch';
import type { JobCgroup, SlurmScope } from '../slurm/cgroup-path';
import { ScopeListing } from '../slurm/scope-listing';
import type { JobReading, LivingScope } from './reading';

/** Tells CPUs apart by the packages or dies of the host. */
export interface CpuPlaces {
  /** Number of places; 0 where domains are of the whole host. */
  readonly count: number;
  /** By CPU the index of its place. */
  readonly placeOfCpu: ReadonlyMap<number, number>;
}

/** A directory with its counter; null while it cannot be opened. */
interface Directory {
  readonly dir: string;
  counter: CpuCounter | null;
  /** At the last reading. */
  value: bigint | Missing | 'gone';
}

interface JobDirectory extends Directory {
  readonly job: JobCgroup;
  percpu: PercpuCounter | null;
  isNew: boolean;
}

/** The counters of a scope, read once from the parent's to the last child's. */
interface Pass {
  readonly total: bigint | Missing | 'gone';
  /** The parent's after the children's. */
  readonly totalAfter: bigint | Missing | 'gone';
  /** What the parent's counter gained meanwhile (ns). */
  readonly whileReadNs: number;
  readonly isChanged: boolean;
  /** A directory of the listing was not there any more. */
  readonly hasGone: boolean;
  /** All that are there, with what was read of them. */
  readonly jobs: readonly JobDirectory[];
  /** Was gone, or another of its name: what is there now or soon began at 0. */
  readonly renewed: Set<JobDirectory>;
  readonly overheadNs: ReadonlyMap<string, bigint>;
}

/**
 * Where somebody may have died, and the scope used more than this (ns) while it was read, it is read again, once: what the living
 * used meanwhile would be missing in what is left for the dead.
 */
const UNNOTICED_NS = 100_000;

/** CPU time of the jobs of one slurmd. Files stay open; directories are listed where they change. */
export class ScopeReader {
  readonly #scope: SlurmScope;
  readonly #places: CpuPlaces;
  readonly #listing: ScopeListing;
  readonly #total: Directory;
  #jobs: JobDirectory[] = [];
  #others: Directory[] = [];

  constructor(scope: SlurmScope, places: CpuPlaces) {
    this.#scope = scope;
    this.#places = places;
    this.#listing = new ScopeListing(scope);
    this.#total = { dir: scope.dir, counter: null, value: 'gone' };
  }

  /**
   * @param readsUser reads the part of the jobs' own processes too; without it only of jobs that are new
   * @param steps what is to know of jobs that are found to be gone
   */
  read(readsUser: boolean, steps: StepWatch | null): LivingScope {
    this.#readCpu(this.#total);
    let pass = this.#readCounters(this.#total.value, steps);
    // One that goes while another comes is found by its file alone: the listing was not made anew, and what the other has used
    // would be the dead's. A directory that is found only now takes opening, and this process may have had to wait for a CPU.
    if (pass.hasGone || (pass.isChanged && pass.whileReadNs > UNNOTICED_NS)) {
      const again = this.#readCounters(pass.totalAfter, steps);
      for (const job of pass.renewed) again.renewed.add(job);
      pass = { ...again, isChanged: true };
    }
    const jobs: JobReading[] = [];
    for (const each of pass.jobs) {
      if (each.value !== 'gone') jobs.push(this.#jobReading(each, each.value, pass, readsUser, steps));
    }
    const { isChanged, whileReadNs, overheadNs } = pass;
    const totalNs = pass.total === 'gone' ? { missing: 'the directory is gone' } : pass.total;
    return {
      dir: this.#scope.dir,
      node: this.#scope.node,
      isChanged,
      totalNs,
      whileReadNs,
      overheadNs,
      jobs,
    };
  }

  #jobReading(
    each: JobDirectory,
    cpuNs: bigint | Missing,
    { renewed }: Pass,
    readsUser: boolean,
    steps: StepWatch | null,
  ): JobReading {
    const isRenewed = renewed.size > 0 && renewed.has(each);
    const { jobId, sluid } = each.job;
    const reading: { -readonly [K in keyof JobReading]: JobReading[K] } = {
      dir: each.dir,
      cpuNs,
      renewed: isRenewed,
    };
    if (jobId !== undefined) reading.jobId = jobId;
    if (sluid !== undefined) reading.sluid = sluid;
    const placeNs = this.#placeNs(each);
    if (placeNs !== null) reading.placeNs = placeNs;
    const userNs = readsUser || each.isNew || isRenewed ? steps?.userNs(each.dir) : undefined;
    if (userNs !== undefined) reading.userNs = userNs;
    each.isNew = false;
    return reading;
  }

  close(): void {
    for (const each of [this.#total, ...this.#others]) each.counter?.close();
    for (const each of this.#jobs) this.#closeJob(each);
  }

  /**
   * CPU time of all children, read closely after each other.
   * @param total of the parent, read just before: what a child does between the two is then not taken for a dead one's
   */
  #readCounters(total: bigint | Missing | 'gone', steps: StepWatch | null): Pass {
    let isChanged = this.#listing.refresh();
    if (isChanged) this.#takeUpListing(steps);
    let hasGone = false;
    const renewed = new Set<JobDirectory>();
    for (const each of this.#jobs) {
      const isRenewed = this.#readCpu(each);
      if (each.value !== 'gone' && !isRenewed) continue;
      isChanged = true;
      this.#forgetPlaces(each);
      steps?.check(each.dir);
      renewed.add(each);
      if (each.value !== 'gone') continue;
      hasGone = true;
      this.#listing.invalidate();
    }
    const jobs = hasGone ? this.#jobs.filter(({ value }) => value !== 'gone') : this.#jobs;
    const overheadNs = new Map<string, bigint>();
    for (const each of this.#others) {
      this.#readCpu(each);
      if (typeof each.value === 'bigint') overheadNs.set(each.dir, each.value);
    }
    this.#readCpu(this.#total);
    const totalAfter = this.#total.value;
    const isKnown = typeof total === 'bigint' && typeof totalAfter === 'bigint';
    const whileReadNs = isKnown ? Math.max(0, Number(totalAfter - total)) : 0;
    return { total, totalAfter, whileReadNs, isChanged, hasGone, jobs, renewed, overheadNs };
  }

  #takeUpListing(steps: StepWatch | null): void {
    const known = new Map(this.#jobs.map((each) => [each.dir, each]));
    this.#jobs = this.#listing.jobs.map((job): JobDirectory => {
      const same = known.get(job.dir);
      known.delete(job.dir);
      if (same !== undefined) return same;
      // Where its event is lost or still to come.
      steps?.check(job.dir);
      return { dir: job.dir, job, counter: null, value: 'gone', percpu: null, isNew: true };
    });
    for (const gone of known.values()) {
      this.#closeJob(gone);
      steps?.check(gone.dir);
    }
    const others = new Map(this.#others.map((each) => [each.dir, each]));
    this.#others = this.#listing.others.map(
      (dir): Directory => others.get(dir) ?? { dir, counter: null, value: 'gone' },
    );
    for (const each of others.values()) if (!this.#others.includes(each)) each.counter?.close();
  }

  /**
   * Reads the directory's counter anew.
   * @returns whether the directory was removed since the last reading and made anew under the same name
   */
  #readCpu(each: Directory): boolean {
    const wasOpen = each.counter !== null;
    each.value = each.counter?.read() ?? 'gone';
    if (each.value !== 'gone') return false;
    each.counter?.close();
    each.counter = null;
    const opened = this.#scope.version === 2 ? openCgroup2Cpu(each.dir) : openCgroup1Cpu(each.dir);
    if (opened === 'gone' || isMissing(opened)) {
      each.value = opened;
      return false;
    }
    each.counter = opened;
    each.value = opened.read();
    return wasOpen;
  }

  /** A job's CPU time by place, and as a last element elsewhere; null where the kernel does not count it. */
  #placeNs(each: JobDirectory): bigint[] | null {
    if (this.#places.count === 0 || this.#scope.version === 2) return null;
    each.percpu ??= openCpuacctPercpu(each.dir);
    const percpuNs = each.percpu.read();
    if (percpuNs === 'gone' || isMissing(percpuNs)) return null;
    const sums = Array.from({ length: this.#places.count + 1 }, () => 0n);
    percpuNs.forEach((ns, cpu) => {
      const place = this.#places.placeOfCpu.get(cpu) ?? this.#places.count;
      sums[place] = (sums[place] ?? 0n) + ns;
    });
    return sums;
  }

  #forgetPlaces(each: JobDirectory): void {
    each.percpu?.close();
    each.percpu = null;
  }

  #closeJob(each: JobDirectory): void {
    each.counter?.close();
    this.#forgetPlaces(each);
  }
}
