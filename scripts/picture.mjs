// Draws docs/report.svg, the picture in README.md: what eit-report prints of an example ledger, as a terminal shows it.
//   npm run picture              draws it
//   npm run picture -- --check   fails where it is no longer what eit-report prints
// Always the same bytes: the ledger, the time zone and the terminal's width are fixed, and no glyph's width matters.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { build } from 'esbuild';
import { top } from './child.mjs';
import { writeExampleLedger } from './example-ledger.mjs';

const PICTURE = join(top, 'docs/report.svg');
const COLUMNS = 126;
const SITE = { ledger: '', site: { zone: 'DE', pue: 1.25, node_overhead: 1 } };
// Midnight in Berlin.
const WEEK = '2026-03-01T23:00:00Z';
const SHOWN = [
  ['-S', '2026-03-02', '-E', '2026-03-09', '--group-by', 'user,partition'],
  ['-S', '2026-03-02', '-E', '2026-03-09', '--group-by', 'day', '-u', 'ada'],
];
const TITLE = 'eit-report on an example ledger (made-up week of a small cluster)';

// Of the picture, in px.
const FONT_SIZE = 13;
const CELL = 7.8;
const LINE = 19;
const MARGIN = 16;
const BAR_TOP = 34;

const screens = await reports();
const svg = draw(screens.flatMap(({ command, output }) => [`$ ${command}`, ...terminalLines(output), '']));
if (!process.argv.includes('--check')) writeFileSync(PICTURE, svg);
else if (readFileSync(PICTURE, 'utf8') !== svg) {
  console.error('docs/report.svg is not what eit-report prints now: run `npm run picture`');
  process.exitCode = 1;
}

/** Runs eit-report, as it is in src/ now, on the example ledger. */
async function reports() {
  // The command looks for data/ beside its own folder; dist/ itself belongs to the build.
  mkdirSync(join(top, 'node_modules/.cache'), { recursive: true });
  const dir = mkdtempSync(join(top, 'node_modules/.cache/eit-picture-'));
  try {
    await build({
      absWorkingDir: top,
      entryPoints: ['src/cli/eit-report.ts'],
      outdir: join(dir, 'dist'),
      bundle: true,
      platform: 'node',
      define: { __EIT_VERSION__: '"example"' },
      logLevel: 'warning',
    });
    symlinkSync(join(top, 'data'), join(dir, 'data'));
    const ledger = join(dir, 'ledger');
    writeExampleLedger(ledger, WEEK);
    const config = join(dir, 'eit.yaml');
    writeFileSync(config, JSON.stringify({ ...SITE, ledger, admins: [String(process.getuid())] }));
    return SHOWN.map((args) => ({
      command: `eit-report ${args.join(' ')}`,
      output: runReport(join(dir, 'dist/eit-report.js'), config, args),
    }));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What the command prints on a terminal with colours. */
function runReport(program, config, args) {
  const terminal = `data:text/javascript,process.stdout.isTTY=true;process.stdout.columns=${COLUMNS}`;
  const env = {
    PATH: process.env.PATH,
    EIT_CONFIG: config,
    TZ: 'Europe/Berlin',
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    FORCE_COLOR: '1',
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', terminal, program, ...args], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0 || stderr !== '') throw new Error(`eit-report ended with status ${status}: ${stderr}`);
  return stdout;
}

/** Lines as a terminal of that width wraps them. Only lines without colours are that long. */
function terminalLines(output) {
  return output
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      if (stripVTControlCharacters(line).length <= COLUMNS) return [line];
      return line.match(new RegExp(`.{1,${COLUMNS}}`, 'gu'));
    });
}

function draw(lines) {
  const shown = lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  const width = Math.ceil(COLUMNS * CELL + 2 * MARGIN);
  const height = BAR_TOP + shown.length * LINE + 2 * MARGIN - 6;
  const rows = shown.flatMap((line, i) => drawLine(line, BAR_TOP + MARGIN + (i + 0.7) * LINE));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(TITLE)}">
<title>${escape(TITLE)}</title>
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
<text class="title" x="${width / 2}" y="${BAR_TOP / 2 + 4.5}" text-anchor="middle">${escape(TITLE)}</text>
${rows.join('\n')}
</svg>
`;
}

/** A line's words at their columns, each as wide as its cells, and its bar as a rectangle. */
function drawLine(line, y) {
  const classes = [
    line.startsWith('$ ') ? 'command' : '',
    line.includes('\u001b[1m') ? 'bold' : '',
    line.includes('\u001b[33m') ? 'yellow' : '',
  ].filter(Boolean);
  const text = stripVTControlCharacters(line);
  if (/^-+$/.test(text)) {
    const middle = fixed(y - 0.3 * FONT_SIZE);
    return [`<path class="rule" d="M${MARGIN} ${middle}h${fixed(text.length * CELL)}"/>`];
  }
  return [...text.matchAll(/[█▏▎▍▌▋▊▉]+|[^\s█▏▎▍▌▋▊▉]+(?: [^\s█▏▎▍▌▋▊▉]+)*/gu)].map(({ 0: word, index }) => {
    const x = fixed(MARGIN + index * CELL);
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

function fixed(px) {
  return String(Number(px.toFixed(1)));
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
