export { visible } from '../config/visible';

/** East Asian wide and full-width characters and emoji (UAX #11): two columns of a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const COMBINING = /\p{M}/u;

/** How many columns of a terminal a text takes that has gone through `visible`. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Cuts a text to so many columns; what was cut ends with `+`, as in sacct. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += displayWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept}+`;
}

/** Fills a text up to so many columns. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + spaces : spaces + text;
}

/**
 * Breaks a text that has gone through `visible` into lines of at most so many columns, between words; a longer word has a
 * line of its own. Lines after the first begin with two spaces more.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  const indent = /^ */.exec(text)![0];
  let line: string | null = null;
  for (const word of text.slice(indent.length).split(' ')) {
    if (line === null) line = indent + word;
    else if (displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = `${indent}  ${word}`;
    } else line = `${line} ${word}`;
  }
  return [...lines, line ?? ''];
}
