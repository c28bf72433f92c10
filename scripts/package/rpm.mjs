// The .rpm, by rpmbuild from a spec file that takes the staged files as they are.
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../child.mjs';
import { listFiles, makeSystemTree, scriptText } from './system-tree.mjs';
import { KINDS } from './tree.mjs';

/** Ours alone; those of others stay with their packages, such as /usr/bin. */
const OUR_FOLDERS = /^(opt\/eit|etc\/eit)(\/|$)/;

/**
 * Makes the .rpm of a kind of package.
 * @param of the version, the time of all files, and the folder `stage`/`folder` of the archive
 * @returns its path
 * @throws Error with what rpmbuild said
 */
export async function makeRpm({ kind, version, dateS, stage, folder, out }) {
  const { name } = KINDS[kind];
  const [root, work] = [join(stage, 'rpm-root'), join(stage, 'rpm-work')];
  makeSystemTree(kind, join(stage, folder), root);
  mkdirSync(work, { recursive: true });
  const rpmVersion = version.replace('-', '~');
  const spec = join(work, `${name}.spec`);
  writeFileSync(spec, specText(kind, rpmVersion, root));
  const defines = {
    _topdir: work,
    _sourcedir: root,
    // The time of all files and of the build, whoever builds.
    use_source_date_epoch_as_buildtime: 1,
    clamp_mtime_to_source_date_epoch: 1,
    _buildhost: 'localhost',
    // RHEL 8 reads it.
    _binary_payload: 'w6.gzdio',
    // Files are taken as they are: nothing is stripped, compressed, or searched for what it needs.
    __os_install_post: '%{nil}',
    _build_id_links: 'none',
    debug_package: '%{nil}',
  };
  const options = Object.entries(defines).flatMap(([key, value]) => ['--define', `${key} ${value}`]);
  const { status, output } = await run('rpmbuild', ['-bb', '--target', 'x86_64', ...options, spec], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(dateS), LC_ALL: 'C.UTF-8' },
    capture: true,
  }).catch((error) => {
    throw new Error(
      `rpmbuild is needed for an .rpm (Debian: rpm; RHEL and Fedora: rpm-build): ${error.message}`,
    );
  });
  const file = join(out, `${name}-${rpmVersion}-1.x86_64.rpm`);
  if (status !== 0) throw new Error(`${file} could not be made:\n${output.trim()}`);
  const [made] = readdirSync(join(work, 'RPMS/x86_64'));
  copyFileSync(join(work, 'RPMS/x86_64', made), file);
  for (const path of [root, work]) rmSync(path, { recursive: true });
  return file;
}

function specText(kind, version, root) {
  const { name, summary, description } = KINDS[kind];
  const other = KINDS[kind === 'node' ? 'full' : 'node'].name;
  const script = (part) => `${scriptText(kind, `rpm-${part}`).replaceAll('%', '%%').trim()}\n`;
  return `Name: ${name}
Version: ${version}
Release: 1
Summary: ${summary}
License: MIT
AutoReqProv: no
Requires: glibc >= 2.28, libstdc++ >= 8, libgcc, util-linux, coreutils, shadow-utils
${kind === 'full' ? `Recommends: acl\nProvides: ${other} = %{version}\n` : ''}Conflicts: ${other}
BuildRoot: ${root}

%description
${description}

%install
cp -a --no-preserve=ownership ${quoted(`${root}/.`)} "%{buildroot}"

%post
${script('post')}
%preun
${script('preun')}
%postun
${script('postun')}
%files
%defattr(-,root,root,-)
${fileList(root)}`;
}

function fileList(root) {
  const files = listFiles(root).map((file) =>
    file === 'etc/eit/eit.yaml' ? `%config(noreplace) "/${file}"` : `"/${file}"`,
  );
  const folders = readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((folder) => OUR_FOLDERS.test(folder))
    .sort()
    .map((folder) => `%dir "/${folder}"`);
  return `${[...folders, ...files].join('\n')}\n`;
}

function quoted(path) {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
