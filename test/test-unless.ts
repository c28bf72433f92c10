/** Why tests that take another user's part do not run here; undefined where they do. */
export const noRoot = process.getuid?.() === 0 ? undefined : 'needs root';

/** `test`, or a skip whose name says what was missing. */
export function testUnless(missing: string | undefined): (name: string, body: jest.ProvidesCallback) => void {
  return (name, body) =>
    missing === undefined ? test(name, body) : test.skip(`${name} (skipped: ${missing})`, body);
}
