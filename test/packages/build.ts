import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { OUT, TOP, packagesUnavailable } from './packages';

/** Not each kind in each form: compressing is what takes the time. */
const WANTED = [
  ['--kind', 'node', '--format', 'tar', '--format', 'deb', '--format', 'rpm'],
  ['--kind', 'full', '--format', 'tar', '--format', 'deb'],
];

/** jest's globalSetup: builds the packages once for all suites here, by the program that makes those of a release. */
export default function build(): void {
  // For whoever writes these tests: those of the last run serve.
  if (packagesUnavailable() !== null || process.env['EIT_PACKAGES_BUILT'] === '1') return;
  rmSync(OUT, { recursive: true, force: true });
  for (const options of WANTED)
    execFileSync(process.execPath, [join(TOP, 'scripts/package.mjs'), '--out', OUT, ...options], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
}
