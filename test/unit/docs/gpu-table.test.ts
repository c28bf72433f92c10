import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { TOP, read } from './documents';

/** What the script makes of a page; it is a module, which jest does not load. */
function withTable(page: string, table: string): string {
  const script =
    'const [, file, page, table] = process.argv; import(file).then(({ withTable }) => process.stdout.write(withTable(page, table)))';
  return execFileSync(process.execPath, ['-e', script, join(TOP, 'scripts/gpu-table.mjs'), page, table], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

test('docs/accuracy.md has one place for the table, and the table replaces what is there, however often', () => {
  const { text } = read('docs/accuracy.md');
  const once = withTable(text, '| a |\n');
  expect(once).toContain('<!-- gpu-table -->\n\n| a |\n\n<!-- /gpu-table -->');
  expect(once).not.toContain('No card was measured yet.');
  const twice = withTable(once, '| b |\n');
  expect(twice).toBe(once.replace('| a |', '| b |'));
});

test.each([
  '',
  '<!-- gpu-table -->',
  '<!-- gpu-table --><!-- /gpu-table --><!-- gpu-table --><!-- /gpu-table -->',
])('a page without just one is refused: %s', (page) => {
  expect(() => withTable(page, 'x')).toThrow('has not one');
});
