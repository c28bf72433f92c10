import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Why tests that take another user's part do not run here; undefined where they do. The other user runs the programs of this checkout, so
 * each folder above them has to let him through.
 */
export const noOtherUser = process.getuid?.() === 0 ? closedAbove(__dirname) : 'needs root';

function closedAbove(path: string): string | undefined {
  if ((statSync(path).mode & 0o001) === 0)
    return `needs a checkout that other users can enter, and ${path} is closed to them: chmod o+x`;
  return dirname(path) === path ? undefined : closedAbove(dirname(path));
}

/** `test`, or a skip whose name says what was missing. */
export function testUnless(missing: string | undefined): (name: string, body: jest.ProvidesCallback) => void {
  return (name, body) =>
    missing === undefined ? test(name, body) : test.skip(`${name} (skipped: ${missing})`, body);
}
