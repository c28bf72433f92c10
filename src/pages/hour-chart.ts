import { scaleSqrt, scaleLinear } from 'd3-scale';
import { energyText } from '../report/units';
import { px } from './chart';
import { markup, type Html } from './html';
import type { CleanHours, HourCell } from './hour-sums';

const HOURS = 24;
const CELL = { width: 15, height: 13 };
const LEFT = 84;
const TOP = 18;
const GAP = 34;
/** Steps of each colour scale; as many classes in the style sheet. */
const STEPS = 7;

/**
 * Two pictures side by side, a row a day (or month) and a column an hour: how much energy was used, and how much carbon a kWh of the grid then
 * had. Steps are classes of the style sheet, light to dark; each cell says its value to who points at it.
 */
export function hourChart({ cells, byMonth }: CleanHours, title: string, description: string): Html {
  const rows = [...new Set(cells.map(({ row }) => row))].sort();
  const most = Math.max(...cells.map(({ kwh }) => kwh), 0);
  const grams = cells.flatMap(({ gPerKwh }) => (gPerKwh === null ? [] : [gPerKwh]));
  const hasGrid = grams.length > 0;
  const energyStep = scaleSqrt()
    .domain([0, most || 1])
    .range([0, STEPS])
    .clamp(true);
  const [low, high] = [Math.min(...grams), Math.max(...grams)];
  const gridStep = scaleLinear()
    .domain([low, high === low ? low + 1 : high])
    .range([0, STEPS - 1])
    .clamp(true);
  const panel = HOURS * CELL.width;
  const width = LEFT + panel + (hasGrid ? GAP + panel : 0) + 10;
  const height = TOP + rows.length * CELL.height + 20;
  const rect = (cell: HourCell, left: number, className: string, text: string): Html => {
    const [x, y] = [left + cell.hour * CELL.width, TOP + rows.indexOf(cell.row) * CELL.height];
    return markup`<rect
      class="${className}"
      x="${px(x)}"
      y="${px(y)}"
      width="${CELL.width - 1}"
      height="${CELL.height - 1}"><title>${cell.row} ${two(cell.hour)}:00, ${text}</title></rect>`;
  };
  const per = byMonth ? ' in the mean of its days' : '';
  const body = cells.map((cell) => [
    rect(
      cell,
      LEFT,
      cell.kwh === 0 ? 'e0' : `e${Math.max(1, Math.ceil(energyStep(cell.kwh)))}`,
      `${energyText(cell.kwh)}${per}`,
    ),
    cell.gPerKwh === null || !hasGrid
      ? null
      : rect(
          cell,
          LEFT + panel + GAP,
          `g${1 + Math.round(gridStep(cell.gPerKwh))}`,
          `${Math.round(cell.gPerKwh)} g/kWh`,
        ),
  ]);
  const every = Math.ceil(rows.length / 16);
  const names = rows.map((row, i) =>
    i % every === 0
      ? markup`<text class="axis" x="${LEFT - 7}" y="${px(TOP + (i + 0.8) * CELL.height)}" text-anchor="end">${row}</text>`
      : null,
  );
  const axis = (left: number): Html[] =>
    [0, 6, 12, 18, 24].map(
      (hour) =>
        markup`<text
          class="axis"
          x="${px(left + hour * CELL.width)}"
          y="${px(TOP + rows.length * CELL.height + 13)}"
          text-anchor="middle">${two(hour)}</text>`,
    );
  return markup`<svg
    class="heat${hasGrid ? '' : ' one'}"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-labelledby="hours-title hours-desc"><title id="hours-title">${title}</title><desc id="hours-desc">${description}</desc><text class="head" x="${LEFT}" y="11">Energy used</text>${hasGrid ? markup`<text class="head" x="${LEFT + panel + GAP}" y="11">Carbon intensity of the grid</text>` : null}${names}${body}${axis(LEFT)}${hasGrid ? axis(LEFT + panel + GAP) : null}</svg>`;
}

export function two(value: number): string {
  return String(value).padStart(2, '0');
}
