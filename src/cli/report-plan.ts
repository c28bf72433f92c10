import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterJobs } from '../archive/job-ranges';
import { parseManifest } from '../archive/manifest';
import type { ReadableArchive, Window } from '../archive/read-archive';
import { writeWhole } from '../archive/whole-file';
import { EitError } from '../errors';
import type { ArchivePart } from '../generated/manifest';
import type { ReportQuery } from '../report/aggregate';
import type { HardwareTold } from '../runs/hardware-models';
import type { RunFilter } from '../runs/run-filter';
import type { WeightCurve } from '../runs/slot-weights';
import { version } from '../version';

const HOUR_MS = 3_600_000;
/** No record is older, whatever a report is asked for. */
const EARLIEST_MS = Date.UTC(2015, 0);

/** The archive of a cluster as all tasks read it, whatever is compacted meanwhile: what was replaced stays for a day. */
export interface PlannedArchive extends ReadableArchive {
  /** Jobs that are added up where the inbox is read. */
  readonly exceptJobs: readonly number[];
  /** By {@link curveStamp}. */
  readonly curve: string;
  /** Sizes and times of files that are not named anew with each change: those that were published for one user. */
  readonly stamps: Readonly<Record<string, string>>;
}

/** What the tasks of `eit-report --slurm` add up. */
export interface ReportPlan {
  readonly id: string;
  readonly query: ReportQuery;
  readonly nowMs: number;
  /** Intensities as they were known then; null: now. */
  readonly asOfMs: number | null;
  readonly archives: readonly PlannedArchive[];
  /** What the inbox tells of hosts, beyond the archive. */
  readonly hardware: readonly HardwareTold[];
  readonly tasks: readonly (readonly ClusterJobs[])[];
}

const PLAN_FILE = 'plan.json';
/** It says whose jobs are asked for. */
const OWN_FILE = 0o600;

export function newPlanId(): string {
  return randomBytes(16).toString('hex');
}

const SETS = ['accounts', 'partitions', 'jobs', 'clusters', 'nodes', 'qos', 'names', 'states'] as const;

/** Writes a plan where its tasks find it. @throws the system's error */
export async function writePlan(folder: string, plan: ReportPlan): Promise<void> {
  const { filter } = plan.query;
  const lists = Object.fromEntries(SETS.map((name) => [name, filter[name] && [...filter[name]]]));
  const stored = { tool: version, ...plan, query: { ...plan.query, filter: { ...filter, ...lists } } };
  await writeWhole(join(folder, PLAN_FILE), JSON.stringify(stored), OWN_FILE);
}

/** @throws EitError EIT_SBATCH where it cannot be read, or was made by another version of EIT */
export async function readPlan(folder: string): Promise<ReportPlan> {
  const path = join(folder, PLAN_FILE);
  try {
    const { tool, ...plan } = JSON.parse(await readFile(path, 'utf8')) as ReportPlan & { tool: string };
    if (tool !== version)
      throw new Error(`it was made by EIT ${tool}, and this is ${version}: install the same on all nodes`);
    const { filter } = plan.query;
    const sets = Object.fromEntries(
      SETS.map((name) => [name, filter[name] && new Set<string | number>(filter[name])]),
    ) as Partial<RunFilter>;
    return {
      ...plan,
      query: { ...plan.query, filter: { ...filter, ...sets } },
      archives: plan.archives.map((archive) => ({
        ...archive,
        manifest: parseManifest(JSON.stringify(archive.manifest), path),
      })),
    };
  } catch (cause) {
    throw new EitError(
      'EIT_SBATCH',
      `cannot read the plan ${path}: ${String(cause)}. Do all nodes see that folder (eit-report --work-dir)?`,
      { cause },
    );
  }
}

/** Of a manifest what tasks read. */
export function plannedManifest(
  manifest: ReadableArchive['manifest'],
  parts: readonly ArchivePart[],
): ReadableArchive['manifest'] {
  return { ...manifest, parts: [...parts], replaced: [], refused: {} };
}

/**
 * The same for the same weights at all times of a window: nodes whose config or intensity series are others give other sums.
 * @param curve null: factors are the same at all times
 */
export function curveStamp(curve: WeightCurve | null, { sinceMs, untilMs }: Window, nowMs: number): string {
  if (curve === null) return 'none';
  const hash = createHash('sha256');
  const fromMs = Math.floor(Math.max(sinceMs, EARLIEST_MS) / HOUR_MS) * HOUR_MS;
  for (let atMs = fromMs; atMs <= Math.min(untilMs, nowMs) + HOUR_MS; atMs += HOUR_MS)
    hash.update(`${curve.over(atMs, atMs + HOUR_MS).join(' ')}\n`);
  return hash.digest('hex');
}
