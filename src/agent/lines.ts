import type {
  AllocatedPart,
  EitRecord,
  EnergyByDomain,
  HostRecord,
  RunEnd,
  RunRecord,
  RunStart,
  SeriesRecord,
  WholeDomain,
} from '../generated/record';
import type { Instant } from '../sources/source';
import { contextRecord } from './context-line';
import { addHostLine } from './host-totals';
import { runGpuRecord } from './run-gpu';
import { runIoRecord } from './run-io';
import { topProcesses } from './run-programs';
import {
  type HostDomainLine,
  type HostLine,
  type HostState,
  type RunLine,
  type RunState,
  emptyHostLine,
  emptyRunLine,
} from './host-state';
import { emptySeries, isSeriesDue } from './series';
import { addToSoFar, addToToday } from './so-far';

/** The schema's bound. */
const LONGEST_REASON = 512;
/** Between a hook and the reading that it leads to there are always some milliseconds. */
const LATE_MS = 100;

/** What every line of this agent says of itself. */
export interface LineWriter {
  readonly tool: string;
  readonly host: string;
  readonly boot: string;
  readonly instance: string;
  /** How many programs a run's last line names; none by default. */
  readonly topProcesses?: number;
  /** The next sequence number. */
  nextSeq(): number;
}

/** What the host's lines say besides the state. */
export interface HostFacts {
  readonly cluster: string;
  readonly cpus: number;
  /** Sources that serve nothing here, with the reason. */
  readonly absentSources: Readonly<Record<string, string>>;
  readonly agent: { readonly cpu_us: number; readonly rss_bytes: number };
  /** Where the line is to tell it. */
  readonly hardware?: NonNullable<HostRecord['hardware']>;
}

/**
 * Takes a run's line out of the state: what it did since its last line, which begins anew at `at`. A run that has ended
 * writes its last line and is forgotten.
 */
export function takeRunLines(state: HostState, key: string, at: Instant, writer: LineWriter): EitRecord[] {
  const run = state.runs[key];
  if (run === undefined) return [];
  settleUser(run);
  labelBlurred(run);
  const lines: EitRecord[] = [runRecord(run, at, writer)];
  if (isSeriesDue(run.series, run.end !== null)) lines.push(seriesRecord(run, writer));

  if (run.end !== null) {
    delete state.runs[key];
  } else {
    run.begun = true;
    addToSoFar(run);
    run.line = emptyRunLine(at);
  }
  return lines;
}

/** Takes the host's line out of the state; null where nothing was read yet. */
export function takeHostLine(state: HostState, facts: HostFacts, writer: LineWriter): HostRecord | null {
  const { host, at } = state;
  if (host.from === null || at === null || at.monoNs <= host.from.monoNs) return null;
  const record: HostRecord = {
    ...head('host', facts.cluster, writer),
    from: utc(host.from.wallMs),
    to: utc(at.wallMs),
    ms: Math.round(Number(at.monoNs - host.from.monoNs) / 1e6),
    nodes: [...state.nodes].sort(),
    domains: Object.fromEntries(
      Object.entries(host.domains).map(([name, domain]) => [
        name,
        {
          class: domain.class,
          source: domain.source,
          quality: domain.quality,
          counter_uj: domain.counterUj,
          runs_uj: domain.runsUj,
          idle_uj: domain.idleUj,
          system_uj: domain.systemUj,
          missing_ms: Math.round(domain.missingMs),
          ...(domain.missingReason === undefined
            ? {}
            : { missing_reason: domain.missingReason.slice(0, LONGEST_REASON) }),
          ...(domain.wraps > 0 ? { wraps: domain.wraps } : {}),
          ...(domain.resets > 0 ? { resets: domain.resets } : {}),
          ...idleOf(domain),
          ...(domain.note === undefined ? {} : { note: domain.note.slice(0, LONGEST_REASON) }),
        },
      ]),
    ),
    ...(isEmpty(host.whole) ? {} : { whole: wholeDomains(host.whole) }),
    absent_sources: Object.fromEntries(
      Object.entries(facts.absentSources).map(([name, reason]) => [name, reason.slice(0, LONGEST_REASON)]),
    ),
    cpu: {
      cpus: facts.cpus,
      busy_us: Math.round(host.busyUs),
      runs_us: Math.round(host.runsUs),
      nice_us: Math.round(host.cpuTimesUs.nice),
      iowait_us: Math.round(host.cpuTimesUs.iowait),
      steal_us: Math.round(host.cpuTimesUs.steal),
      guest_us: Math.round(host.cpuTimesUs.guest),
    },
    ...hostMemory(state),
    ...(facts.hardware === undefined ? {} : { hardware: facts.hardware }),
    ...(host.context === undefined ? {} : { context: contextRecord(host.context) }),
    agent: { ...facts.agent, readings: host.readings },
  };
  state.totals = addHostLine(state.totals ?? null, host);
  addToToday(state, host.from.wallMs);
  state.host = emptyHostLine(at);
  return record;
}

