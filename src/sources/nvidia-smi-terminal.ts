import { spawn } from 'node:child_process';
import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { isErrno } from '../errors';
import { firstLine } from './dcmi-text';
import { loadNativePackage } from './native-package';
import { PROGRAM_FOLDERS } from './program-path';
import type { Missing } from './source';

/** How a program ended. */
export interface ProgramEnd {
  /** null where a signal ended it, or it never was. */
  readonly status: number | null;
  readonly signal: string | null;
  /** Why it could not be started. */
  readonly refusal?: string;
}

export interface ProgramEvents {
  /** What it prints, as it comes, each character a byte; under a terminal a line ends with a carriage return and a line feed. */
  readonly onText: (text: string) => void;
  /** What it prints to stderr; under a terminal that is among the text. */
  readonly onComplaint: (text: string) => void;
  /** Once, after the last text; never within the call that starts it. */
  readonly onEnd: (end: ProgramEnd) => void;
}

/** A program that was started; it leads a process group of its own. */
export interface RunningProgram {
  readonly pid: number | undefined;
  /** Kills its process group with SIGKILL. What waits in the kernel (state D) ends only when that wait does. */
  kill(): void;
  /** Closes what it prints to. It is still told when it ends. */
  letGo(): void;
}

/**
 * Starts a program without a shell, in English, in /, with nothing of our own surroundings.
 * @throws whatever keeps it from being started, if that is known at once
 */
export type StartProgram = (path: string, args: readonly string[], events: ProgramEvents) => RunningProgram;

const ENVIRONMENT = { LC_ALL: 'C', PATH: PROGRAM_FOLDERS.join(':') };

/**
 * A terminal for whoever does not print to one at once what it does not print to a pipe: the C library keeps a block back
 * for a pipe, and a line for a terminal. No line of nvidia-smi is wrapped at this width.
 */
const TERMINAL = { name: 'dumb', cols: 1000, rows: 50, cwd: '/', env: ENVIRONMENT, encoding: 'latin1' };

/** How long what is printed gathers before it is read (ms). The terminal holds 64 KB; then who prints would have to wait. */
const GATHERING_MS = 8;
const MOST_WAITS = 25;
const MOST_BYTES = 128 * 1024;
/** The kernel gives 4 KB of a terminal at a time where it has as much. */
const FEW_BYTES = 1024;
const NOTHING = new Int32Array(new SharedArrayBuffer(4));

/** What is used of the package node-pty, https://github.com/microsoft/node-pty; it need not be installed. */
export interface NodePty {
  spawn(file: string, args: string[], options: typeof TERMINAL): PtyProcess;
}

interface PtyProcess {
  readonly pid: number;
  /** Of the terminal's other end; it does not block. */
  readonly fd: number;
  onData(listener: (text: string) => void): unknown;
  onExit(listener: (end: { exitCode: number; signal?: number }) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): void;
  destroy(): void;
}

const MENDING =
  'it is compiled when it is installed: `npm install` where g++, make and python3 are, and where install scripts are ' +
  'allowed (npm 12: `npm install --allow-scripts=node-pty`)';

/**
 * The package node-pty, or why it cannot be had and how to mend that.
 * @param load what `require` does; this program may be installed without the package
 */
export function loadNodePty(load: (name: string) => unknown = loadNativePackage): NodePty | Missing {
  try {
    return load('node-pty') as NodePty;
  } catch (error) {
    const isAbsent = isErrno(error, 'MODULE_NOT_FOUND') && error.message.includes("'node-pty'");
    const reason = isAbsent ? 'is not installed' : `cannot be loaded (${firstLine(messageOf(error))})`;
    return { missing: `node-pty ${reason}; ${MENDING}` };
  }
}

/**
 * Starts programs under a terminal of their own. It has a controlling terminal there, so that it gets SIGHUP when this
 * process ends, however that is. Its environment has also TERM and PWD, which node-pty adds. Nothing is ever written to
 * the terminal, so nothing is echoed. While the program runs, node-pty keeps this process alive.
 */
export function startInTerminal(pty: NodePty): StartProgram {
  return (path, args, { onText, onEnd }) => {
    const child = pty.spawn(path, [...args], TERMINAL);
    resetNice(child.pid);
    let hasEnded = false;
    let isLetGo = false;
    const bytes = Buffer.allocUnsafe(MOST_BYTES);
    // Let go, the descriptor may be another's.
    const take = (text: string): boolean => {
      onText(text);
      return !isLetGo;
    };
    // The first bytes at once: they have the time of the document.
    child.onData((text) => take(text) && gather(child.fd, bytes, take));
    // Of reading the terminal, after which node-pty reports the end; without a listener it would be thrown.
    child.on('error', () => undefined);
    child.onExit(({ exitCode, signal }) => {
      hasEnded = true;
      onEnd(signal ? { status: null, signal: signalName(signal) } : { status: exitCode, signal: null });
    });
    return {
      pid: child.pid,
      kill: () => {
        if (!hasEnded) killGroup(child.pid);
      },
      letGo: () => {
        isLetGo = true;
        if (!hasEnded) child.destroy();
      },
    };
  };
}

/**
 * Takes what is printed within the next milliseconds, and as long as more comes, in large pieces. Else this process would be woken
 * for every few lines, hundreds of times a document, which costs as much as all the rest. It may wait, since it does nothing
 * else; nothing else reads the terminal meanwhile.
 */
function gather(fd: number, bytes: Buffer, onText: (text: string) => boolean): void {
  for (let waits = 0; waits < MOST_WAITS; waits += 1) {
    Atomics.wait(NOTHING, 0, 0, GATHERING_MS);
    const length = readInto(fd, bytes);
    if (length === 0 || !onText(bytes.toString('latin1', 0, length))) return;
  }
}

/** @returns how many bytes there were */
function readInto(fd: number, bytes: Buffer): number {
  let length = 0;
  try {
    while (length < bytes.length) {
      const more = readSync(fd, bytes, length, bytes.length - length, null);
      length += more;
      // That was all: to be told so costs an exception.
      if (more < FEW_BYTES) break;
    }
  } catch {
    // EAGAIN: there is nothing now. EIO: who prints has ended, which node-pty tells.
  }
  return length;
}

/** Starts programs with pipes. Neither they nor the pipes keep this process alive. */
export const startInPipes: StartProgram = (path, args, { onText, onComplaint, onEnd }) => {
  const child = spawn(path, args, {
    cwd: '/',
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) resetNice(child.pid);
  child.stdout.setEncoding('latin1').on('data', onText);
  child.stderr.setEncoding('latin1').on('data', onComplaint);
  child.on('error', (error) => {
    // Without a pid it never was; the other errors are of signals, and it still ends some time.
    if (child.pid === undefined) onEnd({ status: null, signal: null, refusal: messageOf(error) });
  });
  child.on('close', (status, signal) => {
    if (child.pid !== undefined) onEnd({ status, signal });
  });
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
  return {
    pid: child.pid,
    kill: () => {
      // One that has ended is left alone: its number may be another's by now.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        killGroup(child.pid);
    },
    letGo: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
};

/** The process that starts it may go before the jobs, and so would what it starts. */
function resetNice(pid: number): void {
  try {
    setPriority(pid, 0);
  } catch {
    // It has ended already.
  }
}

function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
      return;
    } catch {
      // It leads no group yet, so it alone; or it has ended.
    }
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
