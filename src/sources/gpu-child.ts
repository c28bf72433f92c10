import { CrashCount } from './crash-count';
import type { GpuSourceName } from './gpu';
import { GPU_CHILD_LIMITS, type GpuChildLimits, type GpuChildParts } from './gpu-child-parts';
import { GpuReaderProcess, type GpuReaderProcessEvents } from './gpu-reader-process';
import { RestartPause } from './restart-pause';
import { isMissing } from './source';

/** After a limit: what came while this process itself did not run is taken first (ms). */
const GRACE_MS = 100;

const MOST_CRASHES = 3;

const MOST_WARNINGS = 32;

/** One run of the program, and what is known of it. */
interface Run {
  readonly process: GpuReaderProcess;
  readonly startedMs: number;
  readonly warned: Set<string>;
  /** null before the first snapshot. */
  source: GpuSourceName | null;
  isNvmlAbsent: boolean;
  /** Why there can be nothing to read, in the program's own words. */
  absent: string | null;
  isStopping: boolean;
  silence?: NodeJS.Timeout;
  /** Why nothing is expected of it any more. */
  gaveUp?: string;
}

/**
 * The agent's side of eit-gpu, which reads the GPUs in a process of its own: the driver's library may hang, or crash the process
 * that calls it. There is never more than one child. One that ends is started anew after a pause that grows; one that is silent
 * for too long is killed and given up without waiting, and while it or its nvidia-smi has not ended (both may wait in the kernel,
 * state D) no other is started. Neither the child nor the timers keep this process from ending, and the child ends with this process.
 */
export class GpuChild {
  readonly #parts: GpuChildParts;
  readonly #limits: GpuChildLimits;
  #isWanted = false;
  #run: Run | null = null;
  #restart: NodeJS.Timeout | undefined;
  #problem: string | null = null;
  readonly #pause: RestartPause;
  readonly #crashes: CrashCount;
  #leavesNvml = false;
  readonly #onceEnded = new Set<() => void>();

  constructor(parts: GpuChildParts) {
    this.#parts = parts;
    this.#limits = { ...GPU_CHILD_LIMITS, ...parts.limits };
    const { firstPauseMs: firstMs, longestPauseMs: longestMs, crashMemoryMs } = this.#limits;
    this.#pause = new RestartPause({ firstMs, longestMs });
    this.#crashes = new CrashCount(MOST_CRASHES, crashMemoryMs);
  }

  /** Why there are no snapshots now; null where there are, and before anything is known. */
  get problem(): string | null {
    const gaveUp = this.#run?.gaveUp;
    return gaveUp === undefined
      ? this.#problem
      : `${gaveUp}, but has not ended; the GPUs are read again when it has`;
  }

  /** What the last snapshot of the child came from; null before its first. */
  get source(): GpuSourceName | null {
    return this.#run?.source ?? null;
  }

  /** Whether there is a child or its nvidia-smi, those that were given up and have not ended among them: they may hold the GPUs. */
  get isRunning(): boolean {
    return this.#run !== null;
  }

  /** Starts the child, unless it has been started before. */
  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#pause.reset();
    if (this.#run === null) this.#spawn();
  }

  /** Makes the child read at once. */
  readNow(): void {
    if (this.#run !== null && this.#run.gaveUp === undefined) this.#run.process.readNow();
  }

  /**
   * Ends the child, by force if it does not end by itself.
   * @returns whether it has ended, and its nvidia-smi too: one that waits in the kernel may hold the GPUs for longer. Settles within 2 s.
   */
  async stop(): Promise<boolean> {
    this.#isWanted = false;
    clearTimeout(this.#restart);
    this.#problem = null;
    const run = this.#run;
    if (run === null) return true;
    run.isStopping = true;
    clearTimeout(run.silence);
    run.process.close();
    const force = setTimeout(
      () => this.#giveUp(run, 'eit-gpu did not end and was killed'),
      this.#limits.stopMs / 2,
    );
    const hasEnded = await new Promise<boolean>((resolve) => {
      const bound = setTimeout(() => resolve(false), this.#limits.stopMs);
      this.#onceEnded.add(() => {
        clearTimeout(bound);
        resolve(true);
      });
    });
    clearTimeout(force);
    return hasEnded;
  }

  #spawn(): void {
    const { program, intervalMs, nvidiaSmi, nvml } = this.#parts;
    const reader = this.#leavesNvml ? 'nvidia-smi' : this.#parts.reader;
    const args = ['--interval-ms', String(intervalMs), '--reader', reader];
    if (nvidiaSmi !== undefined) args.push('--nvidia-smi', nvidiaSmi);
    if (nvml !== undefined) args.push('--nvml', nvml);
    try {
      const run: Run = {
        process: new GpuReaderProcess(
          program,
          args,
          {
            onMessage: (message) => this.#take(run, message),
            onLeft: (reason) => this.#giveUp(run, reason),
            onEnd: ({ reason, signal }) => {
              this.#countCrash(run, signal);
              this.#end(run, run.gaveUp ?? run.absent ?? reason);
            },
          },
          this.#parts.proc,
        ),
        startedMs: performance.now(),
        warned: new Set(),
        source: null,
        isNvmlAbsent: reader === 'nvidia-smi',
        absent: null,
        isStopping: false,
      };
      this.#run = run;
      this.#listen(run, this.#limits.firstMs);
    } catch (error) {
      this.#fail(`eit-gpu cannot be started: ${String(error)}`);
    }
  }

