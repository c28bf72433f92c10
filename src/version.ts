import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Put in by the build; not there when the sources run as they are (tests). */
declare const __EIT_VERSION__: string | undefined;

/** Version of this program, as in package.json. */
export const version: string = typeof __EIT_VERSION__ === 'string' ? __EIT_VERSION__ : readPackageVersion();

function readPackageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
