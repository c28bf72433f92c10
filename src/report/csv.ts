import { AUDIT_COLUMNS, auditHeader, auditLines } from './audit-columns';
import { programColumns, programLines } from './column-choice';
import { rawHeader } from './columns';
import type { ReportFormat } from './format';
import { visible } from './printable';
import { plainNumber } from './units';

/** What spreadsheets take for a formula when a field begins with it. */
const FORMULA = /^[=+\-@]/;

/**
 * RFC 4180: fields in quotes where they need them, CRLF at the ends of lines. A name that a spreadsheet would take for a
 * formula gets a leading apostrophe.
 */
export const csv: ReportFormat = {
  option: { name: 'csv', describe: 'print comma-separated values (RFC 4180), raw numbers' },
  *render(report, { columns, header }) {
    const selected = columns ?? programColumns(report);
    if (header) yield line(selected.map(({ column }) => rawHeader(column)));
    for (const values of programLines(report, selected)) yield line(values.map(field));
  },
  *renderAudit(audit, { header }) {
    if (header) yield line(AUDIT_COLUMNS.map(auditHeader));
    for (const each of auditLines(audit)) {
      // A difference may be below 0, which is no formula.
      yield line(AUDIT_COLUMNS.map(({ isText, raw }) => (isText ? field(raw(each)) : raw(each))));
    }
  },
};

function line(fields: readonly string[]): string {
  return `${fields.join(',')}\r\n`;
}

function field(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return plainNumber(value);
  const text = visible(value);
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return /[",']/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
