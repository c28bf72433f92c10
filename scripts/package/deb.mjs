// The .deb: deb(5), deb-control(5), and the policy's maintainer scripts.
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../child.mjs';
import { listFiles, makeSystemTree, scriptText } from './system-tree.mjs';
import { KINDS } from './tree.mjs';

// libgcc-s1 was libgcc1 in Debian 10; 2.28 and 8 are those of Debian 10 and RHEL 8.
const DEPENDS = 'libc6 (>= 2.28), libstdc++6 (>= 8), libgcc-s1 | libgcc1, passwd, util-linux';

/**
 * Makes the .deb of a kind of package.
 * @param of the version, the time of all files, and the folder `stage`/`folder` of the archive
 * @returns its path
 * @throws Error with what dpkg-deb said
 */
export async function makeDeb({ kind, version, dateS, stage, folder, out }) {
  const { name } = KINDS[kind];
  const root = join(stage, 'deb');
  makeSystemTree(kind, join(stage, folder), root);
  const files = listFiles(root);
  const regular = files.filter((file) => lstatSync(join(root, file)).isFile());
  const control = join(root, 'DEBIAN');
  mkdirSync(control);
  const put = (file, text, mode = 0o644) => {
    writeFileSync(join(control, file), text, { mode });
    chmodSync(join(control, file), mode);
  };
  const debVersion = version.replace('-', '~');
  const installedKb = Math.ceil(
    regular.reduce((sum, file) => sum + lstatSync(join(root, file)).size, 0) / 1024,
  );
  put('control', controlText(kind, debVersion, installedKb));
  put('conffiles', '/etc/eit/eit.yaml\n');
  put(
    'md5sums',
    regular
      .filter((file) => !file.startsWith('etc/'))
      .map((file) => sumLine(root, file))
      .join(''),
  );
  for (const script of ['postinst', 'prerm', 'postrm'])
    put(script, `#!/bin/sh\nset -e\n${scriptText(kind, `deb-${script}`)}`, 0o755);

  const file = join(out, `${name}_${debVersion}_amd64.deb`);
  const { status, output } = await run(
    'dpkg-deb',
    ['--root-owner-group', '-Zgzip', '-z6', '--threads-max=1', '--build', root, file],
    { env: { ...process.env, SOURCE_DATE_EPOCH: String(dateS), LC_ALL: 'C' }, capture: true },
  ).catch((error) => {
    throw new Error(`dpkg-deb is needed for a .deb (Debian: dpkg; RHEL and Fedora: dpkg): ${error.message}`);
  });
  rmSync(root, { recursive: true });
  if (status !== 0) throw new Error(`${file} could not be made:\n${output.trim()}`);
  return file;
}

function controlText(kind, version, installedKb) {
  const { name, summary, description } = KINDS[kind];
  const other = KINDS[kind === 'node' ? 'full' : 'node'].name;
  const fields = {
    Package: name,
    Version: version,
    Architecture: 'amd64',
    Maintainer: 'EIT for Slurm <eit-for-slurm@localhost>',
    'Installed-Size': installedKb,
    Depends: DEPENDS,
    ...(kind === 'full' && { Recommends: 'acl' }),
    Provides: kind === 'full' ? `${other} (= ${version})` : undefined,
    Conflicts: other,
    Replaces: other,
    Section: 'admin',
    Priority: 'optional',
    Description: `${summary}\n ${description}`,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
}

function sumLine(root, file) {
  return `${createHash('md5')
    .update(readFileSync(join(root, file)))
    .digest('hex')}  ${file}\n`;
}
