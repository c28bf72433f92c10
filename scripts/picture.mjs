// Draws docs/report.svg, the picture in README.md: what eit-report prints of an example ledger, as a terminal shows it; and
// docs/top.svg, a screen of eit top.
//   npm run picture              draws it
//   npm run picture -- --check   fails where it is no longer what eit-report prints
// Always the same bytes: the ledger, the time zone and the terminal's width are fixed, and no glyph's width matters.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { build } from 'esbuild';
import { top } from './child.mjs';
import { drawTerminal } from './draw-terminal.mjs';
import { writeExampleLedger } from './example-ledger.mjs';
import { topLines } from './example-top.mjs';

const COLUMNS = 126;
const SITE = { ledger: '', site: { zone: 'DE', pue: 1.25, node_overhead: 1 } };
// Midnight in Berlin.
const WEEK = '2026-03-01T23:00:00Z';
const SHOWN = [
  ['-S', '2026-03-02', '-E', '2026-03-09', '--group-by', 'user,partition'],
  ['-S', '2026-03-02', '-E', '2026-03-09', '--group-by', 'day', '-u', 'ada'],
];
const TOP_SIZE = { columns: 100, rows: 18 };
const TOP_TITLE = 'eit top on a node with GPUs (made-up figures)';
const TITLE = 'eit-report on an example ledger (made-up week of a small cluster)';

const screens = await reports();
const reportSvg = drawTerminal(
  screens.flatMap(({ command, output }) => [`$ ${command}`, ...terminalLines(output), '']),
  { columns: COLUMNS, title: TITLE },
);
keep('docs/report.svg', reportSvg, 'eit-report prints');
keep(
  'docs/top.svg',
  drawTerminal(await topLines(TOP_SIZE), { columns: TOP_SIZE.columns, title: TOP_TITLE }),
  'eit top shows',
);

/** Writes a picture, or compares it. */
function keep(name, svg, what) {
  const path = join(top, name);
  if (!process.argv.includes('--check')) writeFileSync(path, svg);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== svg) {
    console.error(`${name} is not what ${what} now: run \`npm run picture\``);
    process.exitCode = 1;
  }
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
