import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import type { Checkpoint } from '../agent/checkpoint';
import { type GpuReleaseNote, readGpuRelease } from '../agent/gpu-release';
import type { HostState, RunState } from '../agent/host-state';
import { POLICIES, type Policy } from '../attribution/policy';
import { loadConfig } from '../config/config';
import { hostName } from '../config/host-name';
import type { HostRecord } from '../generated/record';
import { type Pruned, pruningText } from '../ledger/pruned';
import { durationText, energyText } from '../report/units';
import { readCpuTopology } from '../sources/cpu-topology';
import { type HostHardware, readHostHardware } from '../sources/host-hardware';
import { type Missing, isMissing } from '../sources/source';
import { type AgentTroubles, readAgentTroubles } from './agent-log';
import { type AgentProcess, readAgentProcess, readAgentState } from './agent-process';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { alignedRows, bytesText, jsonText, labelledLines, painter } from './plain-text';
import { runLedgerStatus } from './status-ledger';
import { LEDGER_OPTIONS, isOfLedger, ledgerOptions } from './status-ledger-options';
import { type SpoolState, readLastHostRecord, readSpoolState } from './spool-state';

const UJ_PER_KWH = 3.6e12;

export const options: Readonly<Record<string, Options>> = {
  ledger: {
    type: 'boolean',
    describe: 'all hosts of the ledger: who is silent since when; default where this is no host of an agent',
  },
  ...LEDGER_OPTIONS,
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'what the agent of this host does now'],
  ['--json', 'the same for a program'],
  [
    '--ledger --silent-for 30m',
    'hosts of the whole ledger that sent nothing for half an hour, for a monitoring system',
  ],
];

export const epilogue =
  "It looks at files and at /proc and never asks the agent. What runs now is as of the agent's checkpoint, written every 30 s, " +
  'which only root and its user may read. Exit status 0, also where no agent runs; `eit doctor` judges.\n\n' +
  "With --ledger it reads the newest lines of the inbox and the archive's rows of hosts, as whoever may read all of the ledger, and asks sinfo once. " +
  'Columns: last record (UTC), how long ago, version, measured or modelled, how much of the last 24 archived hours was observed, how long the ' +
  "last record took to arrive, Slurm's state. Exit status 1 where a host is silent, or a node of Slurm's was never seen; nodes that Slurm says are " +
  'down or switched off do not count. Where agents leave with the last job (no systemd unit), idle hosts are silent too.';

/** All that is shown of a host. */
export interface HostStatus {
  readonly host: string;
  readonly nowMs: number;
  readonly hardware: HostHardware;
  readonly policy: Policy;
  readonly agent: AgentProcess | Missing;
  readonly checkpoint: Checkpoint | Missing;
  readonly lastRecord: HostRecord | null;
  readonly spool: SpoolState | Missing;
  readonly troubles: AgentTroubles | Missing;
  /** Absent, null: the agent reads GPUs as always. */
  readonly gpuRelease?: GpuReleaseNote | null;
}

/** Prints what the agent of this host does. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const path = [argv['config']].flat().findLast((value) => typeof value === 'string');
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env: surroundings.env });
  const { config } = loaded;
  if (await isOfLedger(argv, config)) return runLedgerStatus(loaded, ledgerOptions(argv), surroundings);
  const nowMs = Date.now();
  const status: HostStatus = {
    host: hostName(),
    nowMs,
    hardware: readHostHardware(config.roots, readCpuTopology(config.roots)),
    policy: config.policy,
    agent: readAgentProcess(config.state_dir, nowMs),
    checkpoint: readAgentState(config.var_dir),
    lastRecord: readLastHostRecord(config.spool_dir),
    spool: readSpoolState(config.spool_dir),
    troubles: readAgentTroubles(config.state_dir),
    gpuRelease: readGpuRelease(config.state_dir),
  };
  const text =
    argv['json'] === true ? [jsonText(statusJson(status))] : statusText(status, painter(surroundings));
  await surroundings.output.write(text);
  return 0;
}

/** For programs: times in UTC, energies in joules. */
export function statusJson(status: HostStatus): unknown {
  const { agent, checkpoint, spool, lastRecord } = status;
  const state = stateOf(status);
  return {
    host: status.host,
    at: iso(status.nowMs),
    hardware: status.hardware,
    agent: isMissing(agent)
      ? agent
      : {
          pid: agent.pid,
          uid: agent.uid,
          since: iso(agent.sinceMs),
          version: agentVersion(status),
          cpu_s: agent.cpuS,
          cpu_percent: cpuPercent(agent),
          rss_bytes: agent.rssBytes,
          anonymous_bytes: agent.anonymousBytes,
        },
    last_reading: isMissing(state) ? state : state.at === null ? null : iso(state.at.wallMs),
    runs: isMissing(state)
      ? state
      : Object.values(state.runs).map((one) => ({
          ...one.identity,
          since: iso(one.startedMs),
          ended: one.end !== null,
          from: iso(one.line.from.wallMs),
          cpu_s: one.line.cpuRead ? one.line.cpuNs / 1e9 : null,
          energy_j: energiesJ(one, status.policy),
          gpus: gpusOf(one),
        })),
    gpus_released_until: isReleased(status) ? iso(status.gpuRelease.untilMs) : null,
    policy: status.policy,
    domains: lastRecord === null ? null : sourcesOf(lastRecord),
    absent_sources: lastRecord?.absent_sources ?? {},
    last_record: lastRecord?.to ?? null,
    context: lastRecord?.context ?? null,
    spool: isMissing(spool)
      ? spool
      : {
          waiting_lines: spool.waitingLines,
          waiting_bytes: spool.waitingBytes,
          oldest_waiting: spool.oldestWaitingMs === null ? null : iso(spool.oldestWaitingMs),
          refused_lines: spool.refusedLines,
          total_bytes: spool.totalBytes,
          pruned: spool.pruned === null ? null : prunedJson(spool.pruned),
        },
    checkpoint: isMissing(checkpoint) ? checkpoint : { host: checkpoint.host, version: checkpoint.version },
  };
}