  /** Expects a message within so many ms. */
  #listen(run: Run, limitMs: number): void {
    clearTimeout(run.silence);
    if (run.isStopping) return;
    const giveUp = (): void =>
      this.#giveUp(run, `eit-gpu said nothing for ${limitMs / 1000} s and was killed`);
    run.silence = setTimeout(() => {
      run.silence = setTimeout(giveUp, GRACE_MS).unref();
    }, limitMs).unref();
  }

  #take(run: Run, message: Parameters<GpuReaderProcessEvents['onMessage']>[0]): void {
    if (isMissing(message)) {
      this.#warn(run, `eit-gpu wrote ${message.missing}`);
      return;
    }
    switch (message.kind) {
      case 'warning':
        this.#warn(run, message.text);
        return;
      case 'absent': {
        const reasons = Object.values(message.reasons);
        if (message.reasons.nvml !== undefined) run.isNvmlAbsent = true;
        run.absent = [run.absent, ...reasons].filter((reason) => reason !== null).join('; ');
        for (const reason of reasons) this.#warn(run, reason);
        return;
      }
      case 'waiting':
        this.#problem = message.reason;
        this.#listen(run, this.#silentMs());
        return;
      case 'snapshot':
        this.#problem = null;
        run.absent = null;
        run.source = message.snapshot.source;
        this.#listen(run, this.#silentMs());
        if (this.#isWanted) this.#parts.onSnapshot(message.snapshot);
    }
  }

  #silentMs(): number {
    return Math.max(this.#limits.silentMs, 5 * this.#parts.intervalMs);
  }

  #warn(run: Run, text: string): void {
    if (run.warned.size >= MOST_WARNINGS || run.warned.has(text)) return;
    run.warned.add(text);
    this.#parts.onWarning(text);
  }

  /** Expects no more of a child: it is killed, and its end is not waited for. */
  #giveUp(run: Run, reason: string): void {
    if (this.#run !== run) return;
    clearTimeout(run.silence);
    run.gaveUp ??= reason;
    run.source = null;
    run.process.giveUp();
  }

  #end(run: Run, reason: string): void {
    clearTimeout(run.silence);
    this.#run = null;
    for (const settle of this.#onceEnded) settle();
    this.#onceEnded.clear();
    if (!this.#isWanted) return;
    if (run.isStopping) {
      // It was wanted again before it had ended.
      this.#spawn();
      return;
    }
    if (performance.now() - run.startedMs >= this.#limits.steadyMs) this.#pause.reset();
    this.#fail(reason);
  }

  /** Starts the child anew after a pause. */
  #fail(reason: string): void {
    this.#problem = reason;
    this.#restart = setTimeout(() => this.#spawn(), this.#pause.take()).unref();
  }

  #countCrash(run: Run, signal: NodeJS.Signals | null): void {
    if (run.isNvmlAbsent || this.#parts.reader !== 'auto' || this.#leavesNvml) return;
    if (!this.#crashes.add(signal, performance.now())) return;
    this.#leavesNvml = true;
    this.#parts.onWarning(
      `reading the GPUs by NVML has crashed ${MOST_CRASHES} times: from now on they are read by nvidia-smi`,
    );
  }
}
