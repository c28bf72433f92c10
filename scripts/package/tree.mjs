// The folder that a package is: what is unpacked to /opt/eit, or anywhere.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { top } from '../child.mjs';
import { writeLaunchers } from './launchers.mjs';
import { copyNode, copyNodePty } from './runtime.mjs';

/** What runs on a compute node; everything else there is (reports, the archive's DuckDB) is in the full package alone. */
const NODE_PROGRAMS = ['eit', 'eit-agent', 'eit-shipper', 'eit-gpu'];
const NODE_NATIVE = ['koffi', '@koromix'];

const TEXTS = ['LICENSE', 'README.md', 'CHANGELOG.md', 'ARCHITECTURE.md'];
const FOLDERS = ['data', 'docs', 'schemas', 'slurm-examples'];
const HOOKS = ['prolog', 'epilog'];
/** What slurmctld calls: not on compute nodes. */
const OF_CONTROLLER = ['eit-mail'];

/** The two packages. */
export const KINDS = {
  node: {
    name: 'slurm-eit-node',
    summary: 'Energy and CO2eq of Slurm jobs: what compute nodes need',
    description:
      'Hooks, agent and shipper, which measure the energy of each Slurm job on its nodes, with the Node.js that they run on. ' +
      'For compute nodes; reports and the archive are in slurm-eit.',
  },
  full: {
    name: 'slurm-eit',
    summary: 'Energy and CO2eq of Slurm jobs: measuring, archive and reports',
    description:
      'All of EIT for Slurm, with the Node.js that it runs on: hooks, agent and shipper, the archive of the ledger, reports, quotas. ' +
      'For login and management nodes; slurm-eit-node is enough for compute nodes.',
  },
};

/**
 * Makes the folder anew.
 * @param kind `node` or `full` @param home where; its parent has to be there
 * @param shared texts that both have, path in the package to content (licences, bill of materials, man pages)
 */
export function makeTree(kind, home, shared) {
  rmSync(home, { recursive: true, force: true });
  for (const folder of ['bin', 'dist/native']) mkdirSync(join(home, folder), { recursive: true });
  const put = (path, options) => cpSync(join(top, path), join(home, path), { recursive: true, ...options });

  const scripts = kind === 'full' ? [...HOOKS, ...OF_CONTROLLER] : HOOKS;
  for (const path of [...TEXTS, ...FOLDERS, ...scripts]) put(path);
  const bundles = readdirSync(join(top, 'dist')).filter((file) => file.endsWith('.js'));
  const wanted = bundles.filter(
    (file) => kind === 'full' || NODE_PROGRAMS.includes(file.replace(/\.js$/, '')),
  );
  for (const file of wanted) put(`dist/${file}`);
  put('dist/validators');
  const natives = kind === 'full' ? [...NODE_NATIVE, 'duckdb'] : NODE_NATIVE;
  for (const name of natives) {
    if (!existsSync(join(top, 'dist/native', name)))
      throw new Error(
        `dist/native has no ${name}: it is not installed. npm ci, with optional packages, brings it.`,
      );
    // koffi's other binary is for a C library that the Node.js of the package does not run on.
    put(`dist/native/${name}`, { filter: (source) => !source.includes('/musl_') });
  }
  copyNodePty(join(home, 'dist/native'));
  copyNode(home);
  for (const file of readdirSync(join(home, 'slurm-examples'))) {
    if (file.endsWith('.service')) usePackagedNode(join(home, 'slurm-examples', file));
  }
  for (const [path, text] of Object.entries(shared)) {
    mkdirSync(join(home, path, '..'), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  writeLaunchers(
    home,
    wanted.map((file) => file.replace(/\.js$/, '')),
  );
  setModes(home, home);
}

/** The units of slurm-examples start /usr/bin/node, which a machine with the package need not have. */
function usePackagedNode(unit) {
  const text = readFileSync(unit, 'utf8');
  const changed = text.replaceAll('/usr/bin/node ', '/opt/eit/node/bin/node ');
  if (changed === text) throw new Error(`${unit} does not start /usr/bin/node: what does it start?`);
  writeFileSync(unit, changed);
}

/** Whoever packs, with whatever umask: root's files are for all to read, and programs to run. */
function setModes(home, folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) setModes(home, path);
    else chmodSync(path, isProgram(path.slice(home.length + 1)) || isBuiltProgram(path) ? 0o755 : 0o644);
  }
}

function isProgram(path) {
  return /^(prolog|epilog|eit-mail|node\/bin\/node|bin\/[^.].*|slurm-examples\/.*\.sh)$/.test(path);
}

/** Of dist/, where the build says so. */
function isBuiltProgram(path) {
  return /\/dist\/[^/]*\.js$/.test(path) && (statSync(path).mode & 0o100) !== 0;
}
