import { DateTime } from 'luxon';
import type { EitReport, ReportFigures } from '../generated/report';
import { EXTRAPOLATED_MARK } from './columns';
import { equivalentLines, factorLines } from './factor-lines';
import type { View } from './format';
import { ifDefault, intensityNotes } from './intensity-notes';
import { OTHERS } from './line-names';
import { localTime } from './local-time';
import { cut, visible, wrap } from './printable';
import { quotaNote } from './quota-lines';
import { counted, durationText, energyText, percentText, plainNumber } from './units';

/** Less than this part of what should have been observed stands out. */
const GOOD_COVERAGE = 0.99;

/** GPUs that did more are well used: between two kernels there is always some time. */
const GOOD_UTILIZATION = 0.8;

/** So much of a contradiction is shown; the whole of it is in the JSON. */
const LONGEST_CONFLICT = 200;

/** Whether a line of a report lacks so much that it must not be taken for the whole. */
export function isPoor(row: ReportFigures): boolean {
  return row.coverage === null || row.coverage < GOOD_COVERAGE || row.nodes_reported < row.nodes_expected;
}

/**
 * What stands below a table: what nobody was charged for, what the figures lack or rest on, and how to read them; as wide as
 * the terminal.
 * @param columns names of those that the table has
 * @param left names of those for which it had no room
 */
export function footer(
  report: EitReport,
  view: View,
  columns: readonly string[],
  left: readonly string[] = [],
): string[] {
  const lines = [
    ...othersLine(report),
    ...leftLine(left),
    ...unattributedLine(report),
    ...coverageLine(report, columns),
    ...gpuUnreadLine(report),
    ...gpuIdleLine(report),
    ...gpuConflictLine(report),
    ...extrapolatedLine(report, columns),
    ...divisionLine(report),
    ...idlePowerLine(report),
    ...lostLine(report),
    ...untoldLine(report, view),
    ...comparisonLine(report),
    ...(report.quotas?.length ? [quotaNote(report.quotas, view)] : []),
    ...factorLines(report, view, columns),
    notesLine(report, view),
    ...equivalentLines(report),
  ];
  const { terminal } = view;
  return terminal === null ? lines : lines.flatMap((line) => wrap(line, terminal.width));
}

function othersLine({ others }: EitReport): string[] {
  return others === undefined ? [] : [`${OTHERS}: ${counted(others.lines, 'line')} more (--top, --min-kwh).`];
}

function leftLine(left: readonly string[]): string[] {
  if (left.length === 0) return [];
  return [
    `No room for ${left.join(', ')}: a wider terminal shows ${left.length === 1 ? 'it' : 'them'}, and -o takes any column.`,
  ];
}

/** Low coverage is told by every table, also by one that was asked for without it. */
function coverageLine({ groups, total }: EitReport, columns: readonly string[]): string[] {
  if (columns.includes('Coverage') || ![...groups, total].some(isPoor)) return [];
  const known = groups.flatMap(({ coverage }) => (coverage === null ? [] : [coverage]));
  const lowest = known.length > 1 ? `, lowest of a line ${percentText(Math.min(...known))}` : '';
  const all = total.coverage === null ? 'unknown' : percentText(total.coverage);
  const { nodes_reported: reported, nodes_expected: expected } = total;
  const nodes = reported < expected ? `, nodes ${reported}/${expected}` : '';
  return [`Coverage: of all ${all}${nodes}${lowest}.`];
}

function gpuUnreadLine({ quality }: EitReport): string[] {
  const runs = quality.gpu_unread_runs;
  return runs === 0
    ? []
    : [`GPU energy of ${counted(runs, 'run')} was not read: no figure holds it, and their coverage is 0 %.`];
}

function gpuIdleLine({ total }: EitReport): string[] {
  const { gpu_utilization: used, gpu_idle_kwh: kwh } = total;
  if (used === null || kwh === null || kwh === 0 || used > GOOD_UTILIZATION) return [];
  const part = percentText(1 - used);
  return [
    `GPUs that jobs had allocated did nothing for ${part} of the time they were told of: ${energyText(kwh)}.`,
  ];
}

function gpuConflictLine({ quality }: EitReport): string[] {
  const { gpu_conflict_runs: runs, gpu_conflict_example: example } = quality;
  if (runs === 0 || example === null) return [];
  const conflict = cut(visible(example.conflict), LONGEST_CONFLICT);
  return [
    `What Slurm says of the GPUs of ${counted(runs, 'run')} contradicts what was seen (job ${example.job_id}: ${conflict}). ` +
      'See gpu.order in docs/troubleshooting.md.',
  ];
}

function extrapolatedLine({ total }: EitReport, columns: readonly string[]): string[] {
  const { extrapolated_kwh: kwh, not_extrapolated_runs: left = 0 } = total;
  if (kwh === undefined) return [];
  const mark = columns.includes('Energy') && kwh > 0 ? `${EXTRAPOLATED_MARK} ` : '';
  const what =
    kwh === 0
      ? 'Nothing was extrapolated'
      : `${mark}${energyText(kwh)} of Energy, and their CO2e, were not observed but extrapolated from the rest of the same runs`;
  const lacking =
    left === 0
      ? ''
      : `. ${counted(left, 'run')} ${left === 1 ? 'lacks' : 'lack'} energy all the same: coverage 0 % or unknown`;
  return [`${what}${lacking}.`];
}

