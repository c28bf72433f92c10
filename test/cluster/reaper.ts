import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Environment } from './processes';

/** What reaper-process.mjs is to remove when the cluster, or the process that runs the tests, is no more. */
export interface Remains {
  readonly dir: string;
  readonly cgroups: readonly string[];
  readonly slices: readonly string[];
  readonly users: readonly string[];
  readonly notes: string;
  readonly lock: string;
}

export interface Reaped {
  /** Command lines of the processes that had to be ended. */
  readonly killed: readonly string[];
  /** What could not be ended or removed. */
  readonly left: readonly string[];
}

/** Starts the process that cleans up after a cluster: as soon as `reap` is called or this process is gone. */
export class Reaper {
  private readonly child: ChildProcess;
  private readonly reaped: Promise<Reaped>;

  constructor(remains: Remains, env: Environment) {
    const child = spawn(process.execPath, [join(__dirname, 'reaper-process.mjs'), JSON.stringify(remains)], {
      env: { PATH: env.PATH },
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    this.hold(false);
    this.reaped = new Promise((resolve, reject) => {
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.on('error', reject);
      child.on('close', (status) => {
        if (status === 0) resolve(JSON.parse(stdout) as Reaped);
        else reject(new Error(`the test cluster's reaper failed (${status})\n${stderr}`));
      });
    });
    // Heard of in reap(); until then a failure must not end the tests as an unhandled rejection.
    this.reaped.catch(() => undefined);
  }

  /** Has the rest cleaned up, once; also a second call gets what was found. */
  reap(): Promise<Reaped> {
    this.hold(true);
    this.child.stdin?.end();
    return this.reaped;
  }

  /** Whether this process stays for the reaper's sake. Before `reap` it must not: its end is what the reaper waits for. */
  private hold(on: boolean): void {
    for (const handle of [this.child, this.child.stdin, this.child.stdout, this.child.stderr]) {
      if (on) (handle as Socket | ChildProcess).ref();
      else (handle as Socket | ChildProcess).unref();
    }
  }
}
