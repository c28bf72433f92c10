import { GPU_FULL_W, GPU_IDLE_W, GIB, PACKAGES } from './hardware';
import type { Place } from './host-room';
import type { Random } from './random';
import type { Run } from './run';

/** A run on one host. */
export class Fragment {
  readonly run: Run;
  readonly place: Place;
  readonly startedMs: number;
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
      readonly place: Place;
      readonly heldPart: number;
      readonly atMs: number;
    },
  ) {
    const { cpusAt, memoryGib } = parts.place;
    this.run = run;
    this.place = parts.place;
    this.fromMs = parts.atMs;
    this.startedMs = parts.atMs;
    this.heldGib = memoryGib * parts.heldPart;
    this.heldBytes = Math.floor(this.heldGib * GIB);
    const [cpus0, cpus1] = cpusAt;
    this.allocated = [cpus0, cpus1, memoryGib, memoryGib];
    this.used = [0, 0, this.heldGib, this.heldGib];
    this.usageClock = [0, 0, 0, 0];
    this.allocationClock = [0, 0, 0, 0];
  }

  /** What it does until the stretch ends. */
  draw(random: Random): void {
    const { efficiency, gpuUse } = this.run.job.shape;
    const { cpusAt, gpus } = this.place;
    const busyPart = efficiency * (0.85 + 0.15 * random.next());
    for (let i = 0; i < PACKAGES; i++) this.used[i] = cpusAt[i]! * busyPart;
    this.cpusBusy = (cpusAt[0] + cpusAt[1]) * busyPart;
    if (gpus.length === 0) return;
    this.gpuBusyPart = gpuUse * (0.8 + 0.2 * random.next());
    this.gpuPowerW = GPU_IDLE_W + (GPU_FULL_W - GPU_IDLE_W) * this.gpuBusyPart * random.between(0.6, 1);
  }
}