/** A line says the least certain of its ticks: what it holds was divided so at most. */
function divisionLine({ total, quality }: EitReport): string[] {
  const because = (
    [
      [quality.package_assumed_fraction, "of the CPU's has its package assumed"],
      [quality.dram_by_cpu_time_fraction, "of the memory's is by CPU time"],
    ] as const
  ).flatMap(([part, what]) => (part === null || part === 0 ? [] : [`up to ${percentText(part)} ${what}`]));
  const estimated = total.estimated_fraction ?? 0;
  if (estimated === 0 && because.length === 0) return [];
  const reasons = because.length === 0 ? '' : ` (${because.join(', ')})`;
  return [`Divided among the runs by estimate: ${percentText(estimated)} of the energy${reasons}.`];
}

function idlePowerLine({ quality }: EitReport): string[] {
  if (quality.idle_power === null) return [];
  const { modelled_hosts: modelled, unknown_hosts: unknown } = quality.idle_power;
  const said = [
    ...(modelled > 0 ? [`Idle power from a table on ${counted(modelled, 'host')}: run eit calibrate.`] : []),
    ...(unknown > 0 ? [`Idle power unknown on ${counted(unknown, 'host')}: hybrid is as usage there.`] : []),
  ];
  return said.length === 0 ? [] : [said.join(' ')];
}

/** Energy of runs that did not come to their end, of those of which Slurm's accounting tells. */
function lostLine({ slurm }: EitReport): string[] {
  if (slurm === undefined) return [];
  const said = (['failed', 'cancelled', 'requeued'] as const).flatMap((outcome) => {
    const { runs, kwh } = slurm[outcome];
    return runs === 0 ? [] : [`${outcome} ${energyText(kwh)} (${counted(runs, 'run')})`];
  });
  return said.length === 0 ? [] : [`Of Energy, runs that did not come to their end: ${said.join(', ')}.`];
}

/** What lacks names and states, and whether that can change. */
function untoldLine({ slurm, total }: EitReport, { timeZone }: View): string[] {
  const untold = total.slurm?.untold_runs ?? 0;
  if (slurm === undefined) return [];
  if (slurm.synced_until === null)
    return [
      'The ledger has no names, states and QOS of jobs: they come with eit sacct-sync (docs/install.md).',
    ];
  if (untold === 0) return [];
  return [
    `Of ${untold} of ${counted(total.runs, 'run')} sacct has told nothing yet (asked until ${localTime(slurm.synced_until, timeZone)}).`,
  ];
}

function comparisonLine({ total }: EitReport): string[] {
  const compared = total.slurm?.compared;
  if (compared === undefined) return [];
  if (compared.runs === 0)
    return [
      'Slurm tells an energy of its own (AcctGatherEnergyType) of no run that lies wholly in this report.',
    ];
  return [
    `Slurm's own figure of ${counted(compared.runs, 'run')}: ${energyText(compared.slurm_kwh)}; ours of the same, before PUE: ${energyText(compared.eit_kwh)}. ` +
      "Slurm's is what the whole nodes drew meanwhile, by its own sensors: idle power and other jobs on them are in it, " +
      'and energy of shared nodes is in it once a job.',
  ];
}

function unattributedLine({ unattributed }: EitReport): string[] {
  const { idle_kwh: idle, system_kwh: system, missing_seconds: missing } = unattributed;
  if (idle === null || system === null) return [];
  const unread = missing === null || missing === 0 ? '' : `; ${durationText(missing)} of host time not read`;
  return [`Charged to no run (before PUE): idle ${energyText(idle)}, system ${energyText(system)}${unread}.`];
}

/** PUE, intensity, what is counted, and how far the data go. */
export function notesLine(report: EitReport, { timeZone, skipped }: View): string {
  const { factors } = report;
  const notes = [
    `Energy has PUE ${rounded(factors.pue)}${ifDefault('pue', report)}`,
    ...intensityNotes(report, timeZone),
    `Counted: ${factors.it_scope}`,
    report.data_until === null ? 'No data' : `Data until ${localTime(report.data_until, timeZone)}`,
    ...cutNote(report.cut_slots ?? [], timeZone),
    ...skippedNote(report.skipped_records, skipped),
  ];
  return `${notes.map((note) => visible(note)).join('. ')}.`;
}

/** Several clusters' mean has more digits than a person wants. */
function rounded(value: number): string {
  return plainNumber(Number(value.toPrecision(4)));
}

/**
 * Which times a report really has, where the archive cannot tell those that were asked for.
 * @param slots the report's `cut_slots`
 */
export function cutNote(slots: NonNullable<EitReport['cut_slots']>, timeZone: string): string[] {
  if (slots.length === 0) return [];
  const stretches = slots.map(({ since, until }) => {
    const [from, to] = [since, until].map((utc) => DateTime.fromISO(utc, { zone: timeZone }));
    return `${from!.toFormat('yyyy-MM-dd HH:mm')} to ${to!.toFormat('HH:mm')}`;
  });
  return [
    `-S or -E lies within ${stretches.join(' and ')}, of which the archive keeps sums alone: what a run or a host did there counts as a whole, ` +
      'or not at all, by its middle; give the borders of it for exact figures',
  ];
}

export function skippedNote(total: number, skipped: View['skipped']): string[] {
  if (total === 0) return [];
  const reasons = skipped.map(([reason, count]) => `${count} ${reason}`).join(', ');
  const told = [...(reasons === '' ? [] : [reasons]), 'see eit ledger check'].join('; ');
  return [`Not read: ${total} ${total === 1 ? 'line or file' : 'lines or files'} of the ledger (${told})`];
}
