// Runs one program and ends it, with all it started, when this process is told to end.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder of the checkout. */
export const top = join(dirname(fileURLToPath(import.meta.url)), '..');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const GRACE_MS = 10_000;

/**
 * Runs `command` in the top folder and gives `{ status, output }`; a program that a signal ended has 128 + its number.
 * `capture` collects stdout and stderr into `output` instead of showing them. Rejects when it cannot be started.
 */
export function run(command, args, { env = process.env, capture = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: top,
      env,
      stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));

    let endedBy;
    let doomed = [];
    let grace;
    const end = (signal) => {
      if (endedBy) return;
      endedBy = signal;
      doomed = listProcesses(child.pid);
      for (const { pid } of doomed) send(pid, 'SIGTERM');
      grace = setTimeout(finish, GRACE_MS);
    };
    const finish = () => {
      const running = listProcesses(process.pid).concat(doomed.filter(isRunning));
      for (const { pid } of running) send(pid, 'SIGKILL');
      process.exit(128 + constants.signals[endedBy]);
    };
    for (const signal of SIGNALS) process.on(signal, end);
    // npm and its shell do not pass every signal on: they are gone then, and someone else is our parent.
    const parent = process.ppid;
    const orphaned = () => process.env.npm_lifecycle_event && process.ppid !== parent;
    const watch = setInterval(() => orphaned() && end('SIGTERM'), 500);

    const settle = () => {
      clearTimeout(grace);
      clearInterval(watch);
      for (const signal of SIGNALS) process.removeListener(signal, end);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code, signal) => {
      settle();
      if (endedBy) finish();
      resolve({ status: code ?? 128 + constants.signals[signal], output });
    });
  });
}

/** A process and all below it, each with the time it started, which tells it from a later one of the same id. */
function listProcesses(pid) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = all.map((name) => readProcess(Number(name))).filter(Boolean);
  const below = (id) => found.filter((p) => p.parent === id).flatMap((p) => [p, ...below(p.pid)]);
  const self = found.find((p) => p.pid === pid && pid !== process.pid);
  return self ? [self, ...below(pid)] : below(pid);
}

function isRunning({ pid, started }) {
  return readProcess(pid)?.started === started;
}

/** From /proc/PID/stat (proc(5)): field 4 is the parent, field 22 the start; the name before them may hold anything. */
function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), started: fields[19] };
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
