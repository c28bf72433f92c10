import { EitError } from '../errors';
import { expandHostlist } from '../slurm/hostlist';
import { dayOfBucket } from './calendar';
import type { Fragment, Slice } from './fragments';
import type { HardwareModels } from './hardware-models';

/** Fragments of one run that Slurm does not tell apart start, and end, about together. */
export const CLOSE_MS = 5 * 60_000;

/** A job that is requeued starts again within a day; a job id comes back after 67 million jobs. */
export const REQUEUE_MS = 86_400_000;

/** One execution of a job, on all its nodes. */
export interface Run {
  readonly cluster: string;
  readonly jobId: number;
  readonly restart: number;
  /** What Slurm names the run by: a SLUID (25.11), when it began (Unix seconds, 23.02). null: not told. */
  readonly sluid: string | null;
  readonly slurmStartS: number | null;
  readonly uid: number | null;
  readonly user: string;
  readonly account: string;
  readonly partition: string;
  /** null where Slurm did not say: before 26.05, and where the run began before the time that was read. */
  readonly qos: string | null;
  /** Id of the first part of a heterogeneous job; null: of none, or as with qos. */
  readonly hetJobId: number | null;
  /** Nodes that the run has, at most where it was resized; null where Slurm did not say. */
  readonly nodes: number | null;
  /** Their names, where Slurm's node list was read. */
  readonly nodeNames: readonly string[] | null;
  /** At least one. */
  readonly fragments: readonly Fragment[];
  readonly startedMs: number;
  readonly toMs: number;
  /** The same for all runs of a job, different for another job whose id is the same. */
  readonly jobKey: string;
}

/** Tells a run from others with the same job id, on each day of it. */
export function runKeyOf({ fragments, restart, startedMs }: Run): string {
  return toldKey(fragments[0]!) ?? `${restart} @${startedMs}`;
}

/** Whether Slurm tells which run its fragments are of; else it is found out by when and where they ran. */
export function isToldApart({ fragments }: Run): boolean {
  return toldKey(fragments[0]!) !== null;
}

/** How many nodes a run should have, where so many have reported; null where nothing tells. */
export function nodesExpected({ nodes }: Run): (reported: number) => number | null {
  return (reported) => (nodes === null ? null : Math.max(nodes, reported));
}

/** A slice of a run with the node it is of, and what that is made of. */
export interface Part {
  readonly node: string;
  readonly slice: Slice;
  /** null where the host's records do not tell. */
  readonly cpuModel: string | null;
  /** Of the GPUs that the run was charged for, as far as told. */
  readonly gpuModels: readonly string[];
  /** How many of the node's CPUs are allocated to the run; null: not told, or not asked for. */
  readonly nodeShare: { readonly cpus: number; readonly of: number } | null;
}

/** @param withShares whether the parts of nodes are asked for */
export function partsOf({ cluster, fragments }: Run, models: HardwareModels, withShares = false): Part[] {
  return fragments.flatMap(({ node, facts: { host, cpus }, slices }) =>
    [...slices.values()].map((slice) => ({
      node,
      slice,
      cpuModel: models.cpu(cluster, host, slice.fromMs),
      gpuModels: [...(slice.gpuDomains ?? [])].flatMap(
        (domain) => models.gpu(cluster, host, domain, slice.fromMs) ?? [],
      ),
      nodeShare: withShares ? shareOf(cpus, models.threads(cluster, host, slice.fromMs)) : null,
    })),
  );
}

/** Where Slurm counts cores, a run has half of what the kernel counts: see docs/factors.md. */
function shareOf(cpus: number | undefined, threads: number | null): Part['nodeShare'] {
  return cpus === undefined || cpus === 0 || threads === null
    ? null
    : { cpus: Math.min(cpus, threads), of: threads };
}

/** Whether parts are of all nodes that the run has; where nobody told how many it has, they are. */
export function hasAllNodes(run: Run, parts: readonly Part[]): boolean {
  const reported = new Set(parts.map(({ node }) => node)).size;
  return reported >= Math.max(run.nodes ?? 0, new Set(run.fragments.map(({ node }) => node)).size);
}

/** A run's parts by day. */
export function byDay(parts: readonly Part[]): Iterable<Part[]> {
  const found = new Map<string, Part[]>();
  for (const part of parts) {
    const day = dayOfBucket(part.slice.bucket);
    const ofDay = found.get(day);
    if (ofDay === undefined) found.set(day, [part]);
    else ofDay.push(part);
  }
  return found.values();
}

/** From when to when slices are, Unix ms. */
export function timeOf(parts: readonly Part[]): [fromMs: number, toMs: number] {
  return parts.reduce<[number, number]>(
    ([fromMs, toMs], { slice }) => [Math.min(fromMs, slice.fromMs), Math.max(toMs, slice.toMs)],
    [Infinity, -Infinity],
  );
}

export const UNKNOWN = '(unknown)';

/**
 * Joins fragments to runs, and says which runs are one job. A SLUID names a run, and so do job id, restart count and
 * Slurm's start time (23.02 and later); without them fragments are one run that have the same job id, restart count and
 * user and lie close in time, until a node comes a second time or the run has all its nodes: then it is another
 * run of a requeued job, or another job with a recycled id.
 * @param fragments in any order
 */
