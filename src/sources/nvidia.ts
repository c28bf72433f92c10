import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { GpuReading, GpuSnapshot, GpuSourceName } from './gpu';
import { GpuChild } from './gpu-child';
import { gpuDomainName } from './gpu-domain-name';
import { GpuEnergy } from './gpu-energy';
import { MOST_GPUS, MOST_GPU_W } from './gpu-limits';
import { type GpuLook, GpuUse } from './gpu-use';
import { type ProcessJob, readProcessJob } from './process-job';
import type { EnergyDomain, EnergyMeter, EnergySource, Missing, Roots, SourceSettings } from './source';

/** Three readings may fail to come, on a busy host seconds late; after that nobody knows what a GPU draws. */
function longestGapNs(intervalMs: number): bigint {
  return BigInt(3 * intervalMs + 2000) * 1_000_000n;
}

/** Before the tick of an event there may be one of a step's end. */
const MOMENT_READS = 2;

/** What reads GPUs in a process of its own, since a driver can crash or hang. */
export interface GpuFeed {
  /** Begins; again after `stop`. */
  start(): void;
  /** Ends it, and with it what holds the devices open. @returns whether that has ended: it may not, in time */
  stop(): Promise<boolean>;
  /** Asks for a reading at once; what cannot give one does nothing. */
  readNow(): void;
  /** Why nothing is read; null where something is, or is yet to come. */
  readonly problem: string | null;
}

/** Makes the feed; its readings go to `onSnapshot`. */
export type MakeGpuFeed = (onSnapshot: (snapshot: GpuSnapshot) => void, settings: SourceSettings) => GpuFeed;

/** By a child process, eit-gpu. */
const startChild: MakeGpuFeed = (onSnapshot, { gpu, gpuProgram, nvidia_smi: nvidiaSmi, warn }) =>
  new GpuChild({
    program: gpuProgram ?? '',
    intervalMs: gpu.interval_ms,
    reader: gpu.nvidia === 'none' ? 'auto' : gpu.nvidia,
    nvidiaSmi,
    ...(gpu.nvml_library === undefined ? {} : { nvml: gpu.nvml_library }),
    onSnapshot,
    onWarning: (text) => warn?.(text),
  });

/**
 * NVIDIA's GPUs: their energy counters through NVML (Volta and later), where the library is not there their power through
 * nvidia-smi, added up.
 * https://docs.nvidia.com/deploy/nvml-api/, https://docs.nvidia.com/deploy/nvidia-smi/
 */
export const nvidia = nvidiaSource(startChild);

/** @param makeFeed what varies in tests */
export function nvidiaSource(makeFeed: MakeGpuFeed): EnergySource {
  return {
    name: 'nvidia',
    description: "NVIDIA GPUs (NVML's energy counter, or the power that nvidia-smi tells)",
    unit: 'mJ, W',
    open: (roots, settings) => openNvidia(roots, settings, makeFeed),
  };
}

function openNvidia(roots: Roots, settings: SourceSettings, makeFeed: MakeGpuFeed): EnergyMeter | Missing {
  if (settings.gpu.nvidia === 'none') return { missing: 'switched off (gpu.nvidia: none)' };
  const driver = join(roots.proc, 'driver/nvidia/version');
  // What the site names by its path it wants to be asked.
  const isNamed = isAbsolute(settings.nvidia_smi) || settings.gpu.nvml_library !== undefined;
  if (!isNamed && !existsSync(driver)) {
    return { missing: `no driver of NVIDIA is loaded: ${driver} is not there` };
  }
  const meter = new NvidiaMeter(settings, settings.jobOf ?? ((pid) => readProcessJob(roots.proc, pid)));
  meter.follow(makeFeed((snapshot) => meter.take(snapshot), settings));
  return meter;
}

interface Gpu {
  domain: EnergyDomain;
  readonly energy: GpuEnergy;
  readonly use: GpuUse;
  readAtNs: bigint;
  /** It was read since the feed was last started. */
  isFresh: boolean;
}

class NvidiaMeter implements EnergyMeter {
  readonly classes = ['gpu'] as const;
  readonly domains: EnergyDomain[] = [];
  readonly #settings: SourceSettings;
  readonly #jobOf: (pid: number) => ProcessJob | null;
  readonly #gpus = new Map<string, Gpu>();
  #feed: GpuFeed | null = null;
  /** A run has GPUs, or the site wants them read all the time. */
  #isWanted = false;
  #isReleased = false;
  #isOn = false;
  /** Whether what was stopped last has ended. */
  #stopped: Promise<boolean> = Promise.resolve(true);
  #lastNs: bigint | null = null;
  #source: GpuSourceName | null = null;
  #waiting: (() => void)[] = [];
  /** By name of domain: up to when what was read last tells its energy. */
  readonly #toldNs = new Map<string, bigint>();
  /** So many of the next `read`s are for the moment of which a reading was asked for. */
  #momentReads = 0;

  constructor(settings: SourceSettings, jobOf: (pid: number) => ProcessJob | null) {
    this.#settings = settings;
    this.#jobOf = jobOf;
  }

  get trouble(): string | null {
    return this.#feed?.problem ?? null;
  }

