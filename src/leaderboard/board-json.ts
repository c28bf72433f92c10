import type { Board, BoardRow } from './board';
import type { BoardView } from './board-page';
import { RANKINGS } from './ranking';
import type { Estimate } from './ratio';

/** The board for programs: leaderboard.json beside its page. docs/leaderboard.md describes it. */
export function boardJson(
  { spec, unit, parts, overall }: Board,
  { hrefOf, refused, toolVersion }: BoardView,
  generatedAtMs: number,
): Record<string, unknown> {
  return {
    schema: 1,
    tool_version: toolVersion,
    generated_at: new Date(generatedAtMs).toISOString(),
    ...{ title: spec.title, task: spec.task },
    metric: { ...spec.metric, unit },
    ...{ energy: spec.energy, policy: spec.policy, rank: spec.rank },
    overall:
      overall?.map(({ entry, rankings, marks }) => ({
        ...{ entry: entry.name, page: hrefOf(entry) },
        rankings: Object.fromEntries(RANKINGS.map(({ name }) => [name, rankings[name]])),
        marks,
      })) ?? null,
    parts: parts.map(({ name, weight, baseline, reference, rows }) => ({
      ...{ name, weight, baseline, reference },
      entries: rows.map((row) => rowJson(row, hrefOf)),
    })),
    refused,
  };
}

function rowJson(row: BoardRow, hrefOf: BoardView['hrefOf']): Record<string, unknown> {
  const { entry, runs, rankings } = row;
  return {
    entry: entry.name,
    page: hrefOf(entry),
    link: entry.link,
    origin: entry.origin.kind,
    sha256: entry.origin.sha256,
    runs: runs.length,
    metric: estimateJson(row.metric),
    average: estimateJson(row.average),
    asymptotic: estimateJson(row.asymptotic),
    energy_kwh: estimateJson(row.energyKwh),
    hours: estimateJson(row.hours),
    co2e_kg: estimateJson(row.co2eKg),
    coverage: row.coverage,
    is_complete: row.isCovered,
    measured_fraction: row.measuredFraction,
    is_on_front: row.isOnFront,
    rankings: Object.fromEntries(
      RANKINGS.map(({ name }) => {
        const { estimate, rank } = rankings[name];
        return [name, { ...estimateJson(estimate), rank }];
      }),
    ),
    marks: row.marks,
  };
}

function estimateJson(estimate: Estimate | null): { value: number | null; standard_error: number | null } {
  return { value: estimate?.value ?? null, standard_error: estimate?.standardError ?? null };
}
