import { advance } from '../agent/advance';
import { type HostState, type RunState, emptyHostState, runKey } from '../agent/host-state';
import { DailyHardware } from '../agent/daily-hardware';
import type { HostReader } from '../agent/host-reader';
import type { IdlePower } from '../agent/host-state';
import { type LineWriter, takeHostLine, takeRunLines } from '../agent/lines';
import type { Holding } from '../agent/reading';
import { newRun } from '../agent/runs';
import type { GpuOrder } from '../attribution/gpu-binding';
import type { EitRecord, RunStart } from '../generated/record';
import type { RunIdentity } from '../slurm/run-identity';
import type { HostHardware } from '../sources/host-hardware';
import { readProcessesMemoryBytes } from '../sources/job-memory';
import { type EnergyMeter, type Instant, type Roots, isMissing } from '../sources/source';
import type { CommandCpu } from './command-cpu';

/** Memory of more processes is looked at now and then. */
const FEW_PROCESSES = 64;
const MEMORY_EVERY_NS = 10_000_000_000n;

export interface RunMeterParts {
  readonly roots: Pick<Roots, 'proc'>;
  readonly reader: HostReader;
  readonly meters: readonly EnergyMeter[];
  readonly absentSources: Readonly<Record<string, string>>;
  readonly idlePower: Readonly<Record<string, IdlePower>>;
  readonly hardware: HostHardware;
  readonly gpuOrder: GpuOrder;
  readonly identity: RunIdentity;
  readonly start: RunStart;
  readonly cpu: CommandCpu;
  readonly writer: Omit<LineWriter, 'nextSeq'>;
  readonly stretchMs: number;
  readonly now: () => Instant;
  /** Takes the lines of a stretch that is over. */
  readonly write: (lines: readonly EitRecord[]) => void;
}

/**
 * One command measured as the agent measures a run: the same readings, differences, division and lines. What is no cgroup of
 * Slurm's comes in as its processes' CPU time.
 */
export class RunMeter {
  readonly #parts: RunMeterParts;
  readonly #state: HostState = emptyHostState();
  readonly #writer: LineWriter;
  readonly #hardware: DailyHardware;
  #key = '';
  #stretchEndMs = Infinity;
  #memoryAtNs: bigint | null = null;
  #cpus = 1;
  #ownCpuUs = 0;

  constructor(parts: RunMeterParts) {
    this.#parts = parts;
    let seq = 0;
    this.#writer = { ...parts.writer, nextSeq: () => seq++ };
    this.#hardware = new DailyHardware(parts.hardware);
  }

  /** The baseline, before the command begins: nothing is charged that came before it. */
  begin(): void {
    const { identity, start, now } = this.#parts;
    const at = now();
    const run = newRun(identity, start, at);
    this.#key = runKey(identity, run.startedMs);
    this.#state.cluster = identity.cluster;
    this.#state.nodes = [identity.node];
    this.#state.runs[this.#key] = run;
    this.#stretchEndMs = this.#nextStretchEnd(at.wallMs);
    this.#advance(at);
  }

  /** A reading; at the end of a stretch its lines too. */
  tick(): void {
    const at = this.#parts.now();
    this.#advance(at);
    if (at.wallMs >= this.#stretchEndMs) this.#takeLines(at);
  }

  /**
   * The last reading and the last lines.
   * @param exitCode as Slurm writes it, such as 0:15
   */
  end(exitCode: string): void {
    const at = this.#parts.now();
    const run = this.#run();
    if (run !== undefined)
      run.end = { atMs: at.wallMs, monoNs: at.monoNs, by: 'epilog', exit: { exit_code: exitCode } };
    this.#advance(at);
    this.#takeLines(at);
  }

  #run(): RunState | undefined {
    return this.#state.runs[this.#key];
  }

  #advance(at: Instant): void {
    const { reader, cpu, gpuOrder, idlePower } = this.#parts;
    const read = reader.read(at, {}, at.wallMs >= this.#stretchEndMs);
    if ('cpus' in read.cpu) this.#cpus = read.cpu.cpus;
    const holding = this.#holding(at);
    advance(
      this.#state,
      {
        ...read,
        // Of Slurm's cgroups none is the command's alone.
        scopes: [],
        processes: new Map([[this.#key, cpu.read()]]),
        holdings: holding === null ? new Map() : new Map([[this.#key, holding]]),
      },
      idlePower,
      gpuOrder,
    );
  }

  /** null: not looked at now. */
  #holding(at: Instant): Holding | null {
    const { cpu, roots } = this.#parts;
    const pids = cpu.pids();
    if (pids.length === 0) return null;
    const isDue = this.#memoryAtNs === null || at.monoNs - this.#memoryAtNs >= MEMORY_EVERY_NS;
    if (pids.length > FEW_PROCESSES && !isDue) return null;
    this.#memoryAtNs = at.monoNs;
    const bytes = readProcessesMemoryBytes(roots.proc, pids);
    const memory = isMissing(bytes) ? null : ({ bytes, by: 'processes' } as const);
    return { memory, cpus: null, memoryLimitBytes: null };
  }

  #takeLines(at: Instant): void {
    const { identity, absentSources, meters, write } = this.#parts;
    const lines = takeRunLines(this.#state, this.#key, at, this.#writer);
    const { user, system } = process.cpuUsage();
    const facts = {
      cluster: identity.cluster,
      cpus: this.#cpus,
      absentSources,
      agent: { cpu_us: user + system - this.#ownCpuUs, rss_bytes: process.memoryUsage.rss() },
      ...this.#hardware.due(
        at.wallMs,
        meters.flatMap(({ domains }) => [...domains]),
      ),
    };
    this.#ownCpuUs = user + system;
    const host = takeHostLine(this.#state, facts, this.#writer);
    if (host !== null) {
      this.#hardware.note(host);
      lines.push(host);
    }
    this.#stretchEndMs = this.#nextStretchEnd(at.wallMs);
    write(lines);
  }

  #nextStretchEnd(wallMs: number): number {
    const { stretchMs } = this.#parts;
    return (Math.floor(wallMs / stretchMs) + 1) * stretchMs;
  }
}
