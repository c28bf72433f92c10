import { type Policy, POLICIES } from '../attribution/policy';
import type { EitRecord } from '../generated/record';
import type { IdlePowerHosts } from '../generated/report';
import type { FoundTold } from '../generated/sums';
import { isAhead } from '../ledger/clock-ahead';
import { calendar } from '../runs/calendar';
import { ExactSum } from '../runs/exact-sum';
import {
  fieldOfKey,
  fieldsOf,
  groupKey,
  type GroupFields,
  isOfSeveralModels,
  type SumKey,
} from './group-fields';
import { FoundNames, type NamedRuns } from './found-names';
import { meanPower } from '../runs/extrapolation';
import { Fragments } from '../runs/fragments';
import { midpointMs, rowOfLine, type SliceRow } from '../runs/slice-row';
import { GroupSums } from '../runs/group-sums';
import { HardwareModels, type HardwareTold } from '../runs/hardware-models';
import { type HostRow, rowOfHostLine } from '../runs/host-row';
import type { FactsLookup, JobFacts } from '../runs/job-facts';
import { IdlePower } from './idle-power';
import { MachineTimes } from '../runs/machine-times';
import { matchesFacts, matchesHost, matchesRun, type RunFilter } from '../runs/run-filter';
import { joinRuns, nodesExpected, type Part, partsOf, type Run } from '../runs/runs';
import type { Weighing } from '../runs/slot-weights';
import { type Outcome, outcomeOf } from '../slurm/job-states';
import { isToldBySlurm } from '../runs/selected-job';
import { SlurmSums } from '../runs/slurm-sums';

/** What a report is asked for. */
export interface ReportQuery {
  /** A record counts whose middle lies in [sinceMs, untilMs); records are aligned to the clock, days and months cut none. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly groupBy: readonly SumKey[];
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
  /** Whether what was lost is asked for group by group; absent: in all alone. */
  readonly lost?: boolean;
  /** Whether the hours of nodes and GPUs are asked for, for what making them emitted; absent: not. */
  readonly embodied?: boolean;
}

export interface Group {
  readonly fields: GroupFields;
  readonly sums: GroupSums;
  readonly slurm: SlurmSums;
  /** Of those of its runs whose work was not done to its end; absent: not asked for. */
  readonly lost?: LostSums;
}

/** Sums of runs whose work was not done to its end, by what became of them. */
export type LostSums = Map<Outcome, GroupSums>;

/** A run as it is added up, with all that figures of it are made of. */
export interface AddedRun {
  readonly run: Run;
  /** Its slices that are of the report: at least one. */
  readonly parts: readonly Part[];
  /** null: Slurm's accounting tells nothing of it. */
  readonly facts: JobFacts | null;
  readonly weighing: Weighing | null;
}

/** Sums of runs that were added up elsewhere. */
export interface TotalSums {
  readonly sums: GroupSums;
  readonly slurm: SlurmSums;
  /** Of those whose work was not done to its end. */
  readonly lost: ReadonlyMap<Outcome, GroupSums>;
}

/** What runs were added up to, all but the groups, where others add up the rest of a report's jobs. */
export interface PartOfRuns {
  readonly total: GroupSums;
  readonly slurm: SlurmSums;
  /** Of runs whose work was not done to its end. */
  readonly lost: Readonly<Record<Outcome, GroupSums>>;
  readonly clusters: readonly string[];
  /** Those that runs were on. */
  readonly hosts: readonly (readonly [cluster: string, host: string])[];
  readonly found: FoundTold;
}

/** A stretch of time of which the report has all that a run did in it, or nothing, [sinceMs, untilMs). */
export interface CutSlot {
  readonly sinceMs: number;
  readonly untilMs: number;
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
  /** End of the newest record seen, in the window or not, but for those of clocks that are ahead; null without any. */
  readonly dataUntilMs: number | null;
  /** Stretches that the archive keeps as one and that the window cuts, in their order; empty: the times are those asked for. */
  readonly cutSlots: readonly CutSlot[];
  /** Clusters with a record in the window that the filter lets through. */
  readonly clusters: string[];
  /** Whose and what runs were found, of what the filter names. */
  readonly found: FoundNames;
}

