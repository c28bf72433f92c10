import { type Policy, POLICIES } from '../attribution/policy';
import type { EitRecord, HostRecord } from '../generated/record';
import type { GroupKey, IdlePowerHosts } from '../generated/report';
import { calendar } from '../runs/calendar';
import { ExactSum } from '../runs/exact-sum';
import { meanPower } from '../runs/extrapolation';
import { Fragments, midpointMs } from '../runs/fragments';
import { GroupSums } from '../runs/group-sums';
import type { FactsLookup, JobFacts } from '../runs/job-facts';
import { HardwareModels } from '../runs/hardware-models';
import { IdlePower } from './idle-power';
import { matchesFacts, matchesHost, matchesRun, type RunFilter } from '../runs/run-filter';
import { joinRuns, type Part, partsOf, type Run, UNKNOWN } from '../runs/runs';
import { type Outcome, outcomeOf } from '../slurm/job-states';
import { SlurmSums } from './slurm-sums';

/** What a report is asked for. */
export interface ReportQuery {
  /** A record counts whose middle lies in [sinceMs, untilMs); records are aligned to the clock, days and months cut none. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly groupBy: readonly GroupKey[];
  readonly policy: Policy;
  readonly filter: RunFilter;
  /** Time zone that days and months are of, an IANA name or `local`. */
  readonly timeZone: string;
  /** Whether idle and system energy is asked for: not where the report is of some users' runs. */
  readonly withUnattributed: boolean;
  /** Whether energy that nobody observed is estimated from what was observed of the same run. */
  readonly extrapolate: boolean;
  /** Whether Slurm's own energy is asked for beside ours; absent: not. */
  readonly compareSlurm?: boolean;
}

/** The fields that name a group, as in report.schema.json. */
export interface GroupFields {
  job_id?: number;
  user?: string;
  account?: string;
  partition?: string;
  node?: string;
  day?: string;
  month?: string;
  cluster?: string;
  qos?: string;
  state?: string;
  name?: string;
  /** null: of no array, or nobody knows. */
  array_job_id?: number | null;
}

export interface Group {
  readonly fields: GroupFields;
  readonly sums: GroupSums;
  readonly slurm: SlurmSums;
}

/** Sums of a report, exact and without any factor. */
export interface Aggregate {
  /** In the order of the query's keys. */
  readonly groups: Group[];
  readonly total: GroupSums;
  /** What Slurm's accounting adds to it; null: it was never asked, and nothing of it is asked for. */
  readonly slurm: {
    readonly total: SlurmSums;
    /** Unix ms; null: never asked. */
    readonly untilMs: number | null;
    /** Of runs whose work was not done to its end. */
    readonly lost: Readonly<Record<Outcome, GroupSums>>;
  } | null;
  /** null: not asked for, or no host record in the window. */
  readonly unattributed: {
    readonly idleUj: bigint;
    readonly systemUj: bigint;
    readonly missingMs: bigint;
  } | null;
  /** How the idle power of the runs' hosts is known; null: the policy does not ask for it. */
  readonly idlePower: IdlePowerHosts | null;
  /** End of the newest record seen, in the window or not; null without any. */
  readonly dataUntilMs: number | null;
  /** Clusters with a record in the window that the filter lets through. */
  readonly clusters: string[];
  readonly runs: readonly Run[];
}

/**
 * Adds records up to groups. Records may come in any order; each should come once (readInbox sees to it). What the hooks were not
 * told is joined here, and only here, run by run.
 */
export class Aggregation {
  readonly #query: ReportQuery;
  readonly #facts: FactsLookup | null;
  readonly #fragments: Fragments;
  readonly #clusters = new Set<string>();
  readonly #idleUj = new ExactSum();
  readonly #systemUj = new ExactSum();
  readonly #missingMs = new ExactSum();
  readonly #idlePower = new IdlePower();
  readonly #models = new HardwareModels();
  #hostRecords = 0;
  #dataUntilMs: number | null = null;

