import type { EitRecord } from '../generated/record';
import type { Checkpoint } from './checkpoint';
import { type HostState, emptyHostState } from './host-state';
import { type HostFacts, type LineWriter, takeHostLine, takeRunLines } from './lines';
import { endByReboot } from './runs';

/** What an agent begins with. */
export interface Recovered {
  readonly state: HostState;
  readonly unwritten: readonly EitRecord[];
  /** Event files that may go once `unwritten` is on disk. */
  readonly removableFiles: readonly string[];
  /** Event files that have been applied, those above included. */
  readonly appliedFiles: readonly string[];
  /** For the log. */
  readonly message: string;
}

/**
 * Carries on from the checkpoint of an agent that was ended. In the same boot its counters go on, and what they grew by in
 * between is divided like a tick. Counters of another boot mean nothing now: the runs of then end at its last reading.
 * @param sources what the counters depend on now (see Checkpoint)
 */
export function recover(
  checkpoint: Checkpoint,
  now: {
    readonly boot: string;
    readonly sources: string;
    readonly writer: LineWriter;
    readonly facts: HostFacts;
  },
): Recovered {
  const { state, unwritten, removableFiles } = checkpoint;
  const runFiles = Object.values(state.runs).flatMap((run) => run.eventFiles);
  const appliedFiles = [...runFiles, ...removableFiles];

  if (checkpoint.boot === now.boot) {
    const runs = Object.keys(state.runs).length;
    return {
      state: checkpoint.sources === now.sources ? state : { ...state, counters: {} },
      unwritten,
      removableFiles,
      appliedFiles,
      message: `taking up the counters and ${runs} run${runs === 1 ? '' : 's'} of an agent that was ended`,
    };
  }

  const { at, cluster, nodes } = state;
  const writer = { ...now.writer, boot: checkpoint.boot };
  const last: EitRecord[] = [];
  endByReboot(state);
  if (at !== null) {
    for (const key of Object.keys(state.runs)) last.push(...takeRunLines(state, key, at, writer));
    const hostLine = takeHostLine(state, { ...now.facts, cluster: cluster ?? now.facts.cluster }, writer);
    if (hostLine !== null) last.push(hostLine);
  }
  const when = at === null ? 'before their first reading' : new Date(at.wallMs).toISOString();
  return {
    state: { ...emptyHostState(), cluster, nodes },
    unwritten: [...unwritten, ...last],
    removableFiles: appliedFiles,
    appliedFiles,
    message: `this host restarted: the records of the runs before it end at ${when}`,
  };
}