/** For people. */
export function* statusText(
  status: HostStatus,
  paint: ReturnType<typeof painter> = (_, text) => text,
): Iterable<string> {
  const { agent, nowMs, lastRecord } = status;
  const state = stateOf(status);
  const lines: [string, string][] = [
    ['Host', status.host],
    ['Agent', agentText(status)],
  ];
  if (!isMissing(agent)) {
    const memory = agent.rssBytes === null ? '' : `, ${bytesText(agent.rssBytes)} of memory`;
    const own = agent.anonymousBytes === null ? '' : ` (${bytesText(agent.anonymousBytes)} of its own)`;
    lines.push(['Own cost', `${cpuPercent(agent)} % of one CPU since it began${memory}${own}`]);
  }
  lines.push(['Last reading', isMissing(state) ? state.missing : readingText(state, nowMs)]);
  lines.push(...sourceLines(lastRecord));
  if (isReleased(status)) {
    const held = status.gpuRelease.isHeld ? ', but a process of the agent still holds them' : '';
    lines.push(['GPUs', `let go until ${localTime(status.gpuRelease.untilMs)}${held} (eit gpu take)`]);
  }
  lines.push(['Spool', isMissing(status.spool) ? status.spool.missing : spoolText(status.spool)]);
  if (!isMissing(status.spool)) {
    lines.push(['Ledger', lagText(status.spool, nowMs)]);
    const { pruned } = status.spool;
    if (pruned !== null)
      lines.push([
        'Gone',
        `${pruningText(pruned)}, last ${localTime(pruned.lastMs)}: the spool was full (spool_max_mb)`,
      ]);
  }
  const { troubles } = status;
  if (!isMissing(troubles)) {
    for (const trouble of [troubles.records, troubles.shipper])
      if (trouble !== null) lines.push(['Trouble', trouble]);
  }
  for (const line of labelledLines(lines)) yield `${line}\n`;
  if (isMissing(state)) return;

  yield '\n';
  const runs = Object.values(state.runs).filter(({ end }) => end === null);
  if (runs.length === 0) {
    yield 'No run is being measured.\n';
    return;
  }
  const hasGpus = runs.some((one) => gpusOf(one).length > 0);
  const columns = RUN_COLUMNS.filter(({ title }) => hasGpus || title !== 'GPUs');
  const sorted = runs.sort((a, b) => a.startedMs - b.startedMs || a.identity.job - b.identity.job);
  const [head = '', ...rows] = alignedRows(
    columns,
    sorted.map((one) => runCells(one, status.policy, hasGpus)),
  );
  yield `${paint('bold', head)}\n`;
  for (const row of rows) yield `${row}\n`;
  yield `CPU and energy (policy ${status.policy}) are what each run used since its last record; eit-report has the rest.\n`;
}

const RUN_COLUMNS = [
  { title: 'Job', align: 'right' },
  { title: 'User' },
  { title: 'Node' },
  { title: 'Since' },
  { title: 'CPU', align: 'right' },
  { title: 'Energy', align: 'right' },
  { title: 'GPUs' },
  { title: 'Domains' },
] as const;

function runCells(one: RunState, policy: Policy, withGpus: boolean): string[] {
  const { identity, startedMs, line } = one;
  const energies = Object.entries(energiesJ({ line }, policy));
  const totalJ = energies.reduce((sum, [, energyJ]) => sum + energyJ, 0);
  return [
    String(identity.job),
    identity.user ?? (identity.uid === undefined ? '?' : `uid:${identity.uid}`),
    identity.node,
    localTime(startedMs),
    line.cpuRead ? durationText(line.cpuNs / 1e9) : '?',
    energies.length === 0 ? '-' : joulesText(totalJ),
    ...(withGpus ? [gpusOf(one).join(',') || '-'] : []),
    energies.map(([name, energyJ]) => `${name} ${joulesText(energyJ)}`).join(', '),
  ];
}

