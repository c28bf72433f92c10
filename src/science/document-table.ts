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
  '"': '\\textquotedbl{}',
  '±': '\\ensuremath{\\pm}',
  µ: '\\ensuremath{\\mu}',
  // A cell that begins with it would be an argument of the line break before.
  '[': '{[}',
  ']': '{]}',
  '*': '{*}',
  '-': '-{}',
};

/** A text that LaTeX takes as text. */
export function escapeLatex(text: string): string {
  return visible(text).replaceAll(/[\\{}$&#%_~^<>|"±µ[\]*-]/g, (character) => LATEX[character] ?? '');
}
