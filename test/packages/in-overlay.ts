import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../cluster/processes';

/** What makes a copy of this system, of which nothing stays: $1 is an empty folder, $2 a script for the copy, the rest its arguments. */
const MAKE = `set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
for device in null zero urandom; do
  [ -c "$1/root/dev/$device" ] || { : >"$1/root/dev/$device"; mount --bind "/dev/$device" "$1/root/dev/$device"; }
done
root=$1/root script=$2
shift 2
mkdir "$root/in-overlay"
for file; do
  cp "$file" "$root/in-overlay/"
  set -- "$@" "/in-overlay/\${file##*/}"
  shift
done
exec chroot "$root" /bin/sh -c "$script" in-overlay "$@"`;

/** Why there can be no such copy here; null: there can. */
export function overlayUnavailable(): string | null {
  if (process.getuid?.() !== 0) return 'not root';
  const { status, stderr } = inOverlay('exit 0', []);
  return status === 0 ? null : `no overlay of this system: ${stderr.trim().split('\n')[0] ?? ''}`;
}

/**
 * Runs a script in a copy of this system with no process of this one, no systemd, and no trace left.
 * @param files files of this system; the script gets copies, as $1, $2, ...
 */
export function inOverlay(
  script: string,
  files: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  const dir = mkdtempSync(join(tmpdir(), 'eit-overlay-'));
  try {
    const isolated = [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--',
      'sh',
      '-c',
      MAKE,
      'make',
      dir,
      script,
    ];
    return spawnSync('unshare', [...isolated, ...files], {
      encoding: 'utf8',
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      cwd: '/',
      timeout: 200_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
