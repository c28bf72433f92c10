import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Policy } from '../attribution/policy';
import { isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import { expandHostlist } from '../slurm/hostlist';
import { type SlurmConfTree, lastValue, readSlurmConfTree } from '../slurm/slurm-conf-tree';
import { type Missing, isMissing } from '../sources/source';
import { type ProgramAnswer, askProgram, lastWords } from './asked-program';
import { type Check, ok, problem, unknown, warning } from './doctor-check';
import { checkGpuOrder } from './doctor-gpu-order';
import { checkHookFiles } from './doctor-hook-files';
import type { Role } from './doctor-role';
import { checkHooks, readMachinesConf } from './doctor-slurm';
import {
  checkHookTimeout,
  checkIncludes,
  checkPolicy,
  checkRunning,
  checkTracking,
  checkVersion,
  parseShownConfig,
} from './doctor-slurm-settings';

const PATIENCE_MS = 10_000;

/** What the section goes by. */
export interface SlurmSection {
  readonly conf: { readonly path: string; readonly tree: SlurmConfTree } | Missing;
  readonly env: NodeJS.ProcessEnv;
  readonly roles: readonly Role[];
  /** null: there is no config of EIT's. */
  readonly policy: Policy | null;
  readonly proc: string;
  /** Whose hooks are trusted. */
  readonly uids: readonly number[];
}

/**
 * Slurm's version and config. slurm.conf is read as text; slurmctld is asked on machines of the controller, where it may run with another
 * one, and on login machines without a slurm.conf (configless). Nodes ask nobody.
 */
export async function checkSlurm(section: SlurmSection): Promise<Check[]> {
  const { conf, env, roles } = section;
  const [version, shown] = await Promise.all([readVersion(env), isAsked(section) ? showConfig(env) : null]);
  const tree = isMissing(conf)
    ? shown !== null && !isMissing(shown)
      ? { ...shown, files: [], unread: [] }
      : null
    : conf.tree;
  const checks = [isMissing(version) ? unknown('Slurm', version.missing) : checkVersion(version.text, tree)];
  checks.push(isMissing(conf) ? unknown('slurm.conf', conf.missing) : ok('slurm.conf', conf.path));
  if (!isMissing(conf)) checks.push(...checkIncludes(conf.tree));
  if (shown !== null) {
    if (isMissing(shown)) checks.push(unknown('slurmctld', shown.missing));
    else if (!isMissing(conf)) checks.push(checkRunning(conf.tree, shown));
    else checks.push(ok('slurmctld', 'it answers; what follows is what it runs with'));
  }
  if (tree === null) return checks;

  const isNode = roles.includes('node');
  // Scripts lie on the nodes; the controller has none, or others.
  if (isNode) checks.push(...checkHooks(tree), ...checkHookFiles(tree, section));
  else checks.push(namedHooks(tree));
  checks.push(checkHookTimeout(tree));
  checks.push(...checkTracking(tree, isMissing(conf) ? null : besideConf(conf.path, 'cgroup.conf')));
  if (section.policy !== null) checks.push(checkPolicy(tree, section.policy));
  if (roles.includes('head')) checks.push(checkMailProg(tree));
  return checks;
}

function isAsked({ conf, roles, env }: SlurmSection): boolean {
  if (!isMissing(conf)) return roles.includes('head');
  // A file that is named and not there is a fault that no daemon can mend; its commands would search the network for long.
  return !env['SLURM_CONF'] && (roles.includes('head') || roles.includes('login'));
}

/** Whether Slurm and eit.yaml count this node's GPUs alike. */
export function checkGpus(env: NodeJS.ProcessEnv, { gpu, roots }: EitConfig, host: string): Check[] {
  const conf = readMachinesConf(env);
  if (isMissing(conf)) return [];
  const short = host.split('.')[0] ?? host;
  return checkGpuOrder(besideConf(conf.path, 'gres.conf'), gpu, {
    proc: roots.proc,
    isOfNode: (nodes) => nodes === '' || [host, short].some((name) => nodesOf(nodes).includes(name)),
  });
}

function nodesOf(text: string): string[] {
  try {
    return expandHostlist(text);
  } catch {
    // What slurmd itself refuses is nobody's.
    return [];
  }
}

/** A file in slurm.conf's folder; null: there is none, or it may not be read. */
function besideConf(path: string, name: string): SlurmConfTree | null {
  const file = join(dirname(path), name);
  try {
    return readSlurmConfTree(file);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR')) return null;
    throw error;
  }
}

function namedHooks(tree: SlurmConfTree): Check {
  const named = ['Prolog', 'Epilog'].map((key) => `${key}=${lastValue(tree, key) ?? ''}`);
  const lacks = named.some((line) => line.endsWith('='));
  const text = named.join(' ');
  return lacks
    ? problem(
        'hooks',
        `${text}: no node measures a job`,
        'Prolog=/opt/eit/prolog and Epilog=/opt/eit/epilog in slurm.conf',
      )
    : ok('hooks', `${text}; eit doctor on a node looks at the scripts`);
}

/** A program that is not there loses every mail of Slurm's. */
function checkMailProg(tree: SlurmConfTree): Check {
  const name = 'MailProg';
  const told = lastValue(tree, 'MailProg');
  const usual = ['/bin/mail', '/usr/bin/mail'];
  const path = told ?? usual.find((one) => existsSync(one));
  if (path === undefined)
    return warning(
      name,
      `none is named, and there is no ${usual.join(' or ')}: Slurm's mails are lost`,
      'MailProg= in slurm.conf',
    );
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR'))
      return warning(name, `${path} cannot be run: Slurm's mails are lost`, 'MailProg= in slurm.conf');
    throw error;
  }
  return ok(name, path);
}

/** A local program tells it: no daemon is asked. */
async function readVersion(env: NodeJS.ProcessEnv): Promise<{ readonly text: string } | Missing> {
  const reasons: string[] = [];
  for (const program of ['slurmd', 'slurmctld', 'scontrol']) {
    const answer = await askProgram(program, ['-V'], { env, timeoutMs: PATIENCE_MS });
    if (!isMissing(answer) && answer.status === 0) return { text: answer.stdout.trim() };
    reasons.push(isMissing(answer) ? answer.missing : lastWords(answer));
  }
  return { missing: reasons.join('; ') };
}

async function showConfig(env: NodeJS.ProcessEnv): Promise<ReturnType<typeof parseShownConfig> | Missing> {
  const answer: ProgramAnswer | Missing = await askProgram('scontrol', ['show', 'config'], {
    env,
    timeoutMs: PATIENCE_MS,
  });
  if (isMissing(answer)) return answer;
  return answer.status === 0
    ? parseShownConfig(answer.stdout)
    : { missing: `scontrol: ${lastWords(answer)}` };
}