function idleOf({ idle }: HostDomainLine) {
  if (idle === undefined) return {};
  const { idleW, by, calibration } = idle;
  return { idle_w: idleW, idle_by: by, ...(calibration === undefined ? {} : { calibration }) };
}

function wholeDomains(whole: HostLine['whole']): Record<string, WholeDomain> {
  return Object.fromEntries(
    Object.entries(whole).map(([name, { source, counterUj, missingMs, missingReason, note }]) => [
      name,
      {
        source,
        counter_uj: counterUj,
        missing_ms: Math.round(missingMs),
        ...(missingReason === undefined ? {} : { missing_reason: missingReason.slice(0, LONGEST_REASON) }),
        ...(note === undefined ? {} : { note: note.slice(0, LONGEST_REASON) }),
      },
    ]),
  );
}

/** Of the last look at it. */
function hostMemory({ memory, runs }: HostState) {
  if (memory === null) return {};
  let runsBytes = 0;
  for (const { holding } of Object.values(runs)) runsBytes += holding?.memory?.bytes ?? 0;
  const { totalBytes, heldBytes } = memory;
  return { memory: { total_bytes: totalBytes, held_bytes: heldBytes, runs_bytes: runsBytes } };
}

function runRecord(run: RunState, at: Instant, writer: LineWriter): RunRecord {
  const { line, end } = run;
  const { restart: _, ...identity } = run.identity;
  const energy = (quality: 'measured' | 'modelled', of: 'uj' | 'estimatedUj'): EnergyByDomain =>
    Object.fromEntries(
      Object.entries(line.domains)
        .filter(([, domain]) => domain.quality === quality)
        // A domain that was missing all the time has no energy, which is not an energy of 0.
        .filter(
          ([, domain]) => domain[of].some((uj) => uj > 0) || (of === 'uj' && domain.missingMs < line.ms),
        )
        .map(([name, domain]) => [name, domain[of]]),
    );
  const missing = Object.entries(line.domains)
    .map(([name, domain]) => [name, Math.round(domain.missingMs)] as const)
    .filter(([, ms]) => ms > 0);
  const modelled = energy('modelled', 'uj');
  const estimated = { ...energy('measured', 'estimatedUj'), ...energy('modelled', 'estimatedUj') };
  const estimatedUs = Math.round(line.cpuEstimatedNs / 1000);

  return {
    ...head('run', identity.cluster, writer),
    from: utc(line.from.wallMs),
    to: utc(end?.atMs ?? at.wallMs),
    ms: Math.round(line.ms),
    ...fragment(run),
    ...identity,
    ...(line.cpuRead ? cpuTime(line) : {}),
    ...(estimatedUs > 0 ? { cpu_estimated_us: estimatedUs } : {}),
    ...(line.memoryBytes === null ? {} : { memory_bytes: line.memoryBytes }),
    ...(line.io === undefined ? {} : { io: runIoRecord(line.io) }),
    ...(line.gpu === undefined ? {} : { gpu: runGpuRecord(line.gpu, run.gpus?.conflict) }),
    ...(line.packageSplit === null ? {} : { package_split: line.packageSplit }),
    ...(line.dramSplit === null || line.dramSplit === 'cgroup' ? {} : { dram_split: line.dramSplit }),
    measured_uj: energy('measured', 'uj'),
    ...(isEmpty(modelled) ? {} : { modelled_uj: modelled }),
    ...(isEmpty(estimated) ? {} : { estimated_uj: estimated }),
    ...(missing.length > 0 ? { missing_ms: Object.fromEntries(missing) } : {}),
    ...(run.begun ? {} : { start: runStart(run) }),
    ...(end === null ? {} : { end: runEnd(run, end, writer) }),
  };
}

