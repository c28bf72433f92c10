import { type Stats, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, readCheckpoint } from '../agent/checkpoint';
import { EitError, isErrno } from '../errors';
import { unreadable } from '../sources/kernel-file';
import { parsePidStat } from '../sources/process-table';
import type { Missing } from '../sources/source';
import { lockHolder, processWithOpen } from './lock-holder';

/** A tick of /proc/<pid>/stat, see src/sources/proc-stat.ts. */
const TICKS_PER_S = 100;

/** The agent that lives, by what the kernel says of its process. */
export interface AgentProcess {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** When it began (Unix ms), and how long ago. */
  readonly sinceMs: number;
  readonly aliveS: number;
  /** CPU time of its own since it began. */
  readonly cpuS: number;
  readonly rssBytes: number | null;
  readonly anonymousBytes: number | null;
}

/**
 * The agent that `agent.pid` in the state folder names ("PID STARTTIME", as the hooks read it), by
 * /proc/<pid>/stat and status (https://docs.kernel.org/filesystems/proc.html).
 * @returns why there is none, or why that cannot be told
 */
export function readAgentProcess(stateDir: string, nowMs: number, proc = '/proc'): AgentProcess | Missing {
  const pidFile = join(stateDir, 'agent.pid');
  let named: string;
  try {
    named = readFileSync(pidFile, 'utf8');
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) return unreadable(pidFile, error);
    // Somebody may have removed it: the lock tells too, which a dead process cannot hold.
    const lock = join(stateDir, 'agent.lock');
    if (lockHolder(lock, proc) !== 'somebody') return { missing: 'no agent runs' };
    const holder = processWithOpen(lock, proc);
    if (holder === null) return { missing: `an agent holds ${lock}, but there is no ${pidFile} to name it` };
    named = `${holder.pid} ${holder.startTicks}\n`;
  }
  const [, pid = '', start] = /^(\d{1,10}) (\d{1,20})\n?$/.exec(named) ?? [];
  if (start === undefined) return { missing: `${pidFile} names no process` };
  const dir = join(proc, pid);
  let texts: { stat: string; status: string; uptime: string };
  try {
    const [stat = '', status = '', uptime = ''] = ['stat', 'status', '../uptime'].map((file) =>
      readFileSync(join(dir, file), 'latin1'),
    );
    texts = { stat, status, uptime };
  } catch (error) {
    const isGone = isErrno(error, 'ENOENT', 'ESRCH');
    return isGone ? { missing: `no agent runs: that of ${pidFile} has ended` } : unreadable(dir, error);
  }
  const stat = parsePidStat(texts.stat);
  if (stat === null || stat.startTicks !== Number(start) || /^State:\tZ/m.test(texts.status))
    return { missing: `no agent runs: that of ${pidFile} has ended` };
  if (!standsIn(join(dir, 'cwd'), stateDir))
    return {
      missing: `process ${pid} of ${pidFile} does not stand in ${stateDir}, as an agent of ours would`,
    };

  const aliveS = Math.max(0, Number.parseFloat(texts.uptime) - stat.startTicks / TICKS_PER_S);
  const field = (name: string): number | null => {
    const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(texts.status)?.[1];
    return value === undefined ? null : Number(value);
  };
  const kilobytes = (name: string): number | null => {
    const value = field(name);
    return value === null ? null : value * 1024;
  };
  return {
    pid: Number(pid),
    uid: field('Uid') ?? 0,
    gid: field('Gid') ?? 0,
    sinceMs: nowMs - aliveS * 1000,
    aliveS,
    cpuS: stat.ownTicks / TICKS_PER_S,
    rssBytes: kilobytes('VmRSS'),
    anonymousBytes: kilobytes('RssAnon'),
  };
}

/** What the agent last wrote down, every 30 s; why not, where this user may not read it or there is none. */
export function readAgentState(varDir: string): Checkpoint | Missing {
  try {
    return readCheckpoint(varDir) ?? { missing: `there is no checkpoint in ${varDir} yet` };
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    if (isErrno(error.cause, 'EACCES', 'EPERM'))
      return { missing: `only root and the agent's user may read the checkpoint in ${varDir}` };
    return { missing: `the checkpoint in ${varDir} cannot be read: ${causeOf(error)}` };
  }
}

function causeOf({ cause, message }: EitError): string {
  return cause instanceof Error ? cause.message : message;
}

/** Where a process stands only its own user and root may see; for others it is not looked at. */
function standsIn(link: string, dir: string): boolean {
  try {
    const [own, wanted] = [readlinkSync(link), statSync(dir)];
    const stands: Stats | undefined = statSync(own, { throwIfNoEntry: false });
    return stands !== undefined && stands.ino === wanted.ino && stands.dev === wanted.dev;
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'ENOENT')) return true;
    throw error;
  }
}
