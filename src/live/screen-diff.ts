import { displayWidth } from '../report/printable';
import type { Line, Style } from './screen-line';

const CODES: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\x1b[1m',
  dim: '\x1b[2m',
  inverse: '\x1b[7m',
  yellow: '\x1b[33m',
  green: '\x1b[32m',
};
const COLOURS: readonly Style[] = ['yellow', 'green'];

interface Cell {
  readonly text: string;
  readonly style: Style;
  readonly width: number;
}

/**
 * What to write so that a terminal that shows `before` shows `after`: of each line that changed, from its first other character to
 * its last. A line that did not change costs nothing.
 * @param before null: the screen shows something else and is cleared
 * @param hasColours without them bold, dim and inverse stay
 */
export function screenDiff(
  before: readonly Line[] | null,
  after: readonly Line[],
  hasColours: boolean,
): string {
  let out = before === null ? '\x1b[H\x1b[2J' : '';
  for (let row = 0; row < Math.max(before?.length ?? 0, after.length); row++) {
    out += lineDiff(cellsOf(before?.[row] ?? []), cellsOf(after[row] ?? []), row + 1, hasColours);
  }
  return out;
}

function lineDiff(before: readonly Cell[], after: readonly Cell[], row: number, hasColours: boolean): string {
  let first = 0;
  while (first < before.length && first < after.length && isSame(before[first]!, after[first]!)) first++;
  if (first === before.length && first === after.length) return '';
  // What follows can stay where it is only if it stands in the same columns.
  const kept = widthOf(before) === widthOf(after) ? sameAtEnd(before, after, first) : 0;
  const changed = after.slice(first, after.length - kept);
  const isShorter = widthOf(after) < widthOf(before);
  return `\x1b[${row};${widthOf(after.slice(0, first)) + 1}H${styled(changed, hasColours)}${isShorter ? '\x1b[K' : ''}`;
}

function sameAtEnd(before: readonly Cell[], after: readonly Cell[], first: number): number {
  const most = Math.min(before.length, after.length) - first;
  let same = 0;
  while (same < most && isSame(before[before.length - 1 - same]!, after[after.length - 1 - same]!)) same++;
  return same;
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

function styled(cells: readonly Cell[], hasColours: boolean): string {
  let out = '';
  let style: Style = 'plain';
  for (const cell of cells) {
    const wanted = !hasColours && COLOURS.includes(cell.style) ? 'plain' : cell.style;
    if (wanted !== style) {
      out += `${style === 'plain' ? '' : '\x1b[m'}${CODES[wanted]}`;
      style = wanted;
    }
    out += cell.text;
  }
  return style === 'plain' ? out : `${out}\x1b[m`;
}

/** A combining mark belongs to the character before it. */
function cellsOf(line: Line): Cell[] {
  const cells: Cell[] = [];
  for (const { text, style } of line) {
    for (const character of text) {
      const width = displayWidth(character);
      const last = cells.at(-1);
      if (width === 0 && last !== undefined)
        cells[cells.length - 1] = { ...last, text: last.text + character };
      else cells.push({ text: character, style, width });
    }
  }
  // What ends in spaces looks like nothing there.
  while (cells.at(-1)?.text === ' ' && cells.at(-1)?.style !== 'inverse') cells.pop();
  return cells;
}

function isSame(a: Cell, b: Cell): boolean {
  return a.text === b.text && a.style === b.style;
}
