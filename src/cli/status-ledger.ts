import type { LoadedConfig } from '../config/config';
import type { EitConfig } from '../generated/config';
import { isAhead } from '../ledger/clock-ahead';
import { counted, durationText, percentText } from '../report/units';
import { SINFO_ARGS, type SinfoNode, isAway, parseSinfo } from '../slurm/sinfo';
import { readSlurmConf } from '../slurm/slurm-conf';
import { isMissing } from '../sources/source';
import { askProgram, lastWords } from './asked-program';
import type { Surroundings } from './command';
import { type LedgerHost, type LedgerHosts, readLedgerHosts } from './ledger-hosts';
import { alignedRows, jsonText, painter } from './plain-text';
import { TerminalLine } from './terminal-line';

const SINFO_PATIENCE_MS = 20_000;
/** Stretches without a record until a host counts as silent. */
const SILENT_STRETCHES = 3;
const LEAST_SILENT_S = 900;
/** By two clocks, one of the file server. */
const CLOCK_SLACK_S = 5;

/** A host of the ledger beside what Slurm says of its nodes. */
export interface HostRowOfStatus extends LedgerHost {
  readonly silentS: number;
  readonly isSilent: boolean;
  /** Slurm's word for the node; null: not known. */
  readonly state: string | null;
  /** Slurm says itself that the node is away: nobody has to be told. */
  readonly isAway: boolean;
}

/** All that is shown of a ledger. */
export interface LedgerStatus {
  readonly ledger: string;
  readonly nowMs: number;
  readonly silentForS: number;
  readonly hosts: readonly HostRowOfStatus[];
  /** Nodes of Slurm's of which the ledger has nothing, but those that are away. */
  readonly neverSeen: readonly SinfoNode[];
  /** Why Slurm's nodes are not known; null: they are. */
  readonly slurm: string | null;
  readonly archives: ReadonlyMap<string, number | null>;
}

export interface LedgerStatusOptions {
  /** null: three stretches, a quarter of an hour at least. */
  readonly silentForS: number | null;
  readonly days: number;
  readonly showAll: boolean;
  readonly json: boolean;
  readonly sinfo: string;
}

/**
 * Prints which hosts have sent nothing for how long.
 * @returns 0, or 1 where one is silent or was never seen
 */
export async function runLedgerStatus(
  { config }: LoadedConfig,
  options: LedgerStatusOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { output, env } = surroundings;
  const nowMs = Date.now();
  const line = new TerminalLine(output);
  try {
    const nodes = askNodes(options.sinfo, env);
    const found = await readLedgerHosts(config.ledger, {
      nowMs,
      days: options.days,
      onProgress: (done, all) => line.show(`hosts: ${done} of ${all}`),
    });
    const status = await askedStatus(config, env, nowMs, found, { ...options, nodes });
    line.clear();
    await output.write(
      options.json
        ? [jsonText(ledgerStatusJson(status))]
        : ledgerStatusText(status, options.showAll, painter(surroundings)),
    );
    return isAllWell(status) ? 0 : 1;
  } finally {
    line.clear();
  }
}

/** Puts what was found beside the nodes of {@link askNodes}. */
export async function askedStatus(
  config: EitConfig,
  env: NodeJS.ProcessEnv,
  nowMs: number,
  { hosts, archives }: LedgerHosts,
  { silentForS, nodes }: { readonly silentForS: number | null; readonly nodes: ReturnType<typeof askNodes> },
): Promise<LedgerStatus> {
  const clusters = new Set(hosts.map(({ cluster }) => cluster));
  const own = config.cluster ?? readSlurmConf(env)?.clusterName ?? null;
  return ledgerStatus({
    ledger: config.ledger,
    nowMs,
    silentForS: silentForS ?? Math.max(LEAST_SILENT_S, SILENT_STRETCHES * config.agent.record_seconds),
    hosts,
    archives,
    nodes: await nodes,
    // Of whose nodes sinfo speaks.
    cluster: own ?? (clusters.size === 1 ? ([...clusters][0] ?? null) : null),
  });
}

