import { join } from 'node:path';
import { loadConfig, type LoadedConfig } from '../config/config';
import { EitError } from '../errors';
import type { ReportGroup } from '../generated/report';
import type { FactLine } from '../generated/facts';
import { jobName } from '../science/run-set';
import { isClusterName } from '../slurm/run-identity';
import { readSlurmConf } from '../slurm/slurm-conf';
import { ledgerIn } from './chosen-runs';
import type { Surroundings } from './command';
import { FACTS_NAME, factsPath } from './facts-file';
import { readRunSets } from './run-sets';

/** A job of which something is said. */
export interface NamedJob {
  readonly cluster: string;
  readonly job: number;
  /** As Slurm tells it. */
  readonly started?: string;
  /** For people. */
  readonly name: string;
}

/** Where facts are, and the ledger whose jobs they are of. */
export interface FactsPlace {
  readonly loaded: LoadedConfig;
  readonly path: string;
  /** Whether the ledger is a folder of eit run. */
  readonly isFolder: boolean;
}

/** @throws EitError EIT_RUN_SET where there is no such folder; EIT_USAGE; what a config throws */
export function factsPlace(
  { config, from }: { readonly config: string | undefined; readonly from: string | undefined },
  { env }: Surroundings,
): FactsPlace {
  const site = loadConfig({ ...(config === undefined ? {} : { path: config }), env });
  if (from === undefined) return { loaded: site, path: factsPath(env), isFolder: false };
  const loaded = ledgerIn(site, from);
  return { loaded, path: join(loaded.config.ledger, FACTS_NAME), isFolder: true };
}

/**
 * The jobs that ids name: as the ledger has them, tasks of arrays each for itself. A plain id that it has not yet (a job that waits or has
 * just begun) is taken as it is.
 * @throws EitError EIT_USAGE, EIT_RUN_SET; and what a report throws
 */
export async function namedJobs(
  text: string,
  { loaded, path, isFolder }: FactsPlace,
  surroundings: Surroundings,
): Promise<NamedJob[]> {
  const filter = { name: text, text, asked: { jobs: [text] } };
  try {
    const [set] = await readRunSets([filter], loaded, surroundings, {
      policy: undefined,
      allUsers: isFolder,
      facts: path,
    });
    return newest(set?.report.groups ?? []);
  } catch (error) {
    if (!isNotThereYet(error) || isFolder) throw error;
    const ids = text.split(',').map((id) => id.trim());
    if (!ids.every((id) => /^[1-9]\d{0,14}$/.test(id))) throw error;
    const cluster = clusterHere(loaded, surroundings.env);
    surroundings.output.note(
      `not in the ledger yet, or not yours to see: taken at your word as ${ids.length === 1 ? 'a job' : 'jobs'} of ${cluster}`,
    );
    return ids.map((id) => ({ cluster, job: Number(id), name: `job ${id}` }));
  }
}

function isNotThereYet(error: unknown): boolean {
  return (
    error instanceof EitError && (error.code === 'EIT_RUN_SET' || error.code === 'EIT_LEDGER_UNREADABLE')
  );
}

/** Of jobs with one id (it came again) the one that began last. */
function newest(groups: readonly ReportGroup[]): NamedJob[] {
  const found = new Map<string, NamedJob>();
  for (const group of groups) {
    const { cluster = '', job_id: job = 0, slurm_job: told } = group;
    const key = `${cluster}\0${job}`;
    const started = told?.start ?? undefined;
    const before = found.get(key);
    if (before !== undefined && (before.started ?? '') >= (started ?? '')) continue;
    found.set(key, {
      cluster,
      job,
      ...(started === undefined ? {} : { started: utc(started) }),
      name: jobName(group),
    });
  }
  return [...found.values()];
}

function utc(time: string): string {
  return new Date(time).toISOString();
}

/** In a job Slurm tells it; else the config or slurm.conf. */
function clusterHere({ config }: LoadedConfig, env: NodeJS.ProcessEnv): string {
  const names = [config.cluster, env['SLURM_CLUSTER_NAME'], readSlurmConf(env)?.clusterName];
  const name = names.find((one) => isClusterName(one));
  if (typeof name === 'string') return name;
  throw new EitError(
    'EIT_RUN_SET',
    'the ledger has no such job yet, and nothing tells the name of the cluster: say it later, or set SLURM_CLUSTER_NAME',
  );
}

/** The beginning of a line about a job. */
export function factHead({ cluster, job, started }: NamedJob, nowMs: number): FactLine {
  return {
    schema: 1,
    cluster,
    job,
    ...(started === undefined ? {} : { started }),
    at: new Date(nowMs).toISOString(),
  };
}
