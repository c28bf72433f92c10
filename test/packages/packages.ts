import { accessSync, constants, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isErrno } from '../../src/errors';
import { SYSTEM_PATH, succeed } from '../cluster/processes';

export const TOP = join(__dirname, '../..');

/** Where build.ts puts what all suites here look at. */
export const OUT = join(TOP, 'build/test-packages');

const COMMANDS = [
  'tar',
  'gzip',
  'dpkg-deb',
  'rpmbuild',
  'rpm',
  'objdump',
  'mandoc',
  'shellcheck',
  'fish',
  'zsh',
];

/** Why no packages can be made here, in words for whoever runs the tests; null: they can. */
export function packagesUnavailable(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'not Linux on x86-64';
  const missing = COMMANDS.filter((command) => !isInstalled(command));
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')}`;
}

/** Registers a suite over the built packages; where there are none it is a skipped test that says why, and in CI a failing one. */
export function describePackages(name: string, suite: () => void): void {
  const reason = packagesUnavailable();
  if (reason === null) describe(name, suite);
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error(`required in CI, but ${reason}`);
    });
  else test.skip(`${name} (skipped: ${reason})`, () => undefined);
}

/** The one package whose name begins so and ends so. */
export function packageFile(begin: string, end: string): string {
  const found = readdirSync(OUT).filter((file) => file.startsWith(begin) && file.endsWith(end));
  if (found.length !== 1) throw new Error(`${OUT} has ${found.length} of ${begin}*${end}`);
  return join(OUT, found[0]!);
}

/** Unpacks an archive into a new folder with a space in its path. @returns the folder that is the package */
export async function unpack(kind: 'node' | 'full'): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'eit package '));
  const archive = packageFile(kind === 'node' ? 'slurm-eit-node-' : 'slurm-eit-0', '.tar.gz');
  await succeed('tar', ['--no-same-owner', '-xzf', archive, '-C', dir, '--strip-components=1'], {
    env: { PATH: SYSTEM_PATH },
  });
  return dir;
}

function isInstalled(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return false;
      throw error;
    }
  });
}
