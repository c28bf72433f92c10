import type { Instant } from '../sources/source';
import { type CpuCounter } from '../sources/cpu-counter';
import { openCgroup1Cpu } from '../sources/cgroup-v1';
import { openCgroup2Cpu } from '../sources/cgroup-v2';
import { openHostMemory } from '../sources/host-memory';
import { type PercpuCounter, openCpuacctPercpu } from '../sources/cpuacct-percpu';
import { openJobCgroup } from '../sources/job-cgroup';
import { readJobPrograms } from '../sources/job-programs';
import { openJobProcessesCpu } from '../sources/job-processes';
import { type ProcessTable, readProcessTable } from '../sources/process-table';
import { openProcStat } from '../sources/proc-stat';
import { type EnergyMeter, type Missing, type Roots, isMissing } from '../sources/source';
import { StepWatch, type StepWatchOptions } from '../sources/step-watch';
import {
  type SlurmScope,
  findSlurmScopes,
  jobOfCgroup,
  listJobCgroups,
  scopeOverheadDirs,
} from '../slurm/cgroup-path';
import { OwnerIndex } from './owner-index';
import type { RunState } from './host-state';
import { readPlaces } from './places';
import type {
  DomainReading,
  EndedJob,
  HoldingLook,
  HostReading,
  JobReading,
  PlaceCpus,
  ScopeReading,
} from './reading';

/** Directories of slurmd come and go rarely; a hook's event also makes the reader look again. */
const SCOPES_EVERY_NS = 30_000_000_000n;
/** memory.stat costs several times what cpu.stat does, and limits and cpusets rarely change. */
const HOLDINGS_EVERY_NS = 30_000_000_000n;
/** Below this age a run without a cgroup is one whose cgroup has not been made yet, not one whose Slurm makes none. */
const NO_CGROUP_AFTER_NS = 5_000_000_000n;

/** Reads everything that one tick needs. Keeps files open between ticks; the arithmetic is elsewhere. */
export class HostReader {
  readonly #roots: Roots;
  readonly #meters: readonly EnergyMeter[];
  readonly #procStat: ReturnType<typeof openProcStat>;
  readonly #cpu = new Map<string, CpuCounter>();
  readonly #percpu = new Map<string, PercpuCounter>();
  readonly #processes = new Map<string, CpuCounter>();
  /** Keys of the runs that have or had a cgroup: a next step's is in one too. */
  readonly #inCgroups = new Set<string>();
  /** The host's processes as this tick found them: one reading for all runs. */
  #table: ProcessTable | null = null;
  #scopes: SlurmScope[] = [];
  #scopesAtNs: bigint | null = null;
  #holdingsAtNs: bigint | null = null;
  /** Keys of the runs whose holdings have been looked at. */
  readonly #holdingsRead = new Set<string>();
  readonly #memory: ReturnType<typeof openHostMemory>;
  /** By CPU which of `#places` it is of; empty where domains are of the whole host. */
  readonly #placeOfCpu = new Map<number, number>();
  readonly #places: readonly PlaceCpus[];
  #runs: Readonly<Record<string, RunState>> = {};
  #steps: StepWatch | null = null;
  readonly #withPrograms: boolean;

  constructor(
    roots: Roots,
    meters: readonly EnergyMeter[],
    { withPrograms = false }: { readonly withPrograms?: boolean } = {},
  ) {
    this.#withPrograms = withPrograms;
    this.#roots = roots;
    this.#meters = meters;
    this.#places = readPlaces(roots, meters);
    this.#places.forEach(({ cpus }, i) => cpus.forEach((cpu) => this.#placeOfCpu.set(cpu, i)));
    this.#procStat = openProcStat(roots, { byCpu: this.#places.length > 0 });
    this.#memory = openHostMemory(roots);
  }

  get places(): readonly PlaceCpus[] {
    return this.#places;
  }

