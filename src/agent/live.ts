import type { EitConfig } from '../generated/config';
import type { NowRun, NowSnapshot } from '../generated/now';
import type { Instant } from '../sources/source';
import { AdminUids } from './admin-uids';
import type { HostState, RunState } from './host-state';
import type { Log } from './log';
import { NowFiles, type NowReaders } from './now-files';
import { WATCHED_MS } from './now-paths';
import { NowRequests } from './now-requests';
import { type NowSample, soFarOf, takeSample } from './now-sample';
import { type KnownDomain, type NowFacts, nowRun, nowSnapshot } from './now-snapshot';

/** How long a run is still told of after its end. */
const ENDED_MS = 30_000;
/** A power over less than this (ms) says little: counters have steps of their own. */
const SHORTEST_MS = 400;

export interface LiveParts {
  readonly config: EitConfig;
  readonly host: string;
  readonly tool: string;
  readonly log: Log;
  /** Names or uids of those who see all runs. */
  readonly admins: readonly string[];
  /** The agent's own user, who sees all runs. */
  readonly uid: number;
  readonly monoMs: () => number;
}

/** What the agent tells while somebody looks (`eit top`); nothing is done while nobody does. */
export class Live {
  readonly #parts: LiveParts;
  readonly #files: NowFiles;
  readonly #admins: AdminUids;
  #requests: NowRequests | null = null;
  /** Until when (monotonic, ms) somebody looks, and who. */
  #untilMs = -Infinity;
  readonly #asked = new Map<number, number>();
  /** Since the last tick: whoever can be written into a pipe twice a second, so this is bounded. */
  #news = new Set<number>();
  #isClosed = false;
  #sample: NowSample | null = null;
  #last: NowSnapshot | null = null;
  readonly #domains = new Map<string, KnownDomain>();
  #ended: { readonly run: NowRun; readonly untilMs: number }[] = [];

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#files = new NowFiles(parts.config.state_dir, parts.log);
    this.#admins = new AdminUids(parts.admins);
  }

  /**
   * Begins to listen to those who ask.
   * @param onFirst called when somebody looks and nobody did before
   */
  async open(onFirst: () => void): Promise<void> {
    const { config, log } = this.#parts;
    if (config.agent.live_seconds === 0) return;
    try {
      this.#files.clear();
      const requests = await NowRequests.open(config.state_dir, (uids) => {
        const wasWatched = this.isWatched;
        this.#untilMs = this.#parts.monoMs() + WATCHED_MS;
        for (const uid of uids) this.#news.add(uid);
        if (!wasWatched) onFirst();
        else if (this.#last !== null && this.#hasNewcomer(this.#last.runs)) this.#tell(this.#last);
      });
      if (this.#isClosed) requests.close();
      else this.#requests = requests;
    } catch (error) {
      log('warn', `eit top cannot ask: ${String(error)}`);
    }
  }

  get isWatched(): boolean {
    return this.#parts.monoMs() < this.#untilMs;
  }

  /** After each tick. @throws the system's error where nothing can be written */
  tick(state: HostState, cluster: string, cpus: number): void {
    if (!this.isWatched) {
      if (this.#sample !== null) this.#rest();
      return;
    }
    const after = takeSample(state);
    if (after === null) return;
    const before = this.#sample;
    if (before !== null && Number(after.monoNs - before.monoNs) / 1e6 < SHORTEST_MS) return;
    this.#sample = after;
    for (const [name, { class: domainClass, quality, source }] of Object.entries(state.host.domains)) {
      this.#domains.set(name, { class: domainClass, quality, source });
    }
    const nowMs = this.#parts.monoMs();
    this.#ended = this.#ended.filter(({ untilMs }) => untilMs > nowMs);
    const ended = this.#ended.map(({ run }) => run);
    this.#last = nowSnapshot(state, { before, after }, this.#facts(cluster, cpus), ended);
    this.#files.write(this.#last, this.#readers(this.#last.runs, nowMs));
  }

  /** Who is told already waits for the next reading: asking again and again makes no work. */
  #hasNewcomer(runs: readonly NowRun[]): boolean {
    const isTold = this.#toldOf(runs, this.#admins.current(this.#parts.monoMs()));
    return [...this.#news].some((uid) => !this.#asked.has(uid) && isTold(uid));
  }

  /** Of whom there is something to tell. */
  #toldOf(runs: readonly NowRun[], admins: ReadonlySet<number>): (uid: number) => boolean {
    const users = new Set(runs.map(({ uid }) => uid));
    return (uid) => uid === 0 || uid === this.#parts.uid || users.has(uid) || admins.has(uid);
  }

  /** Who comes while others look need not wait for the next reading. */
  #tell(snapshot: NowSnapshot): void {
    try {
      this.#files.write(snapshot, this.#readers(snapshot.runs, this.#parts.monoMs()));
    } catch (error) {
      // The next tick says it once.
      if (!(error instanceof Error)) throw error;
    }
  }

  /** Before a run that has ended is forgotten. */
  runEnded(run: RunState): void {
    if (!this.isWatched) return;
    const told = nowRun(run, soFarOf(run), null, 0, {
      domains: this.#domains,
      policy: this.#parts.config.policy,
    });
    this.#ended.push({ run: told, untilMs: this.#parts.monoMs() + ENDED_MS });
  }

  /** When the next tick is due while somebody looks (ms). */
  intervalMs(usualMs: number): number {
    return this.isWatched ? Math.min(usualMs, this.#parts.config.agent.live_seconds * 1000) : usualMs;
  }

  /** @param isOusted whether another agent may be here already: the answers are its own then */
  close(isOusted = false): void {
    this.#isClosed = true;
    this.#requests?.close();
    if (isOusted) return;
    try {
      this.#files.clear();
    } catch (error) {
      this.#parts.log('warn', `what eit top was told stays: ${String(error)}`);
    }
  }

  #rest(): void {
    this.#sample = null;
    this.#last = null;
    this.#ended = [];
    this.#asked.clear();
    this.#news.clear();
    this.#files.clear();
  }

  #facts(cluster: string, cpus: number): NowFacts {
    const { tool, host, config } = this.#parts;
    return { tool, host, cluster, policy: config.policy, cpus, domains: this.#domains };
  }

  /** Of those who asked, the ones there is something to tell: whoever else is named costs nothing. */
  #readers(runs: readonly NowRun[], nowMs: number): NowReaders {
    const { config, uid: agentUid } = this.#parts;
    const isOpen = config.privacy === 'open';
    const admins = this.#admins.current(nowMs);
    const isTold = this.#toldOf(runs, admins);
    for (const uid of this.#news) if (isTold(uid)) this.#asked.set(uid, this.#untilMs);
    this.#news = new Set();
    for (const [uid, untilMs] of this.#asked) if (untilMs < nowMs || !isTold(uid)) this.#asked.delete(uid);
    const asking = [...this.#asked.keys()];
    const others = isOpen ? [] : asking.filter((uid) => uid !== 0 && uid !== agentUid);
    return {
      all: others.length < asking.length,
      isOpen,
      own: others.filter((uid) => !admins.has(uid)),
      admins: others.filter((uid) => admins.has(uid)),
    };
  }
}

/** For `LiveParts.monoMs`. */
export function monoMsOf(now: () => Instant): () => number {
  return () => Number(now().monoNs) / 1e6;
}
