import { DateTime } from 'luxon';
import type { EitReport } from '../generated/report';
import type { View } from './format';
import { visible } from './printable';
import { durationText, energyText, plainNumber } from './units';

/** What stands below a table: what nobody was charged for, and one line that says how to read the figures. */
export function footer(report: EitReport, view: View): string[] {
  return [...unattributedLine(report), notesLine(report, view)];
}

function unattributedLine({ unattributed }: EitReport): string[] {
  const { idle_kwh: idle, system_kwh: system, missing_seconds: missing } = unattributed;
  if (idle === null || system === null) return [];
  const unread = missing === null || missing === 0 ? '' : `; ${durationText(missing)} of host time not read`;
  return [`Charged to no run (before PUE): idle ${energyText(idle)}, system ${energyText(system)}${unread}.`];
}

function notesLine(report: EitReport, { timeZone, skipped }: View): string {
  const { factors } = report;
  const notes = [
    `Energy has PUE ${plainNumber(factors.pue)}; CO2e by ${intensity(report)}`,
    `Counted: ${factors.it_scope}`,
    ...(factors.defaults_used.length > 0 ? [`Defaults, not said by the site: ${factors.defaults_used.join(', ')}`] : []),
    report.data_until === null ? 'No data' : `Data until ${localTime(report.data_until, timeZone)}`,
    ...skippedNote(report.skipped_records, skipped),
  ];
  return `${notes.map((note) => visible(note)).join('. ')}.`;
}

function intensity({ factors }: EitReport): string {
  const perKwh = plainNumber(Number(factors.intensity_g_per_kwh.toPrecision(4)));
  return `zone ${factors.zone}, ${perKwh} g/kWh (${factors.intensity_source}, ${factors.intensity_basis})`;
}

function skippedNote(total: number, skipped: View['skipped']): string[] {
  if (total === 0) return [];
  const reasons = skipped.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return [`Not read: ${total} ${total === 1 ? 'line or file' : 'lines or files'} of the ledger (${reasons})`];
}

function localTime(utc: string, timeZone: string): string {
  const time = DateTime.fromISO(utc, { zone: timeZone });
  return `${time.toFormat('yyyy-MM-dd HH:mm:ss')} ${time.zoneName ?? ''}`.trimEnd();
}