  /** Follows the steps of jobs from now on, so that their last moments are read; without it only ticks read. */
  watchSteps(options: Pick<StepWatchOptions, 'onEnd' | 'onError'>): void {
    this.#steps = new StepWatch({ ...options, cgroupRoot: this.#roots.cgroup });
  }

  /** Look for directories of slurmd again at the next reading. */
  forgetScopes(): void {
    this.#scopesAtNs = null;
  }

  /**
   * @param runs the fragments that are running, by key
   * @param isStretchEnd their lines are taken after this reading
   */
  read(at: Instant, runs: Readonly<Record<string, RunState>>, isStretchEnd = false): HostReading {
    this.#runs = runs;
    const energy = this.#readEnergy(at);
    const cpu = this.#procStat.read();
    if (this.#scopesAtNs === null || at.monoNs - this.#scopesAtNs >= SCOPES_EVERY_NS) {
      this.#scopes = findSlurmScopes(this.#roots);
      this.#scopesAtNs = at.monoNs;
      this.#steps?.follow(this.#scopes);
    }

    const seen = new Set<string>();
    const isDue = this.#holdingsAtNs === null || at.monoNs - this.#holdingsAtNs >= HOLDINGS_EVERY_NS;
    if (isDue) {
      this.#holdingsAtNs = at.monoNs;
      this.#steps?.refresh();
    }
    const living = this.#scopes.map((scope) => this.#readScope(scope, seen, isDue || isStretchEnd));
    const holdings = this.#readHoldings(runs, living, isDue);
    this.#closeUnseen(seen);
    const ended = this.#takeEnded();
    const scopes = living.map((scope) => ({
      ...scope,
      ended: ended?.filter(({ dir }) => dir.startsWith(`${scope.dir}/`)) ?? null,
    }));
    // With a run's first look the host's: what is not the runs' is the system's.
    const isFirstLook = [...holdings.keys()].some((key) => runs[key]?.end === null);
    const memory = isDue || isFirstLook ? this.#memory.read() : null;
    const processes = this.#readProcesses(at, runs, scopes);
    return { at, energy, cpu, places: this.#places, scopes, processes, holdings, memory };
  }

  close(): void {
    for (const meter of this.#meters) meter.close();
    for (const counter of [...this.#cpu.values(), ...this.#percpu.values(), ...this.#processes.values()])
      counter.close();
    this.#procStat.close();
    this.#memory.close();
    this.#steps?.close();
  }

  #readEnergy(at: Instant): DomainReading[] {
    return this.#meters.flatMap((meter) => {
      const values = meter.read(at);
      return meter.domains.map((domain, i) => ({ domain, value: values[i] ?? { missing: 'not read' } }));
    });
  }

  #readScope(scope: SlurmScope, seen: Set<string>, readsUser: boolean): LivingScope {
    // The parent first: what a child does between the two readings is then not taken for a dead one's.
    const total = this.#readCpu(scope, scope.dir, seen);
    const jobs: JobReading[] = [];
    for (const job of listJobCgroups(scope)) {
      const isNew = !this.#cpu.has(job.dir);
      const { value, renewed } = this.#readCpu(scope, job.dir, seen);
      if (value === 'gone') continue;
      if (renewed) this.#steps?.check(job.dir);
      const placeNs = scope.version === 1 ? this.#placeNs(job.dir) : null;
      const userNs = readsUser || isNew || renewed ? this.#steps?.userNs(job.dir) : undefined;
      jobs.push({
        ...job,
        cpuNs: value,
        renewed,
        ...(userNs === undefined ? {} : { userNs }),
        ...(placeNs === null ? {} : { placeNs }),
      });
    }
    const overheadNs = new Map<string, bigint>();
    for (const dir of scopeOverheadDirs(scope)) {
      const { value } = this.#readCpu(scope, dir, seen);
      if (typeof value === 'bigint') overheadNs.set(dir, value);
    }
    const totalNs = total.value === 'gone' ? { missing: 'the directory is gone' } : total.value;
    return { dir: scope.dir, node: scope.node, totalNs, overheadNs, jobs };
  }

