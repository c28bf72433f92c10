import { relative } from 'node:path';
import type { LoadedConfig } from '../config/config';
import type { CommandEnd } from '../own-run/command';
import { OWN_CLUSTER } from '../own-run/run-lines';
import { measuredAndRestText } from '../report/measured-part';
import { energyText, massText, percentText } from '../report/units';
import type { Surroundings } from './command';
import { ledgerIn } from './chosen-runs';
import { jsonText } from './plain-text';
import type { NumberedRun } from './run-numbers';
import { readRunSets } from './run-sets';

/**
 * What is said when a run has ended: the figures that a report shows of it.
 * @throws what a report throws
 */
export async function runSummary({
  numbered,
  end,
  startedMs,
  remarks,
  loaded,
  surroundings,
}: {
  readonly numbered: NumberedRun;
  readonly end: CommandEnd;
  /** Before it began: factors of earlier years do not matter. */
  readonly startedMs: number;
  readonly remarks: readonly string[];
  readonly loaded: LoadedConfig;
  readonly surroundings: Surroundings;
}): Promise<{ readonly lines: readonly string[]; readonly json: string }> {
  const { folder, facts, job } = numbered;
  const [set] = await readRunSets(
    [
      {
        name: `run ${job}`,
        text: String(job),
        asked: {
          jobs: [String(job)],
          clusters: [OWN_CLUSTER],
          starttime: [`uts${Math.floor(startedMs / 1000) - 1}`],
        },
      },
    ],
    ledgerIn(loaded, folder),
    surroundings,
    { policy: undefined, allUsers: true, facts },
  );
  const { report, own } = set!;
  const [group] = report.groups;
  const { total, factors } = report;
  const name = group === undefined ? '' : (own.tagsOf(group)['name'] ?? '');
  const metrics = group === undefined ? {} : own.metricsOf(group);
  const near = relative(process.cwd(), folder) || '.';
  const where = near.startsWith('..') ? folder : near;
  const coverage = total.coverage === null ? 'unknown' : percentText(total.coverage);
  const nodes =
    total.nodes_reported < total.nodes_expected
      ? ` on ${total.nodes_reported} of ${total.nodes_expected} nodes so far`
      : '';
  const parts = (['cpu', 'dram', 'gpu', 'other'] as const).flatMap((kind) =>
    (total.energy_kwh[kind] ?? 0) > 0 ? [`${kind} ${energyText(total.energy_kwh[kind] ?? 0)}`] : [],
  );
  return {
    lines: [
      `run ${job} (${name}) in ${where}${nodes}: ${energyText(total.energy_kwh.total)}, ${massText(total.co2e_kg)} CO2e, ${timeText(total.elapsed_seconds)}, ` +
        `CPU time ${timeText(total.cpu_seconds)}; observed ${coverage}, ${measuredAndRestText(total.measured_fraction, 'of no energy')}`,
      `before PUE: ${parts.length === 0 ? 'nothing was told' : parts.join(', ')}; PUE ${factors.pue}, ${factors.intensity_g_per_kwh.toFixed(0)} g/kWh (${factors.zone})` +
        (factors.defaults_used.length === 0 ? '' : `; defaults: ${factors.defaults_used.join(', ')}`),
      ...(Object.keys(metrics).length === 0 ? [] : [`results: ${Object.keys(metrics).join(', ')}`]),
      ...remarks,
    ],
    json: jsonText({
      schema: 1,
      run: job,
      cluster: OWN_CLUSTER,
      folder,
      name,
      exit_status: end.status,
      tags: group === undefined ? {} : own.tagsOf(group),
      metrics,
      figures: total,
      policy: report.policy,
      factors,
      remarks,
    }),
  };
}

function timeText(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
}
