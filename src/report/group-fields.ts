import type { GroupKey } from '../generated/report';
import { dayOfBucket, weekOf } from '../runs/calendar';
import { hasGpus } from '../runs/coverage';
import type { JobFacts } from '../runs/job-facts';
import { type Part, type Run, UNKNOWN } from '../runs/runs';

/** What runs can be grouped by: what a report can show, and what only programs of ours ask for. */
export type SumKey = GroupKey | 'uid';

/** What stands for a model where runs had no GPU. */
const NO_GPU = '(none)';

/** The fields that name a group, as in report.schema.json. */
export interface GroupFields {
  job_id?: number;
  user?: string;
  uid?: number | null;
  account?: string;
  partition?: string;
  node?: string;
  hour?: string;
  day?: string;
  week?: string;
  month?: string;
  cluster?: string;
  qos?: string;
  state?: string;
  name?: string;
  /** null: of no array, or nobody knows. */
  array_job_id?: number | null;
  /** null: of no heterogeneous job, or nobody knows. */
  het_job_id?: number | null;
  cpu_model?: string;
  gpu_model?: string;
}

/** Whether lines are by model and the run has several: then nobody knows of which one its silent nodes are. */
export function isOfSeveralModels(parts: readonly Part[], groupBy: readonly SumKey[]): boolean {
  return (['cpumodel', 'gpumodel'] as const).some(
    (key) => groupBy.includes(key) && new Set(parts.map((part) => modelOf(key, part))).size > 1,
  );
}

/**
 * The model that a part is of. The energy of CPUs and memory goes with that of the GPUs beside them; what a run had of several models on
 * one node is told apart nowhere, and has a line of its own.
 */
function modelOf(key: 'cpumodel' | 'gpumodel', { slice, cpuModel, gpuModels }: Part): string {
  if (key === 'cpumodel') return cpuModel ?? UNKNOWN;
  if (gpuModels.length > 0) return [...new Set(gpuModels)].sort().join(', ');
  return hasGpus(slice) ? UNKNOWN : NO_GPU;
}

/** Tells groups apart. @param jobKey of the job, where groups are of one */
export function groupKey(fields: GroupFields, jobKey: string): string {
  return JSON.stringify([fields, jobKey]);
}

/** What names the group that a part of a run belongs to. */
export function fieldsOf(
  run: Run,
  part: Part,
  facts: JobFacts | null,
  groupBy: readonly SumKey[],
): GroupFields {
  const fields: GroupFields = {};
  const day = dayOfBucket(part.slice.bucket);
  for (const key of groupBy) {
    if (key === 'job') {
      // A job id alone names no job; whose it was saves a person a second look.
      const { jobId, user, account, partition, cluster } = run;
      Object.assign(fields, { job_id: jobId, user, account, partition, cluster });
    } else if (key === 'node') fields.node = part.node;
    else if (key === 'hour') fields.hour = part.slice.bucket;
    else if (key === 'day') fields.day = day;
    else if (key === 'week') fields.week = weekOf(day);
    else if (key === 'month') fields.month = day.slice(0, 7);
    else if (key === 'cpumodel') fields.cpu_model = modelOf(key, part);
    else if (key === 'gpumodel') fields.gpu_model = modelOf(key, part);
    else if (key === 'uid') fields.uid = run.uid;
    else if (key === 'array') fields.array_job_id = facts?.arrayJobId ?? null;
    else if (key === 'het') fields.het_job_id = facts?.hetJobId ?? run.hetJobId;
    else if (key === 'qos') fields.qos = facts?.qos ?? run.qos ?? UNKNOWN;
    else if (key === 'state' || key === 'name') fields[key] = facts?.[key] ?? UNKNOWN;
    else fields[key] = run[key];
  }
  return fields;
}

/** Where it has not the name of the key. */
const FIELDS: Readonly<Partial<Record<SumKey, keyof GroupFields>>> = {
  job: 'job_id',
  array: 'array_job_id',
  het: 'het_job_id',
  cpumodel: 'cpu_model',
  gpumodel: 'gpu_model',
};

/** The field of a group that a key of --group-by names. */
export function fieldOfKey(key: SumKey): keyof GroupFields {
  return FIELDS[key] ?? (key as keyof GroupFields);
}
