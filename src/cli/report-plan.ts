import { createHash, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HARDWARE } from '../archive/host-table';
import type { ClusterJobs } from '../archive/job-ranges';
import { parseManifest, partsIn } from '../archive/manifest';
import { partsOfRuns, type ReadableArchive, type Window } from '../archive/read-archive';
import { writeWhole } from '../archive/whole-file';
import { EitError, isErrno } from '../errors';
import type { ReportQuery } from '../report/aggregate';
import type { HardwareTold } from '../runs/hardware-models';
import type { RunFilter } from '../runs/run-filter';
import type { WeightCurve } from '../runs/slot-weights';
import { version } from '../version';
import type { Division } from './ledger-aggregate';

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

/** What tasks need to add up what is left, whatever comes into the ledger meanwhile. @throws the system's error */
export async function planOf(
  division: Division,
  tasks: ReportPlan['tasks'],
  { nowMs, asOfMs }: Pick<ReportPlan, 'nowMs' | 'asOfMs'>,
): Promise<ReportPlan> {
  return {
    id: randomBytes(16).toString('hex'),
    query: division.query,
    ...{ nowMs, asOfMs },
    archives: await Promise.all(division.archives.map((archive) => planned(archive, division, nowMs))),
    hardware: division.hardware,
    tasks,
  };
}

async function planned(
  archive: ReadableArchive,
  { query, weighing, inboxJobs }: Division,
  nowMs: number,
): Promise<PlannedArchive> {
  const { cluster, dir, manifest } = archive;
  const parts = [...partsOfRuns(archive, query), ...partsIn(manifest, HARDWARE.name, 0, Infinity)];
  return {
    cluster,
    dir: resolve(dir),
    manifest: { ...manifest, parts, replaced: [], refused: {} },
    exceptJobs: [...(inboxJobs.get(cluster) ?? [])],
    curve: curveStamp(weighing?.curveOf(cluster) ?? null, query, nowMs),
    stamps: await stampsOf(archive, parts),
  };
}

/** Files that were published for one user have no hash in a manifest, and keep their names when they are written anew. */
async function stampsOf(
  { dir }: Pick<ReadableArchive, 'dir'>,
  parts: readonly { readonly path: string; readonly sha256?: string }[],
): Promise<Record<string, string>> {
  const stamps: Record<string, string> = {};
  for (const { path, sha256 } of parts)
    if (sha256 === undefined) stamps[path] = await stampOf(join(dir, path));
  return stamps;
}

/** The same as long as a file is not written anew. @throws the system's error */
async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${size} ${Math.floor(mtimeMs)}`;
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

/**
 * Whether a task can read what the plan was made for.
 * @throws EitError EIT_ARCHIVE where a file was replaced or written anew meanwhile
 */
export async function mustBeAsPlanned({ cluster, dir, manifest, stamps }: PlannedArchive): Promise<void> {
  for (const { path } of manifest.parts) {
    const found = await stampOf(join(dir, path)).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    });
    const stamp = stamps[path];
    if (found !== null && (stamp === undefined || stamp === found)) continue;
    throw new EitError(
      'EIT_ARCHIVE',
      `${cluster}: ${path} was replaced since the jobs were submitted: what is replaced stays for a day, files of one user and what ` +
        'eit ledger erase took away do not',
    );
  }
}