  follow(feed: GpuFeed): void {
    this.#feed = feed;
    if (this.#settings.gpu.watch === 'always') this.want(true);
  }

  want(isWanted: boolean): void {
    this.#isWanted = isWanted || this.#settings.gpu.watch === 'always';
    void this.#turn();
  }

  release(isReleased: boolean): Promise<boolean> {
    this.#isReleased = isReleased;
    return this.#turn();
  }

  /** @returns whether the devices are as they should be: closed, where they are let go */
  async #turn(): Promise<boolean> {
    const isOn = this.#isWanted && !this.#isReleased;
    if (isOn === this.#isOn) return this.#stopped;
    this.#isOn = isOn;
    if (isOn) {
      // What they drew in between is nobody's.
      for (const gpu of this.#gpus.values()) gpu.isFresh = false;
      this.#stopped = Promise.resolve(true);
      this.#feed?.start();
    } else {
      this.#settle();
      this.#stopped = this.#feed?.stop() ?? Promise.resolve(true);
    }
    return this.#stopped;
  }

  refresh(): Promise<void> {
    // nvidia-smi goes by a clock of its own.
    if (!this.#isOn || this.#feed === null || this.#source !== 'nvml') return Promise.resolve();
    this.#momentReads = MOMENT_READS;
    this.#feed.readNow();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  take(snapshot: GpuSnapshot): void {
    if (!this.#isOn) return;
    const isFirst = [...this.#gpus.values()].every(({ isFresh }) => !isFresh);
    this.#lastNs = snapshot.monoNs;
    this.#source = snapshot.source;
    for (const reading of snapshot.gpus) this.#add(reading, snapshot);
    this.#settle();
    // From here on the run that they are read for is observed: it is not to wait for the next tick.
    if (isFirst) this.#settings.wake?.();
  }

  read({ monoNs }: { readonly monoNs: bigint }): (bigint | Missing)[] {
    const isOfMoment = this.#momentReads > 0;
    if (isOfMoment) this.#momentReads -= 1;
    return this.domains.map(({ name }) => {
      const gpu = this.#gpus.get(name);
      if (this.#isReleased) return { missing: 'let go (eit gpu release)' };
      if (!this.#isOn || gpu === undefined) {
        return { missing: 'not read: no job with GPUs runs here (gpu.watch: jobs)' };
      }
      const problem = this.#feed?.problem ?? null;
      if (!gpu.isFresh) return { missing: problem ?? 'the GPU was not read yet' };
      if (this.#lastNs !== null && gpu.readAtNs < this.#lastNs) {
        return { missing: 'the driver does not list the GPU any more' };
      }
      const energy = gpu.energy.energyUjAt(monoNs, isOfMoment);
      const isCurrent = isOfMoment || gpu.energy.isIntegrated === true;
      this.#toldNs.set(name, isCurrent ? monoNs : gpu.readAtNs);
      return typeof energy === 'bigint' || problem === null ? energy : { missing: problem };
    });
  }

  looks(): Map<string, GpuLook> {
    const looks = new Map<string, GpuLook>();
    for (const [name, { use }] of this.#gpus) {
      const look = use.take();
      if (look === null) continue;
      const toldNs = this.#toldNs.get(name);
      looks.set(name, toldNs === undefined ? look : { ...look, toldNs });
    }
    return looks;
  }

  close(): void {
    this.#isOn = false;
    void this.#feed?.stop();
    this.#settle();
  }

  #add(reading: GpuReading, snapshot: GpuSnapshot): void {
    const { monoNs } = snapshot;
    const name = gpuDomainName(reading.pciBusId);
    let gpu = this.#gpus.get(name);
    if (gpu === undefined) {
      if (this.#gpus.size >= MOST_GPUS) return;
      gpu = {
        domain: this.#domain(name, reading, snapshot),
        energy: new GpuEnergy(longestGapNs(this.#settings.gpu.interval_ms)),
        use: new GpuUse(this.#jobOf),
        readAtNs: monoNs,
        isFresh: true,
      };
      this.#gpus.set(name, gpu);
      this.domains.push(gpu.domain);
    }
    const ms = Number(monoNs - gpu.readAtNs) / 1e6;
    const isFirst = !gpu.isFresh;
    gpu.readAtNs = monoNs;
    gpu.isFresh = true;
    const energyUj = gpu.energy.add(reading, monoNs);
    // Over a longer gap nobody knows what it did.
    const isNear = !isFirst && ms <= 3 * this.#settings.gpu.interval_ms + 1000;
    gpu.use.add(reading, isNear ? ms : 0, isNear ? energyUj : 0);
    this.#renew(name, gpu, reading, snapshot);
  }

  /** Where the GPU is another one now, has another place in the list or is read in another way. */
  #renew(name: string, gpu: Gpu, reading: GpuReading, snapshot: GpuSnapshot): void {
    const { domain } = gpu;
    const isSame =
      domain.source === snapshot.source &&
      domain.gpu?.uuid === reading.uuid &&
      domain.gpu.index === reading.index &&
      domain.gpu.minor === reading.minor &&
      (domain.isIntegrated ?? false) === (gpu.energy.isIntegrated ?? false);
    if (isSame) return;
    gpu.domain = this.#domain(name, reading, snapshot, gpu.energy.isIntegrated ?? false);
    this.domains[this.domains.indexOf(domain)] = gpu.domain;
  }

  #domain(
    name: string,
    reading: GpuReading,
    { source, driver }: GpuSnapshot,
    isIntegrated = false,
  ): EnergyDomain {
    const { uuid, pciBusId, index, minor, model } = reading;
    return {
      name,
      class: 'gpu',
      quality: 'measured',
      source,
      maxPowerW: MOST_GPU_W,
      accelerators: 1,
      gpu: { uuid, pciBusId, index, minor, model, driver },
      lagS: (2 * this.#settings.gpu.interval_ms) / 1000,
      ...(isIntegrated ? { isIntegrated } : {}),
    };
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