export function joinRuns(fragments: readonly Fragment[]): Run[] {
  const byJob = new Map<string, Fragment[]>();
  for (const fragment of fragments) {
    const key = `${fragment.cluster}\0${fragment.job}`;
    const ofJob = byJob.get(key);
    if (ofJob === undefined) byJob.set(key, [fragment]);
    else ofJob.push(fragment);
  }
  return [...byJob.values()].flatMap((ofJob) => withJobKeys(joinFragments(ofJob).map(toRun)));
}

/** A run in the making. */
interface Joined {
  readonly key: string;
  readonly fragments: Fragment[];
  readonly nodeNames: Set<string>;
  /** Most nodes that a fragment tells of; 0 while none does. */
  nodes: number;
  fromMs: number;
  toMs: number;
}

/** @param fragments of one cluster and job id */
function joinFragments(fragments: readonly Fragment[]): Joined[] {
  const joined: Joined[] = [];
  const inOrder = [...fragments].sort(byStart);
  const add = (fragment: Fragment, key: string, found: Joined | undefined): void => {
    const { startedMs, toMs } = fragment;
    const run = found ?? { key, fragments: [], nodeNames: new Set(), nodes: 0, fromMs: startedMs, toMs };
    if (found === undefined) joined.push(run);
    run.fragments.push(fragment);
    run.nodeNames.add(fragment.node);
    run.nodes = Math.max(run.nodes, fragment.facts.nodes ?? 0);
    run.fromMs = Math.min(run.fromMs, fragment.startedMs);
    run.toMs = Math.max(run.toMs, fragment.toMs);
  };

  for (const fragment of inOrder) {
    const key = toldKey(fragment);
    if (key !== null)
      add(
        fragment,
        key,
        joined.find((run) => run.key === key),
      );
  }
  for (const fragment of inOrder) {
    if (toldKey(fragment) === null)
      add(
        fragment,
        '',
        joined.find((run) => mayBelong(fragment, run)),
      );
  }
  return joined;
}

/** What Slurm tells a run by. */
function toldKey({ restart, facts }: Fragment): string | null {
  if (facts.sluid !== undefined) return facts.sluid;
  return facts.slurmStart === undefined ? null : `${restart} ${facts.slurmStart}`;
}

function mayBelong(fragment: Fragment, run: Joined): boolean {
  const first = run.fragments[0]!;
  return (
    first.restart === fragment.restart &&
    (first.facts.uid ?? fragment.facts.uid) === (fragment.facts.uid ?? first.facts.uid) &&
    fragment.startedMs <= run.toMs + CLOSE_MS &&
    fragment.toMs >= run.fromMs - CLOSE_MS &&
    !run.nodeNames.has(fragment.node) &&
    (run.nodes === 0 || run.nodeNames.size < run.nodes)
  );
}

function toRun({ fragments, nodes, fromMs, toMs }: Joined): Run {
  const first = <T>(pick: (fragment: Fragment) => T | undefined): T | undefined => {
    for (const fragment of fragments) {
      const value = pick(fragment);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const { cluster, job, restart } = fragments[0]!;
  const uid = first(({ facts }) => facts.uid) ?? null;
  const nodelist = first((fragment) => fragment.nodelist);
  const nodeNames = nodelist === undefined ? null : expand(nodelist);
  return {
    cluster,
    jobId: job,
    restart,
    sluid: first(({ facts }) => facts.sluid) ?? null,
    slurmStartS: first(({ facts }) => facts.slurmStart) ?? null,
    uid,
    user: first(({ facts }) => facts.user) ?? (uid === null ? UNKNOWN : `uid:${uid}`),
    account: first(({ facts }) => facts.account) ?? UNKNOWN,
    partition: first(({ facts }) => facts.partition) ?? UNKNOWN,
    qos: first((fragment) => fragment.qos) ?? null,
    hetJobId: first((fragment) => fragment.hetJobId) ?? null,
    nodes: nodes > 0 ? nodes : (nodeNames?.length ?? null),
    nodeNames,
    fragments,
    startedMs: fromMs,
    toMs,
    jobKey: '',
  };
}

/** A list that Slurm cut, or that this program cannot read, says nothing. */
function expand(nodelist: string): string[] | null {
  try {
    return expandHostlist(nodelist);
  } catch (error) {
    if (error instanceof EitError && error.code === 'EIT_HOSTLIST') return null;
    throw error;
  }
}

/** @param runs of one cluster and job id */
function withJobKeys(runs: readonly Run[]): Run[] {
  const inOrder = [...runs].sort((a, b) => a.startedMs - b.startedMs || a.restart - b.restart);
  let jobs = 0;
  let previous: Run | undefined;
  return inOrder.map((run) => {
    if (previous !== undefined && !isRequeueOf(run, previous)) jobs++;
    previous = run;
    return { ...run, jobKey: `${run.cluster}\0${run.jobId}\0${jobs}` };
  });
}

function isRequeueOf(run: Run, previous: Run): boolean {
  if ((run.uid ?? previous.uid) !== (previous.uid ?? run.uid)) return false;
  if (run.restart > previous.restart) return true;
  // Slurm before 22.05 tells a hook neither the account nor how often the job was restarted.
  return run.restart === 0 && run.account === UNKNOWN && run.startedMs - previous.toMs < REQUEUE_MS;
}

function byStart(a: Fragment, b: Fragment): number {
  return (
    a.startedMs - b.startedMs || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0) || a.restart - b.restart
  );
}