  /** `renewed`: the directory was removed since the last tick and made anew under the same name. */
  #readCpu(
    scope: SlurmScope,
    dir: string,
    seen: Set<string>,
  ): { value: bigint | Missing | 'gone'; renewed: boolean } {
    const known = this.#cpu.get(dir);
    const value = known?.read() ?? 'gone';
    if (value !== 'gone') {
      seen.add(dir);
      return { value, renewed: false };
    }
    known?.close();
    this.#cpu.delete(dir);
    this.#percpu.get(dir)?.close();
    this.#percpu.delete(dir);

    const opened = scope.version === 2 ? openCgroup2Cpu(dir) : openCgroup1Cpu(dir);
    if (opened === 'gone' || isMissing(opened)) return { value: opened, renewed: false };
    this.#cpu.set(dir, opened);
    seen.add(dir);
    return { value: opened.read(), renewed: known !== undefined };
  }

  #closeUnseen(seen: ReadonlySet<string>): void {
    for (const counters of [this.#cpu, this.#percpu]) {
      for (const [dir, counter] of counters) {
        if (seen.has(dir)) continue;
        counter.close();
        counters.delete(dir);
        this.#steps?.check(dir);
      }
    }
  }

  #takeEnded(): EndedJob[] | null {
    if (this.#steps === null) return null;
    const ended = this.#steps.takeEnded();
    if (this.#steps.hasFailed && ended.length === 0) return null;
    return ended.flatMap((job): EndedJob[] => {
      const { jobId, sluid } = jobOfCgroup(job.dir) ?? {};
      if (jobId !== undefined) return [{ ...job, jobId }];
      return sluid === undefined ? [] : [{ ...job, sluid }];
    });
  }

  /** Jobs that have no cgroup (proctrack/linuxproc, or v1 without jobacct_gather/cgroup) are found by their processes. */
  #readProcesses(
    at: Instant,
    runs: Readonly<Record<string, RunState>>,
    scopes: readonly ScopeReading[],
  ): Map<string, bigint | Missing | 'gone'> {
    const values = new Map<string, bigint | Missing | 'gone'>();
    let cgroupOf: ReturnType<typeof cgroupsByRun> | null = null;
    this.#table = null;
    for (const [key, run] of Object.entries(runs)) {
      const { uid, node } = run.identity;
      if (!this.#inCgroups.has(key)) {
        cgroupOf ??= cgroupsByRun(runs, scopes);
        if (cgroupOf.has(key)) this.#inCgroups.add(key);
      }
      if (run.end !== null || uid === undefined || this.#inCgroups.has(key)) continue;
      if (run.cpuFrom !== null && run.cpuFrom !== 'processes') continue;
      const scoped = scopes.some((scope) => scope.node === null || scope.node === node);
      if (at.monoNs - run.startedMonoNs < NO_CGROUP_AFTER_NS) {
        if (scoped && run.cpuFrom === null) continue;
        // With cgroup v1 slurmd's directory may come with its first job.
        this.#scopesAtNs = null;
      }
      let counter = this.#processes.get(key);
      if (counter === undefined) {
        counter = this.#openProcesses(run.identity, uid);
        this.#processes.set(key, counter);
      }
      const value = counter.read();
      if (value !== 'gone' || run.cpuFrom === 'processes') values.set(key, value);
    }
    for (const [key, counter] of this.#processes) {
      if (key in runs && !this.#inCgroups.has(key)) continue;
      counter.close();
      this.#processes.delete(key);
    }
    for (const key of this.#inCgroups) if (!(key in runs)) this.#inCgroups.delete(key);
    return values;
  }

  #processTable(): ProcessTable {
    return (this.#table ??= readProcessTable(this.#roots.proc));
  }

  #openProcesses({ cluster, job, node }: RunState['identity'], uid: number): CpuCounter {
    const isElsewhere = (): boolean =>
      Object.values(this.#runs).some(
        ({ identity: other }) => other.cluster === cluster && other.job === job && other.node !== node,
      );
    const wanted = { jobId: job, uid, node, isElsewhere };
    return openJobProcessesCpu(this.#roots, wanted, () => this.#processTable());
  }

  /** A job's CPU time by place, and as a last element elsewhere; null where the kernel does not count it. */
  #placeNs(cpuacctDir: string): bigint[] | null {
    if (this.#places.length === 0) return null;
    let counter = this.#percpu.get(cpuacctDir);
    if (counter === undefined) this.#percpu.set(cpuacctDir, (counter = openCpuacctPercpu(cpuacctDir)));
    const percpuNs = counter.read();
    if (percpuNs === 'gone' || isMissing(percpuNs)) return null;
    const sums = Array.from({ length: this.#places.length + 1 }, () => 0n);
    percpuNs.forEach((ns, cpu) => {
      const place = this.#placeOfCpu.get(cpu) ?? this.#places.length;
      sums[place] = (sums[place] ?? 0n) + ns;
    });
    return sums;
  }

  /**
   * Of all runs, or only of those seen for the first time: a short job is to say what it held too. Of one that has ended a last
   * time, where its cgroup is still there and no other run's.
   */
  #readHoldings(
    runs: Readonly<Record<string, RunState>>,
    scopes: readonly LivingScope[],
    ofAll: boolean,
  ): Map<string, HoldingLook> {
    const holdings = new Map<string, HoldingLook>();
    for (const key of this.#holdingsRead) if (!(key in runs)) this.#holdingsRead.delete(key);
    const waiting = Object.keys(runs).filter(
      (key) => ofAll || runs[key]?.end !== null || !this.#holdingsRead.has(key),
    );
    const cgroupOf = waiting.length === 0 ? null : cgroupsByRun(runs, scopes);
    for (const key of waiting) {
      const found = cgroupOf?.get(key);
      const scope = this.#scopes.find(({ dir }) => dir === found?.scope.dir);
      if (found === undefined || scope === undefined) continue;
      const { dir } = found.job;
      const isOver = runs[key]?.end !== null;
      if (isOver && [...(cgroupOf ?? [])].some(([other, { job }]) => other !== key && job.dir === dir))
        continue;
      this.#holdingsRead.add(key);
      holdings.set(key, this.#readHolding(scope, dir));
    }
    return holdings;
  }

  #readHolding(scope: SlurmScope, jobDir: string): HoldingLook {
    const cgroup = openJobCgroup(this.#roots, scope, jobDir);
    const memory = cgroup.memoryBytes();
    const cpus = cgroup.cpus();
    const limit = cgroup.memoryLimitBytes();
    const io = cgroup.io();
    return {
      memory: isMissing(memory) ? null : memory,
      cpus: isMissing(cpus) ? null : cpus,
      memoryLimitBytes: isMissing(limit) ? null : limit,
      ...(isMissing(io) ? {} : { io }),
      ...(this.#withPrograms ? { programs: readJobPrograms(this.#roots, scope, jobDir) } : {}),
    };
  }
}

type LivingScope = Omit<ScopeReading, 'ended'>;

/** The cgroup of each run that has one now. */
function cgroupsByRun(
  runs: Readonly<Record<string, RunState>>,
  scopes: readonly LivingScope[],
): Map<string, { scope: LivingScope; job: JobReading }> {
  const owners = new OwnerIndex(Object.entries(runs).map(([key, run]) => ({ key, run })));
  const found = new Map<string, { scope: LivingScope; job: JobReading }>();
  for (const scope of scopes) {
    for (const job of scope.jobs) {
      for (const { key } of owners.of(scope, job)) found.set(key, { scope, job });
    }
  }
  return found;
}
