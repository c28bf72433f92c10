import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';

/**
 * `agent.pid` in the state folder, "PID STARTTIME": what the hooks know a living agent by. STARTTIME is field 22 of
 * /proc/PID/stat (man 5 proc), which tells the agent from a later process of the same number.
 */
export class PidFile {
  readonly #path: string;

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'agent.pid');
  }

  write(): void {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const startTime = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19];
    writeFileSync(this.#path, `${process.pid} ${startTime}\n`, { mode: 0o644 });
  }

  /** Where somebody removed it: without it hooks would start agents in vain, and nobody could see this one. */
  restore(): void {
    if (!existsSync(this.#path)) this.write();
  }

  /** Unless it is another agent's by now. */
  remove(): void {
    if (this.#isOwn()) rmSync(this.#path, { force: true });
  }

  #isOwn(): boolean {
    try {
      return readFileSync(this.#path, 'utf8').startsWith(`${process.pid} `);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  }
}
