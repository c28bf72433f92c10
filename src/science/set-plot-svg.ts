import { axisOf, COLOURS, escapeXml, placeOn, rounded, svgPicture, tickText } from './chart';
import type { Comparison, NamedSample } from './comparison';
import { ascending, mean, quantile, standardError } from './sample';

const COLUMN = 120;
const LEFT = 80;
const RIGHT = 24;
const TOP = 44;
const PLOT = 300;
const BRACKET = 22;
/** More pairs have no room above the boxes: the table has them. */
const MOST_BRACKETS = 6;
const LONGEST_NAME = 18;

/**
 * Sets beside each other: a point a job, a box from quartile to quartile with the median, mean ± standard error beside it, and the stars of each pair above.
 * @param label of the axis, with the unit
 */
export function setPlotSvg(
  samples: readonly NamedSample[],
  comparison: Comparison | null,
  { title, label }: { readonly title: string; readonly label: string },
): string {
  const pairs = comparison?.differences.filter((pair) => pair.stars !== null) ?? [];
  const shown = pairs.length <= MOST_BRACKETS ? pairs : [];
  const top = TOP + 12 + shown.length * BRACKET;
  const bottom = top + PLOT;
  const width = Math.max(420, LEFT + samples.length * COLUMN + RIGHT);
  const axis = axisOf(
    samples.flatMap(({ values }) => values),
    { withZero: true },
  );
  const y = placeOn(axis, bottom, top);
  const x = (i: number): number => LEFT + (i + 0.5) * COLUMN;

  const grid = axis.ticks.flatMap((tick) => [
    `<path d="M${LEFT} ${y(tick)}H${width - RIGHT}" stroke="#ddd"/>`,
    `<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${tickText(tick)}</text>`,
  ]);
  const boxes = samples.flatMap(({ name, values }, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? '#000';
    const inOrder = ascending(values);
    const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => y(quantile(inOrder, part))) as [
      number,
      number,
      number,
    ];
    const at = x(i);
    const error = values.length < 2 ? null : standardError(values);
    const [m, e] = [mean(values), error ?? 0];
    return [
      ...(values.length < 2
        ? []
        : [
            `<rect x="${at - 26}" y="${high}" width="40" height="${rounded(low - high)}" fill="${colour}" fill-opacity="0.15" stroke="${colour}"/>`,
            `<path d="M${at - 26} ${middle}h40" stroke="${colour}" stroke-width="2"/>`,
          ]),
      ...values.map(
        // Beside each other by a fixed pattern, so that equal values show and the picture stays the same.
        (value, j) =>
          `<circle cx="${rounded(at - 6 + (((j * 0.618034) % 1) - 0.5) * 30)}" cy="${y(value)}" r="3" fill="${colour}" fill-opacity="0.6"/>`,
      ),
      ...(error === null
        ? []
        : [
            `<path d="M${at + 28} ${y(m - e)}V${y(m + e)}M${at + 23} ${y(m - e)}h10M${at + 23} ${y(m + e)}h10" stroke="#222" fill="none"/>`,
            `<circle cx="${at + 28}" cy="${y(m)}" r="4" fill="#fff" stroke="#222"/>`,
          ]),
      `<text x="${at}" y="${bottom + 20}" text-anchor="middle">${escapeXml(shortened(name))}</text>`,
      `<text x="${at}" y="${bottom + 36}" text-anchor="middle" fill="#555">n = ${values.length}</text>`,
    ];
  });
  const brackets = shown.flatMap(({ a, b, stars }, i) => {
    const [from, to] = [a, b].map((name) => x(samples.findIndex((sample) => sample.name === name))) as [
      number,
      number,
    ];
    const level = TOP + 16 + (shown.length - 1 - i) * BRACKET;
    return [
      `<path d="M${from} ${level + 6}V${level}H${to}v6" stroke="#222" fill="none"/>`,
      `<text x="${(from + to) / 2}" y="${level - 3}" text-anchor="middle">${stars}</text>`,
    ];
  });
  return svgPicture({ width, height: bottom + 66, title }, [
    `<text x="16" y="20" font-size="14">${escapeXml(title)}</text>`,
    `<text x="16" y="37" fill="#555">${escapeXml(label)}</text>`,
    ...grid,
    ...boxes,
    ...brackets,
    `<text x="16" y="${bottom + 58}" fill="#555" font-size="11">Points: jobs. Box: quartiles, median. Ring: mean ± standard error.</text>`,
  ]);
}

export function shortened(name: string): string {
  const characters = [...name];
  return characters.length <= LONGEST_NAME ? name : `${characters.slice(0, LONGEST_NAME - 1).join('')}…`;
}
