import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Environment, SYSTEM_PATH, run, succeed } from '../cluster/processes';

/** Debian 13: Slurm 24.11, whose prologs can run in the job, and a Node.js that EIT supports. */
export const RELEASE = 'trixie';

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'iproute2', 'procps', 'linux-image-cloud-amd64'],
  ...['slurmctld', 'slurmd', 'slurm-client', 'munge', 'nodejs'],
];

/** What dpkg need not do here: wait for the disk after each file, unpack what nobody reads. */
const DPKG = [
  'force-unsafe-io',
  ...['doc', 'man', 'locale'].map((dir) => `path-exclude=/usr/share/${dir}/*`),
];

/** In the new system. An ordinary user, and nothing that begins to work by itself on the slow machine. */
const SETUP = `set -e
useradd --create-home eitann
echo eitguest >/etc/hostname
printf '%s\\n' '127.0.0.1 localhost' '192.0.2.1 eitguest' >/etc/hosts
install -d -o slurm -g slurm /var/lib/slurm/slurmctld /var/log/slurm
install -d /var/lib/slurm/slurmd /var/lib/eit-guest
systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \\
  e2scrub_all.timer e2scrub_reap.service systemd-pstore.service getty@tty1.service serial-getty@ttyS0.service
rm -rf /var/cache/apt /var/lib/apt/lists
`;

const DISK_SIZE = '3G';
const BUILD_BOUND_MS = 10 * 60_000;

/** A Debian system without EIT, as files for the emulator. Not to be written to. */
export interface BaseImage {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/** Where systems are kept between runs, and the folders of runs in progress: EIT_GUEST_CACHE, else the user's cache. */
export function cacheDir(): string {
  return (
    process.env.EIT_GUEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'eit-guest')
  );
}

export function isCached(): boolean {
  return existsSync(cached().disk);
}

/**
 * The system from the cache, or made there: a minute or more, and some hundred MB from the mirror.
 * @param mirror of Debian; only needed where the system is not in the cache
 * @throws Error with what the failing program said
 */
export async function baseImage(mirror: string | null): Promise<BaseImage> {
  const image = cached();
  if (existsSync(image.disk)) return image;
  if (mirror === null) throw new Error("apt's sources name no Debian mirror");
  const dir = ownDir('build');
  try {
    await build(mirror, dir);
    rmSync(cachedDir(), { recursive: true, force: true });
    renameSync(join(dir, 'image'), cachedDir());
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return image;
}

/** An empty folder in the cache for this process alone. Those of processes that are gone are removed. */
export function ownDir(purpose: 'build' | 'run'): string {
  mkdirSync(cacheDir(), { recursive: true, mode: 0o700 });
  for (const name of readdirSync(cacheDir())) {
    const pid = /^(?:build|run)-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(cacheDir(), name), { recursive: true, force: true });
  }
  const dir = join(cacheDir(), `${purpose}-${process.pid}`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  return dir;
}

async function build(mirror: string, dir: string): Promise<void> {
  const [root, image] = [join(dir, 'root'), join(dir, 'image')];
  mkdirSync(join(root, 'etc/dpkg/dpkg.cfg.d'), { recursive: true });
  mkdirSync(image);
  writeFileSync(join(root, 'etc/dpkg/dpkg.cfg.d/eit-guest'), `${DPKG.join('\n')}\n`);

  const options = { env: await environment(), boundMs: BUILD_BOUND_MS };
  await isolated(
    ['debootstrap', '--variant=minbase', `--include=${PACKAGES.join(',')}`, RELEASE, root, mirror],
    options,
  );
  await isolated(['chroot', root, '/bin/sh', '-c', SETUP], options);

  const boot = join(root, 'boot');
  for (const [name, prefix] of [
    ['kernel', 'vmlinuz-'],
    ['initrd', 'initrd.img-'],
  ] as const) {
    const file = readdirSync(boot).find((entry) => entry.startsWith(prefix));
    if (file === undefined) throw new Error(`no ${prefix}* in the new system's /boot`);
    copyFileSync(join(boot, file), join(image, name));
  }
  const disk = join(image, 'disk.img');
  await succeed('truncate', ['-s', DISK_SIZE, disk], options);
  await succeed('mkfs.ext4', ['-q', '-F', '-d', root, disk], options);
}

/** With mounts and processes of its own: whatever the command mounts or starts is gone when it, or this process, is. */
async function isolated(
  command: readonly string[],
  options: { readonly env: Environment; readonly boundMs: number },
): Promise<void> {
  const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--', ...command];
  const { status, stdout, stderr } = await run('setpriv', ['--pdeathsig', 'KILL', '--', ...unshare], options);
  if (status !== 0) {
    const said = `${stdout}${stderr}`.split('\n').slice(-30).join('\n');
    throw new Error(`${command[0]} ended with ${status}\n${said}`);
  }
}

/** debootstrap loads by wget, which knows a proxy from the environment; apt may have one of its own. */
async function environment(): Promise<Environment> {
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const ofApt = await succeed('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy'], { env });
  const proxy = process.env.http_proxy ?? /^proxy='(.*)'$/m.exec(ofApt)?.[1];
  return proxy === undefined ? env : { ...env, http_proxy: proxy };
}

function cached(): BaseImage {
  const dir = cachedDir();
  return { disk: join(dir, 'disk.img'), kernel: join(dir, 'kernel'), initrd: join(dir, 'initrd') };
}

/** Named by what the system is made of. */
function cachedDir(): string {
  const ingredients = JSON.stringify([RELEASE, PACKAGES, DPKG, SETUP, DISK_SIZE]);
  return join(
    cacheDir(),
    `${RELEASE}-${createHash('sha256').update(ingredients).digest('hex').slice(0, 12)}`,
  );
}
