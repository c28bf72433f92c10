import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile } from './kernel-file';

/** What /proc/<pid>/stat says of a process. Times are in clock ticks of 10 ms. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** Its name: anything at all, chosen by the process. */
  readonly comm: string;
  /** When it began, since boot: with the pid it names one process for good, pids are used again. */
  readonly startTicks: number;
  /** CPU time of its own threads, ended ones included. */
  readonly ownTicks: number;
  /** CPU time of children, and theirs, that have ended and that it has waited for. */
  readonly waitedTicks: number;
}

/** Every process of the host at about one moment. */
export class ProcessTable {
  readonly #byPid: ReadonlyMap<number, ProcessStat>;
  readonly #byParent = new Map<number, ProcessStat[]>();

  constructor(processes: readonly ProcessStat[]) {
    this.#byPid = new Map(processes.map((process) => [process.pid, process]));
    for (const process of processes) {
      const siblings = this.#byParent.get(process.parentPid);
      if (siblings === undefined) this.#byParent.set(process.parentPid, [process]);
      else siblings.push(process);
    }
  }

  get(pid: number): ProcessStat | undefined {
    return this.#byPid.get(pid);
  }

  childrenOf(pid: number): readonly ProcessStat[] {
    return this.#byParent.get(pid) ?? [];
  }

  all(): IterableIterator<ProcessStat> {
    return this.#byPid.values();
  }
}

/** Reads <proc>/<pid>/stat of every process. @throws the system's error where the folder itself may not be read */
export function readProcessTable(proc: string): ProcessTable {
  const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  return new ProcessTable(
    pids.flatMap((pid) => {
      const process = readProcessStat(join(proc, pid, 'stat'));
      return process === null ? [] : [process];
    }),
  );
}

/** <proc>/<pid>/stat of one process; null where it has ended or may not be seen. */
export function readProcessStat(path: string): ProcessStat | null {
  try {
    return parsePidStat(readKernelFile(path));
  } catch (error) {
    // It ended meanwhile, or /proc is mounted with hidepid.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null;
    throw error;
  }
}

/**
 * The text of /proc/<pid>/stat: `pid (comm) state ppid ...`. The name is all between the first and the last parenthesis,
 * and may itself hold spaces, parentheses and newlines.
 * https://docs.kernel.org/filesystems/proc.html#id10 (fields 1, 2, 4, 14 to 17, 22)
 * @returns null where the text is not of that form
 */
export function parsePidStat(text: string): ProcessStat | null {
  const [, pid, comm = '', rest = ''] = /^(\d+) \(([^]*)\) ([A-Za-z] [-\d ]+)\s*$/.exec(text) ?? [];
  const fields = rest.split(' ').map(Number);
  const [parentPid, user, system, childUser, childSystem, startTicks] = [1, 11, 12, 13, 14, 19].map(
    (i) => fields[i],
  );
  if (pid === undefined || parentPid === undefined || startTicks === undefined) return null;
  const ownTicks = (user ?? 0) + (system ?? 0);
  const waitedTicks = (childUser ?? 0) + (childSystem ?? 0);
  return { pid: Number(pid), parentPid, comm, startTicks, ownTicks, waitedTicks };
}
