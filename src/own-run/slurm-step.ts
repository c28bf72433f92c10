import { hostName } from '../config/host-name';
import type { RunStart } from '../generated/record';
import { cpusOnNode } from '../slurm/cpus-per-node';
import type { RunIdentity } from '../slurm/run-identity';

/** The job of Slurm that this process is in, by its environment. */
export interface SlurmStep {
  readonly job: number;
  /** null: in the batch script, or Slurm does not tell. */
  readonly step: number | null;
  /** Of the step, else of the job. */
  readonly nodes: number;
  readonly node: string;
  readonly cluster: string | null;
  /** Start of the job, Unix seconds. */
  readonly startS: number | null;
  /** Which of the step's tasks of this node it is, from 0. */
  readonly localTask: number;
  /** Whether it is the first task of the step, or of the batch script. */
  readonly isFirstTask: boolean;
  /** Whether the step has several tasks on a node. */
  readonly hasOtherTasks: boolean;
  readonly cpus: number | null;
}

/** null: in none. https://slurm.schedmd.com/srun.html#SECTION_OUTPUT-ENVIRONMENT-VARIABLES */
export function slurmStep(env: NodeJS.ProcessEnv): SlurmStep | null {
  const job = whole(env['SLURM_JOB_ID']);
  if (job === null || job === 0) return null;
  // Since 20.11 the batch script is a step with a number of its own, above all others.
  const step = whole(env['SLURM_STEP_ID']);
  const isStep = step !== null && step < 4_000_000_000 && env['SLURM_STEP_NODELIST'] !== undefined;
  const node = env['SLURMD_NODENAME'] || hostName();
  const nodelist = env['SLURM_JOB_NODELIST'] ?? '';
  return {
    job,
    step: isStep ? step : null,
    nodes: isStep ? Math.max(1, whole(env['SLURM_STEP_NUM_NODES']) ?? 1) : 1,
    node: node.slice(0, 256),
    cluster: env['SLURM_CLUSTER_NAME'] ?? null,
    startS: whole(env['SLURM_JOB_START_TIME']),
    localTask: isStep ? (whole(env['SLURM_LOCALID']) ?? 0) : 0,
    isFirstTask: !isStep || (whole(env['SLURM_PROCID']) ?? 0) === 0,
    hasOtherTasks: isStep && /^(?!1(?:\(x\d+\))?$)./.test(env['SLURM_STEP_TASKS_PER_NODE'] ?? '1'),
    cpus:
      cpusOnNode(env['SLURM_JOB_CPUS_PER_NODE'] ?? '', nodelist, node) ?? whole(env['SLURM_CPUS_ON_NODE']),
  };
}

/**
 * What a run of ours is, in the names of the records.
 * @param run.cpus that it may use
 */
export function ownIdentity(run: {
  readonly cluster: string;
  readonly job: number;
  readonly uid: number;
  readonly user: string | null;
  readonly cpus: number;
  readonly step: SlurmStep | null;
}): RunIdentity {
  const { cluster, job, uid, user, cpus, step } = run;
  return {
    cluster,
    job,
    node: step?.node ?? hostName(),
    restart: 0,
    uid,
    ...(user === null ? {} : { user: user.slice(0, 256) }),
    nodes: step?.nodes ?? 1,
    cpus: step?.cpus ?? cpus,
  };
}

/** What is claimed of GPUs: UUIDs, or positions among those that this process sees. */
export function ownStart(env: NodeJS.ProcessEnv): RunStart {
  const visible = env['CUDA_VISIBLE_DEVICES'] ?? '';
  if (/^(?:GPU|MIG)-[\w/-]+(?:,(?:GPU|MIG)-[\w/-]+)*$/.test(visible) && visible.length <= 4096)
    return { by: 'prolog', gpu_uuids: visible };
  if (/^\d{1,4}(?:,\d{1,4})*$/.test(visible)) return { by: 'prolog', gpu_ids: visible };
  return { by: 'prolog' };
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
