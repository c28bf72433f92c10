import { scaleLinear } from 'd3-scale';
import { px } from '../pages/chart';
import { type Html, markup } from '../pages/html';
import { durationText } from '../report/units';
import { wideTable } from './frame';
import type { Curve } from './run-curves';

const WIDTH = 860;
const HEIGHT = 210;
const MARGIN = { left: 70, right: 16, top: 10, bottom: 30 };

/** Colours that the style sheet has. */
export const COLOURS = 8;
/** Told apart without colours too. */
const DASHES = ['', '7 3', '2 2', '9 3 2 3', '4 4', '12 3', '1 3', '6 2 1 2'];

/** Rows of the table of a picture: who wants more has the raw data. */
const MOST_ROWS = 60;
/** Curves of one picture; the rest are added up. */
const MOST_CURVES = 8;

export interface LinePlot {
  /** Tells its parts from those of other pictures of the page. */
  readonly id: string;
  readonly title: string;
  readonly curves: readonly Curve[];
  /** Length of each step. */
  readonly stepMs: number;
  /** A value with its unit. */
  readonly text: (value: number) => string;
  /** The most that the axis shows; absent: by the values. */
  readonly most?: number;
  /** Of which the marks of the axis are round multiples: of bytes a power of 1024; absent: 1. */
  readonly base?: number;
  /** Whether the axis begins at 0; absent: it does. */
  readonly fromZero?: boolean;
}

/** Curves over the time of a run as steps, with a table of the figures; nothing is drawn where nothing is told. */
export function linePlot({
  id,
  title,
  curves: all,
  stepMs,
  text,
  most,
  base = 1,
  fromZero = true,
}: LinePlot): Html {
  const curves = fewCurves(all);
  const steps = Math.max(...curves.map(({ values }) => values.length));
  const told = curves.flatMap(({ values }) => values.filter((value) => value !== null));
  const [least, greatest] = [fromZero ? 0 : extreme(told, Math.min), most ?? extreme(told, Math.max)];
  const unit = base ** Math.floor(Math.log(Math.max(1, greatest)) / Math.log(base > 1 ? base : 10));
  const x = scaleLinear()
    .domain([0, steps])
    .range([MARGIN.left, WIDTH - MARGIN.right]);
  const y = scaleLinear()
    .domain([least, greatest > least ? greatest : least + 1].map((value) => value / unit))
    .nice(4)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const grid = y
    .ticks(4)
    .map(
      (value) =>
        markup`<path class="grid" d="M${MARGIN.left} ${px(y(value))}H${WIDTH - MARGIN.right}" /><text class="axis" x="${MARGIN.left - 8}" y="${px(y(value) + 4)}" text-anchor="end">${text(value * unit)}</text>`,
    );
  const marks = [0, 1, 2, 3, 4].map((part) => {
    const anchor = part === 0 ? 'start' : part === 4 ? 'end' : 'middle';
    return markup`<text class="axis" x="${px(x((steps * part) / 4))}" y="${HEIGHT - 10}" text-anchor="${anchor}">${durationText((steps * stepMs * part) / 4000)}</text>`;
  });
  const lines = curves.map(
    ({ values }, i) =>
      markup`<path class="line l${i % COLOURS}"${dashes(i)} d="${stepPath(
        values,
        (step) => px(x(step)),
        (value) => px(y(value / unit)),
      )}" />`,
  );
  const summaries = curves.map(({ name, values }) => summaryOf(name, values, text));
  return markup`<h3 id="${id}-h">${title}</h3><ul class="legend">${summaries.map(
    (summary, i) =>
      markup`<li><svg class="swatch" viewBox="0 0 14 14" aria-hidden="true"><path class="line l${i % COLOURS}"${dashes(i)} d="M0 7H14" /></svg>${summary}</li>`,
  )}</ul><div class="chart" tabindex="0" role="group" aria-label="Picture: ${title}"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${summaries.join('; ')}. The table below holds the figures.</desc>${grid}${marks}${lines}</svg></div>${table(title, curves, stepMs, text)}`;
}

function dashes(i: number): Html | null {
  const dash = DASHES[i % DASHES.length] ?? '';
  return dash === '' ? null : markup` stroke-dasharray="${dash}"`;
}

function stepPath(
  values: readonly (number | null)[],
  x: (step: number) => string,
  y: (value: number) => string,
): string {
  let path = '';
  let before: string | null = null;
  values.forEach((value, step) => {
    const at = value === null ? null : y(value);
    // A level that goes on is one piece of the line.
    if (at !== null && at === before) path = `${path.slice(0, path.lastIndexOf('H'))}H${x(step + 1)}`;
    else if (at !== null) path += `${before === null ? `M${x(step)} ${at}` : `V${at}`}H${x(step + 1)}`;
    before = at;
  });
  return path;
}

/** Those with the most, and the rest of them added up. */
function fewCurves(curves: readonly Curve[]): readonly Curve[] {
  if (curves.length <= MOST_CURVES) return curves;
  const total = ({ values }: Curve): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const kept = new Set(curves.toSorted((a, b) => total(b) - total(a)).slice(0, MOST_CURVES - 1));
  const rest = curves.filter((curve) => !kept.has(curve));
  const values = (rest[0]?.values ?? []).map((_, step) => {
    const told = rest.map((curve) => curve.values[step] ?? null).filter((value) => value !== null);
    return told.length === 0 ? null : told.reduce((sum, value) => sum + value, 0);
  });
  return [
    ...curves.filter((curve) => kept.has(curve)),
    { key: 'rest', name: `${rest.length} more, added up`, values },
  ];
}

function summaryOf(
  name: string,
  values: readonly (number | null)[],
  text: (value: number) => string,
): string {
  const told = values.filter((value) => value !== null);
  if (told.length === 0) return `${name}: not told`;
  const mean = told.reduce((sum, value) => sum + value, 0) / told.length;
  return `${name}: mean ${text(mean)}, most ${text(extreme(told, Math.max))}`;
}

function extreme(values: readonly number[], choose: (a: number, b: number) => number): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => choose(a, b));
}

function table(
  title: string,
  curves: readonly Curve[],
  stepMs: number,
  text: (value: number) => string,
): Html {
  const steps = Math.max(...curves.map(({ values }) => values.length));
  const each = Math.ceil(steps / MOST_ROWS);
  const rows = Array.from({ length: Math.ceil(steps / each) }, (_, row) => {
    const cells = curves.map(({ values }) => {
      const told = values.slice(row * each, (row + 1) * each).filter((value) => value !== null);
      return told.length === 0 ? '–' : text(told.reduce((sum, value) => sum + value, 0) / told.length);
    });
    return markup`<tr><th scope="row" class="n">${durationText((row * each * stepMs) / 1000)}</th>${cells.map((cell) => markup`<td class="n">${cell}</td>`)}</tr>`;
  });
  const caption = `${title}: means over ${durationText((each * stepMs) / 1000)} each, by time since the beginning`;
  return markup`<details><summary>The figures of this picture</summary>${wideTable(
    caption,
    [{ title: 'From', isNumber: true }, ...curves.map(({ name }) => ({ title: name, isNumber: true }))],
    rows,
  )}</details>`;
}
