import type { NowRun, NowSnapshot } from '../generated/now';
import type { WatchLine } from '../generated/watch';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { co2eText, joulesText, shortTime, wattsText } from './amounts';
import { jobRow, powerByClass, sumKnown } from './host-now';
import { fitting } from './screen-line';
import { cpusText } from './top-columns';

/** What is known of a job besides its runs. */
export interface WatchedJob {
  readonly shown: string;
  readonly job: number;
  readonly state: string;
  readonly nodes: number;
  readonly reason: string;
}

/** The job's fragments, of the newest snapshot of each host. A host that several nodes are on tells each of them once. */
export function runsOfJob(snapshots: Iterable<NowSnapshot>, job: number): NowRun[] {
  const runs = new Map<string, NowRun>();
  for (const { runs: told } of snapshots) {
    for (const run of told) {
      if (run.job !== job) continue;
      const before = runs.get(run.node);
      // A requeued job may have an earlier fragment on the same node.
      if (before === undefined || before.started < run.started) runs.set(run.node, run);
    }
  }
  return [...runs.values()].sort((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }));
}

/**
 * What a job does now, added up over its nodes.
 * @param gPerKwh with PUE; null: no CO2e is told
 */
export function watchLine(
  { shown, state, nodes, reason }: WatchedJob,
  runs: readonly NowRun[],
  gPerKwh: number | null,
  nowMs: number,
): WatchLine {
  const rows = runs.map(jobRow);
  const energyJ = rows.reduce((sum, row) => sum + row.energyJ, 0);
  const startedMs = Math.min(...rows.map((row) => row.startedMs));
  const power = powerByClass(runs.flatMap(({ domains }) => domains));
  return {
    schema: 1,
    kind: 'watch',
    job: shown,
    at: new Date(nowMs).toISOString(),
    state,
    ...(reason === '' ? {} : { reason }),
    from: rows.length > 0 ? 'live' : 'none',
    nodes,
    nodes_reporting: rows.length,
    power_w: sumKnown(rows.map(({ totalW }) => totalW)),
    power_by_class_w: power,
    energy_j: rows.length > 0 ? energyJ : null,
    co2e_g: rows.length > 0 && gPerKwh !== null ? (energyJ / 3.6e6) * gPerKwh : null,
    cpus_busy: sumKnown(rows.map(({ cpusBusy }) => cpusBusy)),
    cpus: sumKnown(rows.map(({ cpus }) => cpus)),
    elapsed_s: rows.length > 0 ? Math.max(0, (nowMs - startedMs) / 1000) : null,
  };
}

/** One line for people. */
export function watchText(line: WatchLine, clock: string, width: number): string {
  const power = DOMAIN_CLASSES.filter((name) => line.power_by_class_w[name] !== undefined).map(
    (name) =>
      `${name === 'other' ? 'other' : name.toUpperCase()} ${wattsText(line.power_by_class_w[name] ?? null)}`,
  );
  const isTold = line.from !== 'none';
  return fitting(
    [
      clock,
      line.job,
      line.state,
      line.reason === undefined ? '' : `(${line.reason})`,
      isTold ? `${wattsText(line.power_w)} W${line.from === 'ledger' ? ' (mean, by its records)' : ''}` : '',
      power.length > 0 ? `(${power.join(', ')})` : '',
      line.energy_j === null ? '' : joulesText(line.energy_j),
      line.co2e_g === null || line.energy_j === null
        ? ''
        : `${co2eText(line.energy_j, line.energy_j > 0 ? line.co2e_g / (line.energy_j / 3.6e6) : 0)} CO2e`,
      line.elapsed_s === null ? '' : shortTime(line.elapsed_s),
      line.cpus_busy === null ? '' : `CPUs ${cpusText(line.cpus_busy, line.cpus)}`,
      line.nodes > 1 && isTold && line.from === 'live'
        ? `${line.nodes_reporting} of ${line.nodes} nodes`
        : '',
    ],
    width,
  );
}
