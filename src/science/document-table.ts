import { visible } from '../config/visible';

/** A table for a paper or a page; all cells are plain text. */
export interface DocumentTable {
  readonly columns: readonly { readonly title: string; readonly align: 'left' | 'right' }[];
  readonly rows: readonly (readonly string[])[];
}

/** As GitHub's Markdown has tables; nothing in a cell is markup. */
export function markdownTable({ columns, rows }: DocumentTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |\n`;
  return [
    line(columns.map(({ title }) => title)),
    `|${columns.map(({ align }) => (align === 'right' ? '---:' : '---')).join('|')}|\n`,
    ...rows.map(line),
  ].join('');
}

/** A tabular of LaTeX, with rules that need no package. */
export function latexTable({ columns, rows }: DocumentTable): string {
  const line = (cells: readonly string[]): string => `${cells.map(escapeLatex).join(' & ')} \\\\\n`;
  return [
    `\\begin{tabular}{${columns.map(({ align }) => (align === 'right' ? 'r' : 'l')).join('')}}\n\\hline\n`,
    line(columns.map(({ title }) => title)),
    '\\hline\n',
    ...rows.map(line),
    '\\hline\n\\end{tabular}\n',
  ].join('');
}

/** A text that Markdown and the HTML it may hold take as text. */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .replaceAll(/[\\`*_{}[\]()#+!|~$]/g, (character) => `\\${character}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  // \textquotedbl is an error in LaTeX's default encoding.
  '"': '\\char34{}',
  '±': '\\ensuremath{\\pm}',
  µ: '\\ensuremath{\\mu}',
  '≥': '\\ensuremath{\\geq}',
  '≤': '\\ensuremath{\\leq}',
  // A cell that begins with it would be an argument of the line break before.
  '[': '{[}',
  ']': '{]}',
  '*': '{*}',
  '-': '-{}',
};

/** What pdfTeX in its default encoding has no letter for: it stops there. */
const UNKNOWN_TO_PDFTEX =
  /[^\x20-\x7e\u00a0-\u00aa\u00ac-\u00ba\u00bc-\u00cf\u00d1-\u00dd\u00df-\u00ef\u00f1-\u00fd\u00ff-\u0103\u0106-\u010f\u0112-\u0117\u011a-\u0125\u0128-\u012d\u0130-\u0137\u0139-\u013e\u0141-\u0148\u014c-\u0165\u0168-\u0171\u0174-\u017e\u2013\u2014\u2018\u2019\u201c\u201d\u2020-\u2022\u2026\u20ac\u2122]/gu;

/** A text that LaTeX takes as text. A character that pdfTeX does not know is there for LuaTeX and XeTeX (which have \Uchar) alone. */
export function escapeLatex(text: string): string {
  return visible(text).replaceAll(
    new RegExp(`[\\\\{}$&#%_~^<>|"±µ≥≤[\\]*-]|${UNKNOWN_TO_PDFTEX.source}`, 'gu'),
    (character) =>
      LATEX[character] ?? `{\\ifdefined\\Uchar ${character}\\else ${plainLetter(character)}\\fi}`,
  );
}

/** The letter without its marks: `ą` is `a`. */
function plainLetter(character: string): string {
  const [letter = ''] = character.normalize('NFD');
  return /^[A-Za-z]$/.test(letter) ? letter : '?';
}
