import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type LoadedConfig, loadConfig } from '../config/config';
import { stateDirOfHooks } from '../config/state-dir';
import { checkTrusted, trustedUids } from '../config/trust';
import { EitError, isErrno } from '../errors';
import { type Check, type Patient, ok, problem, unknown, warning } from './doctor-check';

const HOOKS_CONFIG = '/etc/eit/eit.yaml';
/** Where the hooks find their programs; they set this themselves, since slurmd gives none. */
const HOOKS_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const PROGRAMS = ['flock', 'logger', 'setsid', 'timeout', 'stat', 'renice'];

/** The config, and what it says; null where it cannot be taken. */
export function checkConfig(
  path: string | undefined,
  env: NodeJS.ProcessEnv,
): { readonly checks: Check[]; readonly loaded: LoadedConfig | null } {
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return { checks: [problem('config', `${error.code}: ${error.message}`)], loaded: null };
  }
  const from = path === undefined && env['EIT_CONFIG'] ? ' (named by EIT_CONFIG)' : '';
  const text = loaded.path === null ? `there is no ${HOOKS_CONFIG}: all is default` : `${loaded.path}${from}`;
  const isHooks = loaded.path === null || loaded.path === HOOKS_CONFIG;
  const checks = [
    isHooks
      ? ok('config', text)
      : warning(
          'config',
          `${text}; slurmd's hooks read ${HOOKS_CONFIG} unless a script that calls them sets EIT_CONFIG`,
        ),
  ];
  if (loaded.path !== null) checks.push(checkHooksStateDir(loaded.path, loaded.config.state_dir));
  return { checks, loaded };
}

/** What the plain shell of the hooks takes from the file must be what YAML says. */
function checkHooksStateDir(path: string, stateDir: string): Check {
  const name = 'state_dir';
  const seen = stateDirOfHooks(readFileSync(path, 'utf8'));
  if (seen === stateDir) return ok(name, `${stateDir}, for the hooks and for the agent`);
  const taken = seen === null ? 'refuse what they read' : `take ${seen}`;
  const mend = `one line such as state_dir: ${stateDir}`;
  return problem(name, `the agent takes ${stateDir}, but the hooks ${taken}`, mend);
}

/** The switch of both hooks. */
export function checkKillSwitch(etc: string): Check {
  const path = join(etc, 'disabled');
  if (!existsSync(path)) return ok('switch', `no ${path}: the hooks are on`);
  return warning('switch', `${path} is there: the hooks do nothing`, `rm ${path}`);
}

/** This program's own Node.js, and the programs that hooks and agent call. */
export function checkPrograms(path = HOOKS_PATH): Check[] {
  const node = ok('Node.js', `${process.versions.node} (${process.execPath})`);
  const folders = path.split(delimiter);
  const missing = PROGRAMS.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (missing.length === 0) return [node, ok('programs', `${PROGRAMS.join(', ')} are there`)];
  return [
    node,
    problem('programs', `not found in ${path}: ${missing.join(', ')}`, 'install util-linux and coreutils'),
  ];
}

/** File systems that other machines serve: with them a job could wait for the network. */
const SHARED_TYPES =
  /^(?:nfs|nfs4|lustre|gpfs|cifs|smb3|ceph|beegfs|pvfs2|orangefs|wekafs|afs|9p|fuse\.(?:glusterfs|sshfs|ceph.*))$/;

/** The folders of the config that must be the host's own, by /proc/self/mounts: nothing is touched, a hung one hangs nobody. */
export function checkLocal({ loaded, proc }: Pick<Patient, 'loaded' | 'proc'>): Check[] {
  const mounts = readMounts(proc);
  if (mounts === null) return [];
  const { state_dir, var_dir, spool_dir } = loaded.config;
  return Object.entries({ state_dir, var_dir, spool_dir }).flatMap(([key, dir]) => {
    const mount = sharedMountOf(mounts, dir);
    if (mount === null) return [];
    const text = `${dir} is on ${mount.type}, mounted at ${mount.at}: hooks and agent would wait for it`;
    return [problem(key, text, `a folder of the host's own, such as below /var or /run`)];
  });
}

/** What is mounted; null where that cannot be read. */
export function readMounts(proc: string): string | null {
  try {
    return readFileSync(join(proc, 'self/mounts'), 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return null;
    throw error;
  }
}

/** The mount that a path is on, where another machine serves it. */
export function sharedMountOf(mounts: string, path: string): { at: string; type: string } | null {
  const mount = mountOf(mounts, path);
  return mount !== null && SHARED_TYPES.test(mount.type) ? mount : null;
}

/** The mount that a path is on: `device folder type ...`, with blanks as \040 (fstab(5)); the last one hides those below it. */
export function mountOf(mounts: string, path: string): { at: string; type: string } | null {
  let found: { at: string; type: string } | null = null;
  for (const line of mounts.split('\n')) {
    const [, folder = '', type = ''] = line.split(' ');
    if (folder === '') continue;
    const at = folder.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = at === '/' || path === at || path.startsWith(`${at}/`);
    if (isAbove && at.length >= (found?.at.length ?? 0)) found = { at, type };
  }
  return found;
}

/**
 * Whether someone else could replace what hooks and agent trust.
 * @param program dist/eit-agent.js
 */
export function checkTrust({ loaded, isRoot }: Patient, program: string, userName: string | null): Check[] {
  const { config, path } = loaded;
  const own = process.geteuid?.() ?? 0;
  // Who merely looks is not who the agent runs as.
  const trusted = trustedUids().filter((uid) => isRoot || userName === 'eit' || uid !== own);
  const paths = [
    ...(path === null ? [] : [path]),
    config.state_dir,
    config.var_dir,
    config.spool_dir,
    program,
    process.execPath,
  ];
  const found = paths.flatMap((one): Check[] => {
    try {
      checkTrusted([one], { trustedUids: trusted });
      return [];
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      const isUnseen = isErrno(error.cause, 'EACCES');
      return [isUnseen ? unknown('trust', `${one}: needs root`) : problem('trust', error.message)];
    }
  });
  if (!existsSync(program)) {
    found.push(warning('agent program', `${program} is not there`, 'install dist whole (docs/install.md)'));
  }
  if (found.some(({ name }) => name === 'trust')) return found;
  return [ok('trust', 'nobody else can replace config, folders or program'), ...found];
}
