import { EitError, describeError } from '../errors';
import type { EitConfig } from '../generated/config';
import { type DurableWork, finishNow } from '../ledger/durable';
import type { Spool } from '../ledger/spool';
import type { MetricsFile } from '../metrics/metrics-file';
import type { HookEvent } from '../slurm/hook-event';
import type { EnergyDomain, EnergyMeter, Instant } from '../sources/source';
import { advance } from './advance';
import type { KernelLock } from '../ledger/kernel-lock';
import {
  type Checkpoint,
  readCheckpoint,
  removeCheckpoint,
  setCheckpointAside,
  writeCheckpoint,
} from './checkpoint';
import type { ContextReader } from './context-reader';
import type { DailyHardware } from './daily-hardware';
import { EndedJobs } from './ended-jobs';
import type { EventFolder } from './event-folder';
import { GpuConflicts } from './gpu-conflicts';
import { GpuNews } from './gpu-news';
import { GpuRelease } from './gpu-release';
import type { HostIdlePower } from './host-idle-power';
import type { HostReader } from './host-reader';
import { takeUpContext } from './context-line';
import { type HostState, emptyHostState } from './host-state';
import type { Live } from './live';
import { type HostFacts, type LineWriter, takeHostLine, takeRunLines } from './lines';
import type { Log } from './log';
import { Outbox } from './outbox';
import { OwnMetrics } from './own-metrics';
import type { PidFile } from './pid-file';
import type { DomainReading } from './reading';
import { recover } from './recovery';
import { applyEvent, endByReboot, endVanished } from './runs';
import type { ShipperProcess } from './shipper-process';
import { Wakeups } from './wakeups';

const CHECKPOINT_EVERY_MS = 30_000;

export interface AgentParts {
  readonly config: EitConfig;
  readonly host: string;
  readonly boot: string;
  readonly instance: string;
  readonly tool: string;
  /** The cluster's name until a hook tells it; null where nothing else does. */
  readonly cluster: string | null;
  readonly now: () => Instant;
  readonly log: Log;
  readonly reader: HostReader;
  readonly context: ContextReader;
  readonly hardware: DailyHardware;
  readonly meters: readonly EnergyMeter[];
  readonly absentSources: Readonly<Record<string, string>>;
  readonly idlePower: HostIdlePower;
  readonly events: EventFolder;
  readonly spool: Spool;
  readonly shipper: ShipperProcess;
  readonly pidFile: PidFile;
  readonly lock: KernelLock;
  /** Where Prometheus' node_exporter finds what is told of this host; null: nobody asks. */
  readonly metrics: MetricsFile | null;
  readonly live: Live;
  /** Leaves this long after the last run (ms); null: stays. */
  readonly lingerMs: number | null;
  /** Called once when the agent has left. */
  readonly onLeft: () => void;
}

