import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { openCgroup1Cpu } from '../sources/cgroup-v1';
import { openCgroup2Cpu } from '../sources/cgroup-v2';
import type { CpuCounter } from '../sources/cpu-counter';
import { NS_PER_TICK } from '../sources/proc-stat';
import { readProcessTable } from '../sources/process-table';
import { ProcessTree } from '../sources/process-tree';
import { type Missing, type Roots, isMissing } from '../sources/source';

/** What tells the CPU time of a command with all that it starts. */
export interface CommandCpu {
  /** `cgroup`: exact, whatever becomes of its processes. `processes`: see ProcessTree. */
  readonly by: 'cgroup' | 'processes';
  /** Starts the command so that it is told of. @param start gives its process id; undefined: it could not be started */
  start(start: () => number | undefined): void;
  /** CPU time so far (ns). */
  read(): bigint | Missing;
  /** Its processes that live now. */
  pids(): readonly number[];
  /** What of it goes on running is no longer told of. */
  close(): void;
}

/**
 * A cgroup of its own below the one that this process is in, where this user may make one: as root, in a container, or
 * in a unit of systemd that is delegated to him. Else its tree of processes.
 * @param ownPid of this process
 */
export function openCommandCpu(roots: Pick<Roots, 'proc' | 'cgroup'>, ownPid: number): CommandCpu {
  return openCgroup(roots, ownPid) ?? openProcesses(roots, ownPid);
}

const PROCS = 'cgroup.procs';

interface Hierarchy {
  readonly dir: string;
  readonly open: (dir: string) => CpuCounter | Missing | 'gone';
}

function openCgroup({ proc, cgroup }: Pick<Roots, 'proc' | 'cgroup'>, ownPid: number): CommandCpu | null {
  for (const { dir: parent, open } of hierarchies(readText(join(proc, 'self/cgroup')), cgroup)) {
    const dir = join(parent, `eit-run-${ownPid}`);
    const move = (pid: number, to: string): void => write(join(to, PROCS), `${pid}\n`);
    // A folder of another kind than the kernel's stays as it is.
    if (!existsSync(join(parent, PROCS))) continue;
    try {
      mkdirSync(dir);
    } catch {
      // Another's: the next, or the processes.
      continue;
    }
    const counter = open(dir);
    try {
      if (isMissing(counter) || counter === 'gone') throw new Error('it has no counter');
      // In and out again: who may not come back may not go.
      move(ownPid, dir);
      move(ownPid, parent);
    } catch {
      tryTo(() => move(ownPid, parent));
      tryTo(() => rmdirSync(dir));
      continue;
    }
    const pids = (): number[] =>
      readText(join(dir, PROCS))
        .split('\n')
        .flatMap((line) => (/^[1-9]\d*$/.test(line) ? [Number(line)] : []));
    let last = 0n;
    return {
      by: 'cgroup',
      start: (start) => {
        // A child begins where its parent is: so nothing of it is before the cgroup.
        move(ownPid, dir);
        try {
          start();
        } finally {
          move(ownPid, parent);
        }
      },
      read: () => {
        const value = counter.read();
        if (typeof value === 'bigint') last = value;
        return value === 'gone' ? last : value;
      },
      pids,
      close: () => {
        counter.close();
        for (const pid of pids()) tryTo(() => move(pid, parent));
        tryTo(() => rmdirSync(dir));
      },
    };
  }
  return null;
}

/**
 * Where this process is in the hierarchies that count CPU time.
 * @param text of /proc/self/cgroup, see cgroups(7)
 */
function hierarchies(text: string, root: string): Hierarchy[] {
  return text.split('\n').flatMap((line): Hierarchy[] => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === '' || path.split('/').includes('..')) return [];
    if (controllers === '')
      return [root, join(root, 'unified')].map((top) => ({ dir: join(top, path), open: openCgroup2Cpu }));
    if (!controllers.split(',').includes('cpuacct')) return [];
    return [{ dir: join(root, controllers, path), open: openCgroup1Cpu }];
  });
}

function openProcesses({ proc }: Pick<Roots, 'proc' | 'cgroup'>, ownPid: number): CommandCpu {
  let commandPid: number | undefined;
  const tree = new ProcessTree({
    rootsOf: (table) => [table.get(ownPid)].filter((own) => own !== undefined),
    isOwn: () => true,
    // What this process starts for itself, to read GPUs.
    isOther: ({ pid, parentPid }) => parentPid === ownPid && pid !== commandPid,
  });
  return {
    by: 'processes',
    start: (start) => {
      commandPid = start();
    },
    read: () => {
      try {
        return BigInt(tree.advance(readProcessTable(proc)) ?? 0) * NS_PER_TICK;
      } catch (error) {
        return { missing: `${proc} cannot be read: ${String(error)}` };
      }
    },
    pids: () => tree.pids(),
    close: () => tree.forget(),
  };
}

/** Into a file that is there: none is made. */
function write(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** '' where it cannot be read. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // A process that has ended, or a folder that somebody else holds: nothing is lost with it.
  }
}
