import { AUDIT_COLUMNS, auditHeader, auditLines } from './audit-columns';
import { programColumns, programLines } from './column-choice';
import { rawHeader } from './columns';
import type { ReportFormat } from './format';
import { visible } from './printable';
import { plainNumber } from './units';

/** As sacct -P: fields with `|` between them and none at the end. A `|` within a name is written `\x7c`. */
export const parsable: ReportFormat = {
  option: { name: 'parsable2', alias: 'P', describe: "print fields with '|' between them, raw numbers" },
  *render(report, { columns, header }) {
    const selected = columns ?? programColumns(report);
    if (header) yield `${selected.map(({ column }) => rawHeader(column)).join('|')}\n`;
    for (const values of programLines(report, selected)) yield `${values.map(field).join('|')}\n`;
  },
  *renderAudit(audit, { header }) {
    if (header) yield `${AUDIT_COLUMNS.map(auditHeader).join('|')}\n`;
    for (const each of auditLines(audit))
      yield `${AUDIT_COLUMNS.map((column) => field(column.raw(each))).join('|')}\n`;
  },
};

function field(value: string | number | null): string {
  if (value === null) return '';
  return typeof value === 'number' ? plainNumber(value) : visible(value).replaceAll('|', '\\x7c');
}
