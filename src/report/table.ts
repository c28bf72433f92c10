import { styleText } from 'node:util';
import type { EitReport } from '../generated/report';
import { bar } from './bar';
import { renderAuditTable } from './audit-table';
import { labelColumn, type SelectedColumn, tableColumns } from './column-choice';
import type { Row } from './columns';
import { footer, isPoor } from './footer';
import type { ReportFormat, View } from './format';
import { OTHERS, TOTAL } from './line-names';
import { cut, displayWidth, pad, visible } from './printable';
import { quotaLines } from './quota-lines';

const GAP = '  ';
const BAR_TITLE = 'Share';
const WIDEST_BAR = 20;
const NARROWEST_BAR = 8;

/** No name makes a table wider than this, unless -o says so. */
const WIDEST_CELL = 48;

/**
 * What a table lacks first where the terminal is narrow, after the bars: what stands beside CO2e, efficiencies, parts of figures that stay, then the use of GPUs, the
 * length, the rest.
 */
const DISPENSABLE = [
  'Water',
  'Cost',
  'EmbodiedCO2e',
  'MemEff',
  'CPUEff',
  'OtherEnergy',
  'DRAMEnergy',
  'GPUIdle',
  'GPUUtil',
  'Elapsed',
  'State',
  'CPUEnergy',
  'NodeEnergy',
  'GPUEnergy',
  'JobName',
];

/** Aligned columns, units that fit, a total, and what to know about the figures. */
export const table: ReportFormat = {
  showsQuotas: true,
  tellsFactors: true,
  showsNotes: true,
  showsEquivalents: true,
  *render(report, view) {
    const layout = view.columns === null ? fittingLayout(report, view) : layOut(report, view.columns, view);
    const { columns } = layout;
    if (view.header) {
      yield layout.line(
        columns.map(({ column }) => column.name),
        layout.barWidth > 0 ? BAR_TITLE : '',
        ['bold'],
      );
      yield layout.rule;
    }
    const totalKwh = report.total.energy_kwh.total;
    for (const group of report.groups) {
      const share =
        layout.barWidth > 0 && totalKwh > 0 ? bar(group.energy_kwh.total / totalKwh, layout.barWidth) : '';
      yield layout.line(cells(group, columns), share, isPoor(group) ? ['yellow'] : []);
    }
    if (report.others !== undefined)
      yield layout.line(
        labelled(report, columns, report.others, OTHERS),
        '',
        isPoor(report.others) ? ['yellow'] : [],
      );
    if (report.groups.length > 0 || report.others !== undefined) yield layout.rule;
    const total = labelled(report, columns, report.total, TOTAL);
    yield layout.line(total, '', isPoor(report.total) ? ['bold', 'yellow'] : ['bold']);
    if (report.quotas !== undefined && report.quotas.length > 0) {
      yield '\n';
      for (const [i, { text, isOver }] of quotaLines(report.quotas, view).entries()) {
        if (i > 0 || view.header)
          yield `${styled(text, i === 0 ? ['bold'] : isOver ? ['yellow'] : [], view)}\n`;
      }
      yield '\n';
    }
    const names = columns.map(({ column }) => column.name);
    for (const line of footer(report, view, names, layout.left)) yield `${line}\n`;
  },
  renderAudit: renderAuditTable,
};

type Style = 'bold' | 'yellow';

interface Layout {
  readonly columns: readonly SelectedColumn[];
  /** Names of those for which there was no room. */
  readonly left: readonly string[];
  readonly width: number;
  /** 0: no bars. */
  readonly barWidth: number;
  readonly rule: string;
  line(cells: readonly string[], bar: string, styles: readonly Style[]): string;
}

/** On a narrow terminal, and where nobody asked for columns, the table goes without some. */
function fittingLayout(report: EitReport, view: View): Layout {
  let columns = tableColumns(report, view.isOwn);
  let layout = layOut(report, columns, view);
  if (view.terminal === null) return layout;
  // A bar never has the room that a figure was denied.
  const barless = { ...view, terminal: { ...view.terminal, bars: false } };
  for (const name of DISPENSABLE) {
    if (layout.width <= view.terminal.width) break;
    columns = columns.filter(({ column }) => column.name !== name);
    layout = layOut(report, columns, barless);
  }
  const names = new Set(columns.map(({ column }) => column.name));
  const left = tableColumns(report, view.isOwn).map(({ column }) => column.name);
  return { ...layout, left: left.filter((name) => !names.has(name)) };
}

function layOut(report: EitReport, columns: readonly SelectedColumn[], { terminal, header }: View): Layout {
  const widths = columns.map(({ column, width }) => width ?? (header ? displayWidth(column.name) : 1));
  const rows = [
    ...report.groups.map((group) => cells(group, columns)),
    ...(report.others === undefined ? [] : [labelled(report, columns, report.others, OTHERS)]),
    labelled(report, columns, report.total, TOTAL),
  ];
  for (const row of rows) {
    row.forEach((cell, i) => {
      if (columns[i]?.width === undefined) widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell));
    });
  }
  const width = widths.reduce((sum, w) => sum + w, 0) + GAP.length * (columns.length - 1);
  const room = terminal?.bars ? terminal.width - width - GAP.length : 0;
  const barWidth = room >= NARROWEST_BAR ? Math.min(WIDEST_BAR, room) : 0;
  return {
    columns,
    left: [],
    width,
    barWidth,
    rule: `${'-'.repeat(width + (barWidth > 0 ? GAP.length + barWidth : 0))}\n`,
    line(texts, barText, styles) {
      const padded = texts.map((text, i) => {
        const column = columns[i];
        return column === undefined ? text : pad(cut(text, widths[i] ?? 0), widths[i] ?? 0, column.align);
      });
      const text = [...padded, ...(barText === '' ? [] : [barText])].join(GAP).trimEnd();
      return `${styled(text, styles, { terminal })}\n`;
    },
  };
}

function styled(text: string, styles: readonly Style[], { terminal }: Pick<View, 'terminal'>): string {
  return terminal?.colours ? styles.reduce((s, style) => styleText(style, s), text) : text;
}

function cells(row: Row, columns: readonly SelectedColumn[]): string[] {
  return columns.map(({ column, width }) => cut(visible(column.human(row)), width ?? WIDEST_CELL));
}

/** A line that has no key: its first key column names it. */
function labelled(report: EitReport, columns: readonly SelectedColumn[], row: Row, name: string): string[] {
  const found = cells(row, columns);
  const label = labelColumn(report, columns);
  if (label !== -1) found[label] = name;
  return found;
}
