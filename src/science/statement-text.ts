import { visible } from '../config/visible';
import { escapeXml } from './chart';
import type { Citation } from './citations';
import { type DocumentTable, escapeLatex, escapeMarkdown, latexTable, markdownTable } from './document-table';
import type { Block, Piece } from './statement-words';

/** Markdown: paragraphs, a table where there is one, references. */
export function statementMarkdown(blocks: readonly Block[], cited: readonly Citation[]): string {
  const piece = (one: Piece): string => {
    if (typeof one === 'string') return escapeMarkdown(one);
    return 'url' in one ? `<${webAddress(one.url)}>` : escapeMarkdown(one.cite.short);
  };
  const references = cited.map(({ text, url }) => `- ${escapeMarkdown(text)} <${url}>\n`);
  return [
    ...blocks.map((block, i) => {
      if (block.kind === 'heading') return `${i === 0 ? '##' : '###'} ${escapeMarkdown(block.text)}\n`;
      return block.kind === 'table' ? markdownTable(block.table) : `${block.pieces.map(piece).join('')}\n`;
    }),
    references.join(''),
  ].join('\n');
}

/** LaTeX for any class, without a package: the entries of \cite are what `--bibtex` prints. */
export function statementLatex(blocks: readonly Block[]): string {
  const piece = (one: Piece): string => {
    if (typeof one === 'string') return latexText(one);
    if ('cite' in one) return `\\cite{${one.cite.key}}`;
    return `\\texttt{${escapeLatex(webAddress(one.url)).replaceAll('/', '/\\allowbreak{}')}}`;
  };
  const parts: string[] = [];
  let open = '';
  for (const block of blocks) {
    if (block.kind === 'heading') {
      open = `\\paragraph{${latexText(block.text)}.}\n`;
      continue;
    }
    parts.push(
      block.kind === 'table'
        ? `${open}\\par\\noindent\n${latexCo2(latexTable(block.table))}`
        : `${open}${block.pieces.map(piece).join('')}\n`,
    );
    open = '';
  }
  return `% The entries of \\cite: eit statement --bibtex\n${parts.join('\n')}`;
}

function latexText(text: string): string {
  return latexCo2(escapeLatex(text));
}

function latexCo2(latex: string): string {
  return latex.replaceAll('CO2eq', 'CO\\textsubscript{2}eq');
}

const STYLE =
  'body{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}' +
  'td,th{padding:.2em .6em;border-bottom:1px solid #ccc;text-align:right}td:first-child,th:first-child{text-align:left}';

/** A page of its own; no script, nothing is loaded. */
export function statementHtml(blocks: readonly Block[], cited: readonly Citation[]): string {
  const text = (one: string): string => escapeXml(visible(one)).replaceAll('CO2eq', 'CO<sub>2</sub>eq');
  const link = (url: string, shown: string): string =>
    `<a href="${escapeXml(webAddress(url))}">${text(shown)}</a>`;
  const piece = (one: Piece): string => {
    if (typeof one === 'string') return text(one);
    return 'url' in one ? link(one.url, one.url) : link(one.cite.url, one.cite.short);
  };
  const row = (cells: readonly string[], tag: 'td' | 'th'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${text(cell)}</${tag}>`).join('')}</tr>\n`;
  const table = ({ columns, rows }: DocumentTable): string =>
    `<table>\n${row(
      columns.map(({ title }) => title),
      'th',
    )}${rows.map((cells) => row(cells, 'td')).join('')}</table>\n`;
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Carbon impact statement</title>\n',
    `<style>${STYLE}</style>\n</head>\n<body>\n`,
    ...blocks.map((block, i) => {
      if (block.kind === 'heading') return `<h${i === 0 ? 1 : 2}>${text(block.text)}</h${i === 0 ? 1 : 2}>\n`;
      return block.kind === 'table' ? table(block.table) : `<p>${block.pieces.map(piece).join('')}</p>\n`;
    }),
    '<h2>References</h2>\n<ul>\n',
    ...cited.map(({ text: reference, url }) => `<li>${text(reference)} ${link(url, url)}</li>\n`),
    '</ul>\n</body>\n</html>\n',
  ].join('');
}

/** A piece of plain text: the short form of what is cited, the address as it is. */
export function plainPiece(piece: Piece): string {
  if (typeof piece === 'string') return piece;
  return 'url' in piece ? piece.url : piece.cite.short;
}

/** Nothing of an address ends what stands around it. */
function webAddress(url: string): string {
  return visible(url).replaceAll(/[\s<>"\\^`{|}]/g, (character) => encodeURIComponent(character));
}
