import type { HostState } from '../agent/host-state';
import { findSlurmScopes, listJobCgroups } from '../slurm/cgroup-path';
import { readProcessTable } from '../sources/process-table';
import { readSlurmstepdJob } from '../sources/slurmstepd';
import type { Roots } from '../sources/source';

/** slurmd's user; its steps' daemons are known by it. */
const ROOT_UID = 0;

/**
 * The jobs that are on this host now, as `job 12`, or as their SLUID where that is all their cgroup tells: those with a
 * cgroup, with a slurmstepd, and those that the agent's state has as running (no process of them need be there).
 * @param state of an agent that lives; null where there is none or it cannot be read
 */
export function findRunningJobs(roots: Roots, state: Pick<HostState, 'runs'> | null): string[] {
  const found = new Set<string>();
  const named = new Map<string, string>();
  for (const { identity, end } of Object.values(state?.runs ?? {})) {
    if (end !== null) continue;
    found.add(`job ${identity.job}`);
    if (identity.sluid !== undefined) named.set(identity.sluid, `job ${identity.job}`);
  }
  for (const { jobId, sluid = '' } of findSlurmScopes(roots).flatMap(listJobCgroups))
    found.add(jobId === undefined ? (named.get(sluid) ?? `job ${sluid}`) : `job ${jobId}`);
  for (const { comm, pid } of readProcessTable(roots.proc).all()) {
    if (comm !== 'slurmstepd') continue;
    const job = readSlurmstepdJob(roots.proc, pid, ROOT_UID);
    if (job !== null) found.add(`job ${job}`);
  }
  return [...found].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Names for a message, not more than fit. */
export function listed(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
