import type { LoadedConfig } from '../config/config';
import { endedNodes } from '../mail/job-runs';
import { jobSummary } from '../mail/job-summary';
import type { AddedRun } from '../report/aggregate';
import { CLOSE_MS } from '../runs/runs';
import { commentToken } from '../slurm/admin-comment';
import type { CommentedRow } from '../slurm/commented-row';
import type { Surroundings } from './command';
import { readJobRecords } from './job-records';
import { noteNotRead } from './result-notes';
import { localTimeZone } from './time-zone';

const HOUR_S = 3600;

/**
 * What to write of runs, where the ledger has their end on all nodes.
 * @param rows runs of this cluster that ended
 * @throws EitError as a report does
 */
export async function readCommentTokens(
  loaded: LoadedConfig,
  cluster: string,
  rows: readonly CommentedRow[],
  access: Pick<Surroundings, 'output' | 'uid'>,
): Promise<ReadonlyMap<CommentedRow, string>> {
  const tokens = new Map<CommentedRow, string>();
  if (rows.length === 0) return tokens;
  const nowMs = Date.now();
  // A run is added up from its beginning, or it would not be whole.
  const firstS = rows.reduce((first, { startS }) => Math.min(first, startS ?? first), Infinity);
  const { added, context, skipped } = await readJobRecords(
    { loaded, nowMs, ...access },
    {
      sinceMs: (firstS - HOUR_S) * 1000,
      untilMs: nowMs + HOUR_S * 1000,
      filter: { jobs: new Set(rows.map(({ rawId }) => rawId)), clusters: new Set([cluster]) },
      timeZone: loaded.config.time_zone ?? localTimeZone(),
    },
  );
  noteNotRead(access.output, skipped);
  const byJob = new Map<number, AddedRun[]>();
  for (const one of added) {
    const ofJob = byJob.get(one.run.jobId);
    if (ofJob === undefined) byJob.set(one.run.jobId, [one]);
    else ofJob.push(one);
  }
  for (const row of rows) {
    const found = runOf(row, byJob.get(row.rawId) ?? []);
    if (found === null) continue;
    const { figures } = jobSummary(
      { scope: 'run', runs: [found], all: [found] },
      { ...context, quotas: null, missingNodes: [] },
    );
    const { energy_kwh: energy, co2e_kg: co2eKg, coverage } = figures;
    tokens.set(row, commentToken({ energyKwh: energy.total, co2eKg, coverage }));
  }
  return tokens;
}

/** The run that a row is of; null where the ledger does not have all of it. */
function runOf({ startS, nodes }: CommentedRow, added: readonly AddedRun[]): AddedRun | null {
  const startMs = (startS ?? 0) * 1000;
  const distance = ({ run: { slurmStartS, startedMs } }: AddedRun): number =>
    Math.abs((slurmStartS === null ? startedMs : slurmStartS * 1000) - startMs);
  const [nearest] = added
    .filter((one) => distance(one) <= CLOSE_MS)
    .sort((a, b) => distance(a) - distance(b));
  if (nearest === undefined) return null;
  const known = new Set(nearest.run.fragments.map(({ node }) => node)).size;
  const expected = Math.max(nearest.run.nodes ?? 0, nodes ?? 0, known);
  return endedNodes([nearest]).length >= expected ? nearest : null;
}
