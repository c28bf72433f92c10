import { GPU_FULL_W, GPU_IDLE_W, GIB, PACKAGES } from './hardware';
import type { Random } from './random';
import type { Run } from './run';

/** A run on one host. */
export class Fragment {
  readonly run: Run;
  /** CPUs on each package. */
  readonly cpusAt: readonly [number, number];
  /** Places of its GPUs in the host. */
  readonly gpus: readonly number[];
  readonly startedMs: number;
  /** What its first line says besides, as text. */
  readonly start: string;
  /** From the node to the GPUs, the same on each of its lines, as text. */
  readonly identity: string;
  readonly heldGib: number;
  readonly heldBytes: number;
  /** By shared domain, in the order of SHARED_DOMAINS: what it uses now, what is its, and where the domain's clocks stood at the line's begin. */
  readonly used: number[];
  readonly allocated: number[];
  readonly usageClock: number[];
  readonly allocationClock: number[];
  cpusBusy = 0;
  gpuBusyPart = 0;
  gpuPowerW = GPU_IDLE_W;
  /** Begin of the line in hand. */
  fromMs: number;
  /** A line of it has been written. */
  isBegun = false;
  /** In which a domain of the class could not be read. */
  missingCpuMs = 0;
  missingDramMs = 0;

  constructor(
    run: Run,
    parts: {
      readonly cpusAt: readonly [number, number];
      readonly gpus: readonly number[];
      readonly heldPart: number;
      readonly atMs: number;
      readonly start: string;
      readonly identity: string;
    },
  ) {
    const { memoryGib } = run.job.shape;
    this.run = run;
    this.cpusAt = parts.cpusAt;
    this.gpus = parts.gpus;
    this.fromMs = parts.atMs;
    this.startedMs = parts.atMs;
    this.start = parts.start;
    this.identity = parts.identity;
    this.heldGib = memoryGib * parts.heldPart;
    this.heldBytes = Math.floor(this.heldGib * GIB);
    const [cpus0, cpus1] = parts.cpusAt;
    this.allocated = [cpus0, cpus1, memoryGib, memoryGib];
    this.used = [0, 0, this.heldGib, this.heldGib];
    this.usageClock = [0, 0, 0, 0];
    this.allocationClock = [0, 0, 0, 0];
  }

  /** What it does until the stretch ends. */
  draw(random: Random): void {
    const { efficiency, gpuUse } = this.run.job.shape;
    const busyPart = efficiency * (0.85 + 0.15 * random.next());
    for (let i = 0; i < PACKAGES; i++) this.used[i] = this.cpusAt[i]! * busyPart;
    this.cpusBusy = (this.cpusAt[0] + this.cpusAt[1]) * busyPart;
    if (this.gpus.length === 0) return;
    this.gpuBusyPart = gpuUse * (0.8 + 0.2 * random.next());
    this.gpuPowerW = GPU_IDLE_W + (GPU_FULL_W - GPU_IDLE_W) * this.gpuBusyPart * random.between(0.6, 1);
  }
}
