import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { SYSTEM_PATH, run, succeed } from '../cluster/processes';
import type { BaseImage } from './base-image';

const top = join(__dirname, '../..');
const inside = join(__dirname, 'inside');
const env = { PATH: SYSTEM_PATH, LC_ALL: 'C' };
const PACKAGE_BOUND_MS = 10 * 60_000;

/** What the counters in the machine do (test/cluster/powercap-law-process.mjs). */
export const LAW = {
  sysRoot: '/run/eit-law/sys',
  log: '/var/lib/eit-guest/law.log',
  packages: 1,
  // So that no gap is long enough for a second wrap. The first comes half a minute after boot.
  maxEnergyUj: 262_143_328_850,
  startUj: 262_143_328_850 - 500_000_000,
  idleW: 10,
  fullW: 30,
  dram: { baseW: 2, swingW: 1, periodSeconds: 7 },
  stepMs: 50,
};

/** What the machine installs first, and what it upgrades to; the programs in both are the same. */
const PACKAGE_VERSIONS = { first: null, next: '0.1.1~test' };

/** A copy of the system with a package of EIT that waits to be installed, and with the scenarios. */
export async function makeMachineDisk(base: BaseImage, dir: string): Promise<string> {
  const disk = join(dir, 'disk.img');
  await succeed('cp', ['--sparse=always', '--reflink=auto', base.disk, disk], { env });
  const tree = join(dir, 'tree');
  makeTree(tree);
  for (const [name, version] of Object.entries(PACKAGE_VERSIONS))
    await makePackage(version, join(tree, 'opt/eit-guest', `${name}.deb`), join(dir, `package-${name}`));
  await debugfs(disk, putCommands(tree), { write: true });
  return disk;
}

/** Copies folders of a disk that no machine runs on into `dir`. After a power cut the file system is mended first. */
export async function readMachineDisk(disk: string, folders: readonly string[], dir: string): Promise<void> {
  mkdirSync(dir);
  const { status, stdout } = await run('e2fsck', ['-f', '-y', disk], { env });
  if (status === null || status > 2) throw new Error(`e2fsck ended with ${status}\n${stdout}`);
  await debugfs(
    disk,
    folders.map((folder) => `rdump ${folder} "${dir}"`),
  );
}

/** The .deb for compute nodes, by the program that makes those of a release. */
async function makePackage(version: string | null, file: string, dir: string): Promise<void> {
  const options = ['--kind', 'node', '--format', 'deb', '--out', dir];
  if (version !== null) options.push('--package-version', version);
  await succeed(process.execPath, [join(top, 'scripts/package.mjs'), ...options], {
    env: { ...process.env, LC_ALL: 'C' },
    boundMs: PACKAGE_BOUND_MS,
  });
  const [made] = readdirSync(dir);
  renameSync(join(dir, made!), file);
}

/** The files that the system lacks, with the modes that an admin's `cp` as root would give them. */
function makeTree(tree: string): void {
  const put = (from: string, to: string) => cpSync(from, join(tree, to), { recursive: true });
  put(join(top, 'test/cluster/powercap-law-process.mjs'), 'opt/eit-guest/powercap-law-process.mjs');
  put(join(inside, 'scenarios.mjs'), 'opt/eit-guest/scenarios.mjs');
  writeFileSync(join(tree, 'opt/eit-guest/law.json'), JSON.stringify(LAW));

  put(join(inside, 'eit.yaml'), 'opt/eit-guest/eit.yaml');
  for (const name of ['slurm.conf', 'cgroup.conf']) put(join(inside, name), `etc/slurm/${name}`);
  writeFileSync(join(tree, 'etc/slurm/prolog-flags.conf'), 'PrologFlags=Alloc,Contain\n');

  const units = readdirSync(inside).filter((file) => file.endsWith('.service'));
  for (const file of units.map((name) => join(inside, name))) {
    const unit = `etc/systemd/system/${basename(file)}`;
    put(file, unit);
    // As `systemctl enable` does it.
    mkdirSync(join(tree, 'etc/systemd/system/multi-user.target.wants'), { recursive: true });
    symlinkSync(`/${unit}`, join(tree, 'etc/systemd/system/multi-user.target.wants', basename(file)));
  }
}

/** debugfs(8) commands that put a tree onto a disk; its files become root's, whoever they belong to here. */
function putCommands(tree: string, folder = ''): string[] {
  const entries = readdirSync(join(tree, folder), { withFileTypes: true });
  // Its mkdir takes a leading slash for the current folder.
  const inFolder = folder === '' ? [] : ['cd /', `mkdir ${folder}`, `cd ${folder}`];
  const files = entries.flatMap((entry) => {
    const path = join(tree, folder, entry.name);
    if (entry.isDirectory()) return [];
    if (entry.isSymbolicLink()) return [`symlink ${entry.name} /etc/systemd/system/${entry.name}`];
    chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
    return [`write "${path}" ${entry.name}`];
  });
  const folders = entries.filter((entry) => entry.isDirectory());
  return [...inFolder, ...files, ...folders.flatMap(({ name }) => putCommands(tree, join(folder, name)))];
}

/** @throws Error with what debugfs says; its exit status tells nothing */
async function debugfs(disk: string, commands: readonly string[], { write = false } = {}): Promise<void> {
  const { stderr } = await run('debugfs', [...(write ? ['-w'] : []), '-f', '-', disk], {
    env,
    input: `${commands.join('\n')}\n`,
  });
  const complaints = stderr
    .split('\n')
    .filter((line) => line !== '' && !/^debugfs \d|directory already exists/.test(line));
  if (complaints.length > 0) throw new Error(`debugfs ${disk}: ${complaints.join('\n')}`);
}
