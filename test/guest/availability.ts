import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isErrno } from '../../src/errors';
import { SYSTEM_PATH } from '../cluster/processes';
import { RELEASE, isCached } from './base-image';

const COMMANDS = [
  'qemu-system-x86_64',
  'debootstrap',
  'mkfs.ext4',
  'e2fsck',
  'debugfs',
  'unshare',
  'setpriv',
  'chroot',
];

/** Why no machine can be emulated here, in words for whoever runs the tests; null: it can. */
export function guestUnavailable(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'not Linux on x86-64';
  if (process.getuid?.() !== 0) return 'not root';
  const missing = COMMANDS.filter((command) => !isInstalled(command));
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  if (isCached()) return null;
  if (!existsSync(`/usr/share/debootstrap/scripts/${RELEASE}`)) return `debootstrap knows no ${RELEASE}`;
  return debianMirror() === null ? "apt's sources name no Debian mirror" : null;
}

/**
 * The mirror that this machine's own apt takes Debian from (apt-get(8), indextargets); null where there is none. Its label
 * is known once `apt-get update` has run.
 */
export function debianMirror(): string | null {
  const format = '$(REPO_URI)|$(COMPONENT)|$(LABEL)';
  const { stdout, status } = spawnSync(
    'apt-get',
    ['indextargets', '--format', format, 'Created-By: Packages'],
    { encoding: 'utf8', env: { PATH: SYSTEM_PATH } },
  );
  if (status !== 0) return null;
  const targets = stdout.split('\n').map((line) => line.split('|'));
  const found = targets.find(
    ([uri = '', component, label]) =>
      component === 'main' && (label === 'Debian' || (label === '' && /\/debian\/?$/.test(uri))),
  );
  return found?.[0] ?? null;
}

/**
 * Registers the suite that needs a whole machine. Where there can't be one it is a single skipped test that says why; with
 * EIT_REQUIRE_GUEST=1 a failing one.
 */
export function describeGuest(name: string, suite: () => void): void {
  const reason = guestUnavailable();
  const title = `${name} (a whole machine, emulated)`;
  if (reason === null) {
    describe(title, suite);
  } else if (process.env.EIT_REQUIRE_GUEST === '1') {
    test(title, () => {
      throw new Error(`required here (EIT_REQUIRE_GUEST=1), but ${reason}`);
    });
  } else {
    test.skip(`${title}: ${reason}`, () => undefined);
  }
}

function isInstalled(command: string): boolean {
  return SYSTEM_PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return false;
      throw error;
    }
  });
}
