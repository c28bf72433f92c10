import { displayWidth, pad, wrap } from '../report/printable';
import type { MailBody, MailRow, MailSection } from './mail-body';

/** What mail programs show without breaking lines, and quote once. */
const WIDTH = 76;
const LABEL = 11;
const VALUE = 9;
const BAR = 10;
/** A note is not squeezed beyond this. */
const NARROWEST = 20;

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
  const start = `  ${pad(label, LABEL, 'left')} `;
  const head = value === '' ? start : `${start}${pad(value, VALUE, 'right')}  `;
  const withBar = bar === null ? head : `${head}[${barText(bar)}]  `;
  const room = WIDTH - displayWidth(withBar);
  const [first = '', ...more] = wrap(note, Math.max(room, NARROWEST));
  const indent = ' '.repeat(displayWidth(withBar));
  return [`${withBar}${first}`.trimEnd(), ...more.map((line) => `${indent}${line.trimStart()}`)];
}

/** What is not 0 shows, and what is not all leaves room. */
function barText(part: number): string {
  const bounded = Math.max(0, Math.min(1, part));
  const rounded = Math.round(bounded * BAR);
  const filled = bounded > 0 && rounded === 0 ? 1 : bounded < 1 && rounded === BAR ? BAR - 1 : rounded;
  return '#'.repeat(filled) + '-'.repeat(BAR - filled);
}
