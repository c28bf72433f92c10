import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where this machine has Chromium; null: nowhere. */
export function chromiumPath(): string | null {
  const { EIT_CHROMIUM: named } = process.env;
  return [...(named === undefined ? [] : [named]), ...PLACES].find((path) => existsSync(path)) ?? null;
}

/**
 * Registers a suite that needs a browser. Without one it is a skipped test that says so; with CI=true or EIT_REQUIRE_BROWSER=1 a failing
 * one.
 */
export function describeBrowser(name: string, suite: (chromium: string) => void): void {
  const path = chromiumPath();
  const title = `${name} (Chromium)`;
  if (path !== null) {
    describe(title, () => suite(path));
    return;
  }
  const reason = 'Chromium is not installed (Debian: chromium)';
  if (process.env.CI === 'true' || process.env.EIT_REQUIRE_BROWSER === '1') {
    test(title, () => {
      throw new Error(`required, and cannot run: ${reason}`);
    });
  } else test.skip(`${title} (skipped: ${reason})`, () => undefined);
}
