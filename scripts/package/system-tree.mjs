// Where the parts of a .deb or .rpm lie: the folder of the archive in /opt/eit, and what systemd, shells and man look for.
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { top } from '../child.mjs';

const NODE_UNITS = ['eit-agent.service', 'eit-shipper.service'];
const UNITS = 'usr/lib/systemd/system';
const PRESET = 'usr/lib/systemd/system-preset/50-eit.preset';
const COMPLETIONS = 'usr/share/bash-completion/completions';

/**
 * Makes it beside the archive's folder, which stays as it is.
 * @param kind `node` or `full` @param home the archive's folder @param root where; made anew
 */
export function makeSystemTree(kind, home, root) {
  rmSync(root, { recursive: true, force: true });
  const eit = join(root, 'opt/eit');
  mkdirSync(dirname(eit), { recursive: true });
  cpSync(home, eit, { recursive: true });
  mkdirSync(join(eit, 'hooks'));
  // The names that slurm.conf has are links, made by a script of the package: packaging/scripts/common.sh says why.
  for (const hook of ['prolog', 'epilog']) renameSync(join(eit, hook), join(eit, 'hooks', hook));

  const put = (from, to) => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(from, join(root, to));
  };
  const link = (target, path) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  };
  const examples = join(eit, 'slurm-examples');
  const units = readdirSync(examples).filter((file) => /\.(service|timer)$/.test(file));
  for (const unit of units.filter((file) => kind === 'full' || NODE_UNITS.includes(file)))
    put(join(examples, unit), `${UNITS}/${unit}`);
  if (kind === 'node') put(join(top, 'packaging/etc/50-eit.preset'), PRESET);
  put(join(top, 'packaging/etc/eit.yaml'), 'etc/eit/eit.yaml');
  for (const program of readdirSync(join(eit, 'bin')).filter((name) => !name.startsWith('.')))
    link(`/opt/eit/bin/${program}`, `usr/bin/${program}`);
  put(join(examples, 'eit-completion.bash'), `${COMPLETIONS}/eit`);
  link('eit', `${COMPLETIONS}/eit-report`);
  put(join(eit, 'share/fish/eit.fish'), 'usr/share/fish/vendor_completions.d/eit.fish');
  link('eit.fish', 'usr/share/fish/vendor_completions.d/eit-report.fish');
  put(join(eit, 'share/zsh/_eit'), 'usr/share/zsh/vendor-completions/_eit');
  for (const [volume, file] of manualsOf(eit))
    put(join(eit, 'share/man', volume, file), `usr/share/man/${volume}/${file}`);
}

function manualsOf(eit) {
  const folder = join(eit, 'share/man');
  return readdirSync(folder).flatMap((volume) =>
    readdirSync(join(folder, volume)).map((file) => [volume, file]),
  );
}

/** The text of a package's script: what they share, then its own part. @param kind tells whether there is a user to make */
export function scriptText(kind, name) {
  const read = (file) => readFileSync(join(top, 'packaging/scripts', `${file}.sh`), 'utf8');
  const values = {
    user: kind === 'full' ? 'make_user' : ':',
    'sign-of-other': kind === 'full' ? `/${PRESET}` : '/usr/lib/systemd/system/eit-compact.service',
  };
  const own = read(name).replaceAll(/@([\w-]+)@/g, (_, key) => values[key]);
  return `${read('common')}\n${own}`;
}

/** Files below a folder by path, with links and without folders; sorted. */
export function listFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
