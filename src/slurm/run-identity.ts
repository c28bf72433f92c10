import { SLUID } from './cgroup-names';
import { cpusOnNode } from './cpus-per-node';
import { type HookEvent, wholeNumber } from './hook-event';
import type { RunStart } from '../generated/record';

/** What the hooks tell of a run on one node, in the names of the records. */
export interface RunIdentity {
  readonly cluster: string;
  readonly node: string;
  readonly job: number;
  readonly restart: number;
  readonly sluid?: string;
  readonly slurm_start?: number;
  readonly uid?: number;
  readonly user?: string;
  readonly account?: string;
  readonly partition?: string;
  /** Nodes of the whole run. */
  readonly nodes?: number;
  /** CPUs allocated on this node. */
  readonly cpus?: number;
  /** GPUs allocated on this node. */
  readonly gpus?: number;
}

const LONGEST_NAME = 256;

/** Cluster names that are safe as a folder's name; Slurm itself allows little else. */
const CLUSTER_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * The identity of the run that an event speaks of. Which variables exist in which version of Slurm:
 * https://slurm.schedmd.com/prolog_epilog.html, and src/slurm/prep of its source. What is not told is left out.
 * @param cluster the cluster's name where neither the config nor the event gives one
 */
export function runIdentity(
  event: HookEvent,
  configured: string | undefined,
  cluster = 'unknown',
): RunIdentity {
  const { variables: v } = event;
  const told = v['SLURM_CLUSTER_NAME'];
  const node = name(event.node) ?? 'unknown';
  const nodelist = v['SLURM_JOB_NODELIST'] ?? v['SLURM_NODELIST'];
  const sluid = v['SLURM_JOB_SLUID'];
  const gpus = new Set(v['SLURM_JOB_GPUS']?.split(',').filter((id) => id !== '')).size;
  return defined({
    cluster: configured ?? (isClusterName(told) ? told : cluster),
    node,
    job: event.jobId,
    restart: wholeNumber(v['SLURM_JOB_RESTART_COUNT']) ?? 0,
    sluid: sluid !== undefined && SLUID.test(sluid) ? sluid : undefined,
    slurm_start: wholeNumber(v['SLURM_JOB_START_TIME']),
    uid: wholeNumber(v['SLURM_JOB_UID']),
    user: name(v['SLURM_JOB_USER']),
    account: name(v['SLURM_JOB_ACCOUNT']),
    partition: name(v['SLURM_JOB_PARTITION']),
    nodes: wholeNumber(v['SLURM_JOB_NUM_NODES']) || undefined,
    cpus: allocatedCpus(v['SLURM_JOB_CPUS_PER_NODE'], nodelist, node),
    gpus: gpus || undefined,
  });
}

/** Whether a name can be a cluster's, and so a folder's. */
export function isClusterName(text: string | null | undefined): text is string {
  return typeof text === 'string' && CLUSTER_NAME.test(text);
}

/** The rest of what the hooks tell, kept once a fragment. */
export function runStart(event: HookEvent): RunStart {
  const { variables: v } = event;
  return defined({
    by: event.hook,
    nodelist: atMost(v['SLURM_JOB_NODELIST'] ?? v['SLURM_NODELIST'], 4096),
    cpus_per_node: atMost(v['SLURM_JOB_CPUS_PER_NODE'], 1024),
    gpu_ids: atMost(v['SLURM_JOB_GPUS'], 1024),
    gpu_uuids: uuids(v['CUDA_VISIBLE_DEVICES']),
    het_job: wholeNumber(v['SLURM_HET_JOB_ID']) || undefined,
    qos: name(v['SLURM_JOB_QOS']),
    reservation: name(v['SLURM_JOB_RESERVATION']),
  });
}

/** Slurm writes "(null)" for what it does not know. */
function name(value: string | undefined): string | undefined {
  return value === undefined || value === '' || value === '(null)' ? undefined : value.slice(0, LONGEST_NAME);
}

/** Indices count in the job's own list where its devices are constrained, and say nothing; UUIDs of GPUs or MIG instances do. */
function uuids(visible: string | undefined): string | undefined {
  const isUuids = /^(?:GPU|MIG)-[\w/-]+(?:,(?:GPU|MIG)-[\w/-]+)*$/.test(visible ?? '');
  return isUuids ? atMost(visible, 4096) : undefined;
}

function atMost(value: string | undefined, length: number): string | undefined {
  return value !== undefined && value.length <= length ? value : undefined;
}

function allocatedCpus(
  perNode: string | undefined,
  nodelist: string | undefined,
  node: string,
): number | undefined {
  if (perNode === undefined || nodelist === undefined) return undefined;
  return cpusOnNode(perNode, nodelist, node);
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out the keys without a value, so that they do not stand in a record. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Defined<T>;
}
