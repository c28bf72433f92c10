// Ends and removes whatever is left of a test cluster. It runs beside the tests, in a session of its own, and waits for
// its standard input to end: because the tests have stopped the cluster's daemons and closed it, or because they are no
// longer there (Ctrl-C, a crash, SIGKILL). So nothing outlives the tests, however they end.
//
//   node reaper-process.mjs '{"dir": "/tmp/eit-cluster-x", "cgroups": [...], "slices": [...], "users": [...], "notes": ..., "lock": ...}'
//
// Prints {"killed": [command line, ...], "left": [what would not go, ...]}.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BOUND_MS = 20_000;
const GRACE_MS = 1_500;

const { dir, cgroups, slices, users, notes, lock } = JSON.parse(process.argv[2]);
const killed = new Map();
const left = [];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('close', resolve));

const start = performance.now();
for (;;) {
  const alive = clusterProcesses();
  const busy = cgroups.filter((cgroup) => !removeCgroup(cgroup));
  if (alive.length === 0 && busy.length === 0) break;
  const elapsed = performance.now() - start;
  if (elapsed > BOUND_MS) {
    left.push(...alive.map(({ pid, command }) => `${pid} ${command}`), ...busy);
    break;
  }
  for (const { pid, command } of alive) {
    killed.set(pid, command);
    attempt(() => process.kill(pid, elapsed < GRACE_MS ? 'SIGTERM' : 'SIGKILL'), 'ESRCH');
  }
  await sleep(50);
}
// A slice that someone else uses stays: it has children. Processes give their directories back a moment after they end.
for (const slice of slices) attempt(() => rmdirSync(slice), 'ENOENT', 'EBUSY', 'ENOTEMPTY');
for (const user of users) releaseUser(user);
for (const mount of mountsBelow(dir)) execFileSync('umount', ['-l', mount], { stdio: 'pipe' });
if (left.length === 0) rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
try {
  process.stdout.write(JSON.stringify({ killed: [...killed.values()], left }));
} catch (error) {
  if (error.code !== 'EPIPE') throw error;
}

/** Runs `action`; errors with one of these codes mean that there was nothing (left) to do. */
function attempt(action, ...codes) {
  try {
    return action();
  } catch (error) {
    if (!codes.includes(error.code)) throw error;
    return undefined;
  }
}

/**
 * Processes that carry the cluster's folder in their command line or environment, those in its cgroups, and all that
 * descend from either. Zombies are left to their parents.
 */
function clusterProcesses() {
  const parents = new Map();
  const ours = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) <= 1 || Number(entry) === process.pid) continue;
    const read = (name) =>
      attempt(() => readFileSync(`/proc/${entry}/${name}`, 'latin1'), 'ENOENT', 'ESRCH', 'EACCES');
    const stat = read('stat');
    const [state, parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    if (state === undefined || state === 'Z' || state === 'X') continue;
    const pid = Number(entry);
    const command = (read('cmdline') ?? '').replaceAll('\0', ' ').trim();
    parents.set(pid, { parent: Number(parent), command });
    const marked = [command, read('environ') ?? ''].some((text) => mentions(text));
    if (marked) ours.set(pid, command);
  }
  for (const pid of cgroups.flatMap(cgroupProcesses)) {
    const found = parents.get(pid);
    if (found !== undefined) ours.set(pid, found.command);
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const [pid, { parent, command }] of parents) {
      if (ours.has(parent) && !ours.has(pid)) {
        ours.set(pid, command);
        grown = true;
      }
    }
  }
  ours.delete(process.pid);
  return [...ours].map(([pid, command]) => ({ pid, command }));
}

/** Whether a text holds the folder's name as a whole, not as the beginning of another's. */
function mentions(text) {
  for (let at = text.indexOf(dir); at >= 0; at = text.indexOf(dir, at + 1)) {
    if (!/[\w-]/.test(text[at + dir.length] ?? '')) return true;
  }
  return false;
}

/** The deepest first. A tmpfs that a test mounted in the cluster's folder goes with it. */
function mountsBelow(directory) {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
    .toReversed();
}

function children(directory) {
  return (attempt(() => readdirSync(directory), 'ENOENT', 'ENODEV') ?? [])
    .map((entry) => join(directory, entry))
    .filter((path) => attempt(() => statSync(path), 'ENOENT', 'ENODEV')?.isDirectory());
}

function cgroupProcesses(directory) {
  const own = attempt(() => readFileSync(join(directory, 'cgroup.procs'), 'utf8'), 'ENOENT', 'ENODEV') ?? '';
  return [...own.split('\n').filter(Boolean).map(Number), ...children(directory).flatMap(cgroupProcesses)];
}

/** Removes a cgroup from its leaves up. Returns whether it is gone; it is not while a process is in it. */
function removeCgroup(directory) {
  const empty = children(directory).map(removeCgroup).every(Boolean);
  if (!empty) return false;
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') return true;
    if (error.code === 'EBUSY' || error.code === 'ENOTEMPTY') return false;
    throw error;
  }
}

/** Takes this cluster's note off an account that the tests made; with the last note the account goes too. */
function releaseUser(user) {
  const script = `
    [ -e "$2/$1/$3" ] || exit 0
    rm -f "$2/$1/$3"
    rmdir "$2/$1" 2>/dev/null || exit 0
    rmdir "$2" 2>/dev/null
    for try in 1 2 3 4 5; do
      userdel "$1" && exit 0
      ps -o pid= -u "$1" | xargs -r kill -KILL
      sleep 0.2
    done
    exit 1`;
  try {
    execFileSync('flock', [lock, 'sh', '-c', script, 'sh', user, notes, basename(dir)], { stdio: 'pipe' });
  } catch (error) {
    left.push(`account ${user}: ${error.stderr}`);
  }
}