/** The nodes that sinfo tells; a text: why they are not known. @param sinfo the program, `none` for nobody */
export async function askNodes(sinfo: string, env: NodeJS.ProcessEnv): Promise<SinfoNode[] | string> {
  if (sinfo === 'none') return 'sinfo was not asked';
  const answer = await askProgram(sinfo, SINFO_ARGS, { env, timeoutMs: SINFO_PATIENCE_MS });
  if (isMissing(answer)) return answer.missing;
  return answer.status === 0 ? parseSinfo(answer.stdout) : `${sinfo}: ${lastWords(answer)}`;
}

/** Puts the ledger's hosts beside Slurm's nodes. */
export function ledgerStatus(input: {
  readonly ledger: string;
  readonly nowMs: number;
  readonly silentForS: number;
  readonly hosts: readonly LedgerHost[];
  readonly archives: ReadonlyMap<string, number | null>;
  /** Of the cluster `cluster`; a text: why they are not known. */
  readonly nodes: readonly SinfoNode[] | string;
  readonly cluster: string | null;
}): LedgerStatus {
  const { ledger, nowMs, silentForS, archives, nodes, cluster } = input;
  const known = new Map((typeof nodes === 'string' ? [] : nodes).map((one) => [one.node, one]));
  const seen = new Set<string>();
  const hosts = input.hosts.map((host): HostRowOfStatus => {
    // A node is mostly named as its host, without the domain.
    const names = [...host.nodes, host.host, host.host.split('.')[0] ?? ''];
    const own = host.cluster === cluster ? names.filter((name) => known.has(name)) : [];
    for (const name of own) seen.add(name);
    const states = [...new Set(own)].map((name) => known.get(name)).filter((one) => one !== undefined);
    const silentS = Math.max(0, (nowMs - host.lastMs) / 1000);
    return {
      ...host,
      silentS,
      isSilent: silentS > silentForS,
      state: states[0]?.state ?? null,
      isAway: states.length > 0 && states.every(isAway),
    };
  });
  const neverSeen = [...known.values()].filter((one) => !seen.has(one.node) && !isAway(one));
  return {
    ledger,
    nowMs,
    silentForS,
    hosts,
    neverSeen,
    slurm: typeof nodes === 'string' ? nodes : null,
    archives,
  };
}

function isAllWell({ hosts, neverSeen }: LedgerStatus): boolean {
  // A ledger without a host is one that nobody sends to.
  return hosts.length > 0 && neverSeen.length === 0 && !hosts.some((host) => host.isSilent && !host.isAway);
}

/** For programs: times in UTC. */
export function ledgerStatusJson(status: LedgerStatus): unknown {
  const { nowMs, hosts, archives } = status;
  return {
    ledger: status.ledger,
    at: iso(nowMs),
    silent_for_s: status.silentForS,
    ok: isAllWell(status),
    clusters: Object.fromEntries(
      [...archives].map(([cluster, untilMs]) => [
        cluster,
        { archived_until: untilMs === null ? null : iso(untilMs) },
      ]),
    ),
    hosts: hosts.map((host) => ({
      cluster: host.cluster,
      host: host.host,
      nodes: host.nodes,
      last_record: iso(host.lastMs),
      silent: host.isSilent,
      silent_s: Math.round(host.silentS),
      slurm_state: host.state,
      away: host.isAway,
      version: host.version,
      quality: host.quality,
      coverage_24h: host.coverage,
      lag_s: host.lagS,
    })),
    never_seen: status.neverSeen,
    slurm: status.slurm,
  };
}