/**
 * Adds records up to groups. Records may come in any order; each should come once (readInbox sees to it). What the hooks were not
 * told is joined here, and only here, run by run.
 */
export class Aggregation {
  readonly #query: ReportQuery;
  readonly #weighing: Weighing | null;
  #facts: FactsLookup | null;
  readonly #fragments: Fragments;
  readonly #groups = new Map<string, Group>();
  readonly #total = new GroupSums();
  readonly #slurmTotal = new SlurmSums();
  readonly #lost: Record<Outcome, GroupSums> = {
    failed: new GroupSums(),
    cancelled: new GroupSums(),
    requeued: new GroupSums(),
  };
  readonly #found: FoundNames;
  readonly #clusters = new Set<string>();
  readonly #idleUj = new ExactSum();
  readonly #systemUj = new ExactSum();
  readonly #missingMs = new ExactSum();
  readonly #idlePower = new IdlePower();
  readonly #cutSlots = new Map<string, CutSlot>();
  readonly #models = new HardwareModels();
  readonly #onRun: ((added: AddedRun) => void) | null;
  readonly #nowMs: number;
  #hostLines = 0;
  #dataUntilMs: number | null = null;

  /**
   * @param facts what Slurm's accounting tells of runs; null: nothing
   * @param weighing what energies are weighed by; null: factors are the same at all times
   * @param onRun is told of each run that is added up here; null: nobody is
   * @param nowMs records of a clock that is ahead of it tell not until when data go; Infinity: none is ahead
   */
  constructor(
    query: ReportQuery,
    facts: FactsLookup | null = null,
    weighing: Weighing | null = null,
    onRun: ((added: AddedRun) => void) | null = null,
    nowMs = Infinity,
  ) {
    this.#query = query;
    this.#nowMs = nowMs;
    this.#onRun = onRun;
    this.#weighing = weighing;
    this.#facts = facts;
    this.#found = new FoundNames(query.filter);
    const bucket = query.groupBy.includes('hour') ? 'hour' : 'day';
    this.#fragments = new Fragments(query.policy, calendar(bucket, query.timeZone), weighing);
    if (query.embodied === true) this.#total.machines = new MachineTimes();
  }

  add(record: EitRecord): void {
    this.seen(Date.parse(record.to));
    const atMs = midpointMs(record);
    if (record.kind === 'run') this.addSlice(record.cluster, rowOfLine(record), atMs);
    else if (record.kind === 'host') {
      // A host says what it is made of once a day: mostly before the window.
      this.#models.add(record);
      this.addHost(record.cluster, rowOfHostLine(record), atMs);
    }
  }

  /** Tells of hardware. */
  addHardware(record: HardwareTold): void {
    this.#models.add(record);
  }

  /** @param toMs end of something that the ledger holds, whoever's it is */
  seen(toMs: number): void {
    if (isAhead(toMs, this.#nowMs)) return;
    if (this.#dataUntilMs === null || toMs > this.#dataUntilMs) this.#dataUntilMs = toMs;
  }

  /** @param slot one that the window begins or ends in, and of which rows are added as a whole; several clusters may have the same */
  cut(slot: CutSlot): void {
    this.#cutSlots.set(`${slot.sinceMs} ${slot.untilMs}`, slot);
  }

  /**
   * Adds what lines of a run's fragment were added up to, if it is of the report.
   * @param atMs a moment in the window and the bucket that it belongs to, Unix ms
   */
  addSlice(cluster: string, row: SliceRow, atMs: number): void {
    if (!this.#isInWindow(atMs) || !matchesRun(this.#query.filter, cluster, row)) return;
    this.#clusters.add(cluster);
    this.#fragments.addRow(cluster, row, atMs);
    this.#idlePower.addRun(cluster, row.host);
  }

  /** The same of a host's lines. */
  addHost(cluster: string, row: HostRow, atMs: number): void {
    if (!this.#isInWindow(atMs)) return;
    this.#idlePower.addHost(cluster, row);
    const { withUnattributed, filter, policy: name } = this.#query;
    if (!withUnattributed || !matchesHost(filter, cluster, row)) return;
    const policy = POLICIES.indexOf(name);
    this.#clusters.add(cluster);
    this.#idleUj.add(row.idleUj[policy] ?? 0);
    this.#systemUj.add(row.systemUj[policy] ?? 0);
    this.#missingMs.add(row.missingMs);
    this.#hostLines += row.lines;
  }

  /**
   * Adds what whole days' runs were added up to elsewhere, none of whose jobs comes again.
   * @param groups by the query's keys
   * @param total of all of them: a run of several days is one
   */
  addTotals(cluster: string, groups: readonly Group[], total: TotalSums): void {
    if (total.sums.runs === 0) return;
    this.#clusters.add(cluster);
    this.#total.addSums(total.sums);
    this.#slurmTotal.addSums(total.slurm);
    for (const [outcome, sums] of total.lost) this.#lost[outcome].addSums(sums);
    for (const group of groups) this.addGroup(group);
  }

  /** Adds what other jobs' runs were added up to by the same query, none of whose jobs is here; their groups: {@link addGroup}. */
  addPart(part: PartOfRuns): void {
    for (const cluster of part.clusters) this.#clusters.add(cluster);
    for (const [cluster, host] of part.hosts) this.#idlePower.addRun(cluster, host);
    this.#total.addSums(part.total);
    this.#slurmTotal.addSums(part.slurm);
    for (const outcome of OUTCOMES_LOST) this.#lost[outcome].addSums(part.lost[outcome]);
    this.#found.addTold(part.found);
  }

  addGroup(added: Group): void {
    // Of another job, whatever its fields.
    const isOfJob = this.#query.groupBy.includes('job');
    const key = groupKey(added.fields, isOfJob ? `other ${this.#groups.size}` : '');
    const group = this.#groups.get(key);
    if (group === undefined) {
      this.#groups.set(key, added);
      return;
    }
    group.sums.addSums(added.sums);
    group.slurm.addSums(added.slurm);
    if (group.lost !== undefined && added.lost !== undefined) addLost(group.lost, added.lost);
  }

  /** What was added here, for another's {@link addPart} and {@link addGroup}. Nothing is to be added after it. */
  finishPart(): { readonly part: PartOfRuns; readonly groups: Iterable<Group> } {
    this.#endAll();
    return {
      part: {
        total: this.#total,
        slurm: this.#slurmTotal,
        lost: this.#lost,
        clusters: [...this.#clusters].sort(),
        hosts: this.#idlePower.hostsWithRuns,
        found: this.#found.told,
      },
      groups: this.#groups.values(),
    };
  }

  /** What Slurm's accounting tells of the runs that are added from now on. */
  useFacts(facts: FactsLookup | null): void {
    this.#facts = facts;
  }

  /** Names of runs that were added up elsewhere. */
  addFound(runs: NamedRuns): void {
    this.#found.add(runs);
  }

  /** Nothing more comes of this job: its runs are added up, and what was held of it is let go. */
  endJob(cluster: string, job: number): void {
    for (const run of joinRuns(this.#fragments.take(cluster, job))) this.#addRun(run);
  }

  #endAll(): void {
    for (const { cluster, job } of this.#fragments.jobs) this.endJob(cluster, job);
  }

  finish(): Aggregate {
    this.#endAll();
    return {
      groups: sortGroups([...this.#groups.values()], this.#query.groupBy),
      total: this.#total,
      slurm:
        this.#facts === null && !needsFacts(this.#query)
          ? null
          : { total: this.#slurmTotal, untilMs: this.#facts?.untilMs ?? null, lost: this.#lost },
      unattributed:
        this.#hostLines === 0
          ? null
          : { idleUj: this.#idleUj.value, systemUj: this.#systemUj.value, missingMs: this.#missingMs.value },
      idlePower: this.#query.policy === 'hybrid' ? this.#idlePower.counts : null,
      dataUntilMs: this.#dataUntilMs,
      cutSlots: [...this.#cutSlots.values()].sort((a, b) => a.sinceMs - b.sinceMs || a.untilMs - b.untilMs),
      clusters: [...this.#clusters].sort(),
      found: this.#found,
    };
  }

  #addRun(run: Run): void {
    const facts = this.#facts?.of(run) ?? null;
    if (!matchesFacts(this.#query.filter, run.jobId, facts)) return;
    this.#found.add(run, facts);
    const parts = partsOf(run, this.#models, this.#query.embodied === true);
    this.#onRun?.({ run, parts, facts, weighing: this.#weighing });
    const power = this.#query.extrapolate ? meanPower(run.cluster, parts, this.#weighing) : null;
    const nodes = this.#nodesExpected(run);
    this.#total.addRun(run, parts, nodes, power, this.#weighing);
    if (this.#query.embodied === true) this.#total.addMachines(run, parts);
    this.#slurmTotal.addRun(run, parts, facts);
    const outcome = facts === null ? null : outcomeOf(facts.state);
    if (outcome !== null) this.#lost[outcome].addRun(run, parts, nodes, power);
    const { groupBy } = this.#query;
    const nodesOfGroup = groupBy.includes('node')
      ? () => 1
      : isOfSeveralModels(parts, groupBy)
        ? (reported: number) => reported
        : nodes;
    for (const { fields, parts: ofGroup } of this.#byGroup(run, parts, facts)) {
      const group = this.#group(fields, groupBy.includes('job') ? run.jobKey : '');
      group.sums.addRun(run, ofGroup, nodesOfGroup, power, this.#weighing);
      if (this.#query.embodied === true) group.sums.addMachines(run, ofGroup);
      group.slurm.addRun(run, ofGroup, facts);
      if (outcome !== null && group.lost !== undefined)
        lostOf(group.lost, outcome).addRun(run, ofGroup, nodesOfGroup, power);
    }
  }

  #isInWindow(atMs: number): boolean {
    return atMs >= this.#query.sinceMs && atMs < this.#query.untilMs;
  }

  #group(fields: GroupFields, jobKey: string): Group {
    const key = groupKey(fields, jobKey);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = {
        ...{ fields, sums: new GroupSums(), slurm: new SlurmSums() },
        ...(this.#query.lost === true ? { lost: new Map<Outcome, GroupSums>() } : {}),
      };
      this.#groups.set(key, group);
    }
    return group;
  }

  /** How many nodes the run should have in the report, where so many have reported; null where nothing tells. */
  #nodesExpected(run: Run): (reported: number) => number | null {
    const { nodes } = this.#query.filter;
    if (nodes === undefined) return nodesExpected(run);
    const wanted = run.nodeNames?.filter((node) => nodes.has(node)).length;
    return (reported) => wanted ?? reported;
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

const OUTCOMES_LOST = ['failed', 'cancelled', 'requeued'] as const satisfies readonly Outcome[];

function lostOf(lost: LostSums, outcome: Outcome): GroupSums {
  const sums = lost.get(outcome) ?? new GroupSums();
  lost.set(outcome, sums);
  return sums;
}

/** Adds another group's; none of its runs may be of this one's jobs. */
export function addLost(to: LostSums, lost: LostSums): void {
  for (const [outcome, sums] of lost) lostOf(to, outcome).addSums(sums);
}

/** Whether a query asks for what only Slurm's accounting tells. */
export function needsFacts({ groupBy, filter, compareSlurm, lost }: ReportQuery): boolean {
  const { selections, qos, names, states } = filter;
  const isGrouped = groupBy.some(
    (key) => key === 'qos' || key === 'state' || key === 'name' || key === 'array' || key === 'het',
  );
  const isSelection = selections?.some(isToldBySlurm) === true;
  return (
    isGrouped ||
    isSelection ||
    compareSlurm === true ||
    lost === true ||
    [qos, names, states].some((asked) => asked !== undefined)
  );
}

function sortGroups(groups: Group[], groupBy: readonly SumKey[]): Group[] {
  const fields = [...groupBy.map(fieldOfKey), 'cluster', 'user'] as const;
  return groups.sort((a, b) => {
    for (const field of fields) {
      const [x, y] = [a.fields[field], b.fields[field]];
      if (x === y || x === undefined || y === undefined) continue;
      // What is of no array comes last.
      if (x === null || y === null) return x === null ? 1 : -1;
      if (field === 'hour') return Date.parse(String(x)) - Date.parse(String(y));
      return x < y ? -1 : 1;
    }
    return a.sums.firstMs - b.sums.firstMs;
  });
}
