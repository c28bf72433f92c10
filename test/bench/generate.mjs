// How fast `eit ledger generate` writes, and that its memory does not grow with the ledger's length: ledgers of several
// shapes into a temporary folder that is taken away again, by the built program.
// Usage: npm run bench:generate [-- DIR]     DIR: where there is room for some GB; default: the system's folder for such files
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [where = tmpdir()] = process.argv.slice(2);
const program = join(import.meta.dirname, '../../dist/eit.js');
const POLL_MS = 50;

/** Few jobs, so that most lines are stretches of long runs; and many short ones, so that most are whole runs. */
const SHAPES = [
  { what: 'long runs, 2 days', args: ['--hosts', '100', '--jobs-per-day', '4000', '--days', '2'] },
  { what: 'long runs, 8 days', args: ['--hosts', '100', '--jobs-per-day', '4000', '--days', '8'] },
  { what: 'short runs, 1 day', args: ['--hosts', '20', '--jobs-per-day', '200000', '--days', '1'] },
  { what: 'short runs, 4 days', args: ['--hosts', '20', '--jobs-per-day', '200000', '--days', '4'] },
];

console.log(`Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`);
console.log('| ledger | jobs | lines | MB | s | lines a s | MB a s | most memory (MB) |');
console.log('|---|---|---|---|---|---|---|---|');
for (const { what, args } of SHAPES) {
  const dir = mkdtempSync(join(where, 'eit-bench-generate-'));
  try {
    const { result, rssMb } = await generate([join(dir, 'ledger'), ...args]);
    const { jobs, bytes, seconds } = result;
    const lines = result.lines.run + result.lines.host;
    const perSecond = [lines / seconds, bytes / 1e6 / seconds].map(Math.round);
    const cells = [what, jobs, lines, Math.round(bytes / 1e6), seconds.toFixed(1), ...perSecond, rssMb];
    console.log(`| ${cells.join(' | ')} |`);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What it prints, and the most memory that it had (VmHWM of proc(5)). */
function generate(args) {
  return new Promise((resolve, reject) => {
    const command = [program, 'ledger', 'generate', ...args, '--json'];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    let rssMb = 0;
    const poll = setInterval(() => {
      rssMb = mostMemoryMb(child.pid) ?? rssMb;
    }, POLL_MS);
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.on('error', reject);
    child.on('close', (status) => {
      clearInterval(poll);
      if (status === 0) resolve({ result: JSON.parse(stdout), rssMb });
      else reject(new Error(`eit ledger generate ended with ${status}`));
    });
  });
}

/** Of a process that may just have ended. */
function mostMemoryMb(pid) {
  try {
    const kb = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? null : Math.round(Number(kb) / 1000);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
}
