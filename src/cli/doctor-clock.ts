import { existsSync } from 'node:fs';
import { isMissing } from '../sources/source';
import { type ProgramAnswer, askProgram } from './asked-program';
import { type Check, ok, problem, unknown, warning } from './doctor-check';
import type { ClockLook } from './ledger-probe';

/** Records of one run from several hosts are held against each other; intensity is by the hour. */
const WARN_S = 1;
const PROBLEM_S = 30;
const PATIENCE_MS = 5000;
const MEND = 'systemctl enable --now chrony (or systemd-timesyncd, ntpd)';

/** Whether somebody keeps this host's clock right, and how far it is off. */
export async function checkClock(
  env: NodeJS.ProcessEnv,
  { timesync = '/run/systemd/timesync/synchronized' }: { readonly timesync?: string } = {},
): Promise<Check> {
  const name = 'clock';
  const chrony = await askProgram('chronyc', ['-c', 'tracking'], { env, timeoutMs: PATIENCE_MS });
  if (!isMissing(chrony) && chrony.status === 0) {
    const found = parseTracking(chrony.stdout);
    if (found !== null) {
      if (!found.isSynchronised) return warning(name, 'chrony runs, and has no source that it goes by', MEND);
      return judge(name, found.offsetS, 'chrony');
    }
  }
  if (existsSync(timesync)) return ok(name, 'kept by systemd-timesyncd');
  const timedatectl = await askProgram('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
    env,
    timeoutMs: PATIENCE_MS,
  });
  const told = isMissing(timedatectl) ? '' : answerOf(timedatectl);
  if (told === 'yes') return ok(name, 'the kernel says that it is synchronised');
  if (told === 'no')
    return warning(name, 'nobody keeps it right: the kernel says that it is not synchronised', MEND);
  return unknown(name, 'neither chrony nor systemd tells here whether it is kept right');
}

function answerOf({ status, stdout }: ProgramAnswer): string {
  return status === 0 ? stdout.trim() : '';
}

function judge(name: string, offsetS: number, by: string): Check {
  const text = `${Math.abs(offsetS).toFixed(3)} s ${offsetS < 0 ? 'behind' : 'ahead'}, by ${by}`;
  if (Math.abs(offsetS) >= PROBLEM_S) return problem(name, text, MEND);
  return Math.abs(offsetS) >= WARN_S ? warning(name, text, MEND) : ok(name, text);
}

/**
 * `chronyc -c tracking` (https://chrony-project.org/doc/4.3/chronyc.html): the fifth field is how far the system's clock is from NTP
 * time (s; positive: slow, in its words), the last whether it is synchronised.
 * @returns the clock's offset, positive where it is ahead; null where it is none of these
 */
export function parseTracking(text: string): { offsetS: number; isSynchronised: boolean } | null {
  const cells = text.trim().split(',');
  if (cells.length < 14) return null;
  const slowS = Number(cells[4]);
  if (cells[4] === '' || Number.isNaN(slowS)) return null;
  return { offsetS: -slowS || 0, isSynchronised: cells.at(-1) !== 'Not synchronised' };
}

/** This host's clock beside that of the ledger's file server, by when a file there was made. */
export function checkLedgerClock(look: ClockLook | null): Check[] {
  const name = 'ledger clock';
  if (look === null) return [];
  if ('reason' in look) return [unknown(name, look.reason)];
  // A file's time is within two readings of our own clock, or not.
  const offS = Math.max(0, look.beforeMs - look.fileMs, look.fileMs - look.afterMs) / 1000;
  const isAhead = look.fileMs < look.beforeMs;
  if (offS < WARN_S) return [ok(name, "the ledger's file system has the same time")];
  const text = `this host's clock is ${offS.toFixed(1)} s ${isAhead ? 'ahead of' : 'behind'} that of the ledger's file system`;
  return [offS >= PROBLEM_S ? problem(name, text, MEND) : warning(name, text, MEND)];
}
