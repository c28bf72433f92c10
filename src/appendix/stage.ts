import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '../errors';

const FORM = /^\.eit-appendix-([0-9a-f]{8})-(\d{1,10})$/;

/** Where this process writes before all is in its place. */
export function stageIn(dir: string): string {
  return join(dir, `.eit-appendix-${hostMark()}-${process.pid}`);
}

/**
 * Takes away what killed runs of this host left in a folder.
 * @param names all that is in it
 */
export function removeLeftBehind(dir: string, names: readonly string[]): void {
  for (const name of names) {
    const [, host, pid] = FORM.exec(name) ?? [];
    if (host !== hostMark() || isProcess(Number(pid))) continue;
    try {
      rmSync(join(dir, name), { recursive: true, force: true });
    } catch (error) {
      // Another user's: it is in nobody's way.
      if (!isErrno(error, 'EACCES', 'EPERM')) throw error;
    }
  }
}

/** Folders are shared by hosts, whose processes are not each other's; a host's name itself could be published with the folder. */
function hostMark(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}