/** The GPUs that a run has, as its domains are named, `/1` behind a MIG instance; `#0` is an index of Slurm's whose GPU is not known. */
function gpusOf({ gpus, start }: RunState): string[] {
  const held = gpus?.moved ?? gpus?.claimed?.held ?? [];
  if (held.length > 0)
    return held.map(({ name, instance }) => (instance === undefined ? name : `${name}/${instance.gpu}`));
  return (start.gpu_ids ?? '')
    .split(',')
    .filter(Boolean)
    .map((index) => `#${index}`);
}

function isReleased(status: HostStatus): status is HostStatus & { readonly gpuRelease: GpuReleaseNote } {
  return (status.gpuRelease?.untilMs ?? 0) > status.nowMs;
}

/** The state as of the checkpoint, where it is this host's. */
function stateOf({ checkpoint, host, agent }: HostStatus): HostState | Missing {
  if (isMissing(checkpoint)) return checkpoint;
  if (checkpoint.host !== host) return { missing: `the checkpoint is of host ${checkpoint.host}` };
  return isMissing(agent) ? { missing: 'unknown while no agent runs' } : checkpoint.state;
}

function agentText(status: HostStatus): string {
  const { agent } = status;
  if (isMissing(agent)) return agent.missing;
  const version = agentVersion(status) ?? 'unknown until its first record';
  return `runs since ${localTime(agent.sinceMs)} (${durationText(agent.aliveS)}), process ${agent.pid}, version ${version}`;
}

/** Its records name it; those of before it began may be another version's. */
function agentVersion({ agent, lastRecord }: HostStatus): string | null {
  if (isMissing(agent) || lastRecord === null) return null;
  return Date.parse(lastRecord.to) >= agent.sinceMs ? lastRecord.tool : null;
}

function readingText(state: HostState, nowMs: number): string {
  if (state.at === null) return 'none yet';
  const ageS = Math.max(0, (nowMs - state.at.wallMs) / 1000);
  return `${durationText(Math.round(ageS))} ago, as of the checkpoint (one each 30 s)`;
}

function sourceLines(record: HostRecord | null): [string, string][] {
  if (record === null) return [['Sources', 'shown once there is a record to read them from']];
  const used = Object.entries(sourcesOf(record)).map(
    ([name, { source, quality }]) => `${name} (${source}, ${quality})`,
  );
  const absent = Object.entries(record.absent_sources ?? {});
  return [
    ['Sources', used.length === 0 ? 'none' : used.join(', ')],
    ...absent.map(([name, reason]): [string, string] => ['Not used', `${name}: ${reason}`]),
  ];
}

function sourcesOf({ domains, whole = {} }: HostRecord): Record<string, { source: string; quality: string }> {
  return Object.fromEntries([
    ...Object.entries(domains).map(([name, { source, quality }]) => [name, { source, quality }]),
    ...Object.entries(whole).map(([name, { source }]) => [name, { source, quality: 'measured' }]),
  ]) as Record<string, { source: string; quality: string }>;
}

function spoolText({ waitingLines, waitingBytes, refusedLines }: SpoolState): string {
  const lines = waitingLines === 1 ? '1 record' : `${waitingLines} records`;
  const waiting =
    waitingLines === 0 ? 'nothing waits' : `${lines} (${bytesText(waitingBytes)}) wait for the ledger`;
  return refusedLines === 0 ? waiting : `${waiting}; ${refusedLines} refused`;
}

function prunedJson(pruned: Pruned): unknown {
  return {
    series_lines: pruned.seriesLines,
    contexts: pruned.contexts,
    refused_lines: pruned.refusedLines,
    energy_lines: pruned.energyLines,
    host_j: pruned.hostUj / 1e6,
    first: iso(pruned.firstMs),
    last: iso(pruned.lastMs),
  };
}

function lagText({ oldestWaitingMs }: SpoolState, nowMs: number): string {
  if (oldestWaitingMs === null) return 'has all records';
  return `${durationText(Math.round(Math.max(0, (nowMs - oldestWaitingMs) / 1000)))} behind`;
}

/** Energy by domain (J) since the run's last record. */
function energiesJ({ line }: Pick<RunState, 'line'>, policy: Policy): Record<string, number> {
  const index = POLICIES.indexOf(policy);
  return Object.fromEntries(
    Object.entries(line.domains).map(([name, { uj }]) => [name, (uj[index] ?? 0) / 1e6]),
  );
}

function cpuPercent({ cpuS, aliveS }: AgentProcess): number {
  return aliveS > 0 ? Number(((100 * cpuS) / aliveS).toPrecision(2)) : 0;
}

function joulesText(energyJ: number): string {
  return energyText((energyJ * 1e6) / UJ_PER_KWH);
}

function localTime(ms: number): string {
  return DateTime.fromMillis(ms).toFormat('yyyy-MM-dd HH:mm:ss');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
