import { styleText } from 'node:util';
import { type Audit, type AuditNote, type AuditRow, isBalanced, isZero } from './audit';
import { AUDIT_COLUMNS, type AuditLine, auditLines, joules } from './audit-columns';
import { skippedNote } from './footer';
import { localTime } from './local-time';
import type { View } from './format';
import { cut, displayWidth, pad, visible, wrap } from './printable';
import { counted, durationText } from './units';

const GAP = '  ';
const WIDEST_CELL = 48;
/** So many hosts are named beside a note that they share. */
const MOST_HOSTS = 8;

/** Aligned columns in J, below each host's day that does not add up the reasons that were found, and what to know. */
export function* renderAuditTable(audit: Audit, view: View): Iterable<string> {
  const { terminal } = view;
  const bodies = [...tableLines(audit)].map((line) => ({ line, cells: cellsOf(line) }));
  const total = totalCells(audit);
  const header = AUDIT_COLUMNS.map(({ name, unit }) => (unit === 'J' ? `${name} J` : name));
  const widths = header.map((title, i) =>
    Math.max(...[title, total[i] ?? '', ...bodies.map(({ cells }) => cells[i] ?? '')].map(displayWidth)),
  );
  const aligned = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, AUDIT_COLUMNS[i]?.isText ? 'left' : 'right'))
      .join(GAP)
      .trimEnd();
  const styled = (style: 'bold' | 'yellow', text: string): string =>
    terminal?.colours ? styleText(style, text) : text;
  const wrapped = (text: string): string[] =>
    terminal === null ? [text] : wrap(text, terminal.width - GAP.length);
  const rule = `${'-'.repeat(widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length))}\n`;

  if (view.header) {
    yield `${styled('bold', aligned(header))}\n`;
    yield rule;
  }
  for (const { line, cells } of bodies) {
    const isOff = !isZero(line.sums.differenceUj);
    yield `${isOff ? styled('yellow', aligned(cells)) : aligned(cells)}\n`;
    if (!isLast(line) || isBalanced(line.row)) continue;
    for (const text of wrapped(visible(reasons(line.row, audit)))) yield `${GAP}${text}\n`;
  }
  if (audit.rows.length > 0) yield rule;
  yield `${styled('bold', aligned(total))}\n`;
  for (const text of below(audit, view).flatMap((line) => wrapped(visible(line)))) yield `${text}\n`;
}

/** For people a host with one class has one line. */
function* tableLines(audit: Audit): Iterable<AuditLine> {
  for (const line of auditLines(audit)) if (line.class !== 'all' || line.row.classes.size !== 1) yield line;
}

/** Whether it is the last of its host and day. */
function isLast({ row, class: name }: AuditLine): boolean {
  return name === 'all' || row.classes.size === 1;
}

function cellsOf(line: AuditLine): string[] {
  return AUDIT_COLUMNS.map((column) => cut(visible(column.human(line)), WIDEST_CELL));
}

function totalCells({ total }: Audit): string[] {
  const row: AuditRow = {
    cluster: 'Total',
    host: '',
    day: '',
    classes: new Map(),
    all: total,
    linesMissing: 0,
    hostGapMs: 0,
    hostImbalanceUj: 0n,
  };
  return cellsOf({ row, class: 'all', sums: total });
}

/** Why a host's day may not add up. */
function reasons(row: AuditRow, { skippedRecords }: Audit): string {
  const { linesMissing, hostGapMs, hostImbalanceUj } = row;
  const lines = counted(linesMissing, 'line');
  const found = [
    ...(linesMissing > 0
      ? [`${lines} of this host ${linesMissing === 1 ? 'is' : 'are'} missing (lost, or not shipped yet)`]
      : []),
    ...(hostGapMs > 0
      ? [
          `no line of the host itself for ${durationText(hostGapMs / 1000)}: what runs got then is here, what the counter grew by is not`,
        ]
      : []),
    ...(isZero(hostImbalanceUj)
      ? []
      : [`the host's own lines do not add up by ${joules(hostImbalanceUj, 3)} J: they were changed`]),
    ...(skippedRecords > 0 && linesMissing > 0
      ? ['lines of the ledger could not be read (see below): they may be among the missing']
      : []),
  ];
  if (found.length > 0) return `why: ${found.join('; ')}`;
  return row.all.differenceUj < 0n
    ? 'why: no line is missing; a line of a run was doubled or changed'
    : 'why: no line is missing between others; the last lines of an agent that was ended were lost, or a line was changed';
}

function below(audit: Audit, { timeZone, skipped }: View): string[] {
  const open = audit.open.map(({ cluster, host, sinceMs, lines, runsUj }) => {
    const since = localTime(new Date(sinceMs).toISOString(), timeZone);
    return `Not closed yet: ${counted(lines, 'line')} of runs on ${cluster}/${host} since ${since}, ${joules(runsUj, 3)} J; the host's own line comes at the end of the stretch.`;
  });
  const { dataUntilMs } = audit;
  const known =
    dataUntilMs === null
      ? 'No data'
      : `Data until ${localTime(new Date(dataUntilMs).toISOString(), timeZone)}`;
  const skippedText = skippedNote(audit.skippedRecords, skipped).map((text) => `${text}.`);
  return [
    ...open,
    ...notes(audit.notes),
    ...outcome(audit),
    [
      "Counter, Idle and System are from the hosts' lines, Runs is added up from the lines of the runs.",
      `Difference = Counter - Runs - Idle - System, policy ${audit.policy}. ${known}.`,
      ...skippedText,
    ].join(' '),
  ];
}

/** Differences of several hosts may even out in the total. */
function outcome({ rows }: Audit): string[] {
  if (rows.length === 0) return [];
  const off = rows.filter((row) => !isBalanced(row)).length;
  const days = `${counted(rows.length, 'day')} of hosts`;
  return [
    off === 0
      ? `Every one of ${days} adds up to the millijoule.`
      : `${off} of ${days} ${off === 1 ? 'does' : 'do'} not add up.`,
  ];
}

/** A note that several hosts share is one line. */
function notes(all: readonly AuditNote[]): string[] {
  const shared = new Map<string, AuditNote[]>();
  for (const note of all) {
    const key = JSON.stringify([note.domain, note.note, note.missingMs > 0]);
    const same = shared.get(key);
    if (same === undefined) shared.set(key, [note]);
    else same.push(note);
  }
  return [...shared.values()].map((same) => {
    const hosts = same.slice(0, MOST_HOSTS).map(({ cluster, host }) => `${cluster}/${host}`);
    const more = same.length > MOST_HOSTS ? ` and ${same.length - MOST_HOSTS} more` : '';
    const missingMs = same.reduce((sum, note) => sum + note.missingMs, 0);
    const time = missingMs > 0 ? `not read for ${durationText(missingMs / 1000)}: ` : '';
    return `${hosts.join(', ')}${more}: ${same[0]?.domain ?? ''}: ${time}${same[0]?.note ?? ''}`;
  });
}
