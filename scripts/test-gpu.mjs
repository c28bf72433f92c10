// Measures on this machine's NVIDIA GPU how well the ways of reading its energy agree (test/gpu). The table comes to
// test-results/gpu-energy.card.md; with --write into docs/accuracy.md too, between its marks. EIT_GPU_STAND_IN=1: on what stands in for a
// GPU, to try the measurement itself; that table is never written into the documents.
// Usage: npm run test:gpu [-- --write]
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, top } from './child.mjs';
import { withTable } from './gpu-table.mjs';

const table = join(top, 'test-results/gpu-energy.card.md');
const page = join(top, 'docs/accuracy.md');
const isWriting = process.argv.includes('--write');
const rest = process.argv.slice(2).filter((argument) => argument !== '--write');

// What is there afterwards is of this run.
rmSync(table, { force: true });
const { status } = await run(process.execPath, ['scripts/test.mjs', '--project', 'gpu', ...rest]);
process.exitCode = status ?? 1;
if (isWriting) {
  try {
    writeFileSync(page, withTable(readFileSync(page, 'utf8'), readFileSync(table, 'utf8')));
    console.log(`${page} has the table now.`);
  } catch (error) {
    console.error(`Nothing was written: ${error.code === 'ENOENT' ? 'no GPU was measured' : error.message}`);
    process.exitCode = 1;
  }
}
