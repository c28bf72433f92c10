import { energyText, massText } from '../report/units';
import { axisOf, COLOURS, escapeXml, placeOn, svgPicture, tickText } from './chart';

/** A bar of the picture. */
export interface EstimateBar {
  readonly title: string;
  readonly value: number;
  /** Where the next value may lie; null: it is told by the bar alone. */
  readonly range: { readonly low: number; readonly high: number } | null;
  /** Stars against what was measured, or ''. */
  readonly stars: string;
  readonly isMeasured: boolean;
}

const WIDTH = 860;
const LABELS = 210;
const PLOT = 480;
const ROW = 26;

/**
 * As figure 4 of the paper has it: what the same energy emits by each way to count carbon, and the energy by each method.
 * @param carbon kg
 * @param energy kWh
 */
export function estimateSvg(
  carbon: readonly EstimateBar[],
  energy: readonly EstimateBar[],
  title: string,
): string {
  const first = panel('CO2eq by the way to count it (kg)', carbon, 52, massText);
  const second = panel('Energy by the way to estimate it (kWh)', energy, 52 + first.height, energyText);
  return svgPicture({ width: WIDTH, height: 60 + first.height + second.height, title }, [
    `<text x="16" y="24" font-size="14">${escapeXml(title)}</text>`,
    ...first.parts,
    ...second.parts,
  ]);
}

function panel(
  title: string,
  bars: readonly EstimateBar[],
  top: number,
  text: (value: number) => string,
): { readonly parts: string[]; readonly height: number } {
  if (bars.length === 0) return { parts: [], height: 0 };
  const axis = axisOf(
    bars.flatMap(({ value, range }) => [value, range?.high ?? value]),
    { withZero: true },
  );
  const x = placeOn(axis, LABELS, LABELS + PLOT);
  const rows = top + 14;
  const bottom = rows + bars.length * ROW;
  return {
    height: bottom + 40 - top,
    parts: [
      `<text x="16" y="${top}" font-weight="bold">${escapeXml(title)}</text>`,
      ...axis.ticks.flatMap((tick) => [
        `<path d="M${x(tick)} ${rows}V${bottom}" stroke="#ddd"/>`,
        `<text x="${x(tick)}" y="${bottom + 15}" text-anchor="middle" fill="#555">${tickText(tick)}</text>`,
      ]),
      ...bars.flatMap((bar, i) => barParts(bar, rows + i * ROW, x, text)),
    ],
  };
}

function barParts(
  { title, value, range, stars, isMeasured }: EstimateBar,
  y: number,
  x: (value: number) => number,
  text: (value: number) => string,
): string[] {
  const middle = y + ROW / 2;
  const end = Math.max(x(value), range === null ? 0 : x(range.high));
  return [
    `<text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${escapeXml([...title].slice(0, 34).join(''))}</text>`,
    `<rect x="${LABELS}" y="${y + 4}" width="${Math.max(0, x(value) - LABELS)}" height="${ROW - 8}" fill="${isMeasured ? COLOURS[2] : COLOURS[0]}"/>`,
    ...(range === null
      ? []
      : [
          `<path d="M${x(range.low)} ${middle}H${x(range.high)}M${x(range.low)} ${middle - 5}v10M${x(range.high)} ${middle - 5}v10" stroke="#000" fill="none"/>`,
        ]),
    `<text x="${end + 6}" y="${middle + 4}" fill="#444">${escapeXml(`${text(value)}${stars === '' ? '' : ` ${stars}`}`)}</text>`,
  ];
}
