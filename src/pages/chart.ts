import { scaleBand, scaleLinear } from 'd3-scale';
import { area, line, stack } from 'd3-shape';
import { markup, type Html } from './html';

/** Of all charts, in the units of their viewBox. */
const WIDTH = 860;
const HEIGHT = 230;
const MARGIN = { left: 62, right: 14, top: 10, bottom: 28 };
/** Labels below an axis that do not touch each other. */
const LABEL_WIDTH = 62;

/** A part of a bar: its class in the style sheet, and its name. */
export interface Series {
  readonly key: string;
  readonly name: string;
}

/** A bar. */
export interface Bar {
  readonly label: string;
  /** Where a click leads; absent: nowhere. Who has no mouse goes by the table below: a picture holds no links. */
  readonly href?: string;
  /** What it says to who points at it. */
  readonly title: string;
  /** By series' key. */
  readonly values: Readonly<Record<string, number>>;
}

export interface BarChart {
  /** Tells its parts from those of other charts of the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, for who does not see it. */
  readonly description: string;
  readonly series: readonly Series[];
  readonly bars: readonly Bar[];
  /** A value of the axis with its unit. */
  readonly tick: (value: number) => string;
  /** A line over the bars, on a scale of its own from 0 on; null: no value. */
  readonly overlay?: { readonly values: readonly (number | null)[]; readonly most: number };
}

/** Bars side by side, each a stack, as SVG; colours, patterns and fonts are the style sheet's. */
export function barChart({ id, title, description, series, bars, tick, overlay }: BarChart): Html {
  const most = Math.max(
    ...bars.map(({ values }) => series.reduce((sum, { key }) => sum + (values[key] ?? 0), 0)),
    0,
  );
  const x = scaleBand<number>()
    .domain(bars.map((_, i) => i))
    .range([MARGIN.left, WIDTH - MARGIN.right])
    .paddingInner(bars.length > 60 ? 0.1 : 0.22)
    .paddingOuter(0.1);
  const y = scaleLinear()
    .domain([0, most || 1])
    .nice(4)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const layers = stack<Bar, string>()
    .keys(series.map(({ key }) => key))
    .value(({ values }, key) => values[key] ?? 0)([...bars]);
  const every = Math.max(1, Math.ceil((bars.length * LABEL_WIDTH) / (WIDTH - MARGIN.left - MARGIN.right)));
  const columns = bars.map((bar, i) => {
    const left = x(i) ?? 0;
    const rects = layers.flatMap((layer) => {
      const [from, to] = [layer[i]?.[0] ?? 0, layer[i]?.[1] ?? 0];
      if (to <= from) return [];
      const [top, height] = [y(to), Math.max(0.5, y(from) - y(to))];
      const place = markup`x="${px(left)}" y="${px(top)}" width="${px(x.bandwidth())}" height="${px(height)}"`;
      const pattern = PATTERNS[layer.key];
      return [
        markup`<rect class="s-${layer.key}" ${place} />`,
        pattern === undefined ? null : markup`<rect fill="url(#${id}-${pattern})" ${place} />`,
      ];
    });
    const hit = markup`<rect
      class="hit"
      x="${px(left)}"
      y="${MARGIN.top}"
      width="${px(x.bandwidth())}"
      height="${HEIGHT - MARGIN.top - MARGIN.bottom}"
    />`;
    const body = markup`<title>${bar.title}</title>${hit}${rects}`;
    return bar.href === undefined
      ? markup`<g>${body}</g>`
      : markup`<g class="go" data-href="${bar.href}">${body}</g>`;
  });
  const labels = bars.map((bar, i) =>
    i % every === 0
      ? markup`<text
          class="axis"
          x="${px((x(i) ?? 0) + x.bandwidth() / 2)}"
          y="${HEIGHT - 9}"
          text-anchor="middle">${bar.label}</text>`
      : null,
  );
  const grid = y.ticks(4).map(
    (value) =>
      markup`<line
            class="grid"
            x1="${MARGIN.left}"
            x2="${WIDTH - MARGIN.right}"
            y1="${px(y(value))}"
            y2="${px(y(value))}"
          /><text class="axis" x="${MARGIN.left - 8}" y="${px(y(value) + 4)}" text-anchor="end">${tick(value)}</text>`,
  );
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>${patternDefs(id)}${grid}${columns}${overlay === undefined ? null : overlayLine(overlay, (i) => (x(i) ?? 0) + x.bandwidth() / 2)}${labels}</svg>`;
}

/** Told apart without colours too. */
const PATTERNS: Readonly<Record<string, string>> = { dram: 'stripes', gpu: 'dots', other: 'cross' };

function patternDefs(id: string): Html {
  return markup`<defs><pattern
      id="${id}-stripes"
      width="5"
      height="5"
      patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)"><rect class="ink" width="1.4" height="5" /></pattern><pattern id="${id}-dots" width="5" height="5" patternUnits="userSpaceOnUse"><circle class="ink" cx="2.5" cy="2.5" r="1" /></pattern><pattern id="${id}-cross" width="6" height="6" patternUnits="userSpaceOnUse"><path class="ink-line" d="M0 0L6 6M6 0L0 6" /></pattern></defs>`;
}

function overlayLine({ values, most }: NonNullable<BarChart['overlay']>, xOf: (i: number) => number): Html {
  const y = scaleLinear()
    .domain([0, most || 1])
    .range([HEIGHT - MARGIN.bottom, MARGIN.top + 8]);
  const points = values.map((value, i) => ({ value, i }));
  const path = line<(typeof points)[0]>()
    .defined(({ value }) => value !== null)
    .x(({ i }) => xOf(i))
    .y(({ value }) => y(value ?? 0))(points);
  const dots =
    points.length > 40
      ? []
      : points.flatMap(({ value, i }) =>
          value === null
            ? []
            : [markup`<circle class="overlay-dot" cx="${px(xOf(i))}" cy="${px(y(value))}" r="2.6" />`],
        );
  return markup`<path class="overlay" d="${path ?? ''}" />${dots}`;
}

/** A swatch of a legend, with the pattern that the chart has. */
export function legend(id: string, series: readonly Series[], more: readonly Html[] = []): Html {
  const items = series.map(({ key, name }) => {
    const pattern = PATTERNS[key];
    return markup`<li><svg class="swatch" viewBox="0 0 14 14" aria-hidden="true"><rect class="s-${key}" width="14" height="14" />${pattern === undefined ? null : markup`<rect fill="url(#${id}-${pattern})" width="14" height="14" />`}</svg>${name}</li>`;
  });
  return markup`<ul class="legend">${items}${more}</ul>`;
}

/** The small course of a figure in a tile: no axis, nothing to read off. */
export function sparkline(values: readonly number[]): Html | null {
  if (values.length < 2) return null;
  const [width, height] = [120, 28];
  const x = scaleLinear()
    .domain([0, values.length - 1])
    .range([0, width]);
  const y = scaleLinear()
    .domain([0, Math.max(...values) || 1])
    .range([height - 1, 2]);
  const shape = area<number>()
    .x((_, i) => x(i))
    .y0(height)
    .y1((value) => y(value));
  return markup`<svg
    class="spark"
    viewBox="0 0 ${width} ${height}"
    preserveAspectRatio="none"
    aria-hidden="true"><path d="${shape([...values]) ?? ''}" /></svg>`;
}

/** Pixels to a tenth: what is finer nobody sees, and it would be most of the file. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