/** The user's CPU time, and slurmstepd's where it is known apart. */
function cpuTime({ cpuNs, userNs }: RunLine): Pick<RunRecord, 'cpu_us' | 'overhead_us'> {
  const allUs = Math.round(cpuNs / 1000);
  const userUs = userNs === null ? allUs : Math.min(allUs, Math.round(userNs / 1000));
  return { cpu_us: userUs, ...(userUs < allUs ? { overhead_us: allUs - userUs } : {}) };
}

/**
 * What the run used since the user's part was last read is taken for the user's: that reading failed, or its end was missed.
 */
function settleUser(run: RunState): void {
  const { user, line } = run;
  if (user === null || user.sinceNs === 0) return;
  line.userNs = (line.userNs ?? 0) + user.sinceNs;
  run.user = { ...user, ns: user.ns + BigInt(Math.round(user.sinceNs)), sinceNs: 0 };
}

/** A run shorter than this (ms) has its part of readings that are means over a second, a second apart, only about. */
const SHARP_FROM_MS = 5000;

/** Of a GPU whose power is read now and then, which joules a run of few seconds has is an estimate. */
function labelBlurred({ end, life, line }: RunState): void {
  if (end === null || life.ms >= SHARP_FROM_MS) return;
  for (const domain of Object.values(line.domains)) {
    if (domain.isIntegrated) domain.estimatedUj = [...domain.uj];
  }
}

/** Says so where the agent saw the run late: because the hook had to start it, or because it was away. */
function runStart({ start, line, startedMonoNs }: RunState): RunStart {
  const lateMs = Math.round(Number(line.from.monoNs - startedMonoNs) / 1e6);
  return lateMs >= LATE_MS ? { ...start, late_ms: lateMs } : start;
}

function runEnd(
  run: RunState,
  end: NonNullable<RunState['end']>,
  { topProcesses: most = 0 }: LineWriter,
): RunEnd {
  const lifeMs = Number(end.monoNs - run.startedMonoNs) / 1e6;
  const { wraps, resets, agentRestarts } = run.life;
  const classes = new Set(Object.keys(run.life.missingMs) as (keyof typeof run.life.missingMs)[]);
  const observed = (missingMs: number) =>
    lifeMs <= 0 ? 0 : Math.max(0, Math.min(1, Math.round(((run.life.ms - missingMs) / lifeMs) * 1e4) / 1e4));
  return {
    by: end.by,
    ...end.exit,
    allocated: allocatedPart(run),
    ...(run.programs === undefined || most === 0 ? {} : { top_processes: topProcesses(run.programs, most) }),
    ...counted({ wraps, resets, agent_restarts: agentRestarts }),
    coverage: Object.fromEntries([...classes].map((name) => [name, observed(run.life.missingMs[name] ?? 0)])),
  };
}

/** What the run was charged for under the policies allocation and hybrid. */
function allocatedPart({ holding, identity }: RunState): AllocatedPart {
  const cpus = holding?.cpus?.length ?? identity.cpus;
  const limit = holding?.memoryLimitBytes ?? null;
  const memory = limit === null ? {} : { memory_bytes: limit };
  if (cpus === undefined) return { by: 'unknown', ...memory };
  return { by: (holding?.cpus ?? null) === null ? 'slurm' : 'cpuset', cpus, ...memory };
}

/** Those that are not 0. */
function counted<K extends string>(counts: Readonly<Record<K, number>>): Partial<Record<K, number>> {
  return Object.fromEntries(Object.entries<number>(counts).filter(([, count]) => count > 0)) as Partial<
    Record<K, number>
  >;
}

function seriesRecord(run: RunState, writer: LineWriter): SeriesRecord {
  const { series, identity } = run;
  const from = series.from!;
  const record: SeriesRecord = {
    ...head('series', identity.cluster, writer),
    from: utc(from.wallMs),
    to: utc(from.wallMs + (series.endMs.at(-1) ?? 0)),
    ...fragment(run),
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
    end_ms: series.endMs,
    power_w: series.powerW,
    cpus_busy: series.cpusBusy,
  };
  run.series = { ...emptySeries(), open: series.open, begun: true };
  return record;
}

function head<K extends EitRecord['kind']>(kind: K, cluster: string, writer: LineWriter) {
  const { tool, host, boot, instance } = writer;
  return { schema: 1 as const, kind, tool, cluster, host, boot, instance, seq: writer.nextSeq() };
}

function fragment({ identity, startedMs }: RunState) {
  return {
    node: identity.node,
    job: identity.job,
    ...(identity.restart > 0 ? { restart: identity.restart } : {}),
    started: utc(startedMs),
  };
}

function utc(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
