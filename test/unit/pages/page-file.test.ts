import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePage } from '../../../src/pages/page-file';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-page-file-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a page replaces the one before, and leaves nothing beside it', () => {
  writePage(join(dir, 'new/folder'), 'one');
  expect(readFileSync(writePage(join(dir, 'new/folder'), 'two'), 'utf8')).toBe('two');
  expect(readdirSync(join(dir, 'new/folder'))).toEqual(['index.html']);
});

test.each(['file', 'file/below'])('where the folder is a file (%s) the error says so', (name) => {
  writeFileSync(join(dir, 'file'), '');
  expect(() => writePage(join(dir, name), 'text')).toThrow(
    expect.objectContaining({
      code: 'EIT_PAGES',
      message: expect.stringContaining('give a folder that you may write to') as string,
    }),
  );
});
