import type { EitRecord } from '../generated/record';
import type { Instant } from '../sources/source';
import type { Checkpoint } from './checkpoint';
import { type HostState, emptyHostLine, emptyHostState } from './host-state';
import { type HostFacts, type LineWriter, takeHostLine, takeRunLines } from './lines';
import { endByReboot } from './runs';

/** What an agent begins with. */
export interface Recovered {
  readonly state: HostState;
  readonly unwritten: readonly EitRecord[];
  /** Event files that may go once `unwritten` is on disk. */
  readonly removableFiles: readonly string[];
  /** For the log. */
  readonly message: string;
}

/** The present, for `recover`. */
export interface Present {
  readonly boot: string;
  readonly at: Instant;
  /** What the counters depend on (see Checkpoint). */
  readonly sources: string;
  /** Names of the domains that are known now. */
  readonly domains: readonly string[];
  /** Domains whose counters the ended agent added up itself: those of this one begin anew. */
  readonly integrated: readonly string[];
  readonly writer: LineWriter;
  readonly facts: HostFacts;
}

/**
 * A gap longer than this is missing time even where the counters could tell what it held: one line must not span days, and
 * who used the host in so long a time nobody knows.
 */
const LONGEST_GAP_NS = 3_600_000_000_000n;

/**
 * Carries on from the checkpoint of an agent that was ended. In the same boot its counters go on, and what they grew by in
 * between is divided like a tick. Counters of another boot mean nothing now: the runs of then end at its last reading.
 */
export function recover(checkpoint: Checkpoint, now: Present): Recovered {
  return checkpoint.boot === now.boot ? carryOn(checkpoint, now) : endEarlierBoot(checkpoint, now);
}

function carryOn({ state, sources, unwritten, removableFiles }: Checkpoint, now: Present): Recovered {
  const runs = Object.keys(state.runs).length;
  const message = `taking up the counters and ${runs} run${runs === 1 ? '' : 's'} of an agent that was ended`;
  const { at } = state;
  for (const run of Object.values(state.runs)) {
    run.life.agentRestarts += 1;
    // This agent does not know the steps that have ended: its readings begin anew.
    run.user = { dir: '', ns: 0n, sinceNs: run.user?.sinceNs ?? 0 };
  }
  for (const name of [...now.integrated, ...(state.integrated ?? [])]) delete state.counters[name];
  if (at === null || (sources === now.sources && now.at.monoNs - at.monoNs <= LONGEST_GAP_NS)) {
    awaitCounters(state, now);
    return { state, unwritten, removableFiles, message };
  }
  // What was read is written as it was read; the next reading is a baseline.
  const ended = Object.values(state.runs).filter((run) => run.end !== null);
  const endedFiles = ended.flatMap((run) => run.eventFiles);
  const last = takeAll(state, at, now.writer, now.facts);
  state.at = null;
  state.host = emptyHostLine(null);
  delete state.contextCounters;
  const why = sources === now.sources ? 'it was more than an hour ago' : 'the sources are others now';
  return {
    state,
    unwritten: [...unwritten, ...last],
    removableFiles: [...removableFiles, ...endedFiles],
    message: `${message}; the time since is missing: ${why}`,
  };
}

/** What the present sources do not know (yet) of what was counted. */
function awaitCounters(state: HostState, { domains, at: present }: Present): void {
  const { at } = state;
  if (at === null || present.monoNs - at.monoNs > LONGEST_GAP_NS) return;
  for (const [name, energyUj] of Object.entries(state.counters)) {
    if (domains.includes(name)) continue;
    state.awaited = { ...state.awaited, [name]: { energyUj, monoNs: at.monoNs } };
    delete state.counters[name];
  }
}

function endEarlierBoot({ state, boot, unwritten, removableFiles }: Checkpoint, now: Present): Recovered {
  const { at, cluster, nodes } = state;
  const files = Object.values(state.runs).flatMap((run) => run.eventFiles);
  endByReboot(state);
  const last = at === null ? [] : takeAll(state, at, { ...now.writer, boot }, now.facts);
  const when = at === null ? 'before their first reading' : new Date(at.wallMs).toISOString();
  return {
    state: { ...emptyHostState(), cluster, nodes },
    unwritten: [...unwritten, ...last],
    removableFiles: [...removableFiles, ...files],
    message: `this host restarted: the records of the runs before it end at ${when}`,
  };
}

/** Every line that is open, as it stood at the last reading. */
function takeAll(state: HostState, at: Instant, writer: LineWriter, facts: HostFacts): EitRecord[] {
  const lines = Object.keys(state.runs).flatMap((key) => takeRunLines(state, key, at, writer));
  const hostLine = takeHostLine(state, { ...facts, cluster: state.cluster ?? facts.cluster }, writer);
  return hostLine === null ? lines : [...lines, hostLine];
}
