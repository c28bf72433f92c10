import type { ReportFigures } from '../generated/report';
import type { WatchLine } from '../generated/watch';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { counted, durationText, energyText, massText, percentText } from '../report/units';
import { joulesText, wattsText } from './amounts';
import { type WatchedJob, watchLine } from './watched-job';

/** A line of a job of which nothing is told. */
export function nothingOf(shown: string, state: string, nowMs: number): WatchLine {
  return watchLine({ shown, job: 0, state, nodes: 0, reason: '' }, [], null, nowMs);
}

/** A line by the job's records: powers are means since its begin. */
export function ledgerLine(none: WatchLine, figures: ReportFigures): WatchLine {
  const { energy_kwh: energy, elapsed_seconds: elapsedS, co2e_kg: co2eKg } = figures;
  const mean = (kwh: number | null): number | null =>
    kwh === null || elapsedS <= 0 ? null : (kwh * 3.6e6) / elapsedS;
  return {
    ...none,
    from: 'ledger',
    power_w: mean(energy.it),
    power_by_class_w: Object.fromEntries(
      DOMAIN_CLASSES.filter((name) => energy[name] !== null).map((name) => [name, mean(energy[name])]),
    ),
    energy_j: energy.it * 3.6e6,
    co2e_g: co2eKg * 1000,
    elapsed_s: elapsedS,
  };
}

/** What the record of a job that has ended says, for people: two lines. */
export function endText(shown: string, state: string, figures: ReportFigures): string {
  const { energy_kwh: energy, co2e_kg: co2eKg, coverage, elapsed_seconds: elapsedS } = figures;
  const parts = DOMAIN_CLASSES.map(
    (name) => [name === 'other' ? name : name.toUpperCase(), energy[name]] as const,
  )
    .filter(([, kwh]) => kwh !== null && kwh > 0)
    .map(([name, kwh]) => `${name} ${energyText(kwh ?? 0)}`);
  return (
    `Job ${shown} ${state}: ${energyText(energy.total)} with PUE, ${massText(co2eKg)} CO2e, ${durationText(elapsedS)}, ` +
    `mean ${elapsedS > 0 ? wattsText((energy.it * 3.6e6) / elapsedS) : '?'} W\n` +
    `  nodes ${energyText(energy.it)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}, ` +
    `coverage ${coverage === null ? 'unknown' : percentText(coverage)}\n`
  );
}

/** What is left where its record is not here, or not the viewer's to read. */
export function seenText(job: WatchedJob, state: string, line: WatchLine | null): string {
  const seen =
    line === null || line.energy_j === null
      ? 'nothing was seen of it'
      : `${joulesText(line.energy_j)} (nodes, without PUE) when it was last seen, on ${counted(line.nodes_reporting, 'node')}`;
  return `Job ${job.shown} ${state}: ${seen}; eit-report -j ${job.job} has its record in some minutes\n`;
}
