import { escapeXml } from '../science/chart';
import type { Badge, BadgePart } from './badge';

const HEIGHT = 20;
const FONT_SIZE = 11;
/** On either side of a text. */
const PADDING = 6;

/** White text on each has a contrast of 4.5 and more, on light pages and on dark ones: a badge brings its ground along. */
const GROUNDS: Readonly<Record<BadgePart['kind'], string>> = {
  label: '#3d4652',
  value: '#1f5f8b',
  mark: '#1e6b3c',
};

/** Widths in parts of the font's size, some sans-serif fonts' upper bound; `textLength` makes a text as wide as was reckoned with. */
const WIDTHS: readonly (readonly [characters: string, width: number])[] = [
  ["ijlI.,:;'|!", 0.34],
  ['ft()[]/-r "', 0.42],
  ['mwMW%', 0.95],
  ['ABCDEFGHKLNOPQRSTUVXYZ&', 0.72],
  ['0123456789', 0.64],
  ['<>±−+=~', 0.82],
];
const OTHER_WIDTH = 0.62;
/** Beyond Latin letters: Chinese, emoji. */
const WIDE = 1.1;

/** A static SVG: fields side by side, marks behind a gap. */
export function badgeSvg(badge: Badge): string {
  let x = 0;
  const fields = badge.parts.map((part, i) => {
    const textWidth = widthOf(part.text);
    const width = textWidth + 2 * PADDING;
    const begin = x;
    x += width;
    const line = i > 0 && part.kind === badge.parts[i - 1]?.kind ? divider(begin) : '';
    return (
      `<rect x="${begin}" width="${width}" height="${HEIGHT}" fill="${GROUNDS[part.kind]}"/>${line}` +
      `<text x="${begin + PADDING}" y="14" textLength="${textWidth}" lengthAdjust="spacingAndGlyphs">${escapeXml(part.text)}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${x}" height="${HEIGHT}" viewBox="0 0 ${x} ${HEIGHT}" role="img" aria-label="${escapeXml(badge.text)}">\n` +
    `<title>${escapeXml(badge.text)}</title>\n<desc>${escapeXml(badge.basis)}</desc>\n` +
    `<clipPath id="round"><rect width="${x}" height="${HEIGHT}" rx="3"/></clipPath>\n` +
    `<g clip-path="url(#round)" fill="#ffffff" font-family="Verdana, 'DejaVu Sans', Geneva, sans-serif" font-size="${FONT_SIZE}">\n` +
    `${fields.join('\n')}\n</g>\n</svg>\n`
  );
}

function divider(x: number): string {
  return `<rect x="${x}" y="4" width="1" height="${HEIGHT - 8}" fill="#ffffff" fill-opacity="0.45"/>`;
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const known = WIDTHS.find(([characters]) => characters.includes(character));
    width += known?.[1] ?? (character > '\u024f' ? WIDE : OTHER_WIDTH);
  }
  return Math.ceil(width * FONT_SIZE);
}
