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
    `Energy has PUE ${rounded(factors.pue)}${ifDefault('pue', report)}`,
    `CO2e: ${rounded(factors.intensity_g_per_kwh)} g/kWh (${factors.intensity_basis}), zone ${factors.zone}${ifDefault('zone', report)}`,
    `Counted: ${factors.it_scope}`,
    report.data_until === null ? 'No data' : `Data until ${localTime(report.data_until, timeZone)}`,
    ...skippedNote(report.skipped_records, skipped),
  ];
  return `${notes.map((note) => visible(note)).join('. ')}.`;
}

/** `defaults_used` has a text a factor, which begins with the factor's name; the whole of it is in the JSON. */
function ifDefault(factor: string, { factors }: EitReport): string {
  return factors.defaults_used.some((text) => text.startsWith(`${factor} `)) ? ' (default)' : '';
}

/** Several clusters' mean has more digits than a person wants. */
function rounded(value: number): string {
  return plainNumber(Number(value.toPrecision(4)));
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
