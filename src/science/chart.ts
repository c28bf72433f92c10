import { largest, smallest } from './sample';

/** Okabe and Ito's colours, which differ for the colour-blind too. */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const;

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
}

/** An axis over values, with some five to ten ticks at 1, 2 or 5 times a power of ten. */
export function axisOf(values: readonly number[], { withZero }: { readonly withZero: boolean }): Axis {
  let low = Math.min(smallest(values), withZero ? 0 : Infinity);
  let high = Math.max(largest(values), withZero ? 0 : -Infinity);
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Of less than this of a width doubles cannot tell ten ticks apart.
  if (!(high - low > Math.max(size * 1e-9, 1e-290))) {
    const half = (size > 1e-290 ? size : 1) / 2;
    [low, high] = [low - half, high + half];
  }
  const step = stepOf(high - low);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
  return { from: ticks[0] ?? low, to: ticks.at(-1) ?? high, ticks };
}

function stepOf(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width / 5));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => width / step <= 8) ?? 10 * power;
}

/** Where a value lies between two places of the picture. */
export function placeOn(axis: Axis, begin: number, end: number): (value: number) => number {
  return (value) => rounded(begin + ((value - axis.from) / (axis.to - axis.from)) * (end - begin));
}

export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The number of a tick. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential() : String(value);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** A text that XML takes as text; characters that XML does not allow become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}

/** The whole picture around its content. */
export function svgPicture(
  { width, height, title }: { readonly width: number; readonly height: number; readonly title: string },
  content: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}
