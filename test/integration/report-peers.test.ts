import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SmallLedger } from '../unit/synthetic/small-ledger';
import { testUnless } from '../test-unless';

const PEERS = join(__dirname, '../bench/report-peers');
const python =
  spawnSync('python3', ['-c', 'import sqlite3']).status === 0 ? undefined : 'python3 with sqlite3 is missing';

let ledger: SmallLedger;
beforeAll(() => {
  ledger = new SmallLedger();
});
afterAll(() => ledger.remove());

/** Sums over the runs that ended in February, from the text, by its form alone. */
function expected(): string {
  const joules = new Map<string, number>();
  for (const line of ledger.sacct().slice(1)) {
    const [, , , , , end = '', , , , , user, , partition, , , , , energy] = line.split('|');
    if (end.startsWith('2026-02')) {
      const group = `${user}|${partition}`;
      joules.set(group, (joules.get(group) ?? 0) + Number(energy));
    }
  }
  return [...joules]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, sum]) => `${group}|${(sum / 3.6e6).toFixed(6)}\n`)
    .join('');
}

describe.each([
  ['awk', undefined, ['sh', 'awk.sh']],
  ['Python', python, ['python3', 'python.py']],
  ['SQLite', python, ['python3', 'sqlite.py']],
])('%s', (_name, missing, [program = '', script = '']) => {
  testUnless(missing)('finds the sums of a month by user and partition, and says how long it took', () => {
    const args = [join(PEERS, script), join(ledger.folder, 'sacct.txt'), '2026-02'];
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toBe(expected());
    expect(stdout.split('\n').length).toBeGreaterThan(10);
    expect(stderr).toMatch(/^seconds \d+\.\d{3}/);
  });
});

testUnless(python)('they are run one after the other, and must find the same', () => {
  const args = [join(PEERS, 'run.mjs'), join(ledger.folder, 'sacct.txt'), '2026-02'];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(5);
});
