import { axisOf, COLOURS, escapeXml, placeOn, svgPicture, tickText } from './chart';
import { largest, mean, smallest, sum } from './sample';
import { shortened } from './set-plot-svg';

/** Points of one colour. */
export interface PointGroup {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const SIZE = { width: 640, height: 420, left: 84, right: 24, top: 48, bottom: 62 };

/**
 * Two variables against each other, with the straight line of least squares through all points.
 * @param labels of the axes, with their units
 */
export function scatterSvg(
  groups: readonly PointGroup[],
  { title, labels }: { readonly title: string; readonly labels: readonly [x: string, y: string] },
): string {
  const points = groups.flatMap((group) => group.points);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [xAxis, yAxis] = [axisOf(xs, { withZero: true }), axisOf(ys, { withZero: true })];
  const legendHeight = groups.length > 1 ? Math.ceil(groups.length / 4) * 18 : 0;
  const [right, bottom] = [SIZE.width - SIZE.right, SIZE.height - SIZE.bottom];
  const x = placeOn(xAxis, SIZE.left, right);
  const y = placeOn(yAxis, bottom, SIZE.top);
  const [mx, my] = [mean(xs), mean(ys)];
  const spread = sum(xs.map((value) => (value - mx) ** 2));
  const slope = sum(xs.map((value, i) => (value - mx) * ((ys[i] ?? 0) - my))) / spread;
  const lineAt = (value: number): number => y(my + slope * (value - mx));
  const [least, most] = [smallest(xs), largest(xs)];
  return svgPicture({ width: SIZE.width, height: SIZE.height + legendHeight, title }, [
    `<text x="16" y="20" font-size="14">${escapeXml(title)}</text>`,
    `<text x="16" y="38" fill="#555">${escapeXml(labels[1])}</text>`,
    ...yAxis.ticks.flatMap((tick) => [
      `<path d="M${SIZE.left} ${y(tick)}H${right}" stroke="#ddd"/>`,
      `<text x="${SIZE.left - 8}" y="${y(tick) + 4}" text-anchor="end">${tickText(tick)}</text>`,
    ]),
    ...xAxis.ticks.flatMap((tick) => [
      `<path d="M${x(tick)} ${SIZE.top}V${bottom}" stroke="#eee"/>`,
      `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tickText(tick)}</text>`,
    ]),
    `<text x="${(SIZE.left + right) / 2}" y="${bottom + 40}" text-anchor="middle" fill="#555">${escapeXml(labels[0])}</text>`,
    ...(Number.isFinite(slope) && points.length > 2
      ? [
          `<path d="M${x(least)} ${lineAt(least)}L${x(most)} ${lineAt(most)}" stroke="#777" stroke-dasharray="5 4"/>`,
        ]
      : []),
    ...groups.flatMap((group, i) =>
      group.points.map(
        ([px, py]) =>
          `<circle cx="${x(px)}" cy="${y(py)}" r="4" fill="${COLOURS[i % COLOURS.length] ?? '#000'}" fill-opacity="0.7"><title>${escapeXml(group.name)}</title></circle>`,
      ),
    ),
    ...(legendHeight === 0
      ? []
      : groups.flatMap((group, i) => {
          const [lx, ly] = [24 + (i % 4) * 150, SIZE.height - 6 + Math.floor(i / 4) * 18];
          return [
            `<circle cx="${lx}" cy="${ly - 4}" r="4" fill="${COLOURS[i % COLOURS.length] ?? '#000'}"/>`,
            `<text x="${lx + 10}" y="${ly}">${escapeXml(shortened(group.name))}</text>`,
          ];
        })),
  ]);
}
