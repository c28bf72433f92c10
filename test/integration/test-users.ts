import { spawnSync } from 'node:child_process';

export interface TestUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Real users of this system, made for a test and removed after it. Needs root. */
export class TestUsers {
  readonly #made: string[] = [];

  make(role: string): TestUser {
    const name = `eit-${process.pid}-${role}`;
    mustRun('useradd', ['-r', '-M', '-U', '-d', '/nonexistent', '-s', '/usr/sbin/nologin', name]);
    this.#made.push(name);
    return { name, uid: Number(mustRun('id', ['-u', name])), gid: Number(mustRun('id', ['-g', name])) };
  }

  remove(): void {
    for (const name of this.#made) mustRun('userdel', [name]);
  }
}

export function mustRun(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(error ?? stderr)}`);
  return stdout.trim();
}
