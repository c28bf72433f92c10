import type { CurvePiece } from '../carbon/curve';

const WIDTH = 960;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 16;
const TOP = 40;
const BOTTOM = 64;
const TICKS = 6;

/** By where a value is from: a colour, and dashes, so that it is told without colours too. */
const LOOKS: readonly {
  readonly key: CurvePiece['origin'] | 'estimate';
  readonly name: string;
  readonly colour: string;
  readonly dashes: string;
}[] = [
  { key: 'series', name: 'series', colour: '#0b6e4f', dashes: '' },
  { key: 'estimate', name: 'estimate', colour: '#3b8ea5', dashes: '6 2' },
  { key: 'neighbour', name: 'gap: neighbour', colour: '#d98e04', dashes: '4 3' },
  { key: 'same-hour', name: 'gap: same hour of the week', colour: '#b5488a', dashes: '2 3' },
  { key: 'yearly', name: 'gap: yearly average', colour: '#777777', dashes: '1 3' },
];

/**
 * A curve of carbon intensity as a picture, a step a piece.
 * @param pieces contiguous, at least one
 * @param title above it
 * @param timeText what stands at a time of the axis
 */
export function intensitySvg(
  pieces: readonly CurvePiece[],
  title: string,
  timeText: (ms: number) => string,
): string {
  const [fromMs, toMs] = [pieces[0]?.fromMs ?? 0, pieces.at(-1)?.toMs ?? 1];
  const top = niceTop(pieces.reduce((most, { gPerKwh }) => Math.max(most, gPerKwh), 0));
  const x = (ms: number): number => round(LEFT + ((ms - fromMs) / (toMs - fromMs)) * (WIDTH - LEFT - RIGHT));
  const y = (grams: number): number => round(HEIGHT - BOTTOM - (grams / top) * (HEIGHT - TOP - BOTTOM));
  const lines = LOOKS.flatMap(({ key, colour, dashes }) => {
    const own = pieces.filter((piece) => lookOf(piece) === key);
    if (own.length === 0) return [];
    let at = NaN;
    const path = own
      .map((piece) => {
        const [begin, end, level] = [x(piece.fromMs), x(piece.toMs), y(piece.gPerKwh)];
        const start = piece.fromMs === at ? `V${level}` : `M${begin} ${level}`;
        at = piece.toMs;
        return `${start}H${end}`;
      })
      .join('');
    return [
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"${dashes === '' ? '' : ` stroke-dasharray="${dashes}"`}/>`,
    ];
  });
  const rows = Array.from({ length: 5 }, (_, i) => (top * i) / 4).flatMap((grams) => [
    `<path d="M${LEFT} ${y(grams)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
    `<text x="${LEFT - 8}" y="${y(grams) + 4}" text-anchor="end">${grams}</text>`,
  ]);
  const columns = Array.from({ length: TICKS }, (_, i) => fromMs + ((toMs - fromMs) * i) / (TICKS - 1)).map(
    (ms, i) => {
      const anchor = i === 0 ? 'start' : i === TICKS - 1 ? 'end' : 'middle';
      return `<text x="${x(ms)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="${anchor}">${escape(timeText(ms))}</text>`;
    },
  );
  const there = LOOKS.filter(({ key }) => pieces.some((piece) => lookOf(piece) === key));
  const legend = there.flatMap(({ name, colour, dashes }, i) => {
    const at = LEFT + i * 170;
    return [
      `<path d="M${at} ${HEIGHT - 18}h24" stroke="${colour}" stroke-width="2"${dashes === '' ? '' : ` stroke-dasharray="${dashes}"`}/>`,
      `<text x="${at + 30}" y="${HEIGHT - 14}">${name}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="18" font-size="14">${escape(title)}</text>`,
    `<text x="${LEFT}" y="34" fill="#555">gCO2eq/kWh</text>`,
    ...rows,
    ...columns,
    ...lines,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}

function lookOf({ origin, isEstimate }: CurvePiece): CurvePiece['origin'] | 'estimate' {
  return origin === 'series' && isEstimate ? 'estimate' : origin;
}

/** The next 1, 2, 4 or 10 times a power of ten times 4, so that its quarters are short numbers. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 4)));
  return [1, 2, 4, 8, 10].map((times) => times * power).find((top) => top >= most) ?? 20 * power;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
