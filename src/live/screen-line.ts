import { cut, displayWidth, visible } from '../report/printable';

/** How a piece of text looks. */
export type Style = 'plain' | 'bold' | 'dim' | 'inverse' | 'yellow' | 'green';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of the screen. */
export type Line = readonly Span[];

/** A piece of a line; nothing in it that a terminal obeys. */
export function span(text: string, style: Style = 'plain'): Span {
  return { text: visible(text), style };
}

/** A line of one piece. */
export function line(text: string, style: Style = 'plain'): Line {
  return [span(text, style)];
}

/** Cuts a line to so many columns. */
export function cutLine(spans: Line, width: number): Line {
  const kept: Span[] = [];
  let left = width;
  for (const { text, style } of spans) {
    if (left <= 0) break;
    const shown = cut(text, left);
    kept.push({ text: shown, style });
    left -= displayWidth(shown);
    if (shown !== text) break;
  }
  return kept;
}

/** Joins what fits of pieces, with two spaces between: those that do not fit are left out. */
export function fitting(pieces: readonly string[], width: number, gap = '  '): string {
  let text = '';
  for (const piece of pieces.filter((one) => one !== '')) {
    const longer = text === '' ? piece : text + gap + piece;
    if (displayWidth(visible(longer)) <= width) text = longer;
  }
  return text;
}

/** Its text alone. */
export function plainText(spans: Line): string {
  return spans
    .map(({ text }) => text)
    .join('')
    .trimEnd();
}