  /** @param facts what Slurm's accounting tells of runs; null: nothing */
  constructor(query: ReportQuery, facts: FactsLookup | null = null) {
    this.#query = query;
    this.#facts = facts;
    this.#fragments = new Fragments(query.policy, bucketsOf(query));
  }

  add(record: EitRecord): void {
    const toMs = Date.parse(record.to);
    if (this.#dataUntilMs === null || toMs > this.#dataUntilMs) this.#dataUntilMs = toMs;
    if (record.kind === 'series') return;
    // A host says what it is made of once a day: mostly before the window.
    if (record.kind === 'host') this.#models.add(record);
    const { sinceMs, untilMs, filter, withUnattributed } = this.#query;
    const middleMs = midpointMs(record);
    if (middleMs < sinceMs || middleMs >= untilMs) return;

    if (record.kind === 'host') this.#idlePower.addHost(record);
    if (record.kind === 'run' && matchesRun(filter, record)) {
      this.#clusters.add(record.cluster);
      this.#fragments.add(record);
      this.#idlePower.addRun(record);
    } else if (record.kind === 'host' && withUnattributed && matchesHost(filter, record)) {
      this.#clusters.add(record.cluster);
      this.#addHost(record);
    }
  }

  finish(): Aggregate {
    const runs: Run[] = [];
    const groups = new Map<string, Group>();
    const total = new GroupSums();
    const slurmTotal = new SlurmSums();
    const lost = { failed: new GroupSums(), cancelled: new GroupSums(), requeued: new GroupSums() };
    for (const run of joinRuns(this.#fragments.all)) {
      const facts = this.#facts?.of(run) ?? null;
      if (!matchesFacts(this.#query.filter, facts)) continue;
      runs.push(run);
      const parts = partsOf(run, this.#models);
      const power = this.#query.extrapolate ? meanPower(parts) : null;
      const nodes = this.#nodesExpected(run, parts);
      total.addRun(run, parts, nodes, power);
      slurmTotal.addRun(run, parts, facts, hasAllNodes(run, parts));
      const outcome = facts === null ? null : outcomeOf(facts.state);
      if (outcome !== null) lost[outcome].addRun(run, parts, nodes, power);
      for (const { fields, parts: ofGroup } of this.#byGroup(run, parts, facts)) {
        const key = JSON.stringify([fields, this.#query.groupBy.includes('job') ? run.jobKey : '']);
        let group = groups.get(key);
        if (group === undefined) {
          group = { fields, sums: new GroupSums(), slurm: new SlurmSums() };
          groups.set(key, group);
        }
        const isOneNode = this.#query.groupBy.includes('node');
        group.sums.addRun(run, ofGroup, isOneNode ? 1 : this.#nodesExpected(run, ofGroup), power);
        group.slurm.addRun(run, ofGroup, facts, hasAllNodes(run, ofGroup));
      }
    }
    return {
      groups: sortGroups([...groups.values()], this.#query.groupBy),
      total,
      slurm:
        this.#facts === null && !needsFacts(this.#query)
          ? null
          : { total: slurmTotal, untilMs: this.#facts?.untilMs ?? null, lost },
      unattributed:
        this.#hostRecords === 0
          ? null
          : { idleUj: this.#idleUj.value, systemUj: this.#systemUj.value, missingMs: this.#missingMs.value },
      idlePower: this.#query.policy === 'hybrid' ? this.#idlePower.counts : null,
      dataUntilMs: this.#dataUntilMs,
      clusters: [...this.#clusters].sort(),
      runs,
    };
  }

  #addHost(record: HostRecord): void {
    const policy = POLICIES.indexOf(this.#query.policy);
    let worstMs = 0;
    for (const domain of Object.values(record.domains)) {
      this.#idleUj.add(domain.idle_uj[policy] ?? 0);
      this.#systemUj.add(domain.system_uj[policy] ?? 0);
      worstMs = Math.max(worstMs, domain.missing_ms);
    }
    this.#missingMs.add(worstMs);
    this.#hostRecords++;
  }

  /** How many nodes the run should have in the report; null where nothing tells. */
  #nodesExpected(run: Run, parts: readonly Part[]): number | null {
    const { nodes } = this.#query.filter;
    const reported = new Set(parts.map((part) => part.node)).size;
    if (nodes === undefined) return run.nodes === null ? null : Math.max(run.nodes, reported);
    return run.nodeNames === null ? reported : run.nodeNames.filter((node) => nodes.has(node)).length;
  }

  #byGroup(
    run: Run,
    parts: readonly Part[],
    facts: JobFacts | null,
  ): Iterable<{ fields: GroupFields; parts: Part[] }> {
    const found = new Map<string, { fields: GroupFields; parts: Part[] }>();
    for (const part of parts) {
      const fields = fieldsOf(run, part, facts, this.#query.groupBy);
      const key = JSON.stringify(fields);
      const group = found.get(key);
      if (group === undefined) found.set(key, { fields, parts: [part] });
      else group.parts.push(part);
    }
    return found.values();
  }
}

/** Whether a query asks for what only Slurm's accounting tells. */
export function needsFacts({ groupBy, filter, compareSlurm }: ReportQuery): boolean {
  const { qos, names, states } = filter;
  const isGrouped = groupBy.some(
    (key) => key === 'qos' || key === 'state' || key === 'name' || key === 'array',
  );
  return isGrouped || compareSlurm === true || [qos, names, states].some((asked) => asked !== undefined);
}

/** Whether parts are of all nodes that the run has; where nobody told how many it has, they are. */
function hasAllNodes(run: Run, parts: readonly Part[]): boolean {
  const reported = new Set(parts.map(({ node }) => node)).size;
  return reported >= Math.max(run.nodes ?? 0, new Set(run.fragments.map(({ node }) => node)).size);
}

function fieldsOf(
  run: Run,
  { node, slice }: Part,
  facts: JobFacts | null,
  groupBy: readonly GroupKey[],
): GroupFields {
  const fields: GroupFields = {};
  for (const key of groupBy) {
    if (key === 'job') {
      // A job id alone names no job; whose it was saves a person a second look.
      const { jobId, user, account, partition, cluster } = run;
      Object.assign(fields, { job_id: jobId, user, account, partition, cluster });
    } else if (key === 'node') fields.node = node;
    else if (key === 'day') fields.day = slice.bucket;
    else if (key === 'month') fields.month = slice.bucket.slice(0, 7);
    else if (key === 'array') fields.array_job_id = facts?.arrayJobId ?? null;
    else if (key === 'qos' || key === 'state' || key === 'name') fields[key] = facts?.[key] ?? UNKNOWN;
    else fields[key] = run[key];
  }
  return fields;
}

/** Records are cut into days or months where the report groups by them. */
function bucketsOf({ groupBy, timeZone }: ReportQuery): (midpointMs: number) => string {
  const unit = groupBy.includes('day') ? 'day' : groupBy.includes('month') ? 'month' : null;
  return unit === null ? () => '' : calendar(unit, timeZone);
}

/** The field of a group that a key of --group-by names. */
export function fieldOfKey(key: GroupKey): keyof GroupFields {
  if (key === 'array') return 'array_job_id';
  return key === 'job' ? 'job_id' : key;
}

function sortGroups(groups: Group[], groupBy: readonly GroupKey[]): Group[] {
  const fields = [...groupBy.map(fieldOfKey), 'cluster', 'user'] as const;
  return groups.sort((a, b) => {
    for (const field of fields) {
      const [x, y] = [a.fields[field], b.fields[field]];
      if (x === y || x === undefined || y === undefined) continue;
      // What is of no array comes last.
      if (x === null || y === null) return x === null ? 1 : -1;
      return x < y ? -1 : 1;
    }
    return a.sums.firstMs - b.sums.firstMs;
  });
}
