// Every check that is not a test. All run, also after one failed.
import { closeSync, existsSync, openSync, readSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run, top } from './child.mjs';

const bin = (name) => join('node_modules/.bin', name);
const CHECKS = [
  { name: 'types', command: [bin('tsc'), '-p', '.', '--noEmit'] },
  { name: 'types of the pages', command: [bin('tsc'), '-p', 'src/pages/browser', '--noEmit'] },
  {
    name: 'types of the leaderboard',
    command: [bin('tsc'), '-p', 'src/leaderboard/browser', '--noEmit'],
  },
  { name: "types of the pages' tests", command: [bin('tsc'), '-p', 'test/browser', '--noEmit'] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'generated', command: [process.execPath, 'scripts/generate.mjs', '--check'] },
  { name: 'layers', command: [process.execPath, 'scripts/check-layers.mjs'] },
  { name: 'licences', command: [process.execPath, 'scripts/check-licences.mjs'] },
  { name: 'audit', command: [process.execPath, 'scripts/check-audit.mjs'], skipped: 75 },
  { name: 'shell', command: ['shellcheck', ...findShellScripts('.')], optional: true },
];

/** Runs the checks one after the other, tells of each, and gives the names of those that failed. */
export async function runChecks() {
  const failed = [];
  for (const { name, command, optional, skipped } of CHECKS) {
    const [program, ...args] = command;
    if (optional && !isInPath(program)) {
      console.log(`check ${name}: skipped, ${program} is not installed`);
      continue;
    }
    const startMs = performance.now();
    const env = { ...process.env, NO_COLOR: '1' };
    const { status, output } = await run(program, args, { env, capture: true });
    if (status === skipped) {
      console.log(`check ${name}: skipped, ${output.trim()}`);
      continue;
    }
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`check ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
    if (status !== 0) {
      console.log(output.trimEnd());
      failed.push(name);
    }
  }
  return failed;
}

/** Every file below `folder` that starts as a shell script does. */
function findShellScripts(folder) {
  const skipped = ['.git', 'node_modules', 'dist', 'coverage', 'test-results', 'fixtures', 'data'];
  return readdirSync(join(top, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.includes(entry.name) ? [] : findShellScripts(path);
    return entry.isFile() && /^#! *\S*\/(env +)?(sh|bash|dash)\b/.test(readHead(join(top, path)))
      ? [path]
      : [];
  });
}

function readHead(file) {
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(64);
    return head.toString('latin1', 0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}

function isInPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const failed = await runChecks();
  if (failed.length > 0) {
    console.error(`Failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}