/** The host's one measuring process: the loop around read → difference → divide → add up. */
export class Agent {
  readonly #parts: AgentParts;
  #state: HostState = emptyHostState();
  readonly #writer: LineWriter;
  readonly #outbox: Outbox;
  readonly #endedJobs = new EndedJobs();
  readonly #gpuConflicts = new GpuConflicts();
  readonly #gpuNews = new GpuNews();
  readonly #gpuRelease: GpuRelease;
  readonly #wakeups: Wakeups;
  /** By the wall clock: stretches are aligned to it. Everything else here is by the monotonic one. */
  #stretchEndMs = 0;
  #busyUntilMs: number;
  #checkpointAtMs = -Infinity;
  #ownCpuUs = 0;
  #hostCpus = 1;
  readonly #ownMetrics: OwnMetrics;
  #lastEnergy: readonly DomainReading[] = [];
  #tickTimer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** What has failed at the last tick, and how. */
  readonly #failures = new Map<string, string>();

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#state.cluster = parts.cluster;
    const began = parts.now();
    this.#busyUntilMs = monoMs(began);
    this.#ownMetrics = new OwnMetrics(parts, began.wallMs);
    let seq = 0;
    const { tool, host, boot, instance } = parts;
    const topProcesses = parts.config.agent.top_processes;
    this.#writer = { tool, host, boot, instance, topProcesses, nextSeq: () => seq++ };
    this.#gpuRelease = new GpuRelease(parts.config.state_dir, parts.reader, parts.log);
    this.#wakeups = new Wakeups({ ...parts, tick: () => this.#tick() });
    this.#outbox = new Outbox({
      ...parts,
      beforeWrite: () => this.#writeCheckpoint(true),
      afterWrite: () => parts.shipper.poke(),
    });
  }

  start(): void {
    const { now } = this.#parts;
    this.#recover();
    this.#stretchEndMs = this.#nextStretchEnd(now().wallMs);
    this.#parts.pidFile.write();
    this.#wakeups.watch();
    this.#tick();
    this.#scheduleTick();
    void this.#parts.live.open(() => this.#lookedAt());
  }

  /** Somebody looks: reads now, and from now on more often. */
  #lookedAt(): void {
    if (this.#stopped) return;
    this.wake();
    clearTimeout(this.#tickTimer);
    this.#scheduleTick();
  }

  /** Reads soon. */
  wake(): void {
    if (!this.#stopped) this.#wakeups.soon();
  }

  /** Writes everything down and ends; runs that are running are taken up by the next agent. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#tick();
    if (this.#stopped) return;
    this.#stopped = true;
    this.#parts.log('info', 'told to end: what runs here is carried on by the next agent');
    await this.#outbox.settled();
    this.#takeLines(true);
    this.#outbox.flushNow();
    this.#leave();
  }

  /** @param isOusted whether another agent may be here already */
  #leave(isOusted = false): void {
    this.#stopped = true;
    if (!isOusted) void this.#parts.metrics?.remove();
    clearTimeout(this.#tickTimer);
    this.#wakeups.close();
    this.#parts.live.close(isOusted);
    this.#outbox.close();
    this.#parts.pidFile.remove();
    this.#parts.reader.close();
    this.#parts.context.close();
    this.#parts.shipper.end();
    this.#parts.onLeft();
  }

  #scheduleTick(): void {
    const intervalMs = this.#parts.live.intervalMs(this.#parts.config.agent.interval_seconds * 1000);
    const { wallMs } = this.#parts.now();
    const nextMs = Math.min(Math.floor(wallMs / intervalMs + 1) * intervalMs, this.#nextStretchEnd(wallMs));
    this.#tickTimer = setTimeout(this.#tickOnTime, Math.max(1, nextMs - wallMs));
  }

  #tick(): void {
    if (this.#stopped) return;
    if (!this.#parts.lock.isHeld()) {
      this.#parts.log(
        'error',
        'the lock file was removed: leaving, since a second agent could count the same energy',
      );
      // What is unwritten is in the checkpoint, or the next agent's to measure; a checkpoint of ours could undo its.
      this.#leave(true);
      return;
    }
    // One bad tick is time without a reading; an agent that ends is more of it.
    this.#guard('the events cannot be read', this.#takeEvents);
    this.#guard('a reading failed', this.#measureNow);
  }

  // Made once: functions that each tick makes anew are compiled anew after each garbage collection.
  readonly #takeEvents = (): void => {
    if (this.#applyEvents()) this.#parts.reader.forgetScopes();
  };
  readonly #measureNow = (): void => {
    const beganMs = performance.now();
    this.#measure();
    this.#ownMetrics.ticked((performance.now() - beganMs) / 1000);
  };
  readonly #tellLive = (): void => this.#parts.live.tick(this.#state, this.#clusterName, this.#hostCpus);
  readonly #restorePidFile = (): void => this.#parts.pidFile.restore();
  readonly #tickOnTime = (): void => {
    this.#tick();
    if (this.#stopped || this.#leaveIfIdle()) return;
    this.#guard('the pid file cannot be written', this.#restorePidFile);
    this.#scheduleTick();
  };

  /** Logs a failure once, not at each tick that it lasts. */
  #guard(what: string, work: () => void): void {
    try {
      work();
      this.#failures.delete(what);
    } catch (error) {
      const text = describeError(error);
      const where = error instanceof Error ? (error.stack ?? text) : text;
      if (this.#failures.get(what) !== text) this.#parts.log('error', `${what}: ${where}`);
      this.#failures.set(what, text);
    }
  }

  #measure(): void {
    const { reader, now, log } = this.#parts;
    const at = now();
    if (this.#hasGpuRuns) reader.wantGpus(true);
    const reading = reader.read(at, this.#state.runs, at.wallMs >= this.#stretchEndMs);
    if ('cpus' in reading.cpu) this.#hostCpus = reading.cpu.cpus;
    this.#lastEnergy = reading.energy;
    const tick = advance(this.#state, reading, this.#parts.idlePower.current(), this.#parts.config.gpu);
    // A reader that never came to tell of a GPU is news too.
    if (reading.energy.some(isOfGpu) || this.#parts.meters.some(isInTrouble)) {
      for (const text of this.#gpuConflicts.untold(this.#state.runs)) log('warn', text);
      const news = this.#gpuNews.untold(reading.energy, this.#parts.meters, this.#hasGpuRuns);
      for (const { level, text } of news) log(level, text);
    }
    // All runs are gone through only where that leads to something: with hundreds it is a good part of a tick.
    const vanished = tick.hasUnseen ? endVanished(this.#state, reading.at) : [];
    for (const run of vanished) {
      log(
        'warn',
        `job ${run.identity.job} on ${run.identity.node}: its epilog never came; its record ends here`,
      );
    }

    const isStretchEnd = reading.at.wallMs >= this.#stretchEndMs;
    this.#guard("the host's context cannot be read", () => {
      const look = this.#parts.context.look(reading.at, isStretchEnd);
      if (look !== null) takeUpContext(this.#state, look);
    });
    const hasEnded = tick.hasEnded || vanished.length > 0;
    this.#takeLines(isStretchEnd, hasEnded);
    this.#guard('what eit top asks cannot be written', this.#tellLive);
    if (isStretchEnd) this.#outbox.flush();
    // After the last reading of the last run that has some.
    if (!this.#hasGpuRuns) reader.wantGpus(false);
    this.#guard('the wish to let go of GPUs cannot be read', () => this.#gpuRelease.look(at.wallMs));
    const nowMs = monoMs(reading.at);
    if (hasEnded ? this.#hasRuns : tick.runs > 0) this.#busyUntilMs = nowMs;
    // Before lines are written there is one in any case.
    if (nowMs - this.#checkpointAtMs >= CHECKPOINT_EVERY_MS && !this.#outbox.isWriting) {
      this.#guard(`no checkpoint in ${this.#parts.config.var_dir}`, () =>
        finishNow(this.#writeCheckpoint(false)),
      );
    }
  }

  /** Whether there were any. */
  #applyEvents(): boolean {
    const { events, now, log, config } = this.#parts;
    const found = events.readNew(() => {
      const applied = Object.values(this.#state.runs).flatMap((run) => run.eventFiles);
      return new Set([...applied, ...this.#outbox.files]);
    });
    for (const { error } of found.refused) log('warn', describeError(error));
    let hasStale = false;
    for (const filed of found.events) {
      const at = now();
      const outcome = applyEvent(this.#state, filed, at, config.cluster, (identity) =>
        this.#endedJobs.has(identity),
      );
      if (outcome === 'repeated' && filed.event.hook === 'epilog') this.#outbox.add([], [filed.file]);
      this.#busyUntilMs = monoMs(at);
      hasStale ||= isOfEarlierBoot(filed.event, this.#parts.boot);
    }
    if (hasStale) {
      const stale = found.events.filter(({ event }) => isOfEarlierBoot(event, this.#parts.boot));
      log(
        'warn',
        `${stale.length} events are from before this host's last start: their runs were not measured`,
      );
      endByReboot(this.#state, new Set(stale.map(({ file }) => file)));
    }
    return found.events.length > 0;
  }

  /**
   * Takes the lines of runs that have ended and, at a stretch's end, of all runs and of the host.
   * @param hasEnded whether there may be such runs
   */
  #takeLines(isStretchEnd: boolean, hasEnded = true): void {
    const { at, runs } = this.#state;
    if (at === null) return;
    for (const [key, run] of isStretchEnd || hasEnded ? Object.entries(runs) : []) {
      if (run.end === null && !isStretchEnd) continue;
      const files = run.eventFiles;
      run.eventFiles = [];
      if (run.end !== null) {
        this.#endedJobs.add(run.identity, monoMs(at));
        this.#parts.live.runEnded(run);
      }
      this.#outbox.add(takeRunLines(this.#state, key, at, this.#writer), files);
      this.#outbox.flushSoon();
    }
    if (isStretchEnd) {
      const facts = { ...this.#hostFacts(), ...this.#parts.hardware.due(at.wallMs, this.#domains()) };
      const hostLine = takeHostLine(this.#state, facts, this.#writer);
      if (hostLine !== null) {
        this.#parts.hardware.note(hostLine);
        this.#outbox.add([hostLine], []);
      }
    }
    // Also where the clock was set back: the stretch that was being waited for would be far off.
    this.#stretchEndMs = this.#nextStretchEnd(at.wallMs);
  }

  get #hasRuns(): boolean {
    return Object.keys(this.#state.runs).length > 0;
  }

  get #hasGpuRuns(): boolean {
    return Object.values(this.#state.runs).some(({ identity }) => (identity.gpus ?? 0) > 0);
  }

  get #clusterName(): string {
    return this.#parts.config.cluster ?? this.#state.cluster ?? 'unknown';
  }

  #hostFacts(): HostFacts {
    const { user, system } = process.cpuUsage();
    const cpuUs = user + system;
    const agent = { cpu_us: cpuUs - this.#ownCpuUs, rss_bytes: process.memoryUsage.rss() };
    this.#ownCpuUs = cpuUs;
    return {
      cluster: this.#clusterName,
      cpus: this.#hostCpus,
      absentSources: this.#parts.absentSources,
      agent,
    };
  }

  /**
   * Leaves when nothing has run for the linger time. The hooks look at the pid file after they have put their event into
   * place; so the pid file goes first and the folder is looked at once more: one of the two always sees the other.
   */
  #leaveIfIdle(): boolean {
    const { lingerMs, now } = this.#parts;
    const isIdle = !this.#hasRuns && this.#outbox.isEmpty;
    if (
      lingerMs === null ||
      !isIdle ||
      this.#outbox.isWriting ||
      monoMs(now()) - this.#busyUntilMs < lingerMs
    )
      return false;
    this.#parts.pidFile.remove();
    this.#tick();
    if (!this.#hasRuns && !this.#outbox.isWriting) {
      this.#takeLines(true);
      this.#outbox.flushNow();
    }
    if (this.#hasRuns || !this.#outbox.isEmpty) {
      this.#parts.pidFile.write();
      return false;
    }
    removeCheckpoint(this.#parts.config.var_dir);
    this.#parts.log('info', 'nothing runs here: leaving until the next job');
    this.#leave();
    return true;
  }

  /** Carries on where an agent was killed; ends the runs of an earlier boot. */
  #recover(): void {
    const { config, host, boot, log } = this.#parts;
    let checkpoint: Checkpoint | null;
    try {
      checkpoint = readCheckpoint(config.var_dir);
    } catch (error) {
      log('warn', describeError(error));
      return;
    }
    if (checkpoint === null || checkpoint.host !== host) return;
    const now = {
      boot,
      at: this.#parts.now(),
      sources: this.#sources(),
      domains: this.#domains().map(({ name }) => name),
      integrated: this.#domains().flatMap(({ isIntegrated, name }) => (isIntegrated === true ? [name] : [])),
      writer: this.#writer,
      facts: this.#hostFacts(),
    };
    try {
      const { state, unwritten, removableFiles, message } = recover(checkpoint, now);
      log('info', message);
      this.#state = state;
      this.#outbox.add(unwritten, removableFiles);
    } catch (error) {
      log('error', `EIT_CHECKPOINT: the checkpoint makes no sense and was set aside: ${String(error)}`);
      setCheckpointAside(config.var_dir);
    }
    if (!this.#outbox.isEmpty) this.#outbox.flush();
  }

  /** @throws EitError EIT_CHECKPOINT where an older one may be left, which would count joules again */
  *#writeCheckpoint(isSynced: boolean): DurableWork<void> {
    const { config, host, boot, now } = this.#parts;
    this.#checkpointAtMs = monoMs(now());
    const checkpoint: Checkpoint = {
      version: 2,
      host,
      boot,
      sources: this.#sources(),
      state: this.#state,
      unwritten: this.#outbox.records,
      removableFiles: this.#outbox.files,
    };
    const metrics = this.#ownMetrics.due(this.#checkpointAtMs, this.#state, () => ({
      cluster: this.#clusterName,
      failing: this.#failures.size,
      unwritten: this.#outbox.records.length,
      energy: this.#lastEnergy,
    }));
    try {
      yield* writeCheckpoint(config.var_dir, checkpoint, isSynced);
      // Not before: counters that the next agent does not know would go back.
      if (metrics !== null) this.#parts.metrics?.write(metrics, this.#checkpointAtMs);
    } catch (cause) {
      const text = `no checkpoint in ${config.var_dir}: ${String(cause)}`;
      throw new EitError('EIT_CHECKPOINT', text, { cause });
    }
  }

  /** Without GPUs, which become known later. */
  #sources(): string {
    return this.#domains()
      .filter(({ gpu }) => gpu === undefined)
      .map((domain) => `${domain.name}=${domain.source}:${domain.maxEnergyUj ?? 0}`)
      .join(' ');
  }

  #domains(): EnergyDomain[] {
    return this.#parts.meters.flatMap((meter) => [...meter.domains]);
  }

  #nextStretchEnd(wallMs: number): number {
    const stretchMs = this.#parts.config.agent.record_seconds * 1000;
    return (Math.floor(wallMs / stretchMs) + 1) * stretchMs;
  }
}

function isInTrouble({ trouble }: EnergyMeter): boolean {
  return (trouble ?? null) !== null;
}

function isOfGpu({ domain }: DomainReading): boolean {
  return domain.gpu !== undefined;
}

function isOfEarlierBoot(event: HookEvent, boot: string): boolean {
  return event.boot !== '' && !event.boot.startsWith(boot);
}

function monoMs(at: Instant): number {
  return Number(at.monoNs) / 1e6;
}