const COLUMNS = [
  { title: 'Host' },
  { title: 'Last (UTC)' },
  { title: 'Ago', align: 'right' },
  { title: 'Version' },
  { title: 'Quality' },
  { title: '24 h', align: 'right' },
  { title: 'Lag', align: 'right' },
  { title: 'Slurm' },
] as const;

/** For people: those that something is wrong with, or all, and how many there are. */
export function* ledgerStatusText(
  status: LedgerStatus,
  showAll: boolean,
  paint: ReturnType<typeof painter> = (_, text) => text,
): Iterable<string> {
  const { hosts, neverSeen, nowMs } = status;
  const clusters = [...new Set(hosts.map(({ cluster }) => cluster))];
  const shown = showAll ? hosts : hosts.filter((host) => host.isSilent && !host.isAway);
  if (shown.length > 0) {
    const longestFirst = [...shown].sort((a, b) => b.silentS - a.silentS);
    const rows = (showAll ? shown : longestFirst).map((host) => cellsOf(host, clusters.length > 1));
    const [head = '', ...lines] = alignedRows(COLUMNS, rows);
    yield `${paint('bold', head)}\n`;
    for (const line of lines) yield `${line}\n`;
    yield '\n';
  }
  const silent = hosts.filter(({ isSilent }) => isSilent);
  const away = silent.filter((host) => host.isAway).length;
  const awayText = away === 0 ? '' : ` (${away} of them away, says Slurm)`;
  yield `${counted(hosts.length, 'host')}, ${silent.length} silent for more than ${durationText(status.silentForS)}${awayText}.\n`;
  if (neverSeen.length > 0) {
    const names = neverSeen.map(({ node, state }) => `${node} (${state})`);
    yield `${counted(neverSeen.length, 'node')} of Slurm's never sent anything: ${few(names)}\n`;
  }
  if (status.slurm !== null) yield `Slurm's nodes are not known: ${status.slurm}\n`;
  const ahead = hostsAhead(status).map(({ host, lagS, lastMs }) => {
    const aheadS = Math.max(-(lagS ?? 0), (lastMs - nowMs) / 1000);
    return `${host} (${Math.round(aheadS)} s)`;
  });
  if (ahead.length > 0) yield `Clocks ahead of the file server's: ${few(ahead)}\n`;
  const versions = versionsOf(hosts);
  if (versions.length > 1)
    yield `Versions: ${versions.map(([version, count]) => `${version} on ${counted(count, 'host')}`).join(', ')}\n`;
  for (const [cluster, untilMs] of status.archives) {
    if (untilMs === null) yield `${cluster}: nothing is compacted yet (eit ledger compact)\n`;
    else if (nowMs - untilMs > 3_600_000)
      yield `${cluster}: compacted until ${durationText(Math.round((nowMs - untilMs) / 1000))} ago\n`;
  }
}

/** Hosts whose newest line came before its time, or ends in the future: their clock is ahead, or was. */
export function hostsAhead({ hosts, nowMs }: Pick<LedgerStatus, 'hosts' | 'nowMs'>): HostRowOfStatus[] {
  return hosts.filter(
    ({ lagS, lastMs }) => (lagS !== null && lagS < -CLOCK_SLACK_S) || isAhead(lastMs, nowMs),
  );
}

/** Of hosts that sent something of late, the most frequent first. */
export function versionsOf(hosts: readonly HostRowOfStatus[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { version, isSilent } of hosts)
    if (version !== null && !isSilent) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function cellsOf(host: HostRowOfStatus, withCluster: boolean): string[] {
  return [
    withCluster ? `${host.cluster}/${host.host}` : host.host,
    iso(host.lastMs).slice(5, 16).replace('T', ' '),
    durationText(Math.round(host.silentS)),
    host.version ?? '?',
    host.quality ?? '?',
    host.coverage === null ? '?' : percentText(host.coverage),
    host.lagS === null ? '?' : `${Math.round(host.lagS)} s`,
    host.state ?? '',
  ];
}

const MOST_NAMES = 10;

function few(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
