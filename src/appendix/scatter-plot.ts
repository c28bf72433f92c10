import { scaleLinear } from 'd3-scale';
import { visible } from '../config/visible';
import { px } from '../pages/chart';
import { type Html, markup } from '../pages/html';
import { mean, standardError } from '../science/sample';
import type { Variable } from '../science/variable';
import { COLOURS } from './line-plot';

const WIDTH = 720;
const HEIGHT = 400;
const MARGIN = { left: 84, right: 18, top: 14, bottom: 54 };

/** More points are drawn as one path, without a word of each: a page has to stay small. */
const MOST_NAMED = 300;
/** Colours of a picture, with a form each time that they come round. */
const FORMS = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0',
  'M-4 -4h8v8h-8z',
  'M0 -5L5 4H-5z',
  'M0 -5.5L5.5 0L0 5.5L-5.5 0z',
];

export interface ScatterPoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** A set's runs. */
export interface ScatterGroup {
  readonly name: string;
  readonly points: readonly ScatterPoint[];
}

/** Runs by two figures, with the mean of each set and its standard errors as a cross. */
export function scatterPlot(id: string, groups: readonly ScatterGroup[], x: Variable, y: Variable): Html {
  const points = groups.flatMap((group) => group.points);
  const title = `${y.name} against ${x.name}`;
  if (points.length === 0) return markup`<h3>${title}</h3><p>No run tells both figures.</p>`;
  const most = (of: (point: ScatterPoint) => number): number =>
    points.reduce((top, point) => Math.max(top, of(point)), 0);
  const least = (of: (point: ScatterPoint) => number): number =>
    points.reduce((low, point) => Math.min(low, of(point)), 0);
  const onX = scaleLinear()
    .domain([least((point) => point.x), most((point) => point.x) || 1])
    .nice(6)
    .range([MARGIN.left, WIDTH - MARGIN.right]);
  const onY = scaleLinear()
    .domain([least((point) => point.y), most((point) => point.y) || 1])
    .nice(6)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const grid = [
    ...onY
      .ticks(6)
      .map(
        (value) =>
          markup`<path class="grid" d="M${MARGIN.left} ${px(onY(value))}H${WIDTH - MARGIN.right}" /><text class="axis" x="${MARGIN.left - 8}" y="${px(onY(value) + 4)}" text-anchor="end">${y.text(value)}</text>`,
      ),
    ...onX
      .ticks(6)
      .map(
        (value) =>
          markup`<path class="grid" d="M${px(onX(value))} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}" /><text class="axis" x="${px(onX(value))}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${x.text(value)}</text>`,
      ),
  ];
  const isMany = points.length > MOST_NAMED;
  const drawn = groups.map(({ name, points: own }, i) => {
    if (isMany)
      return markup`<path class="dots l${i % COLOURS}" d="${own.map((point) => `M${px(onX(point.x))} ${px(onY(point.y))}h0`).join('')}" />`;
    return own.map(
      (point) =>
        markup`<path class="dot f${i % COLOURS}" transform="translate(${px(onX(point.x))} ${px(onY(point.y))})" d="${form(i)}"><title>${visible(`${groups.length > 1 ? `${name}, ` : ''}${point.name}: ${x.text(point.x)}, ${y.text(point.y)}`)}</title></path>`,
    );
  });
  const means = groups.flatMap(({ points: own }, i) => {
    if (own.length < 2) return [];
    const [xs, ys] = [own.map((point) => point.x), own.map((point) => point.y)];
    const [mx, my, ex, ey] = [mean(xs), mean(ys), standardError(xs), standardError(ys)];
    return [
      markup`<path class="mean l${i % COLOURS}" d="M${px(onX(mx - ex))} ${px(onY(my))}H${px(onX(mx + ex))}M${px(onX(mx))} ${px(onY(my - ey))}V${px(onY(my + ey))}" />`,
    ];
  });
  const labels = markup`<text class="name-axis" x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${labelOf(x)}</text>`;
  const about = `${points.length} ${points.length === 1 ? 'run' : 'runs'} of ${groups.length} ${groups.length === 1 ? 'set' : 'sets'}. ${x.name} up to ${x.text(most((point) => point.x))}, ${y.name} up to ${y.text(most((point) => point.y))}. Tables of this page hold the figures.`;
  const keys =
    groups.length < 2
      ? null
      : markup`<ul class="legend">${groups.map(
          ({ name }, i) =>
            markup`<li><svg class="swatch" viewBox="-7 -7 14 14" aria-hidden="true"><path class="f${i % COLOURS}" d="${form(isMany ? 0 : i)}" /></svg><bdi>${visible(name)}</bdi></li>`,
        )}</ul>`;
  return markup`<h3>${title}</h3>${keys}<p class="soft">${labelOf(y)}, a point a run; a cross is the mean of a set with its standard errors.</p><div class="chart" tabindex="0" role="group" aria-label="Picture: ${title}"><svg class="scatter" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${about}</desc>${grid}${labels}${drawn}${means}</svg></div>`;
}

function form(i: number): string {
  return FORMS[(i + Math.floor(i / COLOURS)) % FORMS.length] ?? '';
}

function labelOf({ name, unit }: Variable): string {
  return unit === '' ? name : `${name} (${unit})`;
}
