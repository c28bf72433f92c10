import type { RunEnd, RunStart } from '../generated/record';
import { type HookEvent, wholeNumber } from '../slurm/hook-event';
import { type RunIdentity, runIdentity, runStart } from '../slurm/run-identity';
import type { Instant } from '../sources/source';
import { type ExitCodes, type HostState, type RunState, emptyRunLine, runKey } from './host-state';
import { emptySeries } from './series';

/** An event with the name and the time of its file. */
export interface FiledEvent {
  readonly file: string;
  /** When the hook wrote it: the file's mtime, Unix ms. */
  readonly atMs: number;
  readonly event: HookEvent;
}

/** What an event led to. `repeated`: the same hook ran twice for one job. */
export type EventOutcome = 'started' | 'ended' | 'repeated' | 'ended without start';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * Applies a hook's event to the runs of the state. The prolog's event names the run: in an epilog's environment a requeue
 * has already counted up. A fragment that started anew without an epilog ends as superseded.
 * @param now the present, to place the event on the monotonic clock
 * @param isEnded whether a fragment of this node and job ended lately: then a further epilog is a repetition
 */
export function applyEvent(
  state: HostState,
  filed: FiledEvent,
  now: Instant,
  configuredCluster: string | undefined,
  isEnded: (identity: RunIdentity) => boolean,
): EventOutcome {
  const { event } = filed;
  const identity = runIdentity(event, configuredCluster, state.cluster ?? undefined);
  state.cluster = identity.cluster;
  if (!state.nodes.includes(identity.node)) state.nodes.push(identity.node);
  const at = placed(filed, now);
  const open = openRun(state, identity);

  if (event.hook === 'prolog') {
    if (open !== undefined && isSameRun(open.identity, identity)) {
      open.eventFiles.push(filed.file);
      return 'repeated';
    }
    if (open !== undefined) endRun(open, at, 'superseded');
    addRun(state, filed, identity, at);
    return 'started';
  }

  if (open !== undefined) {
    endRun(open, at, 'epilog', exitCodes(event));
    open.eventFiles.push(filed.file);
    return 'ended';
  }
  // Both epilogs may come in one tick, before the run's last line is taken.
  if (isEnded(identity) || Object.values(state.runs).some((run) => isOf(run, identity))) return 'repeated';
  const run = addRun(state, filed, identity, at);
  endRun(run, at, 'epilog', exitCodes(event));
  return 'ended without start';
}

/**
 * Ends the runs whose epilog will not come: nothing of them has been seen for an hour after Slurm's time limit, or for a
 * day where Slurm does not tell the limit (a job may be without any process for long, between steps or before its first).
 */
export function endVanished(state: HostState, now: Instant): RunState[] {
  const vanished = Object.values(state.runs).filter((run) => {
    const unseenMs = now.wallMs - run.lastSeenMs;
    if (run.end !== null || run.cpuFrom !== null) return false;
    return run.limitMs === null
      ? unseenMs > DAY_MS
      : unseenMs > HOUR_MS && now.wallMs > run.limitMs + HOUR_MS;
  });
  for (const run of vanished) endRun(run, now, 'vanished');
  return vanished;
}

/**
 * Ends runs at the state's last reading: the host was restarted since.
 * @param files only runs that began with one of these event files; without it all
 */
export function endByReboot(state: HostState, files?: ReadonlySet<string>): void {
  for (const run of Object.values(state.runs)) {
    if (files !== undefined && !run.eventFiles.some((file) => files.has(file))) continue;
    const seen = files === undefined ? state.at : null;
    if (run.end === null) endRun(run, seen ?? { wallMs: run.startedMs, monoNs: run.startedMonoNs }, 'reboot');
  }
}

/** A run does not end before its line in hand began. */
function endRun(run: RunState, at: Instant, by: RunEnd['by'], exit?: ExitCodes): void {
  const { from } = run.line;
  const end = at.monoNs < from.monoNs ? from : at;
  run.end = { atMs: end.wallMs, monoNs: end.monoNs, by, ...(exit === undefined ? {} : { exit }) };
}

function openRun(state: HostState, identity: RunIdentity): RunState | undefined {
  return Object.values(state.runs).find((run) => run.end === null && isOf(run, identity));
}

/** Whether a fragment is of this node and job, be it of another execution. */
function isOf({ identity: run }: RunState, { cluster, node, job }: RunIdentity): boolean {
  return run.job === job && run.node === node && run.cluster === cluster;
}

function isSameRun(a: RunIdentity, b: RunIdentity): boolean {
  return a.restart === b.restart && a.slurm_start === b.slurm_start && a.sluid === b.sluid;
}

function addRun(state: HostState, filed: FiledEvent, identity: RunIdentity, at: Instant): RunState {
  const startedMs = Math.round(at.wallMs);
  const limitS = wholeNumber(filed.event.variables['SLURM_JOB_END_TIME']);
  const begin = state.at !== null && state.at.monoNs > at.monoNs ? state.at : at;
  const run: RunState = {
    ...newRun(identity, runStart(filed.event), at),
    eventFiles: [filed.file],
    limitMs: limitS === undefined ? null : limitS * 1000,
    line: emptyRunLine(begin),
  };
  state.runs[runKey(identity, startedMs)] = run;
  return run;
}

/** A fragment that begins. */
export function newRun(identity: RunIdentity, start: RunStart, at: Instant): RunState {
  return {
    identity,
    start,
    startedMs: Math.round(at.wallMs),
    startedMonoNs: at.monoNs,
    eventFiles: [],
    lastSeenMs: at.wallMs,
    limitMs: null,
    cpuFrom: null,
    begun: false,
    end: null,
    line: emptyRunLine(at),
    carry: {},
    holding: null,
    user: null,
    isEndSeen: false,
    life: { ms: 0, missingMs: {}, wraps: 0, resets: 0, agentRestarts: 0 },
    series: emptySeries(),
  };
}

/** Where file time and uptime are further apart (ns), the wall clock was set in between. */
const CLOCK_WAS_SET_NS = 1_000_000_000n;

/**
 * When the hook wrote an event. The file's time is the finer one (the kernel prints the uptime in hundredths), the uptime
 * is the one that nobody can set.
 */
function placed({ atMs, event }: FiledEvent, now: Instant): Instant {
  const ageNs = BigInt(Math.round(Math.max(0, now.wallMs - atMs) * 1e6));
  const byFileNs = now.monoNs > ageNs ? now.monoNs - ageNs : 0n;
  const byUptimeNs = BigInt(Math.round(event.uptimeS * 1e9));
  const apartNs = byFileNs > byUptimeNs ? byFileNs - byUptimeNs : byUptimeNs - byFileNs;
  const clockWasSet = byUptimeNs > 0n && byUptimeNs <= now.monoNs && apartNs > CLOCK_WAS_SET_NS;
  return { wallMs: atMs, monoNs: clockWasSet ? byUptimeNs : byFileNs };
}

/** Slurm's exit code as it prints it, "status:signal", and the highest of the steps. */
function exitCodes({ variables }: HookEvent): ExitCodes {
  const code = variables['SLURM_JOB_EXIT_CODE2'];
  const derived = variables['SLURM_JOB_DERIVED_EC'];
  return {
    ...(code !== undefined && /^\d{1,10}:\d{1,10}$/.test(code) ? { exit_code: code } : {}),
    ...(derived !== undefined && derived.length <= 32 ? { derived_exit_code: derived } : {}),
  };
}
