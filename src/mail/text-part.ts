import { displayWidth, pad, wrap } from '../report/printable';
import type { MailBody, MailRow, MailSection } from './mail-body';

/** What mail programs show without breaking lines, and quote once. */
const WIDTH = 76;
const LABEL = 11;
const VALUE = 10;
const BAR = 20;

/** The text part of a mail: ASCII bars, lines of at most 76 columns but for words that are longer. */
export function textPart({ opening, headline, warnings, sections, notes }: MailBody): string {
  const lines = [
    ...(opening === null ? [] : [...wrap(opening, WIDTH), '']),
    headline,
    ...warnings.flatMap((warning) => ['', ...wrap(`! ${warning}`, WIDTH)]),
    ...sections.flatMap(sectionLines),
    '',
    '-'.repeat(WIDTH),
    ...notes.flatMap((note) => wrap(note, WIDTH)),
  ];
  return `${lines.join('\n')}\n`;
}

function sectionLines({ title, rows, lines }: MailSection): string[] {
  return [
    '',
    title.toUpperCase(),
    ...rows.flatMap(rowLines),
    ...lines.flatMap((line) => wrap(`  ${line}`, WIDTH)),
  ];
}

function rowLines({ label, value, bar, note }: MailRow): string[] {
  const isLong = displayWidth(value) > VALUE;
  const head = `  ${pad(label, LABEL, 'left')} ${isLong ? value : pad(value, VALUE, bar === null && note === '' ? 'right' : 'right')}`;
  const withBar = bar === null ? head : `${head}  [${barText(bar)}]`;
  if (note === '') return [withBar];
  const whole = `${withBar}  ${note}`;
  if (displayWidth(whole) <= WIDTH) return [whole];
  const indent = ' '.repeat(LABEL + VALUE + 5);
  const [first = '', ...more] = wrap(note, WIDTH - indent.length);
  return [withBar, `${indent}${first}`, ...more.map((line) => `${indent}${line.trimStart()}`)];
}

/** What is not 0 shows, and what is not all leaves room. */
function barText(part: number): string {
  const bounded = Math.max(0, Math.min(1, part));
  const rounded = Math.round(bounded * BAR);
  const filled = bounded > 0 && rounded === 0 ? 1 : bounded < 1 && rounded === BAR ? BAR - 1 : rounded;
  return '#'.repeat(filled) + '-'.repeat(BAR - filled);
}
