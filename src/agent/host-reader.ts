import type { GpuLook } from '../sources/gpu-use';
import { openHostMemory } from '../sources/host-memory';
import { openProcStat } from '../sources/proc-stat';
import type { EnergyMeter, Instant, Roots } from '../sources/source';
import { StepWatch, type StepWatchOptions } from '../sources/step-watch';
import { type SlurmScope, findSlurmScopes, jobOfCgroup } from '../slurm/cgroup-path';
import { HoldingsReader } from './holdings-reader';
import type { RunState } from './host-state';
import { readPlaces } from './places';
import { ProcessesReader } from './processes-reader';
import type { DomainReading, EndedJob, HostReading, LivingScope, PlaceCpus, ScopeReading } from './reading';
import { type CpuPlaces, ScopeReader } from './scope-reader';

/** Directories of slurmd come and go rarely; a hook's event also makes the reader look again. */
const SCOPES_EVERY_NS = 30_000_000_000n;
const HOLDINGS_EVERY_NS = 30_000_000_000n;
/** Events of steps are lost only where the kernel's queue overflows. */
const STEPS_EVERY_NS = 300_000_000_000n;

/** Reads everything that one tick needs. Keeps files open between ticks; the arithmetic is elsewhere. */
export class HostReader {
  readonly #roots: Roots;
  readonly #meters: readonly EnergyMeter[];
  readonly #places: readonly PlaceCpus[];
  readonly #cpuPlaces: CpuPlaces;
  readonly #procStat: ReturnType<typeof openProcStat>;
  readonly #memory: ReturnType<typeof openHostMemory>;
  readonly #holdings: HoldingsReader;
  readonly #processes: ProcessesReader;
  #scopes: readonly SlurmScope[] = [];
  /** By directory of a scope. */
  readonly #readers = new Map<string, ScopeReader>();
  #scopesAtNs: bigint | null = null;
  #holdingsAtNs: bigint | null = null;
  #stepsAtNs: bigint | null = null;
  #steps: StepWatch | null = null;

  constructor(
    roots: Roots,
    meters: readonly EnergyMeter[],
    { withPrograms = false }: { readonly withPrograms?: boolean } = {},
  ) {
    this.#roots = roots;
    this.#meters = meters;
    this.#places = readPlaces(roots, meters);
    const placeOfCpu = new Map(this.#places.flatMap(({ cpus }, i) => [...cpus].map((cpu) => [cpu, i])));
    this.#cpuPlaces = { count: this.#places.length, placeOfCpu };
    this.#procStat = openProcStat(roots, { byCpu: this.#places.length > 0 });
    this.#memory = openHostMemory(roots);
    this.#holdings = new HoldingsReader(roots, withPrograms);
    this.#processes = new ProcessesReader(roots);
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
    // Once for all that go through them.
    const entries = Object.entries(runs);
    const energy = this.#readEnergy(at);
    const gpus = new Map<string, GpuLook>();
    for (const meter of this.#meters) {
      for (const [name, look] of meter.looks?.() ?? []) gpus.set(name, look);
    }
    const cpu = this.#procStat.read();
    if (this.#scopesAtNs === null || at.monoNs - this.#scopesAtNs >= SCOPES_EVERY_NS) {
      this.#scopesAtNs = at.monoNs;
      this.#findScopes();
    }
    const isDue = this.#holdingsAtNs === null || at.monoNs - this.#holdingsAtNs >= HOLDINGS_EVERY_NS;
    if (isDue) this.#holdingsAtNs = at.monoNs;
    if (this.#stepsAtNs === null || at.monoNs - this.#stepsAtNs >= STEPS_EVERY_NS) {
      this.#stepsAtNs = at.monoNs;
      this.#steps?.refresh();
    }
    const living: LivingScope[] = [];
    for (const reader of this.#readers.values()) living.push(reader.read(isStretchEnd, this.#steps));
    const depth = isStretchEnd ? 'all' : isDue ? 'memory' : 'new';
    const holdings = this.#holdings.read(runs, entries, { scopes: this.#scopes, living, depth });
    const scopes = this.#withEnds(living);
    // With a run's first look the host's: what is not the runs' is the system's.
    let isFirstLook = false;
    for (const key of holdings.keys()) isFirstLook ||= runs[key]?.end === null;
    const memory = depth !== 'new' || isFirstLook ? this.#memory.read() : null;
    const { values: processes, missesScope } = this.#processes.read(at, runs, entries, scopes);
    if (missesScope) this.forgetScopes();
    return { at, energy, cpu, places: this.#places, scopes, processes, holdings, memory, gpus };
  }

  /** Reads at once what is else read now and then; resolves when the next `read` has it. */
  async refresh(): Promise<void> {
    await Promise.all(this.#meters.flatMap((meter) => meter.refresh?.() ?? []));
  }

  /** Lets go of GPUs, or takes them again. @returns whether nothing of ours holds them open: it may not end in time */
  async releaseGpus(isReleased: boolean): Promise<boolean> {
    const done = await Promise.all(this.#meters.flatMap((meter) => meter.release?.(isReleased) ?? []));
    return done.every((isDone) => isDone);
  }

  /** Has GPUs read that are held open for it, or lets them go. */
  wantGpus(isWanted: boolean): void {
    for (const meter of this.#meters) meter.want?.(isWanted);
  }

  close(): void {
    for (const meter of this.#meters) meter.close();
    for (const reader of this.#readers.values()) reader.close();
    this.#processes.close();
    this.#procStat.close();
    this.#memory.close();
    this.#steps?.close();
  }

  #findScopes(): void {
    this.#scopes = findSlurmScopes(this.#roots);
    this.#steps?.follow(this.#scopes);
    const dirs = new Set(this.#scopes.map(({ dir }) => dir));
    for (const [dir, reader] of this.#readers) {
      if (dirs.has(dir)) continue;
      reader.close();
      this.#readers.delete(dir);
    }
    for (const scope of this.#scopes) {
      if (!this.#readers.has(scope.dir))
        this.#readers.set(scope.dir, new ScopeReader(scope, this.#cpuPlaces));
    }
  }

  #readEnergy(at: Instant): DomainReading[] {
    const energy: DomainReading[] = [];
    for (const meter of this.#meters) {
      const values = meter.read(at);
      const { domains } = meter;
      for (let i = 0; i < domains.length; i++) {
        energy.push({ domain: domains[i]!, value: values[i] ?? { missing: 'not read' } });
      }
    }
    return energy;
  }

  /** The scopes with the jobs that were seen to end in them since the last reading. */
  #withEnds(living: readonly LivingScope[]): ScopeReading[] {
    const ended = this.#takeEnded();
    const scopes: ScopeReading[] = [];
    for (const scope of living) {
      const own = ended === null || ended.length === 0 ? ended : endedIn(scope, ended);
      scopes.push({ ...scope, ended: own, isChanged: scope.isChanged || (own?.length ?? 0) > 0 });
    }
    return scopes;
  }

  #takeEnded(): EndedJob[] | null {
    if (this.#steps === null) return null;
    const ended = this.#steps.takeEnded();
    if (ended.length === 0) return this.#steps.hasFailed ? null : [];
    return ended.flatMap((job): EndedJob[] => {
      const { jobId, sluid } = jobOfCgroup(job.dir) ?? {};
      if (jobId !== undefined) return [{ ...job, jobId }];
      return sluid === undefined ? [] : [{ ...job, sluid }];
    });
  }
}

function endedIn(scope: LivingScope, ended: readonly EndedJob[]): EndedJob[] {
  return ended.filter(({ dir }) => dir.startsWith(`${scope.dir}/`));
}
