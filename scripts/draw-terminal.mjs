// Draws lines of a terminal as SVG: always the same bytes, and no glyph's width matters.
import { stripVTControlCharacters } from 'node:util';

// Of the picture, in px.
const FONT_SIZE = 13;
const CELL = 7.8;
const LINE = 19;
const MARGIN = 16;
const BAR_TOP = 34;

/**
 * @param {readonly string[]} lines with the codes of bold, yellow, green, dim and inverse
 * @param {{columns: number, title: string}} terminal
 */
export function drawTerminal(lines, { columns, title }) {
  const shown = lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  const width = Math.ceil(columns * CELL + 2 * MARGIN);
  const height = BAR_TOP + shown.length * LINE + 2 * MARGIN - 6;
  const rows = shown.flatMap((line, i) => drawLine(line, BAR_TOP + MARGIN + (i + 0.7) * LINE));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<title>${escape(title)}</title>
<style>
  .page { fill: #ffffff; stroke: #d0d7de; } .bar { fill: #f3f5f7; } .dot { fill: #d0d7de; } .share { fill: #2f7d5b; }
  text { fill: #1f2328; font: ${FONT_SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre; }
  .title { fill: #59636e; } .bold { font-weight: 600; } .yellow { fill: #8a5a00; } .command { fill: #0b5cad; font-weight: 600; } .rule { stroke: #b6bec6; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d; } .bar { fill: #161b22; } .dot { fill: #30363d; } .share { fill: #4fb286; }
    text { fill: #e6edf3; } .title { fill: #9198a1; } .yellow { fill: #e3b341; } .command { fill: #79b8ff; } .rule { stroke: #444c56; }
  }
</style>
<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
<path class="bar" d="M1 ${BAR_TOP}V8a7 7 0 0 1 7-7H${width - 8}a7 7 0 0 1 7 7V${BAR_TOP}z"/>
${[0, 1, 2].map((i) => `<circle class="dot" cx="${20 + 18 * i}" cy="${BAR_TOP / 2}" r="5"/>`).join('')}
<text class="title" x="${width / 2}" y="${BAR_TOP / 2 + 4.5}" text-anchor="middle">${escape(title)}</text>
${rows.join('\n')}
</svg>
`;
}

/** A sparkline, a bar, or words with single spaces between. */
const WORDS = /[▁-█]*[▁-▇][▁-█]*|[█▏▎▍▌▋▊▉]+|[^\s▁-▏]+(?: [^\s▁-▏]+)*/gu;

/** A line's words at their columns, each as wide as its cells, and its bar as a rectangle. */
function drawLine(line, y) {
  const classes = [
    line.startsWith('$ ') ? 'command' : '',
    line.includes('\u001b[1m') ? 'bold' : '',
    line.includes('\u001b[33m') ? 'yellow' : '',
    line.includes('\u001b[2m') ? 'title' : '',
  ].filter(Boolean);
  const text = stripVTControlCharacters(line);
  if (/^-+$/.test(text)) {
    const middle = fixed(y - 0.3 * FONT_SIZE);
    return [`<path class="rule" d="M${MARGIN} ${middle}h${fixed(text.length * CELL)}"/>`];
  }
  return [...text.matchAll(WORDS)].map(({ 0: word, index }) => {
    const x = fixed(MARGIN + index * CELL);
    if (/[▁-▇]/u.test(word)) return drawSparkline(word, MARGIN + index * CELL, y);
    const eighths = '▏▎▍▌▋▊▉█';
    if (eighths.includes(word[0])) {
      const cells = [...word].reduce((sum, block) => sum + (eighths.indexOf(block) + 1) / 8, 0);
      const at = fixed(y - 0.78 * FONT_SIZE);
      return `<rect class="share" x="${x}" y="${at}" width="${fixed(cells * CELL)}" height="${FONT_SIZE - 1}"/>`;
    }
    const attributes = classes.length > 0 ? ` class="${classes.join(' ')}"` : '';
    const length = fixed(word.length * CELL);
    return `<text${attributes} x="${x}" y="${fixed(y)}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escape(word)}</text>`;
  });
}

/** Each column from the line's foot up. */
function drawSparkline(columns, x, y) {
  const foot = y + 0.16 * FONT_SIZE;
  const path = [...columns].map((block, i) => {
    const height = (('▁▂▃▄▅▆▇█'.indexOf(block) + 1) / 8) * (FONT_SIZE - 1);
    return `M${fixed(x + i * CELL)} ${fixed(foot)}v${fixed(-height)}h${fixed(CELL)}v${fixed(height)}z`;
  });
  return `<path class="share" d="${path.join('')}"/>`;
}

function fixed(px) {
  return String(Number(px.toFixed(1)));
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
