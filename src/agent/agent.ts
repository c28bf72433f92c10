import { type FSWatcher, watch } from 'node:fs';
import type { EitConfig } from '../generated/config';
import type { EitRecord } from '../generated/record';
import type { Spool } from '../ledger/spool';
import type { HookEvent } from '../slurm/hook-event';
import type { EnergyMeter, Instant } from '../sources/source';
import { advance } from './advance';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from './checkpoint';
import type { EventFolder } from './event-folder';
import type { HostReader } from './host-reader';
import { type HostState, emptyHostState } from './host-state';
import { type LineWriter, takeHostLine, takeRunLines } from './lines';
import type { Log } from './log';
import { applyEvent, endByReboot, endVanished } from './runs';
import type { PidFile } from './pid-file';
import type { ShipperProcess } from './shipper-process';

/** Events that come together (an array starts, a node empties) are read together. */
const EVENT_PAUSE_MS = 5;
/** A run's last line waits this long for others to share its write to the disk. */
const FLUSH_DELAY_MS = 1000;
const CHECKPOINT_EVERY_MS = 30_000;
/** How long a repeated epilog is told from one whose prolog never ran. */
const REMEMBER_ENDED_MS = 3_600_000;

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
  readonly meters: readonly EnergyMeter[];
  readonly absentSources: Readonly<Record<string, string>>;
  readonly events: EventFolder;
  readonly spool: Spool;
  readonly shipper: ShipperProcess;
  readonly pidFile: PidFile;
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
  /** Files of events that have been applied and not yet removed. */
  readonly #appliedFiles = new Set<string>();
  /** Of runs whose last line is not on disk yet. */
  #removableFiles: string[] = [];
  readonly #endedAtMs = new Map<string, number>();
  #unwritten: EitRecord[] = [];
  #stretchEndMs = 0;
  #busyUntilMs: number;
  #checkpointAtMs = 0;
  #ownCpuUs = 0;
  #hostCpus = 1;
  #watcher: FSWatcher | null = null;
  #tickTimer: NodeJS.Timeout | undefined;
  #eventTimer: NodeJS.Timeout | undefined;
  #flushTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#state.cluster = parts.cluster;
    this.#busyUntilMs = parts.now().wallMs;
    let seq = 0;
    const { tool, host, boot, instance } = parts;
    this.#writer = { tool, host, boot, instance, nextSeq: () => seq++ };
  }

  start(): void {
    const { config, events, log, now } = this.#parts;
    this.#recover();
    this.#stretchEndMs = this.#nextStretchEnd(now().wallMs);
    this.#parts.pidFile.write();
    // inotify only makes it sooner: every tick looks into the folder.
    this.#watcher = watch(events.dir, () => {
      this.#eventTimer ??= setTimeout(() => {
        this.#eventTimer = undefined;
        this.#tick();
      }, EVENT_PAUSE_MS);
    });
    this.#watcher.on('error', (error) => {
      log(
        'warn',
        `no inotify on ${events.dir} (${String(error)}): events are seen each ${config.agent.interval_seconds} s`,
      );
    });
    this.#tick();
    this.#scheduleTick();
  }

  /** Writes everything down and ends; runs that are running are taken up by the next agent. */
  stop(): void {
    if (this.#stopped) return;
    this.#tick();
    this.#takeLines(true);
    this.#flush();
    this.#leave();
  }

  #leave(): void {
    this.#stopped = true;
    clearTimeout(this.#tickTimer);
    clearTimeout(this.#eventTimer);
    clearTimeout(this.#flushTimer);
    this.#watcher?.close();
    this.#parts.pidFile.remove();
    this.#parts.reader.close();
    this.#parts.shipper.end();
    this.#parts.onLeft();
  }

  #scheduleTick(): void {
    const intervalMs = this.#parts.config.agent.interval_seconds * 1000;
    const { wallMs } = this.#parts.now();
    const nextMs = Math.min(Math.floor(wallMs / intervalMs + 1) * intervalMs, this.#stretchEndMs);
    this.#tickTimer = setTimeout(
      () => {
        this.#tick();
        if (!this.#stopped && !this.#leaveIfIdle()) this.#scheduleTick();
      },
      Math.max(1, nextMs - wallMs),
    );
  }

  #tick(): void {
    if (this.#stopped) return;
    try {
      this.#measure();
    } catch (error) {
      // One bad tick is time without a reading; an agent that ends is more of it.
      this.#parts.log(
        'error',
        `a reading failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }

  #measure(): void {
    const { reader, now, log } = this.#parts;
    if (this.#applyEvents()) reader.forgetScopes();
    const reading = reader.read(now(), this.#state.runs);
    if ('cpus' in reading.cpu) this.#hostCpus = reading.cpu.cpus;
    advance(this.#state, reading);
    for (const run of endVanished(this.#state, reading.at)) {
      log(
        'warn',
        `job ${run.identity.job} on ${run.identity.node}: its epilog never came; its record ends here`,
      );
    }

    this.#takeLines(reading.at.wallMs >= this.#stretchEndMs);
    if (Object.keys(this.#state.runs).length > 0) this.#busyUntilMs = reading.at.wallMs;
    if (reading.at.wallMs - this.#checkpointAtMs >= CHECKPOINT_EVERY_MS) this.#writeCheckpoint();
  }

  /** Whether there were any. */
  #applyEvents(): boolean {
    const { events, now, log, config } = this.#parts;
    const found = events.readNew(this.#appliedFiles);
    for (const { error } of found.refused) log('warn', `${error.code}: ${error.message}`);
    let hasStale = false;
    for (const filed of found.events) {
      const at = now();
      const outcome = applyEvent(this.#state, filed, at, config.cluster, ({ node, job }) =>
        this.#endedAtMs.has(`${node}/${job}`),
      );
      this.#appliedFiles.add(filed.file);
      if (outcome === 'repeated' && filed.event.hook === 'epilog') this.#removableFiles.push(filed.file);
      this.#busyUntilMs = at.wallMs;
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

  /** Takes the lines of runs that have ended and, at a stretch's end, of all runs and of the host. */
  #takeLines(isStretchEnd: boolean): void {
    const { at, runs } = this.#state;
    if (at === null) return;
    const before = this.#unwritten.length;
    for (const [key, run] of Object.entries(runs)) {
      if (run.end === null && !isStretchEnd) continue;
      this.#removableFiles.push(...run.eventFiles);
      run.eventFiles = [];
      if (run.end !== null) this.#rememberEnded(`${run.identity.node}/${run.identity.job}`, at.wallMs);
      this.#unwritten.push(...takeRunLines(this.#state, key, at, this.#writer));
    }
    if (isStretchEnd) {
      const hostLine = takeHostLine(this.#state, this.#hostFacts(), this.#writer);
      if (hostLine !== null) this.#unwritten.push(hostLine);
      this.#stretchEndMs = this.#nextStretchEnd(at.wallMs);
      this.#flush();
    } else if (this.#unwritten.length > before) {
      this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_DELAY_MS);
    }
  }

  /** Puts what is unwritten on disk: checkpoint first, then the lines, then the events that led to them may go. */
  #flush(): void {
    const { spool, log, shipper, events } = this.#parts;
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    this.#writeCheckpoint();
    try {
      for (const { reason } of spool.write(this.#unwritten)) {
        log(
          'error',
          `EIT_RECORD_INVALID: a record does not fit its schema and was set aside in the spool: ${reason}`,
        );
      }
    } catch (error) {
      log('error', `${String(error)}; kept in memory and tried again`);
      this.#flushTimer = setTimeout(() => this.#flush(), 10 * FLUSH_DELAY_MS);
      return;
    }
    this.#unwritten = [];
    for (const file of this.#removableFiles) {
      events.remove(file);
      this.#appliedFiles.delete(file);
    }
    this.#removableFiles = [];
    shipper.poke();
  }

  #hostFacts() {
    const { user, system } = process.cpuUsage();
    const cpuUs = user + system;
    const agent = { cpu_us: cpuUs - this.#ownCpuUs, rss_bytes: process.memoryUsage.rss() };
    this.#ownCpuUs = cpuUs;
    return {
      cluster: this.#cluster(),
      cpus: this.#hostCpus,
      absentSources: this.#parts.absentSources,
      agent,
    };
  }

  #cluster(): string {
    return this.#parts.config.cluster ?? this.#state.cluster ?? 'unknown';
  }

  /**
   * Leaves when nothing has run for the linger time. The hooks look at the pid file after they have put their event into
   * place; so the pid file goes first and the folder is looked at once more: one of the two always sees the other.
   */
  #leaveIfIdle(): boolean {
    const { lingerMs, now } = this.#parts;
    const isIdle = Object.keys(this.#state.runs).length === 0 && this.#unwritten.length === 0;
    if (lingerMs === null || !isIdle || now().wallMs - this.#busyUntilMs < lingerMs) return false;
    this.#parts.pidFile.remove();
    this.#tick();
    if (Object.keys(this.#state.runs).length > 0) {
      this.#parts.pidFile.write();
      return false;
    }
    this.#takeLines(true);
    if (this.#unwritten.length > 0) {
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
    let checkpoint;
    try {
      checkpoint = readCheckpoint(config.var_dir);
    } catch (error) {
      log('warn', String(error));
      return;
    }
    if (checkpoint === null || checkpoint.host !== host) return;
    this.#unwritten = [...checkpoint.unwritten];
    this.#removableFiles = [...checkpoint.removableFiles];
    const { state } = checkpoint;
    const files = Object.values(state.runs).flatMap((run) => run.eventFiles);
    for (const file of [...files, ...this.#removableFiles]) this.#appliedFiles.add(file);
    if (checkpoint.boot !== boot) {
      const old: LineWriter = { ...this.#writer, boot: checkpoint.boot };
      endByReboot(state);
      this.#removableFiles.push(...files);
      const { at } = state;
      if (at !== null) {
        for (const key of Object.keys(state.runs)) this.#unwritten.push(...takeRunLines(state, key, at, old));
        const hostLine = takeHostLine(
          state,
          { ...this.#hostFacts(), cluster: state.cluster ?? this.#cluster() },
          old,
        );
        if (hostLine !== null) this.#unwritten.push(hostLine);
      }
      this.#state.cluster = state.cluster;
      this.#state.nodes = state.nodes;
      log(
        'warn',
        `this host restarted: the records of the runs before it end at ${new Date(at?.wallMs ?? 0).toISOString()}`,
      );
    } else {
      this.#state = state;
      if (checkpoint.sources !== this.#sources()) this.#state.counters = {};
      for (const run of Object.values(state.runs))
        for (const file of run.eventFiles) this.#appliedFiles.add(file);
      const n = Object.keys(state.runs).length;
      log('info', `taking up the counters and ${n} run${n === 1 ? '' : 's'} of an agent that was ended`);
    }
    if (this.#unwritten.length > 0) this.#flush();
  }

  #writeCheckpoint(): void {
    const { config, host, boot, now, log } = this.#parts;
    this.#checkpointAtMs = now().wallMs;
    try {
      writeCheckpoint(config.var_dir, {
        version: 1,
        host,
        boot,
        sources: this.#sources(),
        state: this.#state,
        unwritten: this.#unwritten,
        removableFiles: this.#removableFiles,
      });
    } catch (error) {
      log(
        'warn',
        `no checkpoint in ${config.var_dir}: ${String(error)}; if the agent is killed now, its last lines are missing`,
      );
    }
  }

  #sources(): string {
    return this.#parts.meters
      .flatMap((meter) =>
        meter.domains.map((domain) => `${domain.name}=${domain.source}:${domain.maxEnergyUj ?? 0}`),
      )
      .join(' ');
  }

  #rememberEnded(job: string, wallMs: number): void {
    this.#endedAtMs.set(job, wallMs);
    for (const [key, endedMs] of this.#endedAtMs) {
      if (wallMs - endedMs <= REMEMBER_ENDED_MS) break;
      this.#endedAtMs.delete(key);
    }
  }

  #nextStretchEnd(wallMs: number): number {
    const stretchMs = this.#parts.config.agent.record_seconds * 1000;
    return (Math.floor(wallMs / stretchMs) + 1) * stretchMs;
  }
}

function isOfEarlierBoot(event: HookEvent, boot: string): boolean {
  return event.boot !== '' && !event.boot.startsWith(boot);
}
