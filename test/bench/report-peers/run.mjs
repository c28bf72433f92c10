// Energy by user and partition of a month, by awk, Python and SQLite, from a file that `eit ledger generate --sacct` wrote: what
// `eit-report` is compared with. All three must find the same. They give a run's whole energy to the month in which it ended,
// where eit-report cuts it at the month's end.
// Usage: node test/bench/report-peers/run.mjs SACCT_FILE YYYY-MM
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const [file, month] = process.argv.slice(2);
if (file === undefined || !/^\d{4}-\d\d$/.test(month ?? '')) {
  console.error('usage: node test/bench/report-peers/run.mjs SACCT_FILE YYYY-MM');
  process.exit(2);
}

const PEERS = [
  ['sh', 'awk.sh'],
  ['python3', 'python.py'],
  ['python3', 'sqlite.py'],
];

console.log('| peer | s, as it says | s, the process | groups |');
console.log('|---|---|---|---|');
let first;
for (const [program, script] of PEERS) {
  const startMs = performance.now();
  const { status, stdout, stderr, error } = spawnSync(
    program,
    [join(import.meta.dirname, script), file, month],
    {
      encoding: 'utf8',
    },
  );
  const seconds = ((performance.now() - startMs) / 1000).toFixed(3);
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`, { cause: error });
  first ??= stdout;
  if (stdout !== first) throw new Error(`${script} found something else than ${PEERS[0][1]}`);
  const said = stderr.trim().replace(/^seconds /, '');
  console.log(`| ${script} | ${said} | ${seconds} | ${stdout.split('\n').length - 1} |`);
}
