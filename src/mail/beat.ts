import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';

/** As `eit-mail` has it: who has not shown itself for so long hangs. */
const STALE_S = 60;

/** This boot's id (proc(5), /proc/sys/kernel/random/boot_id). */
export function readBootId(proc = '/proc'): string {
  return readFileSync(join(proc, 'sys/kernel/random/boot_id'), 'utf8').trim();
}

function readUptimeS(proc: string): number {
  return Math.floor(Number.parseFloat(readFileSync(join(proc, 'uptime'), 'utf8')));
}

/** Shows the spooler alive: `beat` has the boot id, the whole seconds since boot, and the process. `eit-mail` reads it, with the lock beside it. */
export function writeBeat(dir: string, proc = '/proc'): void {
  const path = join(dir, 'beat');
  writeFileSync(`${path}.tmp`, `${readBootId(proc)} ${readUptimeS(proc)} ${process.pid}\n`, { mode: 0o640 });
  renameSync(`${path}.tmp`, path);
}

/**
 * The spooler that last showed itself.
 * @returns null where none has since the machine started; whether it holds the lock is another question
 */
export function readBeat(
  dir: string,
  proc = '/proc',
): { readonly pid: number; readonly ageS: number; readonly isStale: boolean } | null {
  let text: string;
  try {
    text = readFileSync(join(dir, 'beat'), 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
  const [, boot, atS, pid] = /^(\S+) (\d{1,11}) (\d{1,10})\n$/.exec(text) ?? [];
  if (boot !== readBootId(proc)) return null;
  const ageS = readUptimeS(proc) - Number(atS);
  return { pid: Number(pid), ageS, isStale: ageS > STALE_S || ageS < -1 };
}
