import { join } from 'node:path';
import type { Instant } from '../sources/source';
import { type CpuCounter } from '../sources/cpu-counter';
import { openCgroup1Cpu, readCgroup1MemoryBytes } from '../sources/cgroup-v1';
import { openCgroup2Cpu, readCgroup2MemoryBytes } from '../sources/cgroup-v2';
import { openJobProcessesCpu } from '../sources/job-processes';
import { type ProcessTable, readProcessTable } from '../sources/process-table';
import { openProcStat } from '../sources/proc-stat';
import { type EnergyMeter, type Missing, type Roots, isMissing } from '../sources/source';
import { type SlurmScope, findSlurmScopes, listJobCgroups, scopeOverheadDirs } from '../slurm/cgroup-path';
import { ownsCgroup } from './cpu-time';
import type { RunState } from './host-state';
import type { DomainReading, HostReading, JobReading, ScopeReading } from './reading';

/** Directories of slurmd come and go rarely; a hook's event also makes the reader look again. */
const SCOPES_EVERY_NS = 30_000_000_000n;
/** memory.stat costs several times what cpu.stat does. */
const MEMORY_EVERY_NS = 30_000_000_000n;
/** Below this age a run without a cgroup is one whose cgroup has not been made yet, not one whose Slurm makes none. */
const NO_CGROUP_AFTER_NS = 5_000_000_000n;

/** Reads everything that one tick needs. Keeps files open between ticks; the arithmetic is elsewhere. */
export class HostReader {
  readonly #roots: Roots;
  readonly #meters: readonly EnergyMeter[];
  readonly #procStat: ReturnType<typeof openProcStat>;
  readonly #cpu = new Map<string, CpuCounter>();
  readonly #processes = new Map<string, CpuCounter>();
  /** Keys of the runs that have or had a cgroup: a next step's is in one too. */
  readonly #inCgroups = new Set<string>();
  /** The host's processes as this tick found them: one reading for all runs. */
  #table: ProcessTable | null = null;
  #scopes: SlurmScope[] = [];
  #scopesAtNs: bigint | null = null;
  #memoryAtNs: bigint | null = null;
  /** Keys of the runs whose memory has been looked at. */
  readonly #memoryRead = new Set<string>();
  #runs: Readonly<Record<string, RunState>> = {};

  constructor(roots: Roots, meters: readonly EnergyMeter[]) {
    this.#roots = roots;
    this.#meters = meters;
    this.#procStat = openProcStat(roots);
  }

  /** Look for directories of slurmd again at the next reading. */
  forgetScopes(): void {
    this.#scopesAtNs = null;
  }

  /**
   * @param runs the fragments that are running, by key
   */
  read(at: Instant, runs: Readonly<Record<string, RunState>>): HostReading {
    this.#runs = runs;
    const energy = this.#readEnergy(at);
    const cpu = this.#procStat.read();
    if (this.#scopesAtNs === null || at.monoNs - this.#scopesAtNs >= SCOPES_EVERY_NS) {
      this.#scopes = findSlurmScopes(this.#roots);
      this.#scopesAtNs = at.monoNs;
    }

    const seen = new Set<string>();
    const memory = new Map<string, number>();
    const withMemory = this.#memoryAtNs === null || at.monoNs - this.#memoryAtNs >= MEMORY_EVERY_NS;
    if (withMemory) this.#memoryAtNs = at.monoNs;
    const scopes = this.#scopes.map((scope) => this.#readScope(scope, seen));
    this.#readMemory(runs, memory, withMemory);
    this.#closeUnseen(seen);
    return { at, energy, cpu, scopes, processes: this.#readProcesses(at, runs, scopes), memory };
  }

  close(): void {
    for (const meter of this.#meters) meter.close();
    for (const counter of [...this.#cpu.values(), ...this.#processes.values()]) counter.close();
    this.#procStat.close();
  }

  #readEnergy(at: Instant): DomainReading[] {
    return this.#meters.flatMap((meter) => {
      const values = meter.read(at);
      return meter.domains.map((domain, i) => ({ domain, value: values[i] ?? { missing: 'not read' } }));
    });
  }

  #readScope(scope: SlurmScope, seen: Set<string>): ScopeReading {
    // The parent first: what a child does between the two readings is then not taken for a dead one's.
    const total = this.#readCpu(scope, scope.dir, seen);
    const jobs: JobReading[] = [];
    for (const job of listJobCgroups(scope)) {
      const { value, renewed } = this.#readCpu(scope, job.dir, seen);
      if (value !== 'gone') jobs.push({ ...job, cpuNs: value, renewed });
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

    const opened = scope.version === 2 ? openCgroup2Cpu(dir) : openCgroup1Cpu(dir);
    if (opened === 'gone' || isMissing(opened)) return { value: opened, renewed: false };
    this.#cpu.set(dir, opened);
    seen.add(dir);
    return { value: opened.read(), renewed: known !== undefined };
  }

  #closeUnseen(seen: ReadonlySet<string>): void {
    for (const [dir, counter] of this.#cpu) {
      if (seen.has(dir)) continue;
      counter.close();
      this.#cpu.delete(dir);
    }
  }

  /** Jobs that have no cgroup (proctrack/linuxproc, or v1 without jobacct_gather/cgroup) are found by their processes. */
  #readProcesses(
    at: Instant,
    runs: Readonly<Record<string, RunState>>,
    scopes: readonly ScopeReading[],
  ): Map<string, bigint | Missing | 'gone'> {
    const values = new Map<string, bigint | Missing | 'gone'>();
    this.#table = null;
    for (const [key, run] of Object.entries(runs)) {
      const { uid, node } = run.identity;
      if (scopes.some((scope) => scope.jobs.some((cgroup) => ownsCgroup(run, scope, cgroup)))) {
        this.#inCgroups.add(key);
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

  /** Of all runs, or only of those seen for the first time: a short job is to say what it held too. */
  #readMemory(runs: Readonly<Record<string, RunState>>, memory: Map<string, number>, ofAll: boolean): void {
    for (const key of this.#memoryRead) if (!(key in runs)) this.#memoryRead.delete(key);
    for (const [key, { cpuFrom }] of Object.entries(runs)) {
      if (!ofAll && this.#memoryRead.has(key)) continue;
      const scope = this.#scopes.find(({ dir }) => cpuFrom?.startsWith(`${dir}/`));
      if (cpuFrom === null || scope === undefined) continue;
      this.#memoryRead.add(key);
      const bytes =
        scope.version === 2
          ? readCgroup2MemoryBytes(cpuFrom)
          : readCgroup1MemoryBytes(this.#memoryDir(cpuFrom));
      if (typeof bytes === 'number') memory.set(key, bytes);
    }
  }

  /** Under cgroup v1 the memory controller is a hierarchy of its own with the same directories. */
  #memoryDir(cpuacctDir: string): string {
    const [, ...below] = cpuacctDir.slice(this.#roots.cgroup.length + 1).split('/');
    return join(this.#roots.cgroup, 'memory', ...below);
  }
}
